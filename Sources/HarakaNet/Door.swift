// In front of a listener: lets clients in, turns away whom there is no room for, and waits when the system has no more
// descriptors.

import Glibc
import HarakaCore
import NIOCore

/// Sees each accepted socket before anything is made for it: turning a client away costs one write and one close. On
/// the loop.
final class Door: ChannelInboundHandler {
    typealias InboundIn = any Channel

    private let server: ServerContext
    private let role: ListenerRole
    private var context: ChannelHandlerContext?
    /// How long nobody is taken when the system could not accept.
    static let pause = TimeAmount.milliseconds(100)
    private var isPausing = false

    init(_ server: ServerContext, _ role: ListenerRole) {
        self.server = server
        self.role = role
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let channel = unwrapInboundIn(data)
        // Reset while it waited for us. Without an address it would pass for a client on a unix socket.
        if channel.remoteAddress == nil, channel.localAddress?.isIP ?? true { return channel.close(promise: nil) }
        let role = server.settings.role(role)
        let isTLS = server.settings.isImplicit(role, port: channel.localAddress?.port)
        guard let reason = server.refusal(of: channel.remoteAddress, role: role, isTLS: isTLS) else {
            return context.fireChannelRead(data)
        }
        let words = isTLS ? [] : reason.words(withStatus: role.session.sendsEnhancedCodes)
        turnAway(channel, words)
        server.noteTurnedAway(channel.remoteAddress?.ipAddress ?? "", reason.reason)
    }

    /// No session is made, and the socket is never watched. Who expects TLS could not read any words.
    private func turnAway(_ channel: any Channel, _ words: [UInt8]) {
        try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) { socket in
            if !words.isEmpty { _ = send(socket, words, words.count, Int32(MSG_DONTWAIT | MSG_NOSIGNAL)) }
            // What has come and is not read would turn the close into a reset, which may overtake our words.
            withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { waste in
                _ = recv(socket, waste.baseAddress, waste.count, Int32(MSG_DONTWAIT))
            }
        }
        channel.close(promise: nil)
    }

    /// The system has no descriptor, or no memory, for the next client. It would say so again at once and for ever: the
    /// listener is still readable. So clients wait in the kernel for a moment.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? IOError, [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(error.errnoCode) else { return }
        server.noteTurnedAway("-", "cannot accept clients: \(String(cString: strerror(error.errnoCode)))")
        guard !isPausing, let options = context.channel.syncOptions else { return }
        isPausing = true
        try? options.setOption(.autoRead, value: false)
        nonisolated(unsafe) let door = self
        context.eventLoop.scheduleTask(in: Door.pause) { door.goOn() }
    }

    private func goOn() {
        isPausing = false
        try? context?.channel.syncOptions?.setOption(.autoRead, value: true)
    }
}

extension SocketAddress {
    fileprivate var isIP: Bool {
        switch self {
        case .v4, .v6: true
        case .unixDomainSocket: false
        }
    }
}

extension ServerSettings {
    /// The client must speak TLS from its first byte.
    func isImplicit(_ role: ListenerRole, port: Int?) -> Bool {
        switch role.tls {
        case .implicit: true
        case .off: false
        case .offered, .required: smtpsPort != 0 && port == smtpsPort
        }
    }
}

extension ServerContext {
    /// Why a client from there is not let in; nil: it may come. A proxy's clients are counted when their addresses are
    /// known.
    func refusal(of address: SocketAddress?, role: ListenerRole, isTLS: Bool) -> TurnedAway? {
        if let shortage = shortage() { return .short(shortage) }
        if role.maxConnections > 0, clientsOfRole[role.name, default: 0] >= role.maxConnections { return .tooMany }
        let isProxy = !settings.proxyHosts.isEmpty && settings.proxyHosts.contains(Connection.Endpoint(address).ip)
        let address = isProxy ? nil : ClientAddress(address)
        let limits = settings.limits
        switch clients.full(for: address, total: limits.connections, perAddress: limits.connectionsPerAddress) {
        case .all: return .tooMany
        case .address: return .tooManyFromAddress
        case nil: return isTLS && hasTooManyHandshakes(address) ? .tooManyHandshakes : nil
        }
    }

    /// One handshake more is one too many.
    func hasTooManyHandshakes(_ address: ClientAddress?) -> Bool {
        let limits = settings.limits
        return handshakes.full(for: address, total: limits.handshakes, perAddress: limits.handshakesPerAddress) != nil
    }

    /// Whether the address that a proxy has named is here too often.
    func isCrowded(_ address: ClientAddress?) -> Bool {
        clients.full(for: address, total: 0, perAddress: settings.limits.connectionsPerAddress) != nil
    }

    /// At most one line for each address and second.
    func noteTurnedAway(_ address: String, _ reason: String) {
        guard log.isEnabled(5) else { return }
        let isFirst = turnedAway.isEmpty
        if let line = turnedAway.note(address.isEmpty ? "-" : address, reason) {
            log.log(5, uuid: "-", origin: "core", line)
        }
        if isFirst { settleTurnedAway() }
    }

    private func settleTurnedAway() {
        nonisolated(unsafe) let server = self
        loop.scheduleTask(in: .seconds(1)) {
            for line in server.turnedAway.settle() { server.log.log(5, uuid: "-", origin: "core", line) }
            if !server.turnedAway.isEmpty { server.settleTurnedAway() }
        }
    }
}
