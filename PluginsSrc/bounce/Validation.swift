// The hash by which a bounce proves that it answers a message of ours.
import HarakaPluginKit

/// Section `[validation]` of bounce.ini.
struct Validation {
    let secret: String
    let algorithm: Digest.Algorithm
    let maximumAgeDays: Int64

    /// HMAC (RFC 2104) in hexadecimal digits.
    func hash(of fields: QuotedFields) throws(PluginError) -> String {
        Digest.hex(try Digest.hmac(algorithm, key: secret, fields.signed))
    }

    /// Whether the quoted header has the hash that we gave it.
    func isProved(_ fields: QuotedFields) throws(PluginError) -> Bool {
        guard fields.isComplete, !fields.hash.isEmpty else { return false }
        return try Digest.equal(fields.hash.asciiLowercased, try hash(of: fields))
    }

    /// Whether the message was sent in the last days. Its date is part of the hash. `now` in seconds since 1970.
    func isRecent(_ fields: QuotedFields, now: Int64) -> Bool {
        guard let sent = seconds(ofDate: fields.date) else { return false }
        // A clock that is a day ahead is wrong, but not forged.
        return sent <= now + 86_400 && sent >= now - maximumAgeDays * 86_400
    }
}

private let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]

/// Seconds since 1970 of a date in a header (RFC 5322 section 3.3); nil if it is none.
func seconds(ofDate text: String) -> Int64? {
    var words = text.utf8.split { $0 == 0x20 || $0 == 0x09 || $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: ":") }
        .map { String(decoding: $0, as: UTF8.self).asciiLowercased }
    // The day of the week says nothing new.
    if let first = words.first, Int64(first) == nil { words.removeFirst() }
    guard words.count >= 5, let day = number(words[0], 1...31), let month = months.firstIndex(of: words[1]),
        var year = number(words[2], 0...9999), let hour = number(words[3], 0...23),
        let minute = number(words[4], 0...59)
    else { return nil }
    // Obsolete years of two or three digits.
    if words[2].utf8.count < 4 { year += year < 50 && words[2].utf8.count == 2 ? 2000 : 1900 }
    var rest = words[5...]
    var second: Int64 = 0
    if let word = rest.first, let number = number(word, 0...60) {
        second = number
        rest = rest.dropFirst()
    }
    let zone = rest.first.map(zoneSeconds) ?? 0
    return days(year, Int64(month) + 1, day) * 86_400 + hour * 3600 + minute * 60 + second - zone
}

/// Digits alone: `Int64` would take a sign.
private func number(_ word: String, _ range: ClosedRange<Int64>) -> Int64? {
    guard word.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let number = Int64(word), range.contains(number) else {
        return nil
    }
    return number
}

/// `+0130`; names of zones other than these count as UTC (RFC 5322 section 4.3).
private func zoneSeconds(_ zone: String) -> Int64 {
    let names: [(String, Int64)] = [
        ("est", -5), ("edt", -4), ("cst", -6), ("cdt", -5), ("mst", -7), ("mdt", -6), ("pst", -8), ("pdt", -7),
    ]
    if let hours = names.first(where: { $0.0 == zone })?.1 { return hours * 3600 }
    let bytes = Array(zone.utf8)
    guard bytes.count == 5, bytes[0] == UInt8(ascii: "+") || bytes[0] == UInt8(ascii: "-"),
        let number = number(String(decoding: bytes[1...], as: UTF8.self), 0...9999)
    else { return 0 }
    let seconds = number / 100 * 3600 + number % 100 * 60
    return bytes[0] == UInt8(ascii: "-") ? -seconds : seconds
}

/// Days since 1970 in the Gregorian calendar; years begin in March, so that the leap day is the last.
private func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let year = month > 2 ? year : year - 1
    let era = (year >= 0 ? year : year - 399) / 400
    let yearOfEra = year - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
}
