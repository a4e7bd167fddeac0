// What the queue keeps of a mail that it rarely needs: in as few bytes as will do.

/// A mail's uuid, size, sender, and the local parts of those who wait, in one piece of memory. The rest is in the file.
///
///     01 <16 bytes> n   a uuid of the usual form, and the number behind its dot; or
///     00 <text>         any other
///     n                 bytes of the message
///     <text>            the sender, empty for the null path
///     n                 recipients, those who wait no more among them
///     n <text>          for each who waits: the number and the local part; the domain is the part's
///
/// n is a number of seven bits a byte, <text> such a number of bytes and the bytes. A String has 16 bytes
/// beside its text, an array 32 beside its elements.
enum PackedMail {
    /// - Parameter waiting: numbers of recipients, ascending; one that there is not is left out
    static func pack(_ mail: QueuedMail, key: [UInt8], waiting: [Int]) -> [UInt8] {
        var bytes = key
        append(mail.size, to: &bytes)
        append(mail.reversePath.address, to: &bytes)
        append(mail.recipients.count, to: &bytes)
        for number in waiting where number < mail.recipients.count {
            append(number, to: &bytes)
            append(mail.recipients[number].address.user, to: &bytes)
        }
        // Built on, an array owns more than it holds, up to twice as much.
        return Array(unsafeUninitializedCapacity: bytes.count) { buffer, count in
            count = bytes.count
            _ = buffer.initialize(from: bytes)
        }
    }

    /// The uuid as the piece begins: one of the usual form takes 18 bytes instead of 38.
    static func key(_ uuid: String) -> [UInt8] {
        if let (bytes, number) = usual(uuid) {
            var key: [UInt8] = [1]
            key.reserveCapacity(96)
            key += bytes
            append(number, to: &key)
            return key
        }
        var key: [UInt8] = [0]
        append(uuid, to: &key)
        return key
    }

    /// The 16 bytes and the number of `01234567-89AB-CDEF-0123-456789ABCDEF.1`.
    private static func usual(_ uuid: String) -> ([UInt8], Int)? {
        let text = Array(uuid.utf8)
        // What is packed must be what comes out: capital digits, and no number with zeros in front.
        guard text.count > 37, text.count < 48, text[36] == UInt8(ascii: "."), text[37] != UInt8(ascii: "0") else {
            return nil
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(16)
        var half: UInt8?
        for (place, byte) in text[..<36].enumerated() {
            if [8, 13, 18, 23].contains(place) {
                guard byte == UInt8(ascii: "-") else { return nil }
                continue
            }
            guard let digit = digit(byte) else { return nil }
            if let high = half { bytes.append(high << 4 | digit) }
            half = half == nil ? digit : nil
        }
        guard text[37...].allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int(String(decoding: text[37...], as: UTF8.self)).map { (bytes, $0) }
    }

    /// Of an upper-case digit; nil: it is none, and the uuid none of ours.
    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        default: nil
        }
    }

    /// Seven bits a byte, the lowest first. Nothing here is negative.
    private static func append(_ number: Int, to bytes: inout [UInt8]) {
        var rest = UInt64(max(number, 0))
        while rest > 127 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 128)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// Its length in bytes, and the bytes.
    private static func append(_ text: String, to bytes: inout [UInt8]) {
        append(text.utf8.count, to: &bytes)
        bytes += text.utf8
    }
}

/// Reads such a piece from its beginning, one after the other, in the order in which they were packed. Past the end
/// there are zeros and empty texts: a piece is ours, but nothing here relies on that.
struct PackedMailReader {
    private let bytes: [UInt8]
    private var place = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// What is not there reads as 0. Nothing here can overflow: bits beyond the 64th are lost.
    mutating func number() -> Int {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while place < bytes.count {
            let byte = bytes[place]
            place += 1
            value |= UInt64(byte & 127) << shift
            shift += 7
            if byte < 128 { break }
        }
        return Int(truncatingIfNeeded: value)
    }

    /// What is no UTF-8 any more is shown as such.
    mutating func text() -> String { String(decoding: slice(number()), as: UTF8.self) }

    /// As it was packed, to the letter.
    mutating func uuid() -> String {
        let kind = slice(1)
        guard kind.first == 1 else { return text() }
        let digits = Array("0123456789ABCDEF".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(48)
        for (index, byte) in slice(16).enumerated() {
            if index == 4 || index == 6 || index == 8 || index == 10 { text.append(UInt8(ascii: "-")) }
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        text.append(UInt8(ascii: "."))
        text += String(number()).utf8
        return String(decoding: text, as: UTF8.self)
    }

    /// Steps over the uuid. Returns where it ends.
    mutating func skipKey() -> Int {
        if slice(1).first == 1 {
            _ = slice(16)
            _ = number()
        } else {
            _ = slice(number())
        }
        return place
    }

    /// The next number and local part; nil: there are no more.
    mutating func recipient() -> (number: Int, user: String)? {
        place < bytes.count ? (number(), text()) : nil
    }

    /// The next bytes; fewer at the end.
    private mutating func slice(_ count: Int) -> ArraySlice<UInt8> {
        let end = min(place &+ max(count, 0), bytes.count)
        defer { place = end }
        return bytes[place..<end]
    }
}
