// Makes valid UTF-8 of bytes that should be it, while they arrive.

/// Passes valid UTF-8 and puts something else in the place of what is not.
struct UTF8Repair: Sendable {
    /// What becomes of bytes that are no UTF-8.
    enum Stray {
        /// U+FFFD for each piece that could have been the beginning of a character (Unicode section 3.9).
        case replaced
        /// Each byte by itself is windows-1252.
        case windows1252
    }

    private static let replacement: [UInt8] = [0xEF, 0xBF, 0xBD]

    let stray: Stray
    /// The beginning of a character whose rest has not arrived: 0...3 bytes.
    private var held: [UInt8] = []

    init(stray: Stray) { self.stray = stray }

    mutating func append(_ bytes: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        output.reserveCapacity(forMore: bytes.count + 8)
        var offset = 0
        while !held.isEmpty, offset < bytes.count {
            // The held bytes and the next one: either a character, or the beginning of one, or not.
            held.append(bytes[offset])
            offset += 1
            resolveHeld(&output)
        }
        offset = whole(bytes, from: offset, into: &output)
        held.append(contentsOf: bytes.slice(offset..<bytes.count))
    }

    mutating func finish(into output: inout [UInt8]) {
        held.withUnsafeBytes { replace($0, &output) }
        held.removeAll(keepingCapacity: true)
    }

    private mutating func resolveHeld(_ output: inout [UInt8]) {
        let pieces = held
        held.removeAll(keepingCapacity: true)
        pieces.withUnsafeBytes { bytes in
            let end = whole(bytes, from: 0, into: &output)
            held.append(contentsOf: bytes.slice(end..<bytes.count))
        }
    }

    /// Appends all but an unfinished character at the end.
    /// - Returns: Where that begins, or the end.
    private func whole(_ bytes: UnsafeRawBufferPointer, from start: Int, into output: inout [UInt8]) -> Int {
        var runStart = start
        var offset = start
        while offset < bytes.count {
            let plain = Self.plainLength(bytes, offset)
            if plain > 0 {
                offset &+= plain
                continue
            }
            let (length, isWhole) = Self.character(bytes, offset)
            if isWhole {
                offset += length
                continue
            }
            output.append(contentsOf: bytes.slice(runStart..<offset))
            // At the end of the bytes its rest may still come.
            if offset + length == bytes.count, Self.mayGoOn(bytes, offset, length) { return offset }
            replace(bytes.slice(offset..<(offset + length)), &output)
            offset += length
            runStart = offset
        }
        output.append(contentsOf: bytes.slice(runStart..<offset))
        return offset
    }

    /// The usual cases, quickly: ASCII, and most characters of two and three bytes. 0: a closer look is needed.
    @inline(__always)
    private static func plainLength(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> Int {
        let first = bytes[offset]
        if first < 0x80 { return bytes.endOfASCII(from: offset) &- offset }
        guard offset &+ 2 < bytes.count, bytes[offset &+ 1] & 0xC0 == 0x80 else { return 0 }
        if first &- 0xC2 < 0x1E { return 2 }
        let isPlain = first &- 0xE1 < 0x0F && first != 0xED && bytes[offset &+ 2] & 0xC0 == 0x80
        return isPlain ? 3 : 0
    }

    private func replace(_ bytes: UnsafeRawBufferPointer, _ output: inout [UInt8]) {
        switch stray {
        case .replaced: if !bytes.isEmpty { output += Self.replacement }
        case .windows1252: for octet in bytes { Windows1252.append(octet, to: &output) }
        }
    }

    /// The character at `offset`, a byte above 127: its length, or that of the piece that could have been the beginning
    /// of one, at least 1.
    private static func character(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> (length: Int, isWhole: Bool) {
        let first = bytes[offset]
        let needed = length(first)
        guard needed > 1 else { return (1, false) }
        var length = 1
        while length < needed, offset + length < bytes.count {
            let octet = bytes[offset + length]
            let isGood = length == 1 ? isSecond(octet, after: first) : octet & 0xC0 == 0x80
            guard isGood else { return (length, false) }
            length += 1
        }
        return (length, length == needed)
    }

    /// A piece that ends only because the bytes do.
    private static func mayGoOn(_ bytes: UnsafeRawBufferPointer, _ offset: Int, _ count: Int) -> Bool {
        count < length(bytes[offset])
    }

    /// 1 for what begins no character of several bytes.
    private static func length(_ first: UInt8) -> Int {
        switch first {
        case 0xC2...0xDF: 2
        case 0xE0...0xEF: 3
        case 0xF0...0xF4: 4
        default: 1
        }
    }

    /// Table 3-7 of the Unicode standard: no overlong forms, no surrogates, nothing beyond U+10FFFF.
    private static func isSecond(_ octet: UInt8, after first: UInt8) -> Bool {
        switch first {
        case 0xE0: (0xA0...0xBF).contains(octet)
        case 0xED: (0x80...0x9F).contains(octet)
        case 0xF0: (0x90...0xBF).contains(octet)
        case 0xF4: (0x80...0x8F).contains(octet)
        default: octet & 0xC0 == 0x80
        }
    }
}
