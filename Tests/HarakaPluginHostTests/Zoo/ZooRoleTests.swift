// Roles: listeners with plugins of their own, of one generation. docs/configuration.md "Roles".

import Glibc
import HarakaCore
import HarakaPluginABI
import Testing

@testable import HarakaPluginHost

extension ZooTests {
    @Suite("roles") struct RoleTests {
        private func install(_ zoo: Zoo, _ names: String...) throws {
            for name in names { try zoo.install(name, "order.c") }
        }

        private func prepare(_ zoo: Zoo, _ lists: [RoleList], ignoresBad: Bool = false) throws -> PreparedPlugins {
            try PluginLoader(roots: [zoo.folder], ignoresBad: ignoresBad).prepare(lists) { _ in 30 }
        }

        @discardableResult
        private func load(_ zoo: Zoo, _ prepared: PreparedPlugins) throws -> Generation {
            let generation = try zoo.loop.run { () throws(PluginLoadError) in try zoo.host.build(prepared) }
            zoo.commit(generation)
            return generation
        }

        /// Who is asked about a sender by a client of that role.
        private func asked(_ zoo: Zoo, _ role: String) -> [String] {
            let client = ZooClient(zoo, "CLIENT")
            client.connection.role = role
            zoo.loop.run { zoo.host.begin(client) }
            defer { client.end() }
            #expect(client.ask(mail) == .cont)
            return zoo.heard()
        }

        private let lists = [
            RoleList(["a", "b"]), RoleList(["c", "b", "a"], file: "plugins.submission", roles: ["submission"]),
            RoleList(["c"], file: "plugins.mx", roles: ["mx", "lmtp"]),
        ]

        @Test("each role asks its own plugins in the order of its list; one without a list those of [main]")
        func order() throws {
            try withZoo { zoo in
                try install(zoo, "a", "b", "c")
                let generation = try load(zoo, try prepare(zoo, lists))
                #expect(generation.names == ["a", "b", "c"])
                #expect(asked(zoo, "") == ["a: seen", "b: seen"])
                #expect(asked(zoo, "submission") == ["c: seen", "b: seen", "a: seen"])
                #expect(asked(zoo, "mx") == ["c: seen"])
                #expect(asked(zoo, "lmtp") == ["c: seen"])
                #expect(asked(zoo, "other") == ["a: seen", "b: seen"])
            }
        }

        @Test("without [main] a client of no role has the first list")
        func noMain() throws {
            try withZoo { zoo in
                try install(zoo, "a", "b", "c")
                try load(zoo, try prepare(zoo, Array(lists.dropFirst().reversed())))
                #expect(asked(zoo, "") == ["c: seen"])
                #expect(asked(zoo, "submission") == ["c: seen", "b: seen", "a: seen"])
            }
        }

        @Test("one list alone is for everybody")
        func oneList() throws {
            try withZoo { zoo in
                try install(zoo, "a", "b")
                let prepared = try prepare(zoo, [RoleList(["a", "b"], file: "plugins.mx", roles: ["mx"])])
                #expect(prepared.roles.isEmpty)
                try load(zoo, prepared)
                #expect(asked(zoo, "mx") == ["a: seen", "b: seen"])
                #expect(asked(zoo, "") == ["a: seen", "b: seen"])
            }
        }

        @Test("priorities count before the order of the list, and one plugin's registrations keep theirs")
        func priorities() throws {
            try withZoo { zoo in
                try install(zoo, "a", "b")
                try zoo.install("early", "order.c", "PRIORITY=-10")
                let both = RoleList(["b", "a", "early"], file: "x", roles: ["x"])
                try load(zoo, try prepare(zoo, [RoleList(["a", "early"]), both]))
                #expect(asked(zoo, "") == ["early: seen", "a: seen"])
                #expect(asked(zoo, "x") == ["early: seen", "b: seen", "a: seen"])
            }
        }

        @Test(
            "the session hears only of its role's hooks; hooks that nobody knows, deny and ask_hook are the role's too")
        func heard() throws {
            try withZoo { zoo in
                try install(zoo, "a")
                try zoo.install("h", "asks_hooks.c")
                try load(zoo, try prepare(zoo, [RoleList(["a"]), RoleList(["h"], file: "x", roles: ["x"])]))
                let (plain, other) = (zoo.connect(), ZooClient(zoo, "OTHER"))
                other.connection.role = "x"
                zoo.loop.run {
                    zoo.host.begin(other)
                    #expect(zoo.host.heard(by: plain.connection).contains(.mail))
                    #expect(!zoo.host.heard(by: plain.connection).contains(.unrecognizedCommand))
                    #expect(!zoo.host.heard(by: other.connection).contains(.mail))
                    #expect(zoo.host.heard(by: other.connection).contains(.authPlain))
                }
                #expect(plain.command("ASK", "auth_plain") == .cont)
                #expect(plain.ask(.named("my-own", word: "", rest: "")) == .cont)
                #expect(other.ask(.named("my-own", word: "", rest: "")) == nil)
                other.end()
            }
        }

        @Test("hooks of the server are asked once, whatever lists a plugin stands in")
        func server() throws {
            try withZoo { zoo in
                try zoo.install("l", "listens.c", options: ["-DHOOKS=\"log init_child\""])
                try install(zoo, "a")
                let generation = try load(
                    zoo, try prepare(zoo, [RoleList(["a", "l"]), RoleList(["l"], file: "x", roles: ["x"])]))
                #expect(generation.plugins.map(\.name) == ["a", "l"])
                #expect(generation.hooks[.log].count == 1)
            }
        }

        @Test("old names work in every list, and are reported with its file; what is listed twice runs once")
        func oldNames() throws {
            try withZoo { zoo in
                try install(zoo, "access", "a")
                let lists = [
                    RoleList(["connect.rdns_access", "reseed_rng"]),
                    RoleList(["access", "a", "access", "connect.rdns_access", "reseed_rng"], file: "x", roles: ["x"]),
                ]
                let prepared = try prepare(zoo, lists)
                #expect(prepared.names == ["access", "a"])
                #expect(prepared.roles.map(\.plugins) == [["access"], ["access", "a"]])
                let why = "plugin reseed_rng is not needed: random numbers come from the system, which seeds itself"
                let texts = [
                    "connect.rdns_access has been replaced by 'access'. Please update config/plugins",
                    "\(why); it is left out. Remove it from config/plugins",
                    "plugin access is listed twice in config/x; it runs once",
                    "connect.rdns_access has been replaced by 'access'. Please update config/x",
                    "\(why); it is left out. Remove it from config/x",
                ]
                #expect(prepared.notices.map(\.text) == texts)
            }
        }

        @Test("a stand-in stands where its plugin stood, in every role; a plugin that is taken out is in none")
        func standIns() throws {
            try withZoo { zoo in
                try install(zoo, "a", "b", "c")
                let prepared = try prepare(zoo, lists)
                let standing = prepared.standingIn(for: "c", hooks: ["mail"], reason: "it crashed")
                try load(zoo, try standing.resealed())
                let client = ZooClient(zoo, "CLIENT")
                client.connection.role = "mx"
                zoo.loop.run { zoo.host.begin(client) }
                #expect(client.ask(mail) == Verdict(.denySoft, PluginReply("temporarily out of order")))
                client.end()
                try load(zoo, try prepared.removing("c").resealed())
                #expect(asked(zoo, "mx").isEmpty)
                #expect(asked(zoo, "submission") == ["b: seen", "a: seen"])
            }
        }

        @Test("the lists survive the way to a worker")
        func manifest() throws {
            try withZoo { zoo in
                try install(zoo, "a", "b", "c")
                let prepared = try prepare(zoo, lists)
                let manifest = prepared.manifest
                let copies = manifest.descriptors.map { dup($0) }
                let arrived = try #require(PluginManifest(fields: manifest.fields, descriptors: copies))
                #expect(arrived.roles.map(\.role) == ["", "submission", "mx", "lmtp"])
                #expect(arrived.roles.map(\.plugins) == [["a", "b"], ["c", "b", "a"], ["c"], ["c"]])
                try load(zoo, try PreparedPlugins(arrived))
                #expect(asked(zoo, "submission") == ["c: seen", "b: seen", "a: seen"])
            }
        }

        @Test("a connection keeps the hooks of the generation that it began with")
        func reload() throws {
            try withZoo { zoo in
                try install(zoo, "a", "b", "c")
                try load(zoo, try prepare(zoo, lists))
                let client = ZooClient(zoo, "CLIENT")
                client.connection.role = "mx"
                zoo.loop.run { zoo.host.begin(client) }
                try zoo.load("a")
                #expect(client.ask(mail) == .cont)
                #expect(zoo.heard() == ["c: seen"])
                #expect(asked(zoo, "mx") == ["a: seen"])
                client.end()
            }
        }
    }
}
