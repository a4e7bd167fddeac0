// Handshakes cost a hundred times what a command costs: they go on a few at a time, so that sessions are served
// between them.

import NIOCore

/// Hands out turns. On the loop.
final class HandshakePace {
    /// Steps of handshakes in one turn of the loop. With some tenths of a millisecond for each, nobody else waits
    /// longer than a few milliseconds; handshakes themselves lose nothing by it when nobody else is there.
    static let stepsPerTurn = 8

    private let loop: any EventLoop
    private var steps = 0
    private var waiting: [PacedHandshake] = []
    /// The first of `waiting` that has not had its turn.
    private var next = 0

    init(_ loop: any EventLoop) { self.loop = loop }

    /// True: go on now.
    func mayStep() -> Bool {
        guard steps < HandshakePace.stepsPerTurn else { return false }
        if steps == 0 { startTurn() }
        steps += 1
        return true
    }

    /// Its `goOn` is called when it is its turn.
    func wait(_ handshake: PacedHandshake) { waiting.append(handshake) }

    /// After the loop has looked at its sockets; tasks alone would be run until none is left.
    private func startTurn() {
        nonisolated(unsafe) let pace = self
        loop.scheduleTask(in: .microseconds(100)) { pace.turn() }
    }

    private func turn() {
        steps = 0
        let end = min(waiting.count, next + HandshakePace.stepsPerTurn)
        while next < end {
            let one = waiting[next]
            next += 1
            steps += 1
            one.goOn()
        }
        if next == waiting.count { (waiting, next) = ([], 0) }
        if steps > 0 { startTurn() }
    }
}

/// Between the socket and a handshake that is going on: holds what has come until it is its turn, and reads no more
/// meanwhile. The session takes it away when the handshake is done.
final class PacedHandshake: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer

    private let pace: HandshakePace
    private var context: ChannelHandlerContext?
    private var held: NIOAny?
    private var wantsRead = false

    init(_ pace: HandshakePace) { self.pace = pace }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        held = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard held == nil, pace.mayStep() else { return hold(data) }
        context.fireChannelRead(data)
    }

    private func hold(_ data: NIOAny) {
        guard let old = held else {
            held = data
            return pace.wait(self)
        }
        // More than one read may be on its way already.
        var bytes = unwrapInboundIn(old)
        var more = unwrapInboundIn(data)
        bytes.writeBuffer(&more)
        held = NIOAny(bytes)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if held == nil { context.fireChannelReadComplete() }
    }

    func read(context: ChannelHandlerContext) {
        if held == nil { context.read() } else { wantsRead = true }
    }

    func goOn() {
        guard let context, let data = held else { return }
        let channel = context.channel
        held = nil
        context.fireChannelRead(data)
        // From the outside: with its last step the handshake takes this handler away.
        channel.pipeline.syncOperations.fireChannelReadComplete()
        guard wantsRead else { return }
        wantsRead = false
        channel.read()
    }
}
