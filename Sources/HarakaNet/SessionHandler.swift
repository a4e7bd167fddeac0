// One client's session on a channel: bytes in, bytes out; the machine decides, plugins are asked. docs/architecture.md
// "The natural path".

import HarakaCore
import HarakaPluginHost
import HarakaSpool
import NIOCore
import SMTPSyntax

/// Drives a `SessionMachine`. On the loop. Everything between received bytes and a reply happens in one call, unless a
/// plugin takes its time; then input waits in `input` and, beyond a limit, in the kernel.
final class SessionHandler: ChannelInboundHandler, ConnectionDriver {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// While a plugin thinks, no more than this is read ahead.
    private static let readAhead = 64 * 1024

    let server: ServerContext
    let connection: Connection
    var machine: SessionMachine
    private var lines: LineDecoder
    var reception: Reception?
    /// The message that DATA began, until its content comes.
    var sink: MessageSink?
    var input: ByteBuffer?
    private(set) var channelContext: ChannelHandlerContext?
    private var isPumping = false
    private var pauses = 0
    /// The channel reads by itself; off while a plugin has paused it or enough input waits.
    private var isReading = true
    /// The plugins of this session, for as long as it lives.
    private(set) var generation: Generation?
    var inputHasEnded = false
    /// It reads into the server's receive room.
    private var hasRoom = false
    private var wantsDisconnect = false
    /// The last reply is out; what still comes in is thrown away until the peer closes.
    private(set) var isLingering = false
    private var isFinished = false
    /// The channel became active.
    private var hasBegun = false
    private(set) var lastActivity = NIODeadline.now()
    /// Replies of this pump, to be sent together.
    private var output: ByteBuffer?

    init(_ server: ServerContext, remote: SocketAddress?, local: SocketAddress?) {
        self.server = server
        var here = Connection.Endpoint(local)
        here.host = server.settings.hostName
        here.info = server.settings.serverInfo
        connection = Connection(
            uuid: server.makeUUID(), startTime: ServerContext.milliseconds(), remote: Connection.Endpoint(remote),
            local: here, localAddresses: server.settings.localAddresses)
        machine = SessionMachine(connection: connection, settings: server.settings.session)
        lines = LineDecoder(limit: server.settings.lineLength, bareNewline: server.settings.bareNewline)
    }

    // MARK: the channel

    /// A client that was accepted counts at once, although it becomes active a turn of the loop later: a server that stops
    /// in between must wait for it.
    func handlerAdded(context: ChannelHandlerContext) { server.opened(self) }

    /// It never became active.
    func handlerRemoved(context: ChannelHandlerContext) {
        if !hasBegun { server.closed(self) }
    }

    func channelActive(context: ChannelHandlerContext) {
        channelContext = context
        hasBegun = true
        server.host.begin(self)
        generation = server.host.generation(of: connection)
        machine.heard = server.host.heard(by: connection)
        if server.log.isEnabled(6) {
            server.log.log(
                6, uuid: connection.uuid, origin: "core",
                "connect ip=\(connection.remote.ip) port=\(connection.remote.port) local_ip=\(connection.local.ip) local_port=\(connection.local.port)"
            )
        }
        pump { $0.perform($0.machine.connected()) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        lastActivity = .now()
        guard !isLingering, !machine.isDisconnecting else { return }
        if input == nil { input = bytes } else { input?.writeBuffer(&bytes) }
        if !machine.awaitsCommand, reception == nil { machine.spokeEarly() }
        pump { _ in }
    }

    /// Lets the kernel hold the client back while there is enough to do.
    private func adjustReading() {
        let wants = pauses == 0 && (input?.readableBytes ?? 0) < SessionHandler.readAhead
        guard wants != isReading else { return }
        isReading = wants
        // Setting it on an open channel does not fail; on a closed one nothing is read anyway.
        try? channelContext?.channel.syncOptions?.setOption(.autoRead, value: wants)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed {
            inputHasEnded = true
            if isLingering { return context.close(promise: nil) }
            pump { _ in }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if server.log.isEnabled(6) {
            server.log.log(6, uuid: connection.logUUID, origin: "core", "connection error: \(error)")
        }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        inputHasEnded = true
        input = nil
        clientLeft()
        finish()
        channelContext = nil
    }

    // MARK: the pump

    /// Runs `first`, then whatever input allows, then sends what was said. Calls inside calls only run `first`.
    func pump(_ first: (SessionHandler) -> Void) {
        guard !isPumping else { return first(self) }
        isPumping = true
        first(self)
        while !isFinished, step() {}
        isPumping = false
        flush()
        adjustReading()
    }

    /// Handles one line or one run of content. False: nothing more can be done now.
    private func step() -> Bool {
        if wantsDisconnect, machine.question == nil {
            wantsDisconnect = false
            dropReception()
            perform(machine.disconnect())
            return true
        }
        guard pauses == 0 else { return reception == nil ? false : leaveIfAbandoned() }
        if reception != nil { return machine.question == nil ? receive() : leaveIfAbandoned() }
        guard machine.awaitsCommand else {
            // The machine waits for plugins; a client that has gone needs no answer.
            if inputHasEnded, !hasWholeMessage, machine.question != nil, !machine.isDisconnecting, input == nil {
                clientLeft()
                return true
            }
            return false
        }
        if server.isStopping || generation?.isEvicted == true {
            perform(machine.serverStops())
            return true
        }
        if takeLine() { return true }
        guard inputHasEnded, !machine.isDisconnecting else { return false }
        clientLeft()
        return true
    }

    /// After the final dot a client may close its side and wait: the judgement is finished, and it is told.
    private var hasWholeMessage: Bool {
        switch machine.question {
        case .dataHeadersEnd, .maxDataExceeded, .dataPostHeaders, .dataPost: reception == nil
        case .queuePre, .queue, .queueOutbound, .queueOK: true
        default: false
        }
    }

    private func takeLine() -> Bool {
        guard let buffer = input, buffer.readableBytes > 0 else { return false }
        let action: SessionAction
        switch buffer.withUnsafeReadableBytes({ lines.next($0) }) {
        case .needMore: return false
        case .skipped(let consumed):
            drop(consumed)
            return true
        case .tooLong: action = machine.lineTooLong()
        case .bareNewline(let consumed):
            drop(consumed)
            action = machine.bareNewline()
        case .line(let length, let consumed):
            let command = buffer.withUnsafeReadableBytes { bytes in
                let line = UnsafeRawBufferPointer(rebasing: bytes[..<length])
                connection.currentLine = String(decoding: line, as: UTF8.self)
                return CommandLine(line)
            }
            if server.log.isEnabled(8) {
                let shown = command.verb == nil ? command.word : connection.currentLine
                server.log.log(
                    8, uuid: connection.logUUID, origin: "core", "C: \(shown) state=\(connection.state.rawValue)")
            }
            action = machine.received(command, isFollowed: consumed < buffer.readableBytes)
            drop(consumed)
        }
        perform(action)
        return true
    }

    /// Gives back the memory as soon as all input was used: an idle connection holds none.
    func drop(_ count: Int) {
        input?.moveReaderIndex(forwardBy: count)
        guard let used = input, used.readableBytes == 0 else { return }
        input = nil
        if hasRoom { server.receiveRoom.giveBack(used) }
    }

    /// Reads in large pieces, or no longer. Setting it on an open channel does not fail.
    func wantRoom(_ wants: Bool) {
        guard wants != hasRoom, let options = channelContext?.channel.syncOptions else { return }
        hasRoom = wants
        let allocator: any RecvByteBufferAllocator = wants ? server.receiveRoom : ReceiveRoom.small
        try? options.setOption(.recvAllocator, value: allocator)
    }

    /// Carries out what the machine says, and what it says next, until it has to wait.
    func perform(_ first: SessionAction) {
        var action = first
        while true {
            switch action {
            case .ask(let question):
                prepare(question)
                guard let verdict = server.host.ask(question, connection) else { return }
                action = machine.hooksCompleted(verdict)
            case .send(let reply, let then):
                send(reply)
                guard let next = go(then) else { return }
                action = next
            case .proceed(let then):
                guard let next = go(then) else { return }
                action = next
            case .resolveName:
                guard let name = server.names.remembered(connection.remote.ip) else { return resolveName() }
                action = machine.nameResolved(name)
            case .close: return finish()
            case .wait: return
            }
        }
    }

    private func go(_ then: SessionAction.Then) -> SessionAction? {
        switch then {
        case .read: return nil
        case .resume: return machine.replySent()
        case .receiveMessage:
            beginReception()
            return nil
        case .receiveMore:
            receiveMore()
            return nil
        case .disconnect:
            dropReception()
            return machine.disconnect()
        }
    }

    private func resolveName() {
        guard let loop = channelContext?.eventLoop else { return }
        server.names.resolve(connection.remote.ip, on: loop) { [weak self] name in
            self?.pump { $0.perform($0.machine.nameResolved(name)) }
        }
    }

    // MARK: replies

    func send(_ reply: Reply) {
        guard !isFinished, channelContext != nil else { return }
        let prefix = denialMark(reply)
        var bytes = output ?? server.takeScratch()
        output = nil
        reply.encode(into: { bytes.writeBytes($0) }, prefix: prefix)
        output = bytes
        if server.log.isEnabled(8) {
            server.log.log(8, uuid: connection.logUUID, origin: "core", "S: \(reply.code) \(reply.text)")
        }
        if !isPumping { flush() }
    }

    private func flush() {
        guard let bytes = output, let context = channelContext else { return }
        output = nil
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
        server.giveBack(bytes)
    }

    // MARK: the end

    /// The client has gone: open questions are withdrawn, required hooks still run.
    func clientLeft() {
        guard !machine.isDisconnecting else {
            connection.remoteIsClosed = true
            return
        }
        server.host.cancel(connection)
        dropReception()
        perform(machine.clientLeft())
    }

    /// The session is over: the last words go out, then the socket closes.
    private func finish() {
        guard !isFinished, machine.isClosed || channelContext == nil else { return }
        isFinished = true
        logSummary()
        dropReception()
        server.host.end(connection)
        server.closed(self)
        guard let context = channelContext else { return }
        guard let bytes = output else { return context.close(promise: nil) }
        output = nil
        close(context, after: bytes)
    }

    /// Closes without losing the last reply: with input unread, closing at once would reset the connection and may destroy
    /// the reply on its way. So our side is closed first and what still comes is thrown away for a while.
    private func close(_ context: ChannelHandlerContext, after bytes: ByteBuffer) {
        let isClean = input == nil && !inputHasEnded && connection.lastReply.code < 400
        input = nil
        isLingering = true
        let written = context.eventLoop.makePromise(of: Void.self)
        nonisolated(unsafe) let channel = context
        written.futureResult.whenComplete { _ in
            guard !isClean, channel.channel.isActive else { return channel.close(promise: nil) }
            channel.close(mode: .output, promise: nil)
            channel.eventLoop.scheduleTask(in: .seconds(2)) { channel.close(promise: nil) }
        }
        context.writeAndFlush(wrapOutboundOut(bytes), promise: written)
    }

    /// Called by the server from time to time.
    func checkIdle(now: NIODeadline, limit: TimeAmount) {
        guard now - lastActivity > limit, hasBegun, !isFinished else { return }
        // Whom a plugin holds back, or makes wait, is not idle.
        if pauses == 0, machine.awaitsCommand || (reception != nil && machine.question == nil) {
            dropReception()
            pump { $0.perform($0.machine.timedOut()) }
        } else if machine.isDisconnecting || now - lastActivity > limit * 2 {
            // A peer that takes neither our words nor our end.
            channelContext?.close(promise: nil)
        }
    }

    /// The server stops, or this session's plugins are too old: at the next command boundary the client gets 421.
    func stopSoon() {
        if hasBegun { pump { _ in } }
    }

    /// The server stops now.
    func stopNow() {
        guard hasBegun, !isFinished, !machine.isDisconnecting else { return }
        server.host.cancel(connection)
        dropReception()
        pump { $0.perform($0.machine.serverStops()) }
    }

    // MARK: ConnectionDriver

    func hooksCompleted(_ verdict: Verdict) { pump { $0.perform($0.machine.hooksCompleted(verdict)) } }

    func respond(_ code: Int, _ reply: PluginReply) {
        let reply = reply.reply(code, "")
        connection.lastReply = reply
        if reply.code >= 400 { connection.lastReject = connection.lastResponse }
        send(reply)
    }

    func requestDisconnect() {
        wantsDisconnect = true
        nonisolated(unsafe) let session = self
        channelContext?.eventLoop.execute { session.pump { _ in } }
    }

    var otherAddresses: [String] { server.sessions.values.filter { $0 !== self }.map(\.connection.remote.ip) }

    func pauseReading() {
        pauses += 1
        adjustReading()
    }

    func resumeReading() {
        guard pauses > 0 else { return }
        pauses -= 1
        guard pauses == 0 else { return }
        nonisolated(unsafe) let session = self
        channelContext?.eventLoop.execute { session.pump { _ in } }
    }
}
