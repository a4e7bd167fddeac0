// A session on a channel without a socket: what a client sends and reads, and what is known inside.

import HarakaCore
import HarakaPluginHost
import HarakaTestKit
import NIOCore
import NIOEmbedded
import NIOPosix

@testable import HarakaNet

/// One client of a server without plugins, who may relay. Its loop runs when a test says so.
final class Session {
    let handler: SessionHandler
    let context: ServerContext
    private let host: PluginHost
    private let channel = EmbeddedChannel()
    private let pool = NIOThreadPool(numberOfThreads: 1)

    init(_ change: (inout ServerSettings) -> Void = { _ in }) throws {
        OnlyHost.turn.wait()
        var settings = ServerSettings()
        settings.hostName = "mx.example.com"
        change(&settings)
        host = PluginHost(
            loop: NetLoop(channel.eventLoop, pool: pool), log: Silence(), configuration: NoConfiguration(), roots: [],
            version: "1.0")
        context = ServerContext(settings, host, Silence(), pool: pool)
        handler = SessionHandler(context, remote: nil, local: nil)
        try channel.pipeline.syncOperations.addHandler(handler)
        channel.pipeline.fireChannelActive()
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
        for text in texts { try channel.writeInbound(ByteBuffer(string: text)) }
    }

    /// The first lines of the replies since the last time, without line ends.
    func heard() throws -> [String] {
        channel.embeddedEventLoop.run()
        var text = ""
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) { text += String(buffer: buffer) }
        return text.split(separator: "\r\n").map(String.init)
    }

    /// The client has closed its side.
    func closeInput() { channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed) }

    /// The connection broke.
    func breakOff() { channel.pipeline.fireChannelInactive() }

    func advance(seconds: Int64) { channel.embeddedEventLoop.advanceTime(by: .seconds(seconds)) }

    var connection: Connection { handler.connection }
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

private final class Silence: PluginLog, SessionLog {
    func isEnabled(_ level: Int32) -> Bool { false }
    func log(_ level: Int32, uuid: String, origin: String, _ message: String) {}
    func log(_ level: Int32, uuid: String, _ message: String, fields: [(String, String)]) {}
}

private struct NoConfiguration: PluginConfiguration {
    func get(_ name: String, type: Int32, booleans: String, package: String?) -> (value: Value, problems: [String]) {
        (.null, [])
    }
}
