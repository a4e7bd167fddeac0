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

extension ClientHandler {
    /// A message of up to so many bytes is read on the loop: whoever opened its file has just read all of it, or
    /// nearly.
    static let smallMessage = MessageReader.pieceSize

    func sendMessage(needsDowngrade: Bool) {
        guard let sending else { return fail("there is no message to send") }
        if needsDowngrade, let downgraded = sending.downgraded { return downgrade(downgraded) }
        send(sending.message)
    }

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

    private func sendSmall(_ view: any MessageView) {
        guard let context else { return }
        var reader = MessageReader(view)
        do {
            var piece = try reader.next(context.channel.allocator)
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
        flush()
        if isLast {
            if let dialogue { dialogue.messageIsSent() } else { perform(machine.messageSent()) }
        }
        context.writeAndFlush(wrapOutboundOut(piece), promise: nil)
        armTimer()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        // The server has taken something: that is progress.
        if flow != nil, context.channel.isWritable {
            armTimer()
            pump()
        }
        context.fireChannelWritabilityChanged()
    }

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
