// How TLS ends: on purpose, on the other side's wish, or because something is wrong.

public import NIOCore

extension TLSHandler {
    /// Sends close_notify (RFC 8446, section 6.1) before our direction is closed. Without it the other side could not
    /// tell our end from somebody's cut.
    public func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if mode != .input { endOutput(context) }
        if mode == .all { over() }
        context.close(mode: mode, promise: promise)
    }

    /// Says that nothing more will come from us.
    private func endOutput(_ context: ChannelHandlerContext) {
        guard !hasEndedOutput else { return }
        hasEndedOutput = true
        if state == .established, let connection {
            connection.end()
            send(connection, context)
        }
        waiting.fail(ChannelError.ioOnClosedChannel)
    }

    /// The end of the network's bytes is the end of the session's, unless that came before, by close_notify.
    public func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard let event = event as? ChannelEvent, event == .inputClosed else {
            return context.fireUserInboundEventTriggered(event)
        }
        // It was told already.
        if hasEndedInput { return }
        inputEnded(context)
        hasEndedInput = true
        if self.context != nil { context.fireUserInboundEventTriggered(event) }
    }

    /// Nothing can be sent any more: what waits has failed.
    public func channelInactive(context: ChannelHandlerContext) {
        if !hasEndedInput { inputEnded(context) }
        over()
        context.fireChannelInactive()
    }

    /// The network has nothing more, and the other side did not say so before.
    private func inputEnded(_ context: ChannelHandlerContext) {
        switch state {
        case .shakingHands: fail(context, TLSReason.gone(isServer: isServer))
        case .established: isTruncated = !hasEndedOutput
        case .waiting, .over: return
        }
    }

    var isServer: Bool {
        if case .server = side { return true }
        return false
    }

    /// There will be no TLS: says so, and closes.
    func fail(_ context: ChannelHandlerContext, _ reason: String) {
        guard state == .shakingHands else { return }
        over()
        context.fireUserInboundEventTriggered(TLSEvent.failed(reason))
        finish(context)
    }

    /// Closes, unless a handler further in took this one away meanwhile.
    func finish(_ context: ChannelHandlerContext) {
        over()
        if self.context != nil { context.close(promise: nil) }
    }

    /// No more TLS. OpenSSL's object stays until the handler leaves: this may be called from within its use.
    private func over() {
        state = .over
        endTimer()
        waiting.fail(ChannelError.ioOnClosedChannel)
    }

    func endTimer() {
        timer?.cancel()
        timer = nil
    }

    /// Here the connection's memory goes back.
    public func handlerRemoved(context: ChannelHandlerContext) {
        over()
        connection = nil
        self.context = nil
    }
}
