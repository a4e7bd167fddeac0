// What is remembered of a body: where its parts are.

/// The parts of a message, in order of appearance. The first is the whole message.
///
/// Contents are not kept, only where they are. A part takes about 300 bytes, and never more than 4 KiB, whatever its header
/// says: 1,000 parts take about 300 KB, and never more than 4 MB.
public struct BodyTree: Sendable {
    /// One part.
    public struct Part: Sendable {
        public let facts: PartFacts
        /// nil: it is the whole message.
        public let parent: Int?
        /// In order.
        public internal(set) var children: [Int] = []
        /// The part's own header without the empty line behind it, in bytes from the beginning of the body. Empty for the
        /// whole message.
        public let header: Range<Int>
        /// Of a multipart, from its preamble to its epilogue.
        public internal(set) var content: Range<Int>
        public internal(set) var end = PartEnd.unfinished

        /// Ended by its boundary, not by the end of the message; the whole message, unless it is a multipart that was not
        /// closed.
        public var isComplete: Bool { end == .complete }
    }

    public internal(set) var parts: [Part] = []
    /// There are more parts than allowed; those are missing here.
    public internal(set) var isOverfull = false
}

extension BodyTree {
    /// Reads a body that is there as a whole.
    /// - Parameters:
    ///   - root: What the header of the message says.
    ///   - read: Fills the buffer with what stands at that offset of the body, and says how much it was; 0 or less at the
    ///     end. What it throws is thrown on.
    public static func walk<Failure: Error>(
        root: PartFacts, limits: BodyLimits,
        read: (_ offset: Int, _ buffer: UnsafeMutableRawBufferPointer) throws(Failure) -> Int
    ) throws(Failure) -> BodyTree {
        var builder = Builder(root: root, limits: limits)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)
        defer { buffer.deallocate() }
        var offset = 0
        while true {
            let count = min(try read(offset, buffer), buffer.count)
            guard count > 0 else { return builder.finish() }
            builder.append(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            offset += count
        }
    }
}
