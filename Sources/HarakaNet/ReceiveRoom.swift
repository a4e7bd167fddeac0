// Where large messages are received: one buffer for all sessions of a loop.

import NIOCore

/// Lent to a session for each read while a large message comes in.
///
/// NIO keeps a channel's receive buffer for as long as the channel lives, so a connection that once brought a large
/// message would hold that memory while it is idle. A read of this size also becomes one write to the spool file, and
/// what is written at once the kernel keeps in larger pieces. On the loop.
final class ReceiveRoom: RecvByteBufferAllocator, @unchecked Sendable {
    static let size = 256 * 1024
    /// What a session has of its own: for commands and small messages.
    static let small = AdaptiveRecvByteBufferAllocator(minimum: 512, initial: 2048, maximum: 4096)
    /// The same for large messages under TLS: what is read there is opened first, and given back to nobody.
    static let sealed = FixedSizeRecvByteBufferAllocator(capacity: 32 * 1024)
    /// A message of which so much has come, and not all, gets the room.
    static let worthwhile = 2048
    private var spare: ByteBuffer?

    func buffer(allocator: ByteBufferAllocator) -> ByteBuffer {
        guard var buffer = spare else { return allocator.buffer(capacity: ReceiveRoom.size) }
        spare = nil
        // Only now: when it was given back, the channel had it too, and it would have been copied.
        buffer.clear()
        return buffer
    }

    /// "The next one may be larger": so NIO asks for a buffer each time instead of using its own again.
    func record(actualReadBytes: Int) -> Bool { true }

    /// Takes back what was lent.
    func giveBack(_ buffer: ByteBuffer) {
        if spare == nil, buffer.storageCapacity == ReceiveRoom.size { spare = buffer }
    }
}
