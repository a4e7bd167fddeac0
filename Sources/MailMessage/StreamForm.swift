// The forms in which plugins can read a message: what MessageStream's options are in Haraka.

/// Turns the bytes of a message, as they are kept, into the form that a reader asked for.
///
/// What comes out does not depend on how the message is cut into pieces. Memory is bounded by a chunk of clamd's.
public struct StreamForm: Sendable {
    /// The bits are those of `HARAKA_STREAM_...` in plugin.h.
    public struct Options: OptionSet, Sendable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// Line ends are LF.
        public static let lf = Options(rawValue: 1)
        /// A dot at the start of a line is doubled (RFC 5321 section 4.5.2). Also behind a bare LF, which some receivers
        /// take for a line end: nothing in the message may look to them like the end of it.
        public static let dotStuffed = Options(rawValue: 2)
        /// Ends with a line of one dot. A message that did not end in a line end gets one before it.
        public static let endingDot = Options(rawValue: 4)
        /// Everything up to the first empty line is left out, and the empty line. A caller that does not hand in the
        /// header must not ask for it.
        public static let skipHeaders = Options(rawValue: 8)
        /// clamd's INSTREAM: chunks with their length, 4 bytes, big endian, before each, and a length of 0 at the end.
        public static let clamd = Options(rawValue: 16)
    }

    private let options: Options
    private var framer: ClamdFramer?
    private var isInHeader: Bool
    /// Nothing but perhaps a CR since the last line end.
    private var isLineEmpty = true
    /// The last byte was a CR; with ``Options/lf`` it has not been written yet.
    private var hasCR = false
    /// At the beginning, or behind LF.
    private var isLineStart = true
    /// At the beginning, or behind CR LF.
    private var isTrueLineStart = true

    /// - Parameters:
    ///   - options: Without any, the bytes pass as they are.
    ///   - chunkSize: Of clamd's chunks, in bytes; 0 or less is 65536.
    public init(options: Options, chunkSize: Int = 0) {
        self.options = options
        isInHeader = options.contains(.skipHeaders)
        framer = options.contains(.clamd) ? ClamdFramer(chunkSize: chunkSize) : nil
    }

    /// Appends what is certain after these bytes.
    public mutating func transform(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        let body = isInHeader ? skipHeader(bytes) : bytes
        guard !body.isEmpty else { return }
        guard var framer else { return append(body, to: &output) }
        // A second owner would make copies of what the framer holds.
        self.framer = nil
        if options.isDisjoint(with: [.lf, .dotStuffed, .endingDot]) {
            framer.append(body, to: &output)
        } else {
            var lines: [UInt8] = []
            append(body, to: &lines)
            lines.withUnsafeBytes { framer.append($0, to: &output) }
        }
        self.framer = framer
    }

    /// The message has ended: appends what was held back and what the options want at the end.
    public mutating func finish(into output: inout [UInt8]) {
        guard var framer else { return end(&output) }
        var lines: [UInt8] = []
        end(&lines)
        lines.withUnsafeBytes { framer.append($0, to: &output) }
        framer.finish(into: &output)
    }
}

extension StreamForm {
    /// - Returns: What stands behind the empty line.
    private mutating func skipHeader(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        var next = 0
        while let lineFeed = bytes.first(0x0A, in: next..<bytes.count) {
            let line = bytes.slice(next..<lineFeed)
            let isEnd = isLineEmpty && (line.isEmpty || (!hasCR && line.count == 1 && line[0] == 0x0D))
            (isLineEmpty, hasCR) = (true, false)
            next = lineFeed + 1
            if isEnd {
                isInHeader = false
                return bytes.slice(next..<bytes.count)
            }
        }
        let rest = bytes.slice(next..<bytes.count)
        if let first = rest.first {
            isLineEmpty = isLineEmpty && !hasCR && rest.count == 1 && first == 0x0D
            hasCR = isLineEmpty
        }
        return bytes.slice(bytes.count..<bytes.count)
    }

    private mutating func append(_ bytes: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        guard !options.isDisjoint(with: [.lf, .dotStuffed]) else {
            noteEnd(of: bytes)
            output.append(contentsOf: bytes)
            return
        }
        output.reserveCapacity(forMore: bytes.count + bytes.count / 64 + 4)
        if options.contains(.lf), hasCR, bytes[0] != 0x0A { output.append(0x0D) }
        var runStart = 0
        var next = 0
        stuff(bytes, 0, &runStart, &output)
        while let lineFeed = bytes.first(0x0A, in: next..<bytes.count) {
            if options.contains(.lf), lineFeed > runStart, bytes[lineFeed - 1] == 0x0D {
                output.append(contentsOf: bytes.slice(runStart..<(lineFeed - 1)))
                runStart = lineFeed
            }
            next = lineFeed + 1
            isLineStart = true
            if next < bytes.count { stuff(bytes, next, &runStart, &output) }
        }
        noteEnd(of: bytes)
        let withheld = options.contains(.lf) && hasCR ? 1 : 0
        output.append(contentsOf: bytes.slice(runStart..<(bytes.count - withheld)))
    }

    /// Doubles a dot at `offset` if that is a line start.
    @inline(__always)
    private func stuff(
        _ bytes: UnsafeRawBufferPointer, _ offset: Int, _ runStart: inout Int, _ output: inout [UInt8]
    ) {
        guard isLineStart, options.contains(.dotStuffed), bytes[offset] == 0x2E else { return }
        output.append(contentsOf: bytes.slice(runStart..<offset))
        output.append(0x2E)
        runStart = offset
    }

    private mutating func noteEnd(of bytes: UnsafeRawBufferPointer) {
        guard let last = bytes.last else { return }
        isLineStart = last == 0x0A
        let before = bytes.count > 1 ? bytes[bytes.count - 2] == 0x0D : hasCR
        isTrueLineStart = isLineStart && before
        hasCR = last == 0x0D
    }

    private mutating func end(_ output: inout [UInt8]) {
        let isLF = options.contains(.lf)
        if isLF, hasCR { output.append(0x0D) }
        hasCR = false
        guard options.contains(.endingDot) else { return }
        let lineEnd: [UInt8] = isLF ? [0x0A] : lineEnd
        if !(isLF ? isLineStart : isTrueLineStart) { output += lineEnd }
        output.append(0x2E)
        output += lineEnd
    }
}
