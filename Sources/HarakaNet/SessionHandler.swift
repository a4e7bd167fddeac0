// One client's session on a channel: bytes in, bytes out; the machine decides, plugins are asked. docs/architecture.md
// "The natural path".

import HarakaCore
import HarakaPluginHost
import HarakaSpool
import HarakaTLS
import NIOCore
import SMTPSyntax

/// Drives a `SessionMachine`. On the loop. Everything between received bytes and a reply happens in one call, unless a
/// plugin takes its time; then input waits in `input` and, beyond a limit, in the kernel.
final class SessionHandler: ChannelInboundHandler, ConnectionDriver {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// What stands between a client and its session.
    enum Stage {
        /// A PROXY header is to come first.
        case proxyHeader
        /// TLS is to begin with the first byte.
        case handshake
        /// Nothing: the session goes on, or will as soon as the channel is active.
        case session
    }

    /// While a plugin thinks, no more than this is read ahead.
    private static let readAhead = 64 * 1024

    let server: ServerContext
    let role: ListenerRole
    let connection: Connection
    var machine: SessionMachine
    var lines: LineDecoder
    var reception: Reception?
    /// The message that DATA began, until its content comes.
    var sink: MessageSink?
    var input: ByteBuffer?
    private(set) var channelContext: ChannelHandlerContext?
    private(set) var isPumping = false
    var pauses = 0
    /// The channel reads by itself; off while a plugin has paused it or enough input waits.
    private var isReading = true
    /// The plugins of this session, for as long as it lives.
    private(set) var generation: Generation?
    var inputHasEnded = false
    /// It reads into the server's receive room.
    var hasRoom = false
    var wantsDisconnect = false
    /// The last reply is out; what still comes in is thrown away until the peer closes.
    var isLingering = false
    var isFinished = false
    /// Plugins know of it.
    private(set) var hasBegun = false
    /// Replies of this pump, to be sent together.
    var output: ByteBuffer?

    private(set) var stage: Stage
    private let isImplicit: Bool
    /// What limits by address count it as; nil: not by address.
    var seat: ClientAddress?
    /// There, once a handshake has begun.
    var tls: TLSHandler?
    var paced: PacedHandshake?
    /// A handshake counts for this address until it is done.
    var handshakeSeat: ClientAddress?
    var isShakingHands = false
    /// Called when the handshake that a plugin has asked for is done.
    var handshakeDone: ((Bool) -> Void)?
    /// TLS has begun in the midst of the command that is still open.
    var isSwitching = false
    /// Nothing more may be said: what is said would go out in the clear, or into a broken handshake.
    var isMute = false
    /// A plugin has asked the client something.
    var asker: Asker?

    private(set) var lastActivity = NIODeadline.now()
    /// When the line that is not complete has begun, or when it began to count.
    var lineBegan = NIODeadline.now()
    /// When DATA was answered, later by the time that plugins have held the client back.
    var messageBegan = NIODeadline.now()
    var pauseBegan = NIODeadline.now()

    init(_ server: ServerContext, role: ListenerRole, remote: SocketAddress?, local: SocketAddress?) {
        self.server = server
        self.role = role
        var here = Connection.Endpoint(local)
        here.host = server.settings.hostName
        here.info = server.settings.serverInfo
        connection = Connection(
            uuid: ServerContext.makeUUID(), startTime: ServerContext.milliseconds(),
            remote: Connection.Endpoint(remote),
            local: here, localAddresses: server.settings.localAddresses)
        connection.role = role.name
        machine = SessionMachine(connection: connection, settings: role.session)
        machine.hasQueue = server.outbox != nil
        lines = LineDecoder(limit: server.settings.lineLength, bareNewline: server.settings.bareNewline)
        isImplicit = server.settings.isImplicit(role, port: here.port)
        let isProxy = server.settings.proxyHosts.contains(connection.remote.ip)
        stage = isProxy ? .proxyHeader : isImplicit ? .handshake : .session
        if !isProxy { seat = ClientAddress(remote) }
    }

    // MARK: the channel

    /// A client that was accepted counts at once, although it becomes active a turn of the loop later: a server that
    /// stops in between must wait for it.
    func handlerAdded(context: ChannelHandlerContext) {
        server.opened(self)
        server.enter(seat, role: role.name)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        // Of a session that has begun plugins may still have to hear the end.
        if !hasBegun { server.closed(self) }
        server.leave(seat, role: role.name)
    }

    func channelActive(context: ChannelHandlerContext) {
        channelContext = context
        lastActivity = .now()
        if stage != .proxyHeader { proceed() }
    }

    /// The next stage. What was in the way is done.
    func proceed() {
        stage = isImplicit && connection.tls == nil ? .handshake : .session
        if stage == .handshake { beginImplicitTLS() } else { begin() }
    }

    /// Plugins hear of the client.
    private func begin() {
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

    /// Before the session has begun: the last words, which no plugin hears.
    func leave(with reply: Reply) {
        // They would be no TLS.
        if isImplicit, connection.tls == nil { isMute = true }
        pump { $0.perform($0.machine.turnedAway(reply)) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        lastActivity = .now()
        guard !isLingering, !machine.isDisconnecting, !isMute else { return }
        if input == nil {
            input = bytes
            lineBegan = lastActivity
        } else {
            input?.writeBuffer(&bytes)
        }
        if !machine.awaitsCommand, reception == nil, asker == nil, !isSwitching { machine.spokeEarly() }
        pump { _ in }
    }

    /// Lets the kernel hold the client back while there is enough to do.
    func adjustReading() {
        let wants = pauses == 0 && (input?.readableBytes ?? 0) < SessionHandler.readAhead
        guard wants != isReading else { return }
        isReading = wants
        // Setting it on an open channel does not fail; on a closed one nothing is read anyway.
        try? channelContext?.channel.syncOptions?.setOption(.autoRead, value: wants)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? TLSEvent {
            handshakeEnded(event)
        } else if let event = event as? ChannelEvent, event == .inputClosed {
            inputHasEnded = true
            if isLingering || !hasBegun { return context.close(promise: nil) }
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
        // When the connection breaks we close it ourselves, and then TLS has nothing to tell.
        if isShakingHands { handshakeEnded(.failed("the connection broke during the handshake")) }
        inputHasEnded = true
        input = nil
        if hasBegun { clientLeft() }
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
        guard hasBegun, !isShakingHands else { return false }
        if wantsDisconnect, machine.question == nil {
            wantsDisconnect = false
            dropReception()
            perform(machine.disconnect())
            return true
        }
        guard pauses == 0 else { return reception == nil ? false : leaveIfAbandoned() }
        if reception != nil { return machine.question == nil ? receive() : leaveIfAbandoned() }
        if asker != nil { return takeAnswer() }
        guard machine.awaitsCommand else {
            // The machine waits for plugins; a client that has gone needs no answer.
            if inputHasEnded, !hasWholeMessage, machine.question != nil, !machine.isDisconnecting, input == nil {
                clientLeft()
                return true
            }
            return false
        }
        isSwitching = false
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
}
