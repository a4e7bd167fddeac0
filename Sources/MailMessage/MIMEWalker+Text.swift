// Content and what is between parts: bytes until a delimiter.

extension MIMEWalker {
    /// Deals with all bytes: they are handed out or held.
    mutating func advance<Handler: MIMEHandler>(_ bytes: UnsafeRawBufferPointer, _ handler: inout Handler) {
        var position = 0
        while position < bytes.count {
            switch state {
            case .passing:
                emit(bytes[position...], &handler)
                return
            case .header: position = readHeader(bytes, from: position, &handler)
            case .text where isPlain: position = readText(bytes, from: position, &handler)
            case .text: position = readHeld(bytes, from: position, &handler)
            }
        }
    }

    /// Nothing is held but perhaps a line end.
    private var isPlain: Bool {
        switch tail {
        case .inLine: true
        case .carriageReturn: false
        case .line(let start): start == held.count
        }
    }

    /// The bytes are searched where they are. A line end that is held belongs to the first delimiter if that is at once.
    private mutating func readText<Handler: MIMEHandler>(
        _ bytes: UnsafeRawBufferPointer, from position: Int, _ handler: inout Handler
    ) -> Int {
        var isLineStart = false
        if case .line = tail { isLineStart = true }
        switch open.search(bytes, from: position, isLineStart: isLineStart) {
        case .delimiter(let delimiter):
            if delimiter.line > position { releaseHeld(&handler) }
            emit(bytes[position..<delimiter.lineBreak], &handler)
            return take(delimiter, in: bytes, &handler)
        case .none(let end, let tail):
            if case .line(0) = tail, end == position {
                // The line behind what is held, as far as it has come.
                self.tail = .line(start: held.count)
            } else {
                releaseHeld(&handler)
                emit(bytes[position..<end], &handler)
                self.tail = tail
            }
            held.append(contentsOf: bytes[end...])
            return bytes.count
        }
    }

    /// Adds to what is held, until it is clear what it is.
    private mutating func readHeld<Handler: MIMEHandler>(
        _ bytes: UnsafeRawBufferPointer, from position: Int, _ handler: inout Handler
    ) -> Int {
        switch tail {
        case .inLine:
            releaseHeld(&handler)
            return position
        case .carriageReturn:
            guard bytes[position] == 0x0A else { return releaseHeld(at: position, &handler) }
            held.append(0x0A)
            tail = .line(start: held.count)
            return position + 1
        case .line(let start) where held.count - start == 1:
            guard bytes[position] == 0x2D else { return releaseHeld(at: position, &handler) }
            held.append(0x2D)
            return position + 1
        case .line(let start): return readHeldLine(start, bytes, from: position, &handler)
        }
    }

    /// The line that is held begins with two dashes: waits for its end, or until it is too long.
    private mutating func readHeldLine<Handler: MIMEHandler>(
        _ start: Int, _ bytes: UnsafeRawBufferPointer, from position: Int, _ handler: inout Handler
    ) -> Int {
        let room = OpenBoundaries.longestHeld - (held.count - start)
        let piece = UnsafeRawBufferPointer(rebasing: bytes[position..<min(bytes.count, position + room)])
        if let lineFeed = HeaderLine.lineFeed(piece, from: 0) {
            held.append(contentsOf: piece[...lineFeed])
            replay(isLineStart: start == 0, &handler)
            return position + lineFeed + 1
        }
        held.append(contentsOf: piece)
        if held.count - start >= OpenBoundaries.longestHeld {
            let hasCR = held.last == 0x0D
            if hasCR { held.removeLast() }
            releaseHeld(&handler)
            if hasCR {
                held.append(0x0D)
                tail = .carriageReturn
            }
        }
        return position + piece.count
    }

    /// What is held is a whole line now: it is read as if it had come in one piece.
    private mutating func replay<Handler: MIMEHandler>(isLineStart: Bool, _ handler: inout Handler) {
        let line = takeHeld()
        tail = isLineStart ? .line(start: 0) : .inLine
        line.withUnsafeBytes { advance($0, &handler) }
    }

    mutating func takeHeld() -> [UInt8] {
        let bytes = held
        held = []
        tail = .inLine
        return bytes
    }

    /// What is held is no delimiter.
    mutating func releaseHeld<Handler: MIMEHandler>(_ handler: inout Handler) {
        let bytes = takeHeld()
        bytes.withUnsafeBytes { emit($0[...], &handler) }
    }

    private mutating func releaseHeld<Handler: MIMEHandler>(at position: Int, _ handler: inout Handler) -> Int {
        releaseHeld(&handler)
        return position
    }

    /// The message has ended; a delimiter may lack its line end.
    mutating func endText<Handler: MIMEHandler>(_ handler: inout Handler) {
        guard case .line(let start) = tail, !held.isEmpty else { return releaseHeld(&handler) }
        let bytes = takeHeld()
        let end = bytes.count > start && bytes.last == 0x0D ? bytes.count - 1 : bytes.count
        bytes.withUnsafeBytes { bytes in
            let line = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
            guard let match = open.match(line) else { return emit(bytes[...], &handler) }
            let delimiter = OpenBoundaries.Delimiter(
                lineBreak: 0, line: start, lineEnd: end, next: bytes.count, match: match)
            let rest = take(delimiter, in: bytes, &handler)
            emit(bytes[rest...], &handler)
        }
    }
}
