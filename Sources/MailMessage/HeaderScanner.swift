// Finds where the header of a message ends while the message is still arriving.

/// Looks for the end of the header in a growing buffer.
///
/// It remembers how far it has looked, so that a header which arrives in many small pieces costs no more than one that
/// arrives whole.
public struct HeaderScanner: Sendable {
    /// Where header and body part.
    public struct Boundary: Equatable, Sendable {
        /// Length of the header without the blank line behind it.
        public let headerEnd: Int
        /// Where the body begins: behind the blank line, or at ``headerEnd`` if there is no blank line.
        public let bodyStart: Int

        /// Without a blank line both are the same, unless both are behind it.
        public init(headerEnd: Int, bodyStart: Int) {
            self.headerEnd = headerEnd
            self.bodyStart = bodyStart
        }
    }

    /// Start of the first line that is not yet classified.
    private var lineStart = 0
    /// No LF between `lineStart` and here.
    private var scanned = 0
    private var hasField = false

    /// A scanner at the beginning of a message.
    public init() {}

    /// Looks on where it stopped.
    ///
    /// The header ends before its blank line, or else before the first line that is neither a field nor the
    /// continuation of one; such a line is body, as it is for Haraka when a message has no blank line at all.
    /// - Parameter bytes: The message from its beginning, at least as much as the last time.
    /// - Returns: nil if the header may go on behind `bytes`.
    public mutating func scan(_ bytes: UnsafeRawBufferPointer) -> Boundary? {
        while let lineFeed = HeaderLine.lineFeed(bytes, from: scanned) {
            switch HeaderLine(bytes, lineStart..<lineFeed) {
            case .blank:
                return Boundary(headerEnd: lineStart, bodyStart: lineFeed + 1)
            case .continuation where hasField:
                break
            case .field:
                hasField = true
            case .continuation, .other:
                return Boundary(headerEnd: lineStart, bodyStart: lineStart)
            }
            lineStart = lineFeed + 1
            scanned = lineStart
        }
        scanned = max(scanned, bytes.count)
        return nil
    }
}
