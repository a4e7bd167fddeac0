// A server for deliveries, on a real socket: it does as it is told, the bad things too.

import Glibc
import HarakaTLS
import NIOCore
import NIOPosix
import Synchronization

/// What one connection of a server is like.
struct Behaviour: Sendable {
    /// What happens instead of the usual reply.
    enum Act: Sendable {
        case reply(String)
        case close
        /// Says this, then closes.
        case closeAfter(String)
        case silence
        /// So many milliseconds before the usual reply.
        case delay(Int64)
        /// The beginning of a reply that has no end: a byte every so many milliseconds.
        case drip(Int64)

        var isSilence: Bool {
            if case .silence = self { return true }
            return false
        }
    }

    var greeting = "220 mx.example.com ESMTP"
    var offers = ["PIPELINING", "SIZE 100000000", "8BITMIME"]
    var isLMTP = false
    /// By verb; CONNECT, MESSAGE (as soon as its first bytes have come) and DOT are verbs too.
    var acts: [String: Act] = [:]
    /// By the recipient's local part, instead of the verb's.
    var recipients: [String: String] = [:]
    /// LMTP: by the recipient's local part.
    var finals: [String: String] = [:]
    var tls: TLSContext?
    /// As servers do that want a certificate of ours.
    var closesBehindHandshake = false
    /// After 354 nothing is read any more.
    var stopsReading = false

    init(_ change: (inout Behaviour) -> Void = { _ in }) { change(&self) }
}

/// What a server has seen.
struct Seen: Sendable {
    var connections = 0
    var open = 0
    var mostOpen = 0
    /// Lines of all connections, `<number of the connection> <line>`.
    var lines: [String] = []
    var messages: [[UInt8]] = []
    /// Bytes of message content, dots and all.
    var messageBytes = 0
    var handshakes = 0
    /// Addresses from which it was connected.
    var peers: [String] = []
}

/// What connections of a server share.
private final class Heart: Sendable {
    let seen = Mutex(Seen())
    let behaviour: @Sendable (Int) -> Behaviour
    init(_ behaviour: @escaping @Sendable (Int) -> Behaviour) { self.behaviour = behaviour }

    func note<Value: Sendable>(_ change: (inout Seen) -> Value) -> Value {
        var copy = seen.withLock { $0 }
        let value = change(&copy)
        let changed = copy
        seen.withLock { $0 = changed }
        return value
    }
}

/// Listens on loopback or on a unix socket, on a thread of its own.
final class OutboundServer: Sendable {
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let listener: any Channel
    private let heart: Heart

    var port: Int { listener.localAddress?.port ?? 0 }
    var now: Seen { heart.seen.withLock { $0 } }

    /// - Parameter behaviour: by the connection's number, from 1.
    init(
        path: String? = nil, host: String = "127.0.0.1", _ behaviour: @escaping @Sendable (Int) -> Behaviour
    ) async throws {
        let heart = Heart(behaviour)
        self.heart = heart
        let bootstrap = ServerBootstrap(group: group).childChannelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(ServerConnection(heart))
            }
        }
        if let path {
            unlink(path)
            listener = try await bootstrap.bind(unixDomainSocketPath: path).get()
        } else {
            listener = try await bootstrap.bind(host: host, port: 0).get()
        }
    }

    /// One and the same for every connection.
    static func usual(_ change: @escaping @Sendable (inout Behaviour) -> Void = { _ in }) async throws -> OutboundServer
    {
        try await OutboundServer { _ in Behaviour(change) }
    }

    func stop() async {
        try? await listener.close()
        try? await group.shutdownGracefully()
    }
}

/// One of its connections.
private final class ServerConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let server: Heart
    private var number = 0
    private var behaviour = Behaviour()
    private var input = ByteBuffer()
    private var message: [UInt8]?
    private var accepted: [String] = []
    private var context: ChannelHandlerContext?
    private var isOver = false

    init(_ server: Heart) { self.server = server }

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        let peer = context.remoteAddress?.ipAddress ?? ""
        number = server.note { seen in
            seen.peers.append(peer)
            seen.connections += 1
            seen.open += 1
            seen.mostOpen = max(seen.mostOpen, seen.open)
            return seen.connections
        }
        behaviour = server.behaviour(number)
        act("CONNECT", usual: behaviour.greeting)
    }

    func channelInactive(context: ChannelHandlerContext) {
        server.note { $0.open -= 1 }
        isOver = true
        self.context = nil
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .established? = event as? TLSEvent else { return }
        server.note { $0.handshakes += 1 }
        if behaviour.closesBehindHandshake { close() }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        input.writeBuffer(&bytes)
        while !isOver, message == nil ? takeLine() : takeMessage() {}
    }

    private func takeLine() -> Bool {
        guard let end = input.readableBytesView.firstIndex(of: 0x0A) else { return false }
        let line = input.readString(length: end - input.readerIndex + 1)?.dropLast(1) ?? ""
        let number = number
        let text = String(line)
        server.note { $0.lines.append("\(number) \(text)") }
        command(text)
        return true
    }

    private func command(_ line: String) {
        let verb = line.prefix { $0 != " " }.uppercased()
        switch verb {
        case "EHLO", "LHLO":
            let lines = ["mx.example.com"] + behaviour.offers
            let texts = lines.enumerated().map { "250\($0 == lines.count - 1 ? " " : "-")\($1)" }
            act(verb, usual: texts.joined(separator: "\r\n"))
        case "STARTTLS": startTLS()
        case "MAIL":
            accepted = []
            act(verb, usual: "250 2.1.0 OK")
        case "RCPT": recipient(line)
        case "DATA":
            if accepted.isEmpty { return act(verb, usual: "503 5.5.1 nobody") }
            act(verb, usual: "354 go on")
            if behaviour.acts[verb] == nil {
                message = []
                if behaviour.stopsReading { try? context?.channel.syncOptions?.setOption(.autoRead, value: false) }
            }
        case "QUIT":
            act(verb, usual: "221 2.0.0 bye")
            close()
        default: act(verb, usual: "250 2.0.0 OK")
        }
    }

    private func recipient(_ line: String) {
        let local = String(line.dropFirst(9).prefix { $0 != "@" })
        let reply = behaviour.recipients[local] ?? "250 2.1.5 OK"
        if reply.hasPrefix("2") { accepted.append(local) }
        act("RCPT", usual: reply)
    }

    private func startTLS() {
        act("STARTTLS", usual: "220 2.0.0 go on")
        guard let tls = behaviour.tls, behaviour.acts["STARTTLS"] == nil, let context else { return }
        let handler = TLSHandler(server: tls, limit: .seconds(20))
        try? context.pipeline.syncOperations.addHandler(handler, position: .first)
    }

    private func takeMessage() -> Bool {
        guard message != nil, input.readableBytes > 0 else { return false }
        if let act = behaviour.acts["MESSAGE"] {
            message = nil
            input.clear()
            perform(act, usual: "")
            return false
        }
        message?.append(contentsOf: input.readableBytesView)
        input.clear()
        return endMessage()
    }

    private func endMessage() -> Bool {
        guard let content = message else { return false }
        let count = content.count
        server.note { $0.messageBytes = count }
        guard content == Array(".\r\n".utf8) || content.suffix(5).elementsEqual("\r\n.\r\n".utf8) else { return false }
        message = nil
        server.note { $0.messages.append(Array(content.dropLast(3))) }
        if behaviour.isLMTP {
            for local in accepted { say(behaviour.finals[local] ?? "250 2.1.5 \(local) has it") }
        } else {
            act("DOT", usual: "250 2.0.0 queued")
        }
        return true
    }

    private func act(_ verb: String, usual: String) {
        guard let act = behaviour.acts[verb] else { return say(usual) }
        perform(act, usual: usual)
    }

    private func perform(_ act: Behaviour.Act, usual: String) {
        switch act {
        case .reply(let text): say(text)
        case .close: close()
        case .closeAfter(let text):
            say(text)
            close()
        case .silence: break
        case .delay(let milliseconds):
            nonisolated(unsafe) let connection = self
            context?.eventLoop.scheduleTask(in: .milliseconds(milliseconds)) { connection.say(usual) }
        case .drip(let milliseconds): drip("250-", milliseconds)
        }
    }

    private func drip(_ text: Substring, _ milliseconds: Int64) {
        guard let context, !isOver else { return }
        context.writeAndFlush(
            wrapOutboundOut(ByteBuffer(string: text.isEmpty ? "x" : String(text.prefix(1)))), promise: nil)
        nonisolated(unsafe) let connection = self
        context.eventLoop.scheduleTask(in: .milliseconds(milliseconds)) {
            connection.drip(text.dropFirst(), milliseconds)
        }
    }

    private func say(_ text: String) {
        guard let context, !isOver else { return }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text + "\r\n")), promise: nil)
    }

    private func close() {
        isOver = true
        context?.close(promise: nil)
    }
}
