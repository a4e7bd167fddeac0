// TLS in a channel's pipeline: sealed bytes towards the network, clear bytes towards the session.

public import HarakaCore
public import NIOCore

/// Does the handshake, then unseals what comes in and seals what goes out.
///
/// It begins when the channel becomes active, or as soon as it is added to an active one (STARTTLS), and fires one
/// ``TLSEvent`` to the handlers after it. Nothing is read for TLS's sake: who has switched reading off, or does not
/// call `read()`, holds the handshake back too. What is written before the handshake is done waits for it.
///
/// The other side's close_notify becomes `ChannelEvent.inputClosed`. Closing sends ours. Handlers after this one may
/// write, close and leave from within anything that it calls. On the channel's loop.
public final class TLSHandler: ChannelDuplexHandler, RemovableChannelHandler {
    public typealias InboundIn = ByteBuffer
    public typealias InboundOut = ByteBuffer
    public typealias OutboundIn = ByteBuffer
    public typealias OutboundOut = ByteBuffer

    enum Side {
        case server(TLSContext)
        case client(TLSContext, name: String?, resuming: TLSSession?)
    }

    enum State {
        /// The channel is not active yet.
        case waiting
        case shakingHands
        case established
        /// Nothing is unsealed or sealed any more.
        case over
    }

    let side: Side
    private let limit: TimeAmount
    var state = State.waiting
    var context: ChannelHandlerContext?
    /// Made with the first byte: a client that says nothing costs nothing.
    var connection: TLSConnection?
    var timer: Scheduled<Void>?
    var waiting = WaitingWrites()
    /// Something further in wanted bytes and has got none yet.
    private var owesRead = false
    private var isTurning = false
    /// The other side has said that it will send nothing more.
    var hasEndedInput = false
    var hasEndedOutput = false
    /// The other side's bytes ended without its saying so: they may have been cut off by somebody else. (Many clients
    /// never say it, so this is a remark and no failure.)
    public internal(set) var isTruncated = false
    /// nil before the handshake is done.
    public private(set) var facts: TLSFacts?

    /// - Parameter limit: For the handshake.
    public init(server: TLSContext, limit: TimeAmount) {
        side = .server(server)
        self.limit = limit
    }

    /// - Parameters:
    ///   - serverName: Whom to ask for, and who must be named in the certificate where one is required.
    ///   - limit: For the handshake.
    public init(client: TLSContext, serverName: String?, limit: TimeAmount) {
        side = .client(client, name: serverName, resuming: nil)
        self.limit = limit
    }

    init(client: TLSContext, serverName: String?, limit: TimeAmount, resuming session: TLSSession?) {
        side = .client(client, name: serverName, resuming: session)
        self.limit = limit
    }

    /// Ties an authentication to this connection: `tls-exporter`, `tls-server-end-point`, `tls-unique`; nil: there is
    /// none of that type. After the handshake.
    public func channelBinding(_ type: String) -> [UInt8]? {
        state == .established ? connection?.channelBinding(type) : nil
    }

    var session: TLSSession? { connection?.session }

    // MARK: beginning

    /// STARTTLS: the channel is active already, and nobody will tell.
    public func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { begin(context) }
    }

    /// The session may prepare itself while the handshake goes on.
    public func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        begin(context)
    }

    private func begin(_ context: ChannelHandlerContext) {
        // A handler further in may have closed the channel already.
        guard state == .waiting, self.context != nil else { return }
        state = .shakingHands
        nonisolated(unsafe) let handler = self
        timer = context.eventLoop.scheduleTask(in: limit) { handler.limitReached() }
        if case .client = side { turn(context) }
    }

    func limitReached() {
        guard state == .shakingHands, let context else { return }
        fail(context, "no handshake within \(limit.nanoseconds / 1_000_000_000) s")
    }

    /// nil: no memory.
    private func makeConnection(_ context: ChannelHandlerContext) -> TLSConnection? {
        let allocator = context.channel.allocator
        switch side {
        case .server(let tls):
            let demands = tls.demandsCertificate(on: context.channel.localAddress?.port)
            return TLSConnection(server: tls, demandsCertificate: demands, allocator: allocator)
        case .client(let tls, let name, let session):
            return TLSConnection(client: tls, serverName: name, resuming: session, allocator: allocator)
        }
    }

    // MARK: reading

    /// Takes sealed bytes. After a failure or the other side's end they mean nothing.
    public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        guard state == .shakingHands || state == .established, !hasEndedInput else { return }
        if connection == nil { connection = makeConnection(context) }
        connection?.feed(&bytes)
        turn(context)
    }

    /// Somebody further in wants bytes; see ``channelReadComplete(context:)``.
    public func read(context: ChannelHandlerContext) {
        owesRead = true
        context.read()
    }

    /// Half a record is not what was asked for.
    public func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        if owesRead, state == .shakingHands || state == .established { context.read() }
    }

    /// Does what can be done with what was received. Calls from within only add to that.
    private func turn(_ context: ChannelHandlerContext) {
        guard !isTurning else { return }
        isTurning = true
        defer { isTurning = false }
        if connection == nil { connection = makeConnection(context) }
        guard let connection else { return fail(context, "out of memory") }
        repeat {
            if state == .shakingHands { shakeHands(connection, context) } else { unseal(connection, context) }
        } while canGoOn(connection)
    }

    private func canGoOn(_ connection: TLSConnection) -> Bool {
        guard !hasEndedInput, !connection.isBroken else { return false }
        return connection.hasInput && (state == .shakingHands || state == .established)
    }

    /// One step; OpenSSL takes all bytes that there are.
    private func shakeHands(_ connection: TLSConnection, _ context: ChannelHandlerContext) {
        let outcome = connection.shakeHands()
        // The last flight goes out with the first words of the session, if it has any at once.
        if outcome != .done { send(connection, context) }
        switch outcome {
        case .wantsMore: return
        case .done: established(connection, context)
        case .ended: fail(context, TLSReason.gone(isServer: isServer))
        case .failed(let error): fail(context, error.description)
        }
    }

    /// Tells the session, then sends what it wrote before and at that.
    private func established(_ connection: TLSConnection, _ context: ChannelHandlerContext) {
        state = .established
        endTimer()
        let facts = connection.facts
        self.facts = facts
        context.fireUserInboundEventTriggered(TLSEvent.established(facts))
        if waiting.isFlushed, state == .established { seal(context) }
        send(connection, context)
    }

    /// Hands on all that one read of the network brought as one buffer.
    private func unseal(_ connection: TLSConnection, _ context: ChannelHandlerContext) {
        // What is sealed is longer than what is clear.
        var clear = context.channel.allocator.buffer(capacity: max(256, connection.inputCount))
        let outcome = connection.read(into: &clear)
        send(connection, context)
        if clear.readableBytes > 0 {
            owesRead = false
            context.fireChannelRead(wrapInboundOut(clear))
        }
        guard state == .established else { return }
        switch outcome {
        case .done, .wantsMore: return
        case .ended:
            hasEndedInput = true
            context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        case .failed(let error):
            state = .over
            context.fireErrorCaught(error)
            finish(context)
        }
    }

    // MARK: writing

    /// Keeps clear bytes until they are flushed: small ones share a record then.
    public func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard state != .over, !hasEndedOutput else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        waiting.add(unwrapOutboundIn(data), promise)
    }

    /// During the handshake, and before it, the flush waits too.
    public func flush(context: ChannelHandlerContext) {
        waiting.isFlushed = true
        if state == .established { seal(context) }
    }

    /// All that waits becomes one run of records and one write.
    private func seal(_ context: ChannelHandlerContext) {
        guard let connection, !waiting.isEmpty else {
            waiting.isFlushed = false
            return context.flush()
        }
        let (buffers, promise) = waiting.take(context.eventLoop)
        var outcome = TLSConnection.Outcome.done
        for buffer in buffers where outcome == .done { outcome = connection.write(buffer) }
        guard case .failed(let error) = outcome else { return send(connection, context, promise) }
        promise?.fail(error)
        send(connection, context)
        context.fireErrorCaught(error)
        finish(context)
    }

    func send(
        _ connection: TLSConnection, _ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>? = nil
    ) {
        guard let sealed = connection.takeSealed() else {
            promise?.succeed()
            return
        }
        context.writeAndFlush(wrapOutboundOut(sealed), promise: promise)
    }
}
