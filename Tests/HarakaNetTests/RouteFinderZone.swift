// A name server of a few records, for tests of routes.

import NIOCore
import NIOPosix

/// Answers over UDP on a free port of 127.0.0.1. What it does not know it does not answer if it is in `silent`, else it
/// says NXDOMAIN.
final class RouteFinderZone: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundOut = AddressedEnvelope<ByteBuffer>

    /// Records by name and type, RDATA.
    private let records: [String: [[UInt8]]]
    private let silent: Set<String>
    private var channel: (any Channel)?

    init(_ records: [String: [[UInt8]]], silent: Set<String> = []) {
        (self.records, self.silent) = (records, silent)
    }

    static func mx(_ priority: UInt8, _ host: String) -> [UInt8] {
        [0, priority] + host.split(separator: ".").flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } + [0]
    }

    /// - Returns: Its address as the resolver's settings want it.
    func start(on loop: any EventLoop) async throws -> String {
        let bootstrap = DatagramBootstrap(group: loop).channelInitializer { $0.pipeline.addHandler(self) }
        let channel = try await bootstrap.bind(host: "127.0.0.1", port: 0).get()
        self.channel = channel
        return "127.0.0.1@\(channel.localAddress?.port ?? 0)"
    }

    func stop() async throws { try await channel?.close() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        guard let answer = answer(Array(envelope.data.readableBytesView)) else { return }
        let reply = AddressedEnvelope(remoteAddress: envelope.remoteAddress, data: ByteBuffer(bytes: answer))
        context.writeAndFlush(wrapOutboundOut(reply), promise: nil)
    }

    private func answer(_ message: [UInt8]) -> [UInt8]? {
        var name = ""
        var at = 12
        while at < message.count, message[at] > 0 {
            let label = message[(at + 1)...(at + Int(message[at]))]
            name += (name.isEmpty ? "" : ".") + String(decoding: label, as: UTF8.self).lowercased()
            at += 1 + label.count
        }
        let question = message[12..<(at + 5)]
        let type = message[at + 2]
        guard !silent.contains(name) else { return nil }
        let found = records["\(name) \(type)"] ?? []
        let isKnown = records.keys.contains { $0.hasPrefix("\(name) ") }
        let head = [message[0], message[1], 0x85, isKnown ? 0x80 : 0x83, 0, 1, 0, UInt8(found.count), 0, 0, 0, 0]
        return head + question
            + found.flatMap { data in [0xC0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, UInt8(data.count)] + data }
    }
}
