// A plugin that holds a dialogue, for tests.

import HarakaCore
import HarakaDNS
import HarakaPluginHost
import NIOCore
import SMTPSyntax
import Testing

@testable import HarakaNet

/// Opens a dialogue and gives commands, the next one when the last one was answered.
final class DialogueHolder: @unchecked Sendable {
    let bench: OutboundBench
    let clients: HostClients
    var dialogue: (any PluginSMTPClient)?

    init(_ bench: OutboundBench) async throws {
        self.bench = bench
        nonisolated(unsafe) var made: HostClients?
        let _: Bool? = await bench.ask { answer in
            let resolver = HarakaDNS.Resolver(Names.settings, loop: bench.loop.eventLoop)
            made = HostClients(bench.deliverer, resolver: resolver)
            answer(true)
        }
        clients = try #require(made)
    }

    func open(_ change: @escaping @Sendable (inout SMTPClientOptions) -> Void) async throws -> SMTPClientReply {
        try #require(
            await bench.ask { answer in
                var options = SMTPClientOptions()
                change(&options)
                self.dialogue = self.clients.open(options, for: nil) { answer($0) }
            })
    }

    /// Opens, and says something in the same moment: with a short limit the plugin must not be late itself.
    func open(
        _ change: @escaping @Sendable (inout SMTPClientOptions) -> Void, saying lines: String...
    ) async throws -> SMTPClientReply {
        try #require(
            await bench.ask { answer in
                var options = SMTPClientOptions()
                change(&options)
                self.dialogue = self.clients.open(options, for: nil) { opened in
                    guard opened.failure == nil else { return answer(opened) }
                    for line in lines {
                        self.dialogue?.command(Array(line.utf8)) { if line == lines.last { answer($0) } }
                    }
                }
            })
    }

    /// All at once; the replies in order.
    func ask(_ lines: String...) async throws -> [SMTPClientReply] {
        try #require(
            await bench.ask { answer in
                nonisolated(unsafe) var replies: [SMTPClientReply] = []
                for line in lines {
                    self.dialogue?.command(Array(line.utf8)) { reply in
                        replies.append(reply)
                        if replies.count == lines.count { answer(replies) }
                    }
                }
            })
    }

    func message(_ view: any MessageView) async throws -> [SMTPClientReply] {
        try #require(
            await bench.ask { answer in
                nonisolated(unsafe) var replies: [SMTPClientReply] = []
                self.dialogue?.message(view) { reply in
                    replies.append(reply)
                    if reply.isLast || reply.failure != nil { answer(replies) }
                }
            })
    }

    func run(_ work: @escaping @Sendable (any PluginSMTPClient) -> Void) async {
        let _: Bool? = await bench.ask { answer in
            if let dialogue = self.dialogue { work(dialogue) }
            answer(true)
        }
    }
}
