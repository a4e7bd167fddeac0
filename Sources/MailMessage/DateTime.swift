// Dates as mail writes them.

/// Date arithmetic without clock, locale or time-zone data.
public enum DateTime {
    /// `Thu, 01 Jan 1970 00:00:00 +0000` (RFC 5322 section 3.3).
    /// - Parameters:
    ///   - secondsSince1970: UTC. Every value gives a text; years outside 0000...9999 have more digits or a sign.
    ///   - offsetMinutes: Of the zone that the text is in, east positive; held within 24 hours.
    public static func rfc5322(secondsSince1970: Int64, offsetMinutes: Int) -> String {
        let offset = Int64(min(max(offsetMinutes, -1439), 1439))
        let (sum, overflow) = secondsSince1970.addingReportingOverflow(offset * 60)
        let local = overflow ? secondsSince1970 : sum
        let (days, seconds) = dividedDown(local, by: 86_400)
        let date = civil(days)
        let weekday = dividedDown(days + 4, by: 7).remainder
        var text: [UInt8] = []
        text.reserveCapacity(40)
        text += weekdays.utf8.dropFirst(Int(weekday) * 5).prefix(5)
        appendNumber(date.day, width: 2, to: &text)
        text += months.utf8.dropFirst(Int(date.month - 1) * 5).prefix(5)
        appendNumber(date.year, width: 4, to: &text)
        for (separator, value) in [(0x20, seconds / 3600), (0x3A, seconds / 60 % 60), (0x3A, seconds % 60)] as Parts {
            text.append(separator)
            appendNumber(value, width: 2, to: &text)
        }
        text += offset < 0 ? [0x20, 0x2D] : [0x20, 0x2B]
        appendNumber(abs(offset) / 60, width: 2, to: &text)
        appendNumber(abs(offset) % 60, width: 2, to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    private typealias Parts = [(UInt8, Int64)]

    /// Five characters each, with what stands around them.
    private static let weekdays = "Sun, Mon, Tue, Wed, Thu, Fri, Sat, "
    private static let months = " Jan  Feb  Mar  Apr  May  Jun  Jul  Aug  Sep  Oct  Nov  Dec "

    /// Division towards minus infinity; the remainder is never negative.
    private static func dividedDown(_ value: Int64, by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    /// Day of the Gregorian calendar, `days` after 1 January 1970.
    ///
    /// Years are counted from 1 March, so that the leap day is the last day of a year and months follow a pattern of
    /// 153 days in five months; the calendar repeats every 146097 days.
    private static func civil(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = dividedDown(days + 719_468, by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    }

    /// Decimal digits with zeros in front up to `width`.
    private static func appendNumber(_ value: Int64, width: Int, to text: inout [UInt8]) {
        if value < 0 { text.append(0x2D) }
        let start = text.count
        var rest = value.magnitude
        while rest > 0 || text.count - start < width {
            text.append(0x30 + UInt8(rest % 10))
            rest /= 10
        }
        text[start...].reverse()
    }
}
