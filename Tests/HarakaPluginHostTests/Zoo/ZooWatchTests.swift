// Configuration that changes while the server runs. plugin.h "config_watch".

import HarakaCore
import HarakaPluginABI
import Testing

@testable import HarakaPluginHost

extension ZooTests {
    @Suite("watched configuration") struct Watches {
        private func load(_ zoo: Zoo) throws -> ZooClient {
            try zoo.install("c", "host_watch.c")
            try zoo.load("c")
            return zoo.connect()
        }

        private func change(_ zoo: Zoo, _ names: String...) -> [String] {
            zoo.loop.run { zoo.host.configurationChanged(names) }
            return zoo.heard()
        }

        @Test("a callback runs for its file and no other, as often as that changes")
        func changed() throws {
            try withZoo { zoo in
                _ = try load(zoo)
                #expect(change(zoo, "a.ini") == ["c: changed: a"])
                #expect(change(zoo, "x.ini") == [])
                #expect(change(zoo, "b.ini", "a.ini") == ["c: changed: b", "c: changed: a"])
            }
        }

        @Test("the same name again replaces the callback, also from within it, and the old context goes once")
        func replaced() throws {
            try withZoo { zoo in
                let client = try load(zoo)
                client.command("AGAIN")
                #expect(zoo.heard() == ["c: destroyed a"])
                #expect(change(zoo, "a.ini") == ["c: changed: again", "c: destroyed again"])
                #expect(change(zoo, "a.ini") == ["c: changed: replaced"])
            }
        }

        @Test("a callback that replaces another one of the same change has that run instead")
        func replacesOther() throws {
            try withZoo { zoo in
                let client = try load(zoo)
                client.command("OTHER")
                _ = zoo.heard()
                let said = ["c: changed: other", "c: destroyed b", "c: changed: replaced"]
                #expect(change(zoo, "a.ini", "b.ini") == said)
            }
        }

        @Test("every live generation hears of it, and one that has ended does not")
        func generations() throws {
            try withZoo { zoo in
                let client = try load(zoo)
                try zoo.load("c")
                #expect(change(zoo, "a.ini") == ["c: changed: a", "c: changed: a"])
                client.end()
                #expect(zoo.heard().sorted() == ["c: destroyed a", "c: destroyed b"])
                #expect(change(zoo, "a.ini") == ["c: changed: a"])
            }
        }

        @Test("who has read a file while it registered is known, and whether it watches it")
        func readers() throws {
            try withZoo { zoo in
                let client = try load(zoo)
                client.command("READ")
                let readers = zoo.loop.run {
                    zoo.host.configurationReaders(["read.yaml", "late.ini", "a.ini", "b.ini", "other"])
                }
                #expect(readers.map(\.plugin) == ["c", "c", "c"])
                #expect(readers.map(\.file) == ["read.yaml", "a.ini", "b.ini"])
                #expect(readers.map(\.watches) == [false, true, true])
                let asked = ["a.ini 4 ''", "read.yaml 7 ''", "read.hjson 8 ''", "late.ini 0 ''"]
                #expect(zoo.configuration.questions == asked)
            }
        }

        @Test("a watch that makes no sense is refused and takes nothing; a thousand names are enough")
        func refused() throws {
            try withZoo { zoo in
                let client = try load(zoo)
                client.command("REFUSED")
                #expect(zoo.heard() == ["c: ARGUMENT", "c: ARGUMENT", "c: ARGUMENT", "c: HANDLE"])
                client.command("MANY")
                #expect(zoo.heard() == ["c: 998"])
            }
        }
    }
}
