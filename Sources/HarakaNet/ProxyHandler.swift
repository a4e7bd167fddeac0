// In front of a session whose client comes through a load balancer: takes the PROXY header off. docs/listeners.md
// "Proxies".

import HarakaCore
import NIOCore
import SMTPSyntax

/// Waits for a `ProxyHeader`, tells the session what it says, hands on what stands behind it, and leaves the pipeline.
final class ProxyHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let session: SessionHandler
    private let limit: TimeAmount
    private var timer: Scheduled<Void>?
    private var input: ByteBuffer?
    private var isDone = false

    init(_ session: SessionHandler, limit: TimeAmount) {
        self.session = session
        self.limit = limit
    }

    func channelActive(context: ChannelHandlerContext) {
        nonisolated(unsafe) let handler = self
        timer = context.eventLoop.scheduleTask(in: limit) { handler.refuse("PROXY timeout", "no header has come") }
        context.fireChannelActive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDone else { return }
        var bytes = unwrapInboundIn(data)
        if input == nil { input = bytes } else { input?.writeBuffer(&bytes) }
        guard var input else { return }
        switch input.withUnsafeReadableBytes({ ProxyHeader.parse($0) }) {
        case .needMore: return
        case .malformed(let reason): refuse("Invalid PROXY format", reason)
        case .header(let header, let consumed):
            finish()
            input.moveReaderIndex(forwardBy: consumed)
            session.cameThrough(header)
            if input.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(input)) }
            context.pipeline.syncOperations.removeHandler(self, promise: nil)
        }
    }

    private func refuse(_ words: String, _ reason: String) {
        guard !isDone else { return }
        finish()
        session.refusesProxy(words, reason)
    }

    private func finish() {
        isDone = true
        input = nil
        timer?.cancel()
    }
}

extension SessionHandler {
    /// The header's addresses are the connection's from now on. A proxy that speaks for itself, or knows none, has its
    /// own.
    func cameThrough(_ header: ProxyHeader) {
        connection.proxy = ProxyFacts(header, from: connection.remote.ip)
        if let source = header.source, let destination = header.destination {
            (connection.remote.ip, connection.remote.port) = (source.address, source.port)
            (connection.local.ip, connection.local.port) = (destination.address, destination.port)
        }
        if server.log.isEnabled(6) {
            let client = "ip=\(connection.remote.ip) port=\(connection.remote.port)"
            let proxy = "proxy=\(connection.proxy?.ip ?? "") version=\(header.version)"
            server.log.log(6, uuid: connection.uuid, origin: "core", "client of a proxy: \(client) \(proxy)")
        }
        guard let address = IPAddress(connection.remote.ip).map({ ClientAddress($0) }) else { return proceed() }
        guard !server.isCrowded(address) else { return turnAway(.tooManyFromAddress) }
        seat = address
        server.counted(address)
        proceed()
    }

    private func turnAway(_ reason: TurnedAway) {
        server.noteTurnedAway(connection.remote.ip, reason.reason)
        leave(with: reason.reply)
    }

    /// There is no header, or none that is understood.
    func refusesProxy(_ words: String, _ reason: String) {
        if server.log.isEnabled(6) {
            server.log.log(
                6, uuid: connection.uuid, origin: "core", "\(words): \(reason) ip=\(connection.remote.ip)")
        }
        leave(with: Reply(421, words, status: .init(4, 7, 0)))
    }
}

extension ProxyFacts {
    fileprivate init(_ header: ProxyHeader, from ip: String) {
        self.init()
        self.ip = ip
        version = header.version
        isTLS = header.isTLS
        authority = header.authority
        alpn = header.alpn
        values = header.extras.map { ($0.type, $0.value) }
    }
}
