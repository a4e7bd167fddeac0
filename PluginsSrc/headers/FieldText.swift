// Reading field values: mailboxes and words.
import HarakaPluginKit

/// Without blanks and line ends around it.
func trimmed(_ text: String) -> String {
    var rest = Substring(text).utf8
    while let first = rest.first, first <= 0x20 { rest.removeFirst() }
    while let last = rest.last, last <= 0x20 { rest.removeLast() }
    return String(decoding: rest, as: UTF8.self)
}

/// An address of a field.
struct Mailbox: Equatable {
    let local: String, domain: String
    var address: String { local + "@" + domain }
}

/// The first mailbox of a field (RFC 5322 section 3.4): quoted strings and comments are no addresses, one in angle brackets
/// goes before one without. nil if there is none.
func mailbox(_ field: String) -> Mailbox? {
    var bare: [UInt8] = []
    var angle: [UInt8]?
    var comments = 0
    var isQuoted = false, isEscaped = false
    for byte in field.utf8 {
        if isEscaped || (byte == 0x5C && (isQuoted || comments > 0)) {
            isEscaped = !isEscaped
        } else if isQuoted {
            isQuoted = byte != 0x22
        } else if byte == 0x28 {
            comments += 1
        } else if comments > 0 {
            if byte == 0x29 { comments -= 1 }
        } else if byte == 0x22 {
            isQuoted = true
        } else if byte == 0x3C {
            angle = []
            continue
        } else if byte == 0x3E, let found = angle {
            return split(found)
        } else if angle == nil, byte == 0x2C || byte == 0x3B {
            if let found = split(bare) { return found }
            bare = []
            continue
        } else if angle == nil, byte == 0x3A {
            // The name of a group ends here.
            bare = []
            continue
        }
        // Quotes stay: a local part may be quoted.
        if comments == 0 && byte != 0x29 { if angle == nil { bare.append(byte) } else { angle?.append(byte) } }
    }
    return split(angle ?? bare)
}

/// At the last @; blanks are left out, as in the obsolete forms of RFC 5322 section 4.4.
private func split(_ bytes: [UInt8]) -> Mailbox? {
    let address = bytes.filter { $0 > 0x20 && $0 != 0x7F }
    guard let at = address.lastIndex(of: 0x40), at > 0, at + 1 < address.count,
        !address[at...].contains(0x22)
    else { return nil }
    return Mailbox(
        local: String(decoding: address[..<at], as: UTF8.self),
        domain: String(decoding: address[(at + 1)...], as: UTF8.self))
}

/// Whether a domain is another, or below it. Both in lower case.
func isWithin(_ domain: String, _ parent: String) -> Bool {
    let (domain, parent) = (Array(domain.utf8), Array(parent.utf8))
    guard !parent.isEmpty, domain.count >= parent.count, domain.suffix(parent.count).elementsEqual(parent) else {
        return false
    }
    return domain.count == parent.count || domain[domain.count - parent.count - 1] == 0x2E
}

/// Whether `text` has `part` anywhere.
func holds(_ text: String, _ part: String) -> Bool { places(text, part) { _, _ in true } }

/// The same, but no letter or digit may touch it.
func holdsWord(_ text: String, _ word: String) -> Bool {
    places(text, word) { before, after in !isWordByte(before) && !isWordByte(after) }
}

private func isWordByte(_ byte: UInt8?) -> Bool {
    guard let byte else { return false }
    return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x7A) || byte >= 0x80 || byte == 0x5F
}

/// Whether one of the places where `text` has `part` fits, told by the bytes around it.
private func places(_ text: String, _ part: String, _ fits: (UInt8?, UInt8?) -> Bool) -> Bool {
    let (text, part) = (Array(text.utf8), Array(part.utf8))
    guard !part.isEmpty, text.count >= part.count else { return false }
    for start in 0...(text.count - part.count) where text[start] == part[0] {
        let end = start + part.count
        guard text[start..<end].elementsEqual(part) else { continue }
        if fits(start > 0 ? text[start - 1] : nil, end < text.count ? text[end] : nil) { return true }
    }
    return false
}
