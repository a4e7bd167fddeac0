// Name and value to the bytes of a header field that nothing can break out of.

/// Makes fields for ``HeaderBlock``.
enum FieldComposer {
    /// Appends `name: value` with its line end.
    /// - Returns: Length of the name as written.
    static func append(_ name: String, _ value: String, to field: inout [UInt8]) -> Int {
        let start = field.count
        appendName(name, to: &field)
        let nameLength = field.count - start
        field.append(0x3A)
        appendValue(value, to: &field, column: nameLength + 1)
        field += [0x0D, 0x0A]
        return nameLength
    }

    /// `1*ftext` of RFC 5322 section 3.6.8: visible ASCII without the colon.
    private static func appendName(_ name: String, to field: inout [UInt8]) {
        let name = name.isEmpty ? "X-Haraka-Blank" : name
        for octet in name.utf8 {
            let isLegal = octet > 0x20 && octet < 0x7F && octet != 0x3A
            field.append(isLegal ? octet : 0x2D)
        }
    }

    /// The value line by line. Line ends of any kind become folds; a line without anything visible is dropped, because
    /// a line of blanks inside a header is the end of it for some readers.
    private static func appendValue(_ value: String, to field: inout [UInt8], column: Int) {
        if isWellFormed(value.utf8.span) {
            field.append(0x20)
            field += value.utf8
            return
        }
        var isFirst = true
        for line in value.utf8.split(whereSeparator: { $0 == 0x0D || $0 == 0x0A }) {
            let clean = line.filter { $0 == 0x09 || ($0 >= 0x20 && $0 != 0x7F) }
            guard clean.contains(where: { !isBlank($0) }) else { continue }
            let text = clean[...].drop(while: isBlank)
            if isFirst {
                EncodedWords.append(text, to: &field, blanks: [0x20], column: column)
            } else {
                field += [0x0D, 0x0A]
                // A fold keeps its own blanks; a line end without any would begin a new field and gets a TAB.
                let blanks = clean.prefix(while: isBlank)
                EncodedWords.append(text, to: &field, blanks: blanks.isEmpty ? [0x09] : Array(blanks), column: 0)
            }
            isFirst = false
        }
        if isFirst { field.append(0x20) }
    }

    /// The ordinary value: visible ASCII and blanks, begun by something visible; each CR LF is followed by a single
    /// blank and something visible.
    private static func isWellFormed(_ value: Span<UInt8>) -> Bool {
        var offset = 0
        var needsVisible = true
        while offset < value.count {
            let octet = value[offset]
            if octet > 0x20, octet < 0x7F {
                needsVisible = false
            } else if needsVisible {
                return false
            } else if octet == 0x0D, offset + 2 < value.count, value[offset + 1] == 0x0A, isBlank(value[offset + 2]) {
                offset += 2
                needsVisible = true
            } else if !isBlank(octet) {
                return false
            }
            offset += 1
        }
        return !needsVisible
    }
}
