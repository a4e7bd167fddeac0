// Which objects go together, which stay, and what becomes of those of a load that failed.

import HarakaCore
import HarakaPluginABI
import Testing

@testable import HarakaPluginHost

extension ZooTests {
    @Suite("what stays mapped") struct Inert {
        private func family(_ zoo: Zoo, parent: [String] = [], children: [String: [String]]) throws {
            try zoo.install("p", "host_family.c", options: parent.map { "-D\($0)" })
            for (name, defines) in children {
                try zoo.install(name, "host_family.c", options: (["PARENT=\"p\""] + defines).map { "-D\($0)" })
            }
        }

        private func endsAll(_ zoo: Zoo) -> [String] {
            _ = zoo.heard()
            #expect(zoo.stop())
            return zoo.heard().sorted()
        }

        @Test("children and their parent are unmapped together")
        func together() throws {
            try withZoo { zoo in
                try family(zoo, children: ["a": [], "b": []])
                try zoo.load("a", "b")
                let client = zoo.connect()
                #expect(client.ask(mail) == .cont)
                #expect(zoo.heard() == ["a: word of p", "b: word of p"])
                client.end()
                #expect(
                    endsAll(zoo).map { $0.split(separator: ":")[1] } == [" unmapped a", " unmapped b", " unmapped p"])
                #expect(zoo.unloaded == 3)
            }
        }

        @Test(
            "who may start threads stays mapped, with its parent and its parent's other children",
            arguments: ["parent", "child", "nobody"])
        func threads(whose: String) throws {
            try withZoo { zoo in
                let defines = ["THREADS"]
                try family(
                    zoo, parent: whose == "parent" ? defines : [],
                    children: ["a": whose == "child" ? defines : [], "b": []])
                try zoo.install("other", "host_family.c")
                try zoo.load("a", "other", "b")
                _ = endsAll(zoo)
                #expect(zoo.unloaded == (whose == "nobody" ? 4 : 1))
                #expect(zoo.inert == (whose == "nobody" ? 0 : 3))
                #expect(zoo.loop.run { zoo.host.unloads.isEmpty })
            }
        }

        @Test("a thread of a plugin that stays mapped still has a name, and is told that it is over")
        func lateThread() throws {
            try withZoo { zoo in
                try family(zoo, parent: ["THREADS"], children: [:])
                try zoo.load("p")
                let bits = zoo.loop.run { zoo.host.generation?.plugins.first?.handle.bits ?? 0 }
                _ = endsAll(zoo)
                let table = zoo.host.table
                #expect(zoo.host.identity(haraka_self(bits: bits))?.name == "p")
                var callback = haraka_callback(function: { _ in }, context: nil, destroy: nil)
                #expect(table.pointee.post(haraka_self(bits: bits), &callback) == HARAKA_E_REVOKED)
            }
        }

        @Test("a load that fails unmaps what it had mapped, and the next one can begin")
        func failedLoad() throws {
            try withZoo { zoo in
                try family(zoo, children: ["a": [], "sick": ["REFUSES"]])
                for round in 1...20 {
                    #expect(zoo.refusal("a", "sick") == "plugin sick: its haraka_register refused with HARAKA_E_IO")
                    zoo.loop.drain()
                    #expect(zoo.unloaded == 3 * round)
                }
                #expect(zoo.inert == 0)
                try zoo.load("a")
                #expect(zoo.connect().ask(mail) == .cont)
            }
        }

        @Test("a plugin whose constructor ran but whose haraka_register lies elsewhere is unmapped at once")
        func noRegister() throws {
            try withZoo { zoo in
                try zoo.install("x", "unresolved.c")
                for _ in 0..<20 { #expect(zoo.refusal("x") != nil) }
                #expect(zoo.loop.run { zoo.host.faults.pluginName(1) } == nil)
                #expect(zoo.unloaded == 0)
                #expect(zoo.inert == 0)
            }
        }

        @Test("with ignore_bad_plugins, what was left out is unmapped unless a plugin that runs shares it")
        func leftOut() throws {
            try withZoo { zoo in
                try family(zoo, children: ["a": [], "sick": ["REFUSES"]])
                try zoo.install("ill", "refuses_to_load.c", "STATUS=HARAKA_E_IO")
                let generation = try zoo.build(["sick", "ill", "a"], ignoresBad: true)
                zoo.commit(generation)
                #expect(generation.names == ["a"])
                #expect(zoo.unloaded == 1)
                #expect(zoo.connect().ask(mail) == .cont)
                _ = zoo.connect()
                #expect(zoo.unloaded == 1)
                _ = endsAll(zoo)
                #expect(zoo.unloaded == 4)
            }
        }
    }
}
