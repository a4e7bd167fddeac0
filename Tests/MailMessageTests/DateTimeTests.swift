// Dates.

import MailMessage
import Testing

@Suite("DateTime")
struct DateTimeTests {
    @Test(
        "a date is written as RFC 5322 wants it",
        arguments: [
            (0, 0, "Thu, 01 Jan 1970 00:00:00 +0000"),
            (-1, 0, "Wed, 31 Dec 1969 23:59:59 +0000"),
            (951_782_400, 0, "Tue, 29 Feb 2000 00:00:00 +0000"),
            (951_868_799, 1, "Wed, 01 Mar 2000 00:00:59 +0001"),
            (1_763_686_980, 0, "Fri, 21 Nov 2025 01:03:00 +0000"),
            (1_763_686_980, -300, "Thu, 20 Nov 2025 20:03:00 -0500"),
            (1_763_686_980, 345, "Fri, 21 Nov 2025 06:48:00 +0545"),
            (4_107_542_400, 0, "Mon, 01 Mar 2100 00:00:00 +0000"),
            (253_402_300_799, 0, "Fri, 31 Dec 9999 23:59:59 +0000"),
            (253_402_300_800, 0, "Sat, 01 Jan 10000 00:00:00 +0000"),
            (-62_167_219_200, 0, "Sat, 01 Jan 0000 00:00:00 +0000"),
            (-62_167_219_201, 0, "Fri, 31 Dec -0001 23:59:59 +0000"),
        ] as [(Int64, Int, String)])
    func dates(seconds: Int64, offset: Int, expected: String) {
        #expect(DateTime.rfc5322(secondsSince1970: seconds, offsetMinutes: offset) == expected)
    }

    @Test("the ends of the number range give a text and no trap")
    func extremes() {
        for seconds in [Int64.min, Int64.min + 1, Int64.max - 1, Int64.max] {
            for offset in [Int.min, -1440, 0, 1440, Int.max] {
                #expect(DateTime.rfc5322(secondsSince1970: seconds, offsetMinutes: offset).utf8.count > 30)
            }
        }
        let last = DateTime.rfc5322(secondsSince1970: .max, offsetMinutes: 0)
        #expect(last == "Sun, 04 Dec 292277026596 15:30:07 +0000")
        #expect(DateTime.rfc5322(secondsSince1970: .max, offsetMinutes: 1) == last.dropLast(4) + "0001")
        #expect(DateTime.rfc5322(secondsSince1970: 0, offsetMinutes: .max) == "Thu, 01 Jan 1970 23:59:00 +2359")
        #expect(DateTime.rfc5322(secondsSince1970: 0, offsetMinutes: .min) == "Wed, 31 Dec 1969 00:01:00 -2359")
    }

    @Test("every day of 400 years follows the one before")
    func allDays() {
        var day = 1, month = 1, year = 1900
        let lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
        for number in 0..<146_097 {
            let seconds = (Int64(number) - 25_567) * 86_400
            let text = DateTime.rfc5322(secondsSince1970: seconds, offsetMinutes: 0)
            let expected = "\(weekdays[number % 7]), \(day < 10 ? "0" : "")\(day) \(months[month - 1]) \(year)"
            if !text.hasPrefix(expected) { Issue.record("\(text) is not \(expected)") }
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            day += 1
            if day > lengths[month - 1] + (month == 2 && isLeap ? 1 : 0) { (day, month) = (1, month + 1) }
            if month > 12 { (month, year) = (1, year + 1) }
        }
    }
}
