// The way into the queue: a message is on disk before anybody is told that it is taken. docs/outbound.md.

import Glibc
import HarakaCore
public import HarakaQueue
public import HarakaSpool
import MailMessage
public import NIOCore
import SMTPSyntax

/// Puts messages into the queue folder, on the threads of its writers. One for each worker; on the loop unless said.
public final class Outbox {
    public let folder: QueueFolder
    let loop: any EventLoop
    /// Several: each waits for the disk on its own, and so a slow disk takes as many mails at once as there are
    /// threads.
    private let writers: QueueWriters
    let log: any SessionLog
    /// `config/me`.
    public var hostName: String
    /// Of the Received field that is added; nil: none is.
    public var receivedText: String?
    /// A mail is safe on disk: whoever delivers must hear of it. On the loop.
    public var queued: (QueuedMail) -> Void = { _ in }
    /// Mails on their way to the disk.
    private(set) var underWay = 0
    private var wasShort = false
    /// Called when the last of them is there.
    private var onEmpty: (() -> Void)?

    public init(
        _ folder: QueueFolder, writers: QueueWriters, loop: any EventLoop, log: any SessionLog, hostName: String,
        receivedText: String?
    ) {
        self.folder = folder
        self.writers = writers
        self.loop = loop
        self.log = log
        self.hostName = hostName
        self.receivedText = receivedText
    }

    /// Stores a mail; `message` gives its bytes, all of them. `done` is called once, on the loop, later: nil, and it is
    /// on disk; or why it is not.
    /// Nothing is told before the disk has it: the client's 250 is our promise (RFC 5321 section 6.1).
    func store(_ mail: QueuedMail, _ message: any MessageView, _ done: @escaping (OutboxFailure?) -> Void) {
        underWay += 1
        nonisolated(unsafe) let (outbox, done) = (self, done)
        let (folder, loop) = (folder, loop)
        writers.submit {
            let outcome = Outbox.write(mail, message, to: folder)
            loop.execute { outbox.stored(outcome, mail, done) }
        }
    }

    /// Blocks. On a writer's thread.
    private static func write(
        _ mail: QueuedMail, _ message: any MessageView, to folder: QueueFolder
    ) -> Result<QueuedMail, OutboxFailure> {
        // Asked again here, although sessions ask before DATA: many may have been let in at the same moment.
        if let shortage = folder.isShort { return .failure(OutboxFailure(shortage: shortage)) }
        var mail = mail
        // What the head says of the size must be true when the file is read again.
        mail.size = message.size
        do {
            // Known once and kept in the head: no delivery need read the message for it.
            let bytes = try MessageBytes.look(at: message)
            (mail.is8Bit, mail.isUTF8) = (bytes.is8Bit, bytes.hasUTF8Header)
            try folder.store(mail, head: [], message, from: 0)
            return .success(mail)
        } catch {
            return .failure(OutboxFailure(error))
        }
    }

    /// First who delivers hears of it, then who has sent it: he may be waiting for it to be gone.
    private func stored(
        _ outcome: Result<QueuedMail, OutboxFailure>, _ mail: QueuedMail, _ done: (OutboxFailure?) -> Void
    ) {
        underWay -= 1
        switch outcome {
        case .success(let mail):
            logQueued(mail)
            queued(mail)
            done(nil)
        // The cause stands here and nowhere else; the client gets ``OutboxFailure/reply``.
        case .failure(let error):
            log.log(2, uuid: mail.uuid, origin: "core", "message not queued: \(error)")
            done(error)
        }
        // A worker that stops waits for its writers: the client has been promised nothing yet, but would send again.
        guard underWay == 0, let onEmpty else { return }
        self.onEmpty = nil
        onEmpty()
    }

    /// The line by which a mail's way through the log begins.
    private func logQueued(_ mail: QueuedMail) {
        // Without this the texts are made for nobody.
        guard log.isEnabled(5) else { return }
        log.log(
            5, uuid: mail.uuid, "queued",
            fields: [
                ("from", mail.reversePath.formatted), ("rcpts", "\(mail.recipients.count)"), ("bytes", "\(mail.size)"),
                ("by", mail.origin),
            ])
    }

    /// Nothing more should be accepted: the disk is nearly full. One line when that begins, and one when it ends.
    func isShort() -> Bool {
        let shortage = folder.isShort
        // Asked for each client: only a change is worth a line.
        guard (shortage != nil) != wasShort else { return wasShort }
        wasShort = shortage != nil
        if let shortage {
            log.log(1, uuid: "-", origin: "core", "mail for the queue is refused for now: \(shortage)")
        } else {
            log.log(5, uuid: "-", origin: "core", "there is room for the queue again")
        }
        return wasShort
    }

    /// Calls `done` when nothing is on its way to the disk.
    /// For the end of a worker: the plugins' mails and the clients' are both counted.
    public func drain(_ done: @escaping () -> Void) {
        if underWay == 0 { done() } else { onEmpty = done }
    }
}

/// Why a mail could not be queued: the cause is for the log, the reply for who sent it.
public struct OutboxFailure: Error, CustomStringConvertible {
    public let description: String
    let isFull: Bool

    /// Which of the two replies fits depends on whose error it was: the queue's disk, or the spool's.
    init(_ error: any Error) {
        description = "\(error)"
        let code = (error as? QueueFolderError)?.code ?? (error as? SpoolError)?.code ?? 0
        isFull = code == ENOSPC || code == EDQUOT
    }

    init(reason: String) {
        description = reason
        isFull = false
    }

    /// There is not so much room left on the disk as shall be.
    init(shortage: String) {
        description = shortage
        isFull = true
    }

    /// Never 5xx, and never the cause: a local trouble is no reason to return mail, nor a client's business.
    /// Nothing is lost: whoever has it shall try again.
    var reply: Reply {
        isFull
            ? Reply(452, "No room for the message, try again later", status: .init(4, 3, 1))
            : Reply(451, "The message cannot be queued, try again later", status: .init(4, 3, 0))
    }
}

/// What of a message's bytes decides how it can be sent.
struct MessageBytes {
    var is8Bit = false
    var hasUTF8Header = false

    /// Reads all of it, in pieces.
    static func look(at message: any MessageView) throws -> MessageBytes {
        var found = MessageBytes()
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 16)
        defer { piece.deallocate() }
        var offset = 0
        // Until both are known; in mail that is 8-bit in its header that is soon.
        while offset < message.size, !found.is8Bit || (offset < message.bodyStart && !found.hasUTF8Header) {
            let count = try message.read(at: offset, into: piece)
            guard count > 0 else { break }
            let bytes = UnsafeRawBufferPointer(rebasing: piece[..<count])
            if has8Bit(bytes) {
                found.is8Bit = true
                // Only what of this piece lies before the body counts for the header.
                let inHeader = min(count, max(0, message.bodyStart - offset))
                if has8Bit(UnsafeRawBufferPointer(rebasing: bytes[..<inHeader])) { found.hasUTF8Header = true }
            }
            offset += count
        }
        return found
    }

    /// Eight bytes at a time: most messages have none.
    /// Runs over every byte of every mail, on a writer's thread.
    private static func has8Bit(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var at = 0
        while at + 8 <= bytes.count {
            if bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self) & 0x8080_8080_8080_8080 != 0 { return true }
            at += 8
        }
        return bytes[at...].contains { $0 >= 0x80 }
    }
}
