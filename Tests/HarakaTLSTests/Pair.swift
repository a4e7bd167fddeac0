// A client and a server without a network: what one sends is given to the other, in pieces of any size.

import HarakaCore
import NIOCore
import NIOEmbedded
import Testing

@testable import HarakaTLS

/// The last handler of a pipeline: remembers everything, and answers if it was told how.
final class Recorder: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    var bytes: [UInt8] = []
    /// Bytes of each read.
    var reads: [Int] = []
    var events: [TLSEvent] = []
    var errors: [String] = []
    var inputEnds = 0
    var hasBegun = false
    var completed = 0
    var context: ChannelHandlerContext?
    /// Called with what was read.
    var onRead: ((Recorder, ChannelHandlerContext) -> Void)?
    var onEvent: ((Recorder, ChannelHandlerContext) -> Void)?

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func channelActive(context: ChannelHandlerContext) { hasBegun = true }
    func channelReadComplete(context: ChannelHandlerContext) { completed += 1 }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { errors.append("\(error)") }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        bytes += Array(buffer.readableBytesView)
        reads.append(buffer.readableBytes)
        onRead?(self, context)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? TLSEvent {
            events.append(event)
            onEvent?(self, context)
        }
        if let event = event as? ChannelEvent, event == .inputClosed { inputEnds += 1 }
    }

    /// The reason of the only event, which is a failure.
    var failure: String? {
        guard events.count == 1, case .failed(let reason) = events[0] else { return nil }
        return reason
    }

    /// Of the only event, which is success.
    var facts: TLSFacts? {
        guard events.count == 1, case .established(let facts) = events[0] else { return nil }
        return facts
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// One end.
final class End {
    let channel = EmbeddedChannel()
    let recorder = Recorder()
    let tls: TLSHandler?

    init(_ tls: TLSHandler?, port: Int = 25) throws {
        self.tls = tls
        channel.localAddress = try SocketAddress(ipAddress: "127.0.0.1", port: port)
        if let tls { try channel.pipeline.syncOperations.addHandler(tls) }
        try channel.pipeline.syncOperations.addHandler(recorder)
    }

    func begin() throws { try channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 9)).wait() }

    func write(_ bytes: [UInt8]) { channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil) }
    func write(_ text: String) { write(Array(text.utf8)) }

    /// What it has sent to the network.
    func sent() -> [UInt8] {
        var bytes: [UInt8] = []
        while let buffer = try? channel.readOutbound(as: ByteBuffer.self) { bytes += Array(buffer.readableBytesView) }
        return bytes
    }

    /// Gives it bytes from the network.
    func receive(_ bytes: [UInt8]) {
        guard channel.isActive else { return }
        _ = try? channel.writeInbound(ByteBuffer(bytes: bytes))
    }

    func receiveEnd() { channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed) }
}

/// Both ends.
struct Pair {
    let server: End
    let client: End

    init(
        _ server: TLSContext, _ client: TLSContext, name: String? = nil, resuming session: TLSSession? = nil,
        port: Int = 25
    ) throws {
        try self.init(
            server: TLSHandler(server: server, limit: .seconds(30)),
            client: TLSHandler(client: client, serverName: name, limit: .seconds(30), resuming: session), port: port)
    }

    init(server: TLSHandler, client: TLSHandler, port: Int = 25) throws {
        self.server = try End(server, port: port)
        self.client = try End(client)
        try self.server.begin()
        try self.client.begin()
    }

    /// Carries bytes to and fro until nobody sends any more; `cut`: bytes at a time, 0 for all.
    func carry(cut: Int = 0) {
        while true {
            let (up, down) = (client.sent(), server.sent())
            if up.isEmpty, down.isEmpty { return }
            for piece in Self.pieces(up, cut) { server.receive(piece) }
            for piece in Self.pieces(down, cut) { client.receive(piece) }
        }
    }

    static func pieces(_ bytes: [UInt8], _ cut: Int) -> [[UInt8]] {
        guard cut > 0 else { return bytes.isEmpty ? [] : [bytes] }
        return stride(from: 0, to: bytes.count, by: cut).map { Array(bytes[$0..<min(bytes.count, $0 + cut)]) }
    }
}

/// Certificates that many tests share; made once.
enum Made {
    static let server = identity(["mail.example.com"])
    static let authority = made(["Test CA"], signer: nil) { $0.isAuthority = true }

    static func made(
        _ names: [String], signer: CertificateMaker.Made? = nil, _ change: (inout CertificateMaker) -> Void = { _ in }
    ) -> CertificateMaker.Made {
        var maker = CertificateMaker(names: names.map { $0.replacing(" ", with: "-") }, days: 30)
        change(&maker)
        do { return try maker.made(signer: signer) } catch {
            Issue.record("\(error)")
            return CertificateMaker.Made(key: [], certificate: [])
        }
    }

    static func identity(
        _ names: [String], signer: CertificateMaker.Made? = nil, _ change: (inout CertificateMaker) -> Void = { _ in }
    ) -> TLSIdentity { identity(made(names, signer: signer, change), names.first ?? "") }

    static func identity(_ made: CertificateMaker.Made, _ name: String) -> TLSIdentity {
        TLSIdentity(
            key: PEMText(name: "\(name)-key.pem", bytes: made.key),
            chain: PEMText(name: "\(name).pem", bytes: made.certificate))
    }

    static var keys: TicketKeys { TicketKeys(secret: [UInt8](repeating: 7, count: 32), epoch: 0) { 0 } }

    /// A server with one certificate.
    static func context(
        _ identities: [TLSIdentity] = [server], tickets: TicketKeys = keys,
        _ change: (inout TLSSettings) -> Void = { _ in }
    ) throws -> TLSContext {
        var settings = TLSSettings()
        settings.identities = identities
        change(&settings)
        return try TLSContext(settings, tickets: tickets)
    }

    static func client(_ change: (inout TLSSettings) -> Void = { _ in }) throws -> TLSContext {
        try context([], change)
    }
}

/// Counts what futures tell, on the thread that they tell it on.
final class Tally: @unchecked Sendable {
    var count = 0
}
