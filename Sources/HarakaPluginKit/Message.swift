// The message itself.
import CHarakaPluginKit

/// An unchanging view of headers and body with CR LF line ends and without dot stuffing. It is made on the loop, may be
/// read on any thread, outlives its transaction, and is given back when the last reference goes. (A class, because
/// Embedded Swift 6.3 cannot keep a non-copyable value of another module in every closure.)
///
///     let message = try transaction.message()
///     next.offload({ () throws(PluginError) in try message.forEachChunk { ... } }) { _, next in next.ok() }
public final class Message: Sendable {
    let handle: haraka_message

    init(of transaction: haraka_transaction) throws(PluginError) {
        var handle = haraka_message()
        try PluginError.check(haraka_kit_host().pointee.message_retain(transaction, &handle), "message")
        self.handle = handle
    }

    /// One that was retained for this object.
    init(taking handle: haraka_message) { self.handle = handle }

    deinit { _ = haraka_kit_host().pointee.message_release(handle) }

    /// Bytes.
    public var size: Int64 { max(0, haraka_kit_host().pointee.message_size(handle)) }

    /// Reads at `offset` into `buffer`; how many bytes, 0 at the end.
    public func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(PluginError) -> Int {
        let got = haraka_kit_host().pointee.message_read(handle, offset, buffer.baseAddress, buffer.count)
        guard got >= 0, got <= buffer.count else {
            throw PluginError("reading the message", status: Int32(truncatingIfNeeded: got))
        }
        return Int(got)
    }

    /// Lends the whole message, piece by piece, in order.
    public func forEachChunk(
        size: Int = 65536, _ body: (UnsafeRawBufferPointer) throws(PluginError) -> Void
    ) throws(PluginError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
        defer { buffer.deallocate() }
        var offset: UInt64 = 0
        while true {
            let got = try read(at: offset, into: buffer)
            guard got > 0 else { return }
            try body(UnsafeRawBufferPointer(rebasing: buffer[..<got]))
            offset += UInt64(got)
        }
    }
}
