// The message: small ones in one piece, large ones as fast as the server takes them, read away from the loop.

import HarakaCore
import NIOCore
import SMTPSyntax

/// What a connection sends after 354.
struct ClientSending {
    var message: any MessageView
    /// Makes the same message without bytes above 127 (RFC 6152 section 3), on any thread; nil: that cannot be done.
    var downgraded: (@Sendable () throws -> any MessageView)?

    init(_ message: any MessageView, downgraded: (@Sendable () throws -> any MessageView)? = nil) {
        self.message = message
        self.downgraded = downgraded
    }
}

/// A large message that is on its way.
final class MessageFlow: @unchecked Sendable {
    /// With the loop, or with the one thread that reads.
    var reader: MessageReader
    var isReading = false
    init(_ view: any MessageView) { reader = MessageReader(view) }
}

/// Who reads: a small message is read here and now; a large one by a thread, a piece at a time, while the loop sends
/// the last piece. `flow` is there while that goes on; it is the loop's but for its reader, which the thread has while
/// `isReading`.
extension ClientHandler {
    /// A message of up to so many bytes is read on the loop: whoever opened its file has just read all of it, or
    /// nearly.
    static let smallMessage = MessageReader.pieceSize

    /// Where the seven-bit form cannot be made (nobody has given a way) the message goes as it is: most servers that do
    /// not offer 8BITMIME take it all the same, as Haraka trusts.
    func sendMessage(needsDowngrade: Bool) {
        guard let sending else { return fail("there is no message to send") }
        if needsDowngrade, let downgraded = sending.downgraded { return downgrade(downgraded) }
        send(sending.message)
    }

    /// The message is such that no other server without 8BITMIME would get it either: a permanent failure.
    private func downgrade(_ make: @escaping @Sendable () throws -> any MessageView) {
        offload(make) { client, result in
            switch result {
            case .success(let view): client.send(view)
            case .failure(let error): client.fail("\(error)", isPermanent: true)
            }
        }
    }

    /// With the dots doubled and the final one.
    func send(_ view: any MessageView) {
        guard view.size > ClientHandler.smallMessage else { return sendSmall(view) }
        let flow = MessageFlow(view)
        self.flow = flow
        pump()
    }

    /// In one write, for the most common mail of all.
    private func sendSmall(_ view: any MessageView) {
        guard let context else { return }
        var reader = MessageReader(view)
        do {
            var piece = try reader.next(context.channel.allocator)
            // A small one may come in more than one piece: views give what they have.
            while !reader.hasEnded {
                var next = try reader.next(context.channel.allocator)
                piece.writeBuffer(&next)
            }
            write(piece, isLast: true)
        } catch { fail("\(error)") }
    }

    /// Reads the next piece if there is room for it. Called again when there is.
    func pump() {
        guard let flow, !flow.isReading, let context, context.channel.isWritable, !isClosed else { return }
        flow.isReading = true
        let allocator = context.channel.allocator
        offload({ try flow.reader.next(allocator) }) { client, result in
            // The connection may have another message by now, or none.
            guard client.flow === flow else { return }
            flow.isReading = false
            switch result {
            case .success(let piece):
                let isLast = flow.reader.hasEnded
                if isLast { client.flow = nil }
                client.write(piece, isLast: isLast)
                client.pump()
            case .failure(let error): client.fail("\(error)")
            }
        }
    }

    private func write(_ piece: ByteBuffer, isLast: Bool) {
        guard let context, !isClosed else { return }
        // The machine hears of the end before the last bytes leave: from then on a lost connection may mean that the
        // server has it, and nobody may say otherwise.
        flush()
        if isLast {
            if let dialogue { dialogue.messageIsSent() } else { perform(machine.messageSent()) }
        }
        context.writeAndFlush(wrapOutboundOut(piece), promise: nil)
        armTimer()
    }

    /// Less is waiting than the low mark: the server takes what is sent, however slowly.
    func channelWritabilityChanged(context: ChannelHandlerContext) {
        // The server has taken something: that is progress.
        if flow != nil, context.channel.isWritable {
            armTimer()
            pump()
        }
        context.fireChannelWritabilityChanged()
    }

    /// The machine closes the connection then: anything else that came would belong to the message.
    /// Our own fault, in the midst of a message: without its final dot it is none. Of other hosts nothing is known by
    /// it.
    /// - Parameter isPermanent: the message is such that no attempt will do better
    func fail(_ reason: String, isPermanent: Bool = false) {
        flow = nil
        if let dialogue { return dialogue.broken(.failed, reason) }
        if isPermanent {
            // "Conversion required but not supported".
            let status = EnhancedStatus(class: 5, subject: 6, detail: 3)
            ownFailure = ClientFailure(
                isPermanent: true, stage: .message, status: status, text: reason, mayTryNextHost: false)
        }
        perform(machine.messageUnreadable(reason))
    }

    /// Does something slow on the pool, and tells of it on the loop, unless the connection has gone.
    private func offload<Value: Sendable>(
        _ work: @escaping @Sendable () throws -> Value,
        _ then: @escaping @Sendable (ClientHandler, Result<Value, any Error>) -> Void
    ) {
        let loop = pool.loop
        loop.offload {
            let result = Result { try work() }
            loop.execute { if !self.isClosed { then(self, result) } }
        }
    }
}
