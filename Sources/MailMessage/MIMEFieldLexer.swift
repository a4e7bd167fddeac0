// Reads the value of a structured MIME field, well-formed or not: tokens, comments, quoted strings, parameters.

/// A cursor over one field value. It never fails: what has no meaning is passed over.
///
/// Every byte is looked at a bounded number of times, whatever the value holds: a comment that does not end is searched
/// for once, and then no parenthesis of the value is a comment any more.
struct MIMEFieldLexer {
    let bytes: UnsafeRawBufferPointer
    private(set) var position = 0
    private var hasOpenComment = false

    /// - Parameter bytes: What stands behind the colon; folding counts as white space.
    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// Nil at the end.
    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    /// The word in front of the parameters, such as `attachment`, in lower case. Nil, and nothing is read, if there is
    /// none or if it is the name of a parameter.
    mutating func word() -> [UInt8]? {
        let start = position
        skipBlanks()
        let word = token()
        skipBlanks()
        if !word.isEmpty, next != 0x3D { return word }
        position = start
        return nil
    }

    /// `type/subtype` in lower case. Nil if that is not what the value begins with.
    mutating func mediaType() -> [UInt8]? {
        let start = position
        guard var type = word(), next == 0x2F else {
            position = start
            return nil
        }
        position += 1
        skipBlanks()
        let subtype = token()
        let isEnd = next.map { isWhiteSpace($0) || $0 == 0x3B || $0 == 0x28 || $0 == 0x2C } ?? true
        // RFC 6838 section 4.2: both have at most 127 characters.
        guard isEnd, !subtype.isEmpty, type.count < 128, subtype.count < 128 else { return nil }
        type.append(0x2F)
        return type + subtype
    }

    /// The next parameter, nil if there is none any more. The name is in lower case, `*` and section included.
    mutating func parameter() -> (name: [UInt8], value: [UInt8])? {
        while true {
            skipBlanks()
            guard let octet = next else { return nil }
            let name = token()
            skipBlanks()
            if name.isEmpty {
                if octet == 0x22 { _ = quotedString() } else { position = min(position + 1, bytes.count) }
            } else if next == 0x3D {
                position += 1
                skipBlanks()
                return (name, next == 0x22 ? quotedString() : looseValue())
            }
        }
    }
}

extension MIMEFieldLexer {
    /// RFC 2045 section 5.1, in lower case; empty if none begins here.
    private mutating func token() -> [UInt8] {
        let start = position
        while let octet = next, isToken(octet) { position += 1 }
        return bytes[start..<position].map { $0 &- 0x41 < 26 ? $0 | 0x20 : $0 }
    }

    /// Passes white space and comments.
    private mutating func skipBlanks() {
        while let octet = next {
            if isWhiteSpace(octet) {
                position += 1
            } else if octet == 0x28, let end = commentEnd() {
                position = end
            } else {
                return
            }
        }
    }

    /// Offset behind the comment that begins at the cursor (RFC 5322 section 3.2.2), nil if it does not end.
    private mutating func commentEnd() -> Int? {
        guard !hasOpenComment else { return nil }
        var depth = 0
        var offset = position
        while offset < bytes.count {
            switch bytes[offset] {
            case 0x5C: offset += 1
            case 0x28: depth += 1
            case 0x29 where depth == 1: return offset + 1
            case 0x29: depth -= 1
            default: break
            }
            offset += 1
        }
        hasOpenComment = true
        return nil
    }

    /// From the opening quote to the closing one or the end, without quotes, backslashes and line ends.
    private mutating func quotedString() -> [UInt8] {
        var value: [UInt8] = []
        position += 1
        while let octet = next, octet != 0x22 {
            position += 1
            if octet == 0x5C, let quoted = next {
                value.append(quoted)
                position += 1
            } else if octet != 0x0D, octet != 0x0A {
                value.append(octet)
            }
        }
        position = min(position + 1, bytes.count)
        return value
    }

    /// A value without quotes. Blanks do not end it (many write file names so), but a semicolon does, or a blank with
    /// the next parameter behind it, whose semicolon was forgotten. A parenthesis begins a comment only behind a blank
    /// and if the comment is followed by one: `report (1).pdf` is a name.
    private mutating func looseValue() -> [UInt8] {
        var value: [UInt8] = []
        var gap = position..<position
        while let octet = next, octet != 0x3B {
            if isWhiteSpace(octet) {
                gap = whiteSpace()
                if beginsParameter { break }
                continue
            }
            let start = position
            position += 1
            if octet == 0x28, !gap.isEmpty, skipComment(from: start) { continue }
            value += bytes[gap].lazy.filter { $0 != 0x0D && $0 != 0x0A }
            value += bytes[start..<position]
            gap = position..<position
        }
        return value
    }

    private mutating func whiteSpace() -> Range<Int> {
        let start = position
        while let octet = next, isWhiteSpace(octet) { position += 1 }
        return start..<position
    }

    /// Moves behind the comment that begins at `start`. False: it is part of a value. It is passed nevertheless, so that
    /// it is not searched again.
    private mutating func skipComment(from start: Int) -> Bool {
        position = start
        guard let end = commentEnd() else {
            position = start + 1
            return false
        }
        position = end
        return next.map { isWhiteSpace($0) || $0 == 0x3B } ?? true
    }

    /// A token with `=` behind it.
    private var beginsParameter: Bool {
        let name = bytes[position...].prefix(while: isToken).count
        return name > 0 && position + name < bytes.count && bytes[position + name] == 0x3D
    }

    /// Visible ASCII without the tspecials of RFC 2045 section 5.1.
    private func isToken(_ octet: UInt8) -> Bool {
        switch octet {
        case 0x22, 0x28, 0x29, 0x2C, 0x2F, 0x3A...0x40, 0x5B...0x5D: false
        default: octet > 0x20 && octet < 0x7F
        }
    }
}
