// Bytes to quoted-printable (RFC 2045 section 6.7).

/// Writes quoted-printable in lines of at most 76 characters.
///
/// CR LF stays a line end; a CR or LF alone is encoded, and so is a blank before a line end or at the end of the content.
struct QuotedPrintableEncoder: Sendable {
    /// With the `=` of a soft line break a line has 76 characters.
    private static let lineLimit = 75

    /// What stays as it is wherever it stands: visible ASCII without `=`.
    private static let isPlain: [Bool] = (0..<256).map { $0 > 0x20 && $0 < 0x7F && $0 != 0x3D }

    /// Characters in the current line.
    private var column = 0
    /// A blank of which it is not known what follows.
    private var blank: UInt8?
    /// A CR, behind the blank if there is one, of which it is not known whether LF follows.
    private var hasCR = false

    mutating func encode(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        output.reserveCapacity(forMore: bytes.count + bytes.count / 8 + 8)
        Self.isPlain.withUnsafeBufferPointer { isPlain in
            var offset = 0
            while offset < bytes.count {
                if hasCR {
                    if endCR(isLineEnd: bytes[offset] == 0x0A, into: &output) { offset += 1 }
                    continue
                }
                let end = Self.endOfRun(bytes, from: offset, isPlain)
                if end > offset {
                    flushBlank(&output)
                    plain(bytes.slice(offset..<end), into: &output)
                    offset = end
                } else {
                    special(bytes[offset], into: &output)
                    offset += 1
                }
            }
        }
    }

    /// A run is plain characters, and single blanks between them.
    @inline(__always)
    private static func endOfRun(
        _ bytes: UnsafeRawBufferPointer, from start: Int, _ isPlain: UnsafeBufferPointer<Bool>
    ) -> Int {
        var end = start
        while end < bytes.count {
            if isPlain[Int(bytes[end])] {
                end &+= 1
            } else if isBlank(bytes[end]), end > start, end &+ 1 < bytes.count, isPlain[Int(bytes[end &+ 1])] {
                end &+= 2
            } else {
                break
            }
        }
        return end
    }

    mutating func finish(into output: inout [UInt8]) {
        if hasCR { _ = endCR(isLineEnd: false, into: &output) }
        if let blank { escape(blank, into: &output) }
        blank = nil
        column = 0
    }

    /// What follows the CR is known.
    /// - Returns: `isLineEnd`.
    private mutating func endCR(isLineEnd: Bool, into output: inout [UInt8]) -> Bool {
        hasCR = false
        if isLineEnd {
            if let blank { escape(blank, into: &output) }
            blank = nil
            output += lineEnd
            column = 0
        } else {
            flushBlank(&output)
            escape(0x0D, into: &output)
        }
        return isLineEnd
    }

    private mutating func special(_ octet: UInt8, into output: inout [UInt8]) {
        if octet == 0x0D {
            hasCR = true
            return
        }
        flushBlank(&output)
        if isBlank(octet) {
            blank = octet
        } else {
            escape(octet, into: &output)
        }
    }

    private mutating func flushBlank(_ output: inout [UInt8]) {
        guard let blank else { return }
        self.blank = nil
        makeRoom(1, in: &output)
        output.append(blank)
        column &+= 1
    }

    private mutating func plain(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        var rest = bytes
        while !rest.isEmpty {
            makeRoom(1, in: &output)
            let length = min(rest.count, Self.lineLimit - column)
            output.append(contentsOf: rest.slice(0..<length))
            column += length
            rest = rest.slice(length..<rest.count)
        }
    }

    private mutating func escape(_ octet: UInt8, into output: inout [UInt8]) {
        makeRoom(3, in: &output)
        output.append(0x3D)
        output.append(upperHexDigit(octet &>> 4))
        output.append(upperHexDigit(octet))
        column &+= 3
    }

    /// Breaks the line if it has no room for so many characters.
    private mutating func makeRoom(_ count: Int, in output: inout [UInt8]) {
        guard column &+ count > Self.lineLimit else { return }
        output.append(0x3D)
        output += lineEnd
        column = 0
    }
}
