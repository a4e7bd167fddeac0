// The end of a session, by whomever: the client, a limit, the server.

import HarakaCore
import NIOCore

extension SessionHandler {
    /// The client has gone: open questions are withdrawn, required hooks still run.
    func clientLeft() {
        asker = nil
        guard !machine.isDisconnecting else {
            connection.remoteIsClosed = true
            return
        }
        server.host.cancel(connection)
        dropReception()
        perform(machine.clientLeft())
    }

    /// The session is over: the last words go out, then the socket closes.
    func finish() {
        guard !isFinished, machine.isClosed || channelContext == nil else { return }
        isFinished = true
        if hasBegun {
            logSummary()
            dropReception()
            server.host.end(connection)
        }
        server.closed(self)
        guard let context = channelContext else { return }
        guard let bytes = output else { return context.close(promise: nil) }
        output = nil
        close(context, after: bytes)
    }

    /// Closes without losing the last reply: with input unread, closing at once would reset the connection and may
    /// destroy the reply on its way. So our side is closed first and what still comes is thrown away for a while.
    private func close(_ context: ChannelHandlerContext, after bytes: ByteBuffer) {
        let isClean = input == nil && !inputHasEnded && connection.lastReply.code < 400
        input = nil
        isLingering = true
        let written = context.eventLoop.makePromise(of: Void.self)
        nonisolated(unsafe) let (session, channel) = (self, context)
        written.futureResult.whenComplete { _ in
            // Within the write that ends here TLS could not send its own last words before the close.
            guard session.tls != nil else { return session.close(channel, isClean: isClean) }
            channel.eventLoop.execute { session.close(channel, isClean: isClean) }
        }
        context.writeAndFlush(wrapOutboundOut(bytes), promise: written)
    }

    private func close(_ context: ChannelHandlerContext, isClean: Bool) {
        guard !isClean, context.channel.isActive else { return context.close(promise: nil) }
        context.close(mode: .output, promise: nil)
        nonisolated(unsafe) let channel = context
        context.eventLoop.scheduleTask(in: .seconds(2)) { channel.close(promise: nil) }
    }

    // MARK: limits of time

    /// Called by the server from time to time.
    func checkIdle(now: NIODeadline, limit: TimeAmount) {
        guard now - lastActivity > limit, hasBegun, !isFinished else { return }
        // Whom a plugin holds back, or makes wait, is not idle.
        if isAwaited {
            timeOut()
        } else if machine.isDisconnecting || now - lastActivity > limit * 2 {
            // A peer that takes neither our words nor our end.
            channelContext?.close(promise: nil)
        }
    }

    /// The same for clients that do send, but take too long for a line or a message. Limits of 0 are none.
    func checkPace(now: NIODeadline, command: TimeAmount, message: TimeAmount) {
        guard hasBegun, !isFinished, isAwaited else { return }
        if reception != nil {
            if message > .zero, now - messageBegan > message { timeOut() }
        } else if command > .zero, input != nil, now - lineBegan > command {
            timeOut()
        }
    }

    /// It is the client's turn.
    private var isAwaited: Bool {
        guard pauses == 0, !isShakingHands else { return false }
        return machine.awaitsCommand || asker != nil || (reception != nil && machine.question == nil)
    }

    private func timeOut() {
        if asker != nil { server.host.cancel(connection) }
        asker = nil
        dropReception()
        pump { $0.perform($0.machine.timedOut()) }
    }

    // MARK: the server's end

    /// The server stops, or this session's plugins are too old: at the next command boundary the client gets 421.
    func stopSoon() {
        if hasBegun { pump { _ in } }
    }

    /// The server stops now.
    func stopNow() {
        guard hasBegun else {
            channelContext?.close(promise: nil)
            return
        }
        guard !isFinished, !machine.isDisconnecting else { return }
        server.host.cancel(connection)
        asker = nil
        dropReception()
        pump { $0.perform($0.machine.serverStops()) }
    }
}
