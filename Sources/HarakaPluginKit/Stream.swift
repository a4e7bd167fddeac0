// Messages and parts, read from the front.
import CHarakaPluginKit

/// A message or part that is read from the front in the form that was asked for. It holds what it reads, also beyond the
/// transaction, and is closed when the last reference goes. Any thread, one at a time.
public final class Stream: @unchecked Sendable {
    let handle: haraka_stream

    init(handle: haraka_stream) { self.handle = handle }

    deinit { _ = haraka_kit_host().pointee.stream_close(handle) }

    /// Reads what comes next into `buffer`; how many bytes, 0 at the end.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(PluginError) -> Int {
        let got = haraka_kit_host().pointee.stream_read(handle, buffer.baseAddress, buffer.count)
        guard got >= 0, got <= buffer.count else {
            throw PluginError("reading a stream", status: Int32(truncatingIfNeeded: got))
        }
        return Int(got)
    }

    /// Lends what is left, piece by piece, in order.
    public func forEachChunk(
        size: Int = 65536, _ body: (UnsafeRawBufferPointer) throws(PluginError) -> Void
    ) throws(PluginError) {
        try searchChunks(size: size) { bytes throws(PluginError) in
            try body(bytes)
            return false
        }
    }

    /// The same until `isFound` says yes; whether it did.
    @discardableResult
    public func searchChunks(
        size: Int = 65536, _ isFound: (UnsafeRawBufferPointer) throws(PluginError) -> Bool
    ) throws(PluginError) -> Bool {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, size), alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let got = try read(into: buffer)
            guard got > 0 else { return false }
            if try isFound(UnsafeRawBufferPointer(rebasing: buffer[..<got])) { return true }
        }
    }

    /// What is left, as one array; nil if that is more than `limit` bytes.
    public func bytes(limit: Int) throws(PluginError) -> [UInt8]? {
        var all: [UInt8] = []
        let isTooLong = try searchChunks { piece throws(PluginError) in
            guard piece.count <= limit - all.count else { return true }
            all.append(contentsOf: piece)
            return false
        }
        return isTooLong ? nil : all
    }
}

/// In what form ``Message/stream(_:chunkSize:)`` gives a message. Nothing: as it stands, CR LF line ends, no dot stuffing.
public struct StreamOptions: OptionSet, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Line ends are LF.
    public static let unixLineEnds = StreamOptions(rawValue: HARAKA_STREAM_LF)
    /// A dot at the start of a line is doubled (RFC 5321 section 4.5.2).
    public static let dotStuffed = StreamOptions(rawValue: HARAKA_STREAM_DOT_STUFFED)
    /// Ends with a line of one dot.
    public static let endingDot = StreamOptions(rawValue: HARAKA_STREAM_ENDING_DOT)
    /// The body only.
    public static let skipHeaders = StreamOptions(rawValue: HARAKA_STREAM_SKIP_HEADERS)
    /// clamd's INSTREAM: 4 bytes of length, big endian, before each chunk; 0 ends.
    public static let clamd = StreamOptions(rawValue: HARAKA_STREAM_CLAMD)
}

extension Message {
    /// Opens the message for reading from the front. Several may be open. Any thread.
    ///
    ///     try message.stream([.unixLineEnds, .skipHeaders]).forEachChunk { bytes in ... }
    ///
    /// `chunkSize` is that of clamd's chunks; 0: 65536.
    public func stream(_ options: StreamOptions = [], chunkSize: UInt32 = 0) throws(PluginError) -> Stream {
        var wanted = haraka_stream_options()
        wanted.size = MemoryLayout<haraka_stream_options>.size
        wanted.flags = options.rawValue
        wanted.chunk_size = chunkSize
        var stream = haraka_stream()
        try PluginError.check(haraka_kit_host().pointee.message_stream(handle, &wanted, &stream), "message stream")
        return Stream(handle: stream)
    }
}
