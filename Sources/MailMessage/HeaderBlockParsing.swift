// Bytes to header block.

extension HeaderBlock {
    /// Reads a header up to its blank line or the end of `bytes`.
    ///
    /// Lines that are no fields are kept where they are and otherwise ignored, as in Haraka. A last line without line
    /// end gets one, so that fields can be added behind it.
    /// - Parameters:
    ///   - bytes: As ``HeaderScanner`` or ``end(of:)`` delimit them; they are copied.
    ///   - maxLines: `headers.max_lines` of connection.ini. Lines beyond it are not searched, only carried along; a
    ///     field that has begun is read to its end.
    public init(parsing bytes: UnsafeRawBufferPointer, maxLines: Int) {
        self.init()
        var lines = 0
        var start = 0
        while start < bytes.count {
            let lineFeed = HeaderLine.lineFeed(bytes, from: start) ?? bytes.count
            let kind = HeaderLine(bytes, start..<lineFeed)
            if kind == .blank { break }
            let end = min(lineFeed + 1, bytes.count)
            add(kind, start..<end, isSearched: lines < maxLines)
            lines += 1
            start = end
        }
        storage.reserveCapacity(start + 512)
        storage.append(contentsOf: bytes[..<start])
        endLastLine()
        byteCount = storage.count
    }

    private mutating func add(_ kind: HeaderLine, _ line: Range<Int>, isSearched: Bool) {
        switch kind {
        case .field(let nameLength, let valueOffset) where isSearched:
            entries.append(Entry(range: line, nameLength: nameLength, valueOffset: valueOffset))
        case .continuation where !entries.isEmpty:
            extendLast(to: line.upperBound)
        case .blank, .continuation, .field, .other:
            // Neighbouring lines that are not searched are one entry: there may be very many of them.
            if entries.last?.nameLength == 0 {
                extendLast(to: line.upperBound)
            } else {
                entries.append(Entry(range: line, nameLength: 0, valueOffset: 0))
            }
        }
    }

    private mutating func extendLast(to end: Int) {
        let last = entries.count - 1
        entries[last].range = entries[last].range.lowerBound..<end
    }

    private mutating func endLastLine() {
        guard let octet = storage.last, octet != 0x0A else { return }
        storage += octet == 0x0D ? [0x0A] : [0x0D, 0x0A]
        extendLast(to: storage.count)
    }
}
