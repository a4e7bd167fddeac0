// The header of a part.

extension MIMEWalker {
    /// Collects the header up to its end, one line at a time.
    ///
    /// It ends behind an empty line, before a delimiter, before a line that is neither a field nor the continuation of one
    /// (as ``HeaderScanner`` has it), and before the line that does not fit into `limits.header` any more.
    mutating func readHeader<Handler: MIMEHandler>(
        _ bytes: UnsafeRawBufferPointer, from position: Int, _ handler: inout Handler
    ) -> Int {
        let limit = max(0, limits.header)
        // One more than the limit shows that the limit is exceeded.
        let room = max(0, limit - header.count) &+ 1
        let piece = UnsafeRawBufferPointer(rebasing: bytes[position...].prefix(room))
        let lineFeed = HeaderLine.lineFeed(piece, from: 0)
        let taken = lineFeed.map { $0 + 1 } ?? piece.count
        header.append(contentsOf: piece[..<taken])
        if header.count > limit {
            finishHeader(fields: headerLine, end: headerLine, &handler)
        } else if lineFeed != nil {
            classifyLine(upTo: header.count - 1, &handler)
        }
        return position + taken
    }

    /// The message has ended inside a header. Its last line may lack the line end.
    mutating func endHeader<Handler: MIMEHandler>(_ handler: inout Handler) {
        if headerLine < header.count { classifyLine(upTo: header.count, &handler) }
        if case .header = state { finishHeader(fields: header.count, end: header.count, &handler) }
    }

    /// - Parameter end: Where the last line ends, its LF not included.
    private mutating func classifyLine<Handler: MIMEHandler>(upTo end: Int, _ handler: inout Handler) {
        let (start, isFirst) = (headerLine, headerLine == 0)
        let (kind, isDelimiter) = header.withUnsafeBytes { bytes in
            let line = bytes[start..<end]
            let text = UnsafeRawBufferPointer(rebasing: line.last == 0x0D ? line.dropLast() : line)
            return (HeaderLine(bytes, start..<end), open.match(text) != nil)
        }
        switch kind {
        case _ where isDelimiter: finishHeader(fields: start, end: start, &handler)
        case .blank: finishHeader(fields: start, end: header.count, &handler)
        case .field: headerLine = header.count
        case .continuation where !isFirst: headerLine = header.count
        case .continuation, .other: finishHeader(fields: start, end: start, &handler)
        }
    }

    /// The part begins. What has come of its content is read as such.
    /// - Parameters:
    ///   - fields: Length of the header without its empty line.
    ///   - end: Length with it.
    private mutating func finishHeader<Handler: MIMEHandler>(fields: Int, end: Int, _ handler: inout Handler) {
        let bytes = header
        header = []
        bytes.withUnsafeBytes { bytes in
            let block = HeaderBlock(parsing: UnsafeRawBufferPointer(rebasing: bytes[..<fields]), maxLines: .max)
            var facts = PartFacts(block, isInDigest: open.levels.last?.isDigest ?? false)
            facts.depth = (open.levels.last?.depth ?? 0) + 1
            begin(facts, header: block, at: place(header: fields, content: end), &handler)
            emitStructure(bytes[..<end], &handler)
            advance(UnsafeRawBufferPointer(rebasing: bytes[end...]), &handler)
        }
    }
}
