// Dates of RFC 5322 section 3.3, and the obsolete ones of section 4.3.
import HarakaPluginKit

/// Seconds since 1970; nil if the text is no date.
func seconds(ofDate text: String) -> Int64? {
    var words = words(text)
    // The day of the week says nothing new.
    if let first = words.first, Int64(first) == nil { words.removeFirst() }
    guard words.count >= 4, let day = Int64(words[0]), let month = month(words[1]), let year = year(words[2]),
        day >= 1, day <= daysIn(month, year), let time = time(words[3])
    else { return nil }
    guard let zone = words.count > 4 ? zone(words[4]) : 0 else { return nil }
    return days(year, month, day) * 86_400 + time - zone
}

/// What blanks and commas divide; comments are left out.
private func words(_ text: String) -> [String] {
    var words: [String] = []
    var word: [UInt8] = []
    var comments = 0
    for byte in text.utf8 {
        if byte == 0x28 { comments += 1 }
        let isDivider = byte <= 0x20 || byte == 0x28 || byte == 0x2C
        if isDivider && !word.isEmpty {
            words.append(String(decoding: word, as: UTF8.self))
            word = []
        }
        if comments == 0 && !isDivider { word.append(byte) }
        if byte == 0x29 && comments > 0 { comments -= 1 }
        if words.count > 8 { break }
    }
    if !word.isEmpty { words.append(String(decoding: word, as: UTF8.self)) }
    return words
}

private func month(_ word: String) -> Int64? {
    let names = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
    let start = String(decoding: word.utf8.prefix(3), as: UTF8.self).asciiLowercased
    return names.firstIndex(of: start).map { Int64($0 + 1) }
}

/// RFC 5322 section 4.3: two digits are 1950 to 2049, three are counted from 1900.
private func year(_ word: String) -> Int64? {
    guard let year = Int64(word), year >= 0, year <= 9999 else { return nil }
    switch word.utf8.count {
    case 2: return year < 50 ? 2000 + year : 1900 + year
    case 3: return 1900 + year
    case 4: return year
    default: return nil
    }
}

/// `hh:mm` or `hh:mm:ss`; a leap second is one.
private func time(_ word: String) -> Int64? {
    let parts = word.utf8.split(separator: 0x3A, omittingEmptySubsequences: false)
        .map { Int64(String(decoding: $0, as: UTF8.self)) }
    guard parts.count == 2 || parts.count == 3, let hour = parts[0], let minute = parts[1],
        let second = parts.count == 3 ? parts[2] : 0
    else { return nil }
    guard hour >= 0, hour < 24, minute >= 0, minute < 60, second >= 0, second <= 60 else { return nil }
    return hour * 3600 + minute * 60 + second
}

/// `+hhmm` in seconds, or one of the old names; letters of other kinds mean nothing and are UTC (section 4.3).
private func zone(_ word: String) -> Int64? {
    let names = [
        ("edt", -4), ("est", -5), ("cdt", -5), ("cst", -6), ("mdt", -6), ("mst", -7), ("pdt", -7), ("pst", -8),
    ]
    for (name, hours) in names where word.asciiLowercased == name { return Int64(hours) * 3600 }
    guard let sign = word.utf8.first, sign == 0x2B || sign == 0x2D else { return isWord(word) ? 0 : nil }
    guard word.utf8.count == 5, let number = Int64(String(decoding: word.utf8.dropFirst(), as: UTF8.self)),
        number >= 0, number % 100 < 60
    else { return nil }
    let offset = number / 100 * 3600 + number % 100 * 60
    return sign == 0x2D ? -offset : offset
}

private func isWord(_ word: String) -> Bool {
    word.utf8.allSatisfy { ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7A }
}

private func daysIn(_ month: Int64, _ year: Int64) -> Int64 {
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    switch month {
    case 2: return isLeap ? 29 : 28
    case 4, 6, 9, 11: return 30
    default: return 31
    }
}

/// Days from 1970-01-01, counted in years that begin in March, so that the leap day is the last.
private func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let years = month > 2 ? year : year - 1
    let ofYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return years * 365 + years / 4 - years / 100 + years / 400 + ofYear - 719_468
}
