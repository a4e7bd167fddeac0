// Unmapping: what has ended is gone, nothing calls it any more, and what cannot go stays and does nothing.

import Foundation
import Glibc
import HarakaCore
import HarakaPluginABI
import Testing

@testable import HarakaPluginHost

extension Zoo {
    var unloaded: Int { loop.run { host.unloadedCount } }
    var inert: Int { loop.run { host.inertCount } }

    /// Ends the client, and its generation within the same turn of the loop, so that nothing in between can run.
    func endAtOnce(_ client: ZooClient, _ last: () -> Void = {}) {
        loop.run {
            last()
            client.connection.transaction = nil
            host.end(client.connection)
            host.stop(within: 5000) {}
        }
    }

    /// A client of the plugin `u`.
    func unloadable() throws -> ZooClient {
        try install("u", "host_unload.c")
        try load("u")
        return connect()
    }
}

extension ZooTests {
    @Suite("unloading") struct Unloading {
        @Test(
            "what a plugin has left is destroyed before it is unmapped",
            arguments: [
                ("POST", ["destroyed post"]), ("TIMER", ["destroyed timer"]), ("WATCH", ["destroyed watch"]),
                ("DATA", ["destroyed data"]), ("POINTER", ["destroyed pointer"]), ("NOTHING", []),
            ])
        func left(command: String, said: [String]) throws {
            try withZoo { zoo in
                let client = try zoo.unloadable()
                zoo.endAtOnce(client) {
                    _ = zoo.host.ask(.unrecognizedCommand(word: command, rest: "0"), client.connection)
                }
                let all = said + ["destroyed function", "unmapped"]
                #expect(zoo.heard().sorted() == all.map { "u: \($0)" }.sorted())
                #expect(zoo.unloaded == 1)
                #expect(zoo.inert == 0)
                zoo.loop.advance(100)
                #expect(zoo.heard().isEmpty)
            }
        }

        @Test("a destructor runs once, after all that was destroyed")
        func order() throws {
            try withZoo { zoo in
                let client = try zoo.unloadable()
                client.command("DATA")
                client.end()
                #expect(zoo.stop())
                #expect(zoo.heard().last == "u: unmapped")
                #expect(zoo.loop.run { zoo.host.identities.withLock { $0.count } } == 0)
                #expect(zoo.loop.run { zoo.host.revoked.isEmpty && zoo.host.unloads.isEmpty })
            }
        }

        @Test("a pointer on a connection of another generation goes with the plugin, not with the connection")
        func foreignPointer() throws {
            try withZoo { zoo in
                let client = try zoo.unloadable()
                try zoo.install("v", "versions.c", "VERSION=\"1\"")
                try zoo.load("v")
                let other = zoo.connect()
                let bits = zoo.loop.run { (other.connection.pluginState as? ConnectionState)?.handle.bits ?? 0 }
                client.command("POINTER", "\(bits)")
                _ = zoo.heard()
                client.end()
                #expect(zoo.heard() == ["u: destroyed function", "u: destroyed pointer", "u: unmapped"])
                other.end()
                #expect(zoo.heard().isEmpty)
            }
        }

        @Test("at a stop with clients still there, nothing of theirs reaches what was unmapped")
        func clientsLeft() throws {
            try withZoo { zoo in
                let client = try zoo.unloadable()
                client.beginTransaction()
                let bits = zoo.loop.run { (client.connection.pluginState as? ConnectionState)?.handle.bits ?? 0 }
                client.command("POINTER", "\(bits)")
                #expect(client.ask(.unrecognizedCommand(word: "PENDING", rest: "")) == nil)
                #expect(zoo.stop())
                let said = ["cancelled hook", "destroyed hook", "destroyed pointer", "destroyed function", "unmapped"]
                #expect(zoo.heard().sorted() == said.map { "u: \($0)" }.sorted())
                #expect(zoo.unloaded == 1)
                #expect(client.lateVerdicts == [Verdict(.denySoft, PluginReply("server is stopping"))])
                #expect(client.ask(mail) == Verdict(.denySoft, PluginReply("server is stopping")))
                #expect(client.ask(.disconnect) == .cont)
                client.end()
                #expect(zoo.heard().isEmpty)
            }
        }

        @Test("an answer that is on its way when the plugin ends keeps it mapped until it is through")
        func answerOnItsWay() throws {
            try withZoo { zoo in
                let client = try zoo.unloadable()
                #expect(client.ask(.unrecognizedCommand(word: "PENDING", rest: "")) == nil)
                // As a thread does that was stopped between deciding and telling.
                let bits = zoo.loop.run { zoo.host.waiting.keys.first ?? 0 }
                #expect(zoo.loop.run { zoo.host.nexts.close(bits, as: .answered) })
                #expect(zoo.stop())
                #expect(zoo.heard() == ["u: destroyed function"])
                #expect(zoo.unloaded == 0)
                #expect(zoo.inert == 1)
                zoo.host.inbox.put(.answer(bits: bits, code: HARAKA_OK, reply: .none))
                #expect(client.lateVerdicts == [.init(.ok)])
                #expect(zoo.heard() == ["u: destroyed hook", "u: unmapped"])
                #expect(zoo.unloaded == 1)
                #expect(zoo.inert == 0)
            }
        }

        @Test("a post that is on its way when the plugin ends keeps it mapped until it is destroyed")
        func postOnItsWay() throws {
            try withZoo { zoo in
                let client = try zoo.unloadable()
                let plugin = zoo.loop.run { zoo.host.generation?.plugins.first }
                let (identity, bits) = try #require(plugin.map { ($0.identity, $0.handle.bits) })
                #expect(identity.beginPost())
                client.end()
                #expect(zoo.stop())
                #expect(!identity.beginPost())
                #expect(zoo.heard() == ["u: destroyed function"])
                zoo.loop.advance(5000)
                #expect(zoo.unloaded == 0)
                var posted = haraka_callback(function: { _ in }, context: nil, destroy: { _ in })
                let callback = try #require(PluginCallback(&posted))
                zoo.host.inbox.put(.post(plugin: bits, identity, callback))
                #expect(zoo.heard() == ["u: unmapped"])
                #expect(zoo.unloaded == 1)
            }
        }

        @Test("a job that has not begun when its plugin ends is not done, and its context is destroyed")
        func jobNotBegun() throws {
            try withZoo { zoo in
                let client = try zoo.unloadable()
                zoo.loop.holdJobs()
                #expect(client.ask(.unrecognizedCommand(word: "JOB", rest: "")) == Verdict(.ok))
                zoo.endAtOnce(client)
                #expect(zoo.log.messages(HARAKA_LOG_WARN) == ["left behind at its end: job; revoked"])
                #expect(zoo.loop.run { zoo.host.inertCount } == 1)
                zoo.loop.releaseJobs()
                #expect(zoo.heard() == ["u: destroyed function", "u: destroyed job", "u: unmapped"])
                #expect(zoo.inert == 0)
            }
        }

        @Test("a job inside keeps its plugin mapped; when it is back the plugin goes")
        func jobInside() throws {
            try withZoo { zoo in
                try zoo.install("w", "slow_work.c")
                try zoo.load("w")
                let client = zoo.connect()
                let letGo = zoo.loop.run { zoo.host.generation?.plugins.first?.method("let_go") }
                _ = client.ask(.unrecognizedCommand(word: "WORK", rest: ""))
                #expect(zoo.log.waits(for: "job begins"))
                zoo.endAtOnce(client)
                #expect(zoo.loop.run { zoo.host.inertCount } == 1)
                #expect(zoo.loop.run { zoo.host.status().generations.map(\.state) } == [.ended])
                // On the loop, where the plugin cannot be unmapped meanwhile.
                zoo.loop.run { _ = letGo?.function(nil) }
                _ = zoo.heard()
                #expect(zoo.unloaded == 1)
                #expect(zoo.inert == 0)
                #expect(zoo.loop.run { zoo.host.status().generations.isEmpty })
            }
        }
    }
}
