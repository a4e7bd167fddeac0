// A queued mail that is open: what is known of it, and its message.

public import HarakaCore
public import HarakaQueue

/// An unchanging view of a mail's file as it was when it was opened. Keeps the file open, so that it can be read to its end
/// even when it is removed meanwhile. Any thread.
public final class StoredMail: MessageView {
    public let mail: QueuedMail
    /// What the file's records came to.
    public let states: RecipientStates
    public let size: Int
    public let bodyStart: Int
    private let file: QueueDescriptor
    private let messageStart: Int

    init(_ file: QueueDescriptor, _ found: QueueFile, bodyStart: Int) {
        (self.file, self.bodyStart) = (file, bodyStart)
        (mail, states, messageStart) = (found.mail, found.states, found.messageStart)
        size = found.mail.size
    }

    public func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard offset >= 0, offset < size, buffer.count > 0 else { return 0 }
        let room = UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(size - offset))
        return try file.read(room, at: messageStart + offset)
    }
}
