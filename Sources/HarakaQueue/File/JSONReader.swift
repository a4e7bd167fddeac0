// A strict reader of JSON (RFC 8259) for the head of a queue's file. It never reads beyond its bytes and never traps.

/// Walks over bytes that outlive it. Every member steps over what it reads, or throws.
struct JSONReader {
    /// More containers in containers than the writer ever makes.
    static let maximumDepth = 256

    private let bytes: UnsafeRawBufferPointer
    private(set) var offset = 0
    private var depth = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    private var here: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    /// The first byte of what comes next.
    mutating func next() -> UInt8? {
        while let octet = here, octet == 0x20 || octet == 0x0A || octet == 0x0D || octet == 0x09 { offset += 1 }
        return here
    }

    func wrong(_ what: String) -> QueueFileError { .damaged("head: \(what) at byte \(offset)") }

    private mutating func take(_ octet: UInt8) throws(QueueFileError) {
        guard next() == octet else { throw wrong("no \"\(Unicode.Scalar(octet))\"") }
        offset += 1
    }

    /// Nothing but blanks is left.
    mutating func end() throws(QueueFileError) {
        guard next() == nil else { throw wrong("more than one value") }
    }

    // MARK: - Containers

    /// - Parameter member: is called with each name and must step over its value
    mutating func object(
        _ member: (inout JSONReader, String) throws(QueueFileError) -> Void
    ) throws(QueueFileError) {
        try container(0x7B, 0x7D) { reader throws(QueueFileError) in
            let name = try reader.string()
            try reader.take(0x3A)
            try member(&reader, name)
        }
    }

    /// - Parameter item: must step over one item
    mutating func list(_ item: (inout JSONReader) throws(QueueFileError) -> Void) throws(QueueFileError) {
        try container(0x5B, 0x5D, item)
    }

    private mutating func container(
        _ open: UInt8, _ close: UInt8, _ item: (inout JSONReader) throws(QueueFileError) -> Void
    ) throws(QueueFileError) {
        try take(open)
        guard depth < JSONReader.maximumDepth else { throw wrong("too deep") }
        depth += 1
        defer { depth -= 1 }
        if next() == close {
            offset += 1
            return
        }
        while true {
            try item(&self)
            if next() == close { break }
            try take(0x2C)
        }
        offset += 1
    }

    // MARK: - Single values

    mutating func word(_ word: StaticString) throws(QueueFileError) {
        let count = word.utf8CodeUnitCount
        _ = next()
        guard bytes.count - offset >= count else { throw wrong("no value") }
        for place in 0..<count where bytes[offset + place] != word.utf8Start[place] { throw wrong("no value") }
        offset += count
    }

    mutating func boolean() throws(QueueFileError) -> Bool {
        let isTrue = next() == UInt8(ascii: "t")
        if isTrue { try word("true") } else { try word("false") }
        return isTrue
    }

    /// A number without point and exponent that fits.
    mutating func integer() throws(QueueFileError) -> Int64 {
        let start = offset
        guard case .integer(let number) = try number() else {
            offset = start
            throw wrong("no whole number")
        }
        return number
    }

    enum Number { case integer(Int64), floating(Double) }

    mutating func number() throws(QueueFileError) -> Number {
        _ = next()
        let start = offset
        if here == 0x2D { offset += 1 }
        let first = here
        let digits = digits()
        guard digits > 0, digits == 1 || first != 0x30 else { throw wrong("no number") }
        let isWhole = try !fraction()
        let text = String(decoding: UnsafeRawBufferPointer(rebasing: bytes[start..<offset]), as: UTF8.self)
        if isWhole, let whole = Int64(text) { return .integer(whole) }
        guard let number = Double(text), number.isFinite else { throw wrong("a number out of range") }
        return .floating(number)
    }

    /// Point and exponent; false if there are none.
    private mutating func fraction() throws(QueueFileError) -> Bool {
        let start = offset
        if here == 0x2E {
            offset += 1
            guard digits() > 0 else { throw wrong("no number") }
        }
        if let octet = here, octet | 0x20 == UInt8(ascii: "e") {
            offset += 1
            if here == 0x2B || here == 0x2D { offset += 1 }
            guard digits() > 0 else { throw wrong("no number") }
        }
        return offset > start
    }

    private mutating func digits() -> Int {
        let start = offset
        while let octet = here, octet &- 0x30 < 10 { offset += 1 }
        return offset - start
    }

    // MARK: - Text

    mutating func string() throws(QueueFileError) -> String {
        try take(0x22)
        let start = offset
        var bits: UInt8 = 0
        while let octet = here, octet != 0x22, octet != 0x5C, octet >= 0x20 {
            bits |= octet
            offset += 1
        }
        guard here != 0x22 else {
            let octets = UnsafeRawBufferPointer(rebasing: bytes[start..<offset])
            // Most text is ASCII and needs no second look.
            let text = bits < 0x80 ? String(decoding: octets, as: UTF8.self) : String(validating: octets, as: UTF8.self)
            guard let text else { throw wrong("text that is no UTF-8") }
            offset += 1
            return text
        }
        return try escapedString(from: start)
    }

    private mutating func escapedString(from start: Int) throws(QueueFileError) -> String {
        var octets = Array(bytes[start..<offset])
        while let octet = here, octet != 0x22 {
            guard octet >= 0x20 else { throw wrong("a control character") }
            offset += 1
            if octet == 0x5C { try escape(into: &octets) } else { octets.append(octet) }
        }
        guard here == 0x22 else { throw wrong("text without end") }
        guard let text = String(validating: octets, as: UTF8.self) else { throw wrong("text that is no UTF-8") }
        offset += 1
        return text
    }

    private mutating func escape(into octets: inout [UInt8]) throws(QueueFileError) {
        guard let letter = here else { throw wrong("text without end") }
        offset += 1
        switch letter {
        case 0x22, 0x5C, 0x2F: octets.append(letter)
        case UInt8(ascii: "b"): octets.append(0x08)
        case UInt8(ascii: "f"): octets.append(0x0C)
        case UInt8(ascii: "n"): octets.append(0x0A)
        case UInt8(ascii: "r"): octets.append(0x0D)
        case UInt8(ascii: "t"): octets.append(0x09)
        case UInt8(ascii: "u"): octets.append(contentsOf: UTF8.encode(try scalar()) ?? .init())
        default: throw wrong("an unknown escape")
        }
    }

    /// Behind `\u`: one unit of UTF-16, or two that belong together.
    private mutating func scalar() throws(QueueFileError) -> Unicode.Scalar {
        let first = try unit()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, here == 0x5C else { throw wrong("half a character") }
        offset += 1
        guard here == UInt8(ascii: "u") else { throw wrong("half a character") }
        offset += 1
        let second = try unit()
        guard (0xDC00..<0xE000).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw wrong("half a character") }
        return scalar
    }

    private mutating func unit() throws(QueueFileError) -> UInt32 {
        guard bytes.count - offset >= 4 else { throw wrong("text without end") }
        var unit: UInt32 = 0
        for place in offset..<(offset + 4) {
            let octet = bytes[place]
            guard let digit = HexWord.value(octet &- 0x41 < 6 ? octet | 0x20 : octet) else { throw wrong("no escape") }
            unit = unit << 4 | UInt32(digit)
        }
        offset += 4
        return unit
    }
}
