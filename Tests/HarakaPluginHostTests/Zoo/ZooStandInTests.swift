// Plugins that are out of order: not loaded, and refusing for now where they had a say.

import HarakaCore
import HarakaPluginABI
import Testing

@testable import HarakaPluginHost

private let refusal = Verdict(.denySoft, PluginReply("temporarily out of order"))

extension Zoo {
    /// What is prepared of these plugins.
    func prepare(_ names: String...) throws -> PreparedPlugins {
        try PluginLoader(roots: [folder]).prepare(names) { _ in 30 }
    }

    @discardableResult
    func load(_ prepared: PreparedPlugins) throws -> Generation {
        let generation = try loop.run { () throws(PluginLoadError) in try host.build(prepared) }
        commit(generation)
        return generation
    }
}

extension ZooTests {
    @Suite("stand-ins") struct StandIns {
        @Test(
            "the hooks of its note refuse for now, quickly and the long way",
            arguments: [HARAKA_LOG_INFO, HARAKA_LOG_DATA])
        func refuses(level: Int32) throws {
            try withZoo { zoo in
                zoo.log.level = level
                try zoo.install("v", "versions.c", "VERSION=\"1\"")
                try zoo.load(try zoo.prepare("v").standingIn(for: "v", hooks: [], reason: "crashed 3 times"))
                let client = zoo.connect()
                #expect(client.ask(mail) == refusal)
                #expect(client.ask(.rcpt(mailArguments)) == .cont)
                #expect(zoo.heard().isEmpty)
                let line = "plugin v is out of order (crashed 3 times): refusing for now on mail"
                #expect(zoo.log.messages(HARAKA_LOG_CRIT) == [line])
                #expect(zoo.loop.run { zoo.host.faults.page.pointee.last.plugin } == 0)
                client.end()
                #expect(zoo.stop())
                #expect(zoo.unloaded == 0)
            }
        }

        @Test("it keeps its place in the order, and known priorities")
        func order() throws {
            try withZoo { zoo in
                for name in ["a", "b", "c"] { try zoo.install(name, "versions.c", "VERSION=\"1\"") }
                try zoo.load(try zoo.prepare("a", "b", "c").standingIn(for: "b", hooks: ["mail"], reason: "x"))
                #expect(zoo.connect().ask(mail) == refusal)
                #expect(zoo.heard().filter { $0.contains("call") } == ["a: version 1, call 1"])
                let early = try zoo.prepare("a", "b", "c").standingIn(for: "b", hooks: ["mail@-5"], reason: "x")
                let generation = try zoo.load(early)
                #expect(generation.names == ["a", "b", "c"])
                #expect(generation.summary.first { $0.hook == "mail" }?.rows.map(\.plugin) == ["b", "a", "c"])
            }
        }

        @Test("hooks on which nothing can be refused go on without it; of a plugin without known hooks MAIL refuses")
        func places() {
            let all = [
                "log", "disconnect", "reset_transaction", "deny", "capabilities", "init_child", "rcpt@120", "own@x",
            ]
            let standIn = StandIn(name: "x", hooks: all, reason: "")
            #expect(standIn.places.map(\.hook) == ["rcpt", "own@x"])
            #expect(standIn.places.map(\.priority) == [100, 0])
            #expect(StandIn(name: "x", hooks: [], reason: "").places.map(\.hook) == ["mail"])
        }

        @Test("what a plugin is known to do: its note, its symbols, its parents")
        func knownHooks() throws {
            try withZoo { zoo in
                try zoo.install("parent", "parent.c")
                try zoo.install("c", "host_family.c", "PARENT=\"parent\"")
                let prepared = try zoo.prepare("c")
                #expect(prepared.plugins[0].knownHooks == ["mail"])
                try zoo.load(prepared.standingIn(for: "c", hooks: [], reason: "x"))
                #expect(zoo.connect().ask(.helo("x")) == refusal)
                #expect(zoo.connect().ask(mail) == refusal)
            }
        }

        @Test("status shows it; others are replaced and removed")
        func policies() throws {
            try withZoo { zoo in
                for name in ["a", "b", "c"] { try zoo.install(name, "versions.c", "VERSION=\"1\"") }
                let prepared = try zoo.prepare("a", "b", "c")
                try zoo.install("b", "versions.c", "VERSION=\"old\"")
                let old = try zoo.prepare("b").plugins[0]
                let changed = prepared.replacing("b", with: try old.resealed()).removing("c")
                    .standingIn(for: "a", hooks: ["queue"], reason: "loops")
                #expect(changed.names == ["a", "b"])
                try zoo.load(changed)
                #expect(zoo.connect().ask(mail) == .cont)
                #expect(zoo.heard() == ["b: version old registers", "b: version old, call 1"])
                let status = zoo.loop.run { zoo.host.status() }
                #expect(status.plugins.map(\.name) == ["a", "b"])
                #expect(status.plugins.map(\.state) == [.tempfail, .loaded])
                #expect(status.plugins[0].file == "loops")
                #expect(status.plugins[0].hooks.map(\.hook) == ["queue"])
                #expect(status.plugins[1].hash == old.hash)
            }
        }
    }
}
