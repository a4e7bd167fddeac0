// A session on a channel without a socket: what a client sends and reads, and what is known inside.

import Glibc
import HarakaCore
import HarakaDNS
import HarakaPluginHost
import HarakaTLS
import HarakaTestKit
import NIOCore
import NIOEmbedded
import NIOPosix
import Synchronization

@testable import HarakaNet

/// One client of a server without plugins, who may relay. Its loop runs when a test says so.
final class Session {
    let handler: SessionHandler
    let context: ServerContext
    let channel = EmbeddedChannel()
    let log = Lines()
    private let host: PluginHost
    private let pool = NIOThreadPool(numberOfThreads: 1)
    /// The client's TLS, once it has begun.
    private var client: EmbeddedChannel?
    private var clientTLS: TLSHandler?

    /// - Parameter from: the address that the connection comes from; nil: a unix socket
    init(
        from: String? = nil, as role: ListenerRole = ListenerRole(), _ change: (inout ServerSettings) -> Void = { _ in }
    ) throws {
        OnlyHost.turn.wait()
        var settings = ServerSettings()
        settings.hostName = "mx.example.com"
        settings.session.sendsEnhancedCodes = false
        change(&settings)
        host = PluginHost(
            loop: NetLoop(channel.eventLoop, pool: pool), log: log, configuration: NoConfiguration(), roots: [],
            version: "1.0")
        context = ServerContext(
            settings, host, log, loop: channel.eventLoop,
            resolver: HarakaDNS.Resolver(Names.settings, loop: channel.eventLoop))
        context.pressure.read = { _, _ in Supplies() }
        let remote = try from.map { try SocketAddress(ipAddress: $0, port: 4711) }
        handler = SessionHandler(
            context, role: settings.role(role), remote: remote,
            local: try SocketAddress(ipAddress: "192.0.2.25", port: 25))
        if handler.stage == .proxyHeader {
            try channel.pipeline.syncOperations.addHandler(ProxyHandler(handler, limit: .seconds(30)))
        }
        try channel.pipeline.syncOperations.addHandler(handler)
        try channel.connect(to: try SocketAddress(ipAddress: "192.0.2.1", port: 1)).wait()
        handler.connection.isRelaying = true
    }

    deinit {
        host.close()
        OnlyHost.turn.signal()
    }

    /// As far as DATA.
    static func receiving(_ change: (inout ServerSettings) -> Void = { _ in }) throws -> Session {
        let session = try Session(change)
        try session.send("EHLO c\r\n", "MAIL FROM:<a@example.com>\r\n", "RCPT TO:<b@example.net>\r\n", "DATA\r\n")
        _ = try session.heard()
        return session
    }

    /// Each text comes in one piece.
    func send(_ texts: String...) throws {
        for text in texts { try send(Array(text.utf8)) }
    }

    func send(_ bytes: [UInt8]) throws {
        guard let client else { return try receive(bytes) }
        client.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
    }

    /// From the network.
    func receive(_ bytes: [UInt8]) throws {
        guard channel.isActive else { return }
        try channel.writeInbound(ByteBuffer(bytes: bytes))
    }

    /// The lines of the replies since the last time, without line ends.
    func heard() throws -> [String] {
        if client != nil { try carry() } else { channel.embeddedEventLoop.run() }
        var text = ""
        while let buffer = try (client?.readInbound() ?? channel.readOutbound()) as ByteBuffer? {
            text += String(buffer: buffer)
        }
        return text.split(separator: "\r\n").map(String.init)
    }

    /// The client has closed its side.
    func closeInput() { channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed) }

    /// The connection broke.
    func breakOff() { channel.pipeline.fireChannelInactive() }

    func advance(seconds: Int64) { channel.embeddedEventLoop.advanceTime(by: .seconds(seconds)) }

    var connection: Connection { handler.connection }
}

// MARK: - TLS

extension Session {
    /// The client begins its handshake; what it sends afterwards is sealed.
    func beginTLS(cut: Int = 0) throws {
        let client = EmbeddedChannel()
        var settings = TLSSettings()
        settings.usesTickets = false
        let tls = TLSHandler(
            client: try TLSContext(settings, tickets: Certificate.tickets), serverName: nil, limit: .seconds(30))
        try client.pipeline.syncOperations.addHandler(tls)
        try client.connect(to: try SocketAddress(ipAddress: "192.0.2.25", port: 25)).wait()
        (self.client, clientTLS) = (client, tls)
        try carry(cut: cut)
    }

    /// To and fro until nobody sends any more; `cut`: bytes at a time, 0: all.
    func carry(cut: Int = 0) throws {
        guard let client else { return }
        while true {
            channel.embeddedEventLoop.run()
            let (up, down) = (try Session.all(client), try Session.all(channel))
            if up.isEmpty, down.isEmpty { return }
            let step = cut > 0 ? cut : max(1, up.count)
            for start in stride(from: 0, to: up.count, by: step) {
                try receive(Array(up[start..<min(up.count, start + step)]))
                // Handshakes wait for their turns.
                channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
            }
            if !down.isEmpty, client.isActive { try client.writeInbound(ByteBuffer(bytes: down)) }
        }
    }

    func clientBinding(_ type: String) -> [UInt8]? { clientTLS?.channelBinding(type) }

    private static func all(_ channel: EmbeddedChannel) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) { bytes += Array(buffer.readableBytesView) }
        return bytes
    }
}

/// The names of the clients in these tests: known without asking anybody.
enum Names {
    static let settings: DNSSettings = {
        let path = "/tmp/haraka-net-tests-\(getpid()).hosts"
        let text = ["192.0.2.7", "198.51.100.1", "198.51.100.7", "203.0.113.9"].map { "\($0) client.example.org\n" }
        if let file = fopen(path, "w") {
            fputs(text.joined(), file)
            fclose(file)
        }
        atexit { unlink("/tmp/haraka-net-tests-\(getpid()).hosts") }
        var settings = DNSSettings()
        settings.hostsFile = path
        return settings
    }()
}

/// One for all tests.
enum Certificate {
    static let tickets = TicketKeys(secret: [UInt8](repeating: 7, count: 32), epoch: Int64(time(nil)))

    /// Of mx.example.com.
    static let server: TLSContext? = try? {
        let made = try CertificateMaker(names: ["mx.example.com"], days: 30).selfSigned()
        var settings = TLSSettings()
        settings.identities = [
            TLSIdentity(
                key: PEMText(name: "key", bytes: made.key), chain: PEMText(name: "certificate", bytes: made.certificate)
            )
        ]
        return try TLSContext(settings, tickets: tickets)
    }()
}

/// A whole message as text.
func text(_ content: (any MessageContent)?) throws -> String {
    guard let view = try content?.snapshot() else { return "" }
    var bytes = [UInt8](repeating: 0, count: view.size)
    var done = 0
    while done < bytes.count {
        let count = try bytes.withUnsafeMutableBytes {
            try view.read(at: done, into: UnsafeMutableRawBufferPointer(rebasing: $0[done...]))
        }
        if count == 0 { break }
        done += count
    }
    return String(decoding: bytes[..<done], as: UTF8.self)
}

/// The log.
final class Lines: PluginLog, SessionLog {
    private let kept = Mutex<[String]>([])

    var all: [String] { kept.withLock { $0 } }

    /// Those that hold `word`.
    func with(_ word: String) -> [String] { all.filter { $0.contains(word) } }

    func isEnabled(_ level: Int32) -> Bool { true }
    func log(_ level: Int32, uuid: String, origin: String, _ message: String) {
        kept.withLock { $0.append("\(level) \(message)") }
    }
    func log(_ level: Int32, uuid: String, _ message: String, fields: [(String, String)]) {
        kept.withLock { $0.append("\(level) \(message)") }
    }
}

private struct NoConfiguration: PluginConfiguration {
    func get(_ name: String, type: Int32, booleans: String, package: String?) -> (value: Value, problems: [String]) {
        (.null, [])
    }
}
