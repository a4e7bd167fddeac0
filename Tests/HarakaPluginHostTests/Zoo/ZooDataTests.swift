// Notes, pointers, results and properties.

import HarakaCore
import HarakaPluginABI
import SMTPSyntax
import Testing

extension ZooTests {
    @Suite("data") struct NotesAndResults {
        private func load(_ zoo: Zoo, _ source: String) throws -> ZooClient {
            try zoo.install("d", source)
            try zoo.load("d")
            let client = zoo.connect()
            client.beginTransaction()
            return client
        }

        @Test("notes of every type come back as they were", arguments: ["server", "connection", "transaction"])
        func notes(place: String) throws {
            try withZoo { zoo in
                let client = try load(zoo, "notes.c")
                client.command("SET", place)
                let paths = [
                    "boolean", "integer", "number", "text", "empty", "bytes", "list", "map", "address", "mx",
                    "a.deep", "map.key", "null", "text.below", "nothing",
                ]
                #expect(zoo.heard().allSatisfy { $0.hasSuffix(" SUCCESS") })
                for path in paths { client.command("GET", "\(place) \(path)") }
                let values = [
                    "true", "-9223372036854775808", "0.5", #""a text""#, #""""#, "\"\u{FFFD}\"", #"[1,"two"]"#,
                    #"{key:"two"}"#, "<jane|example.org>", "mx(mx.example.org,10,25)", "{path:5}", #""two""#,
                ]
                #expect(
                    zoo.heard()
                        == values.map { "d: SUCCESS \($0)" } + [String](repeating: "d: ABSENT null", count: 3))
            }
        }

        @Test("notes are as deep as 32 levels, and stay apart")
        func deep() throws {
            try withZoo { zoo in
                let client = try load(zoo, "notes.c")
                client.command("DEEP", "connection")
                let deepest = [String](repeating: "x", count: 32).joined(separator: ".")
                #expect(zoo.heard() == ["d: \(deepest) SUCCESS", "d: \(deepest).x ARGUMENT"])
                client.command("GET", "server x")
                client.command("GET", "transaction x")
                #expect(zoo.heard() == ["d: ABSENT null", "d: ABSENT null"])
            }
        }

        @Test("a pointer is destroyed once: when replaced, and with its object")
        func pointers() throws {
            try withZoo { zoo in
                let client = try load(zoo, "pointers.c")
                for place in ["connection", "transaction", "server"] {
                    client.command("GET", place)
                    client.command("SET", place)
                    client.command("GET", place)
                    client.command("REPLACE", place)
                    let set = ["ABSENT nothing", "set p SUCCESS", "SUCCESS first"]
                    #expect(zoo.heard() == (set + ["set p SUCCESS", "destroyed first"]).map { "d: \($0)" })
                }
                zoo.loop.run {
                    client.connection.transaction = nil
                    // Not in the middle of the assignment: the session machine may be at work.
                    #expect(zoo.log.heard().isEmpty)
                }
                #expect(zoo.heard() == ["d: destroyed second"])
                client.end()
                #expect(zoo.heard() == ["d: destroyed second"])
                #expect(zoo.stop())
                #expect(zoo.heard() == ["d: destroyed second"])
            }
        }

        @Test("a pointer that is cleared is destroyed, and one that never was is not")
        func cleared() throws {
            try withZoo { zoo in
                let client = try load(zoo, "pointers.c")
                client.command("CLEAR", "connection")
                client.command("SET", "connection")
                client.command("CLEAR", "connection")
                client.command("GET", "connection")
                let said = ["set p SUCCESS", "set p SUCCESS", "set p SUCCESS", "destroyed first", "ABSENT nothing"]
                #expect(zoo.heard() == said.map { "d: \($0)" })
            }
        }

        @Test("at a plain stop pointers on living connections are destroyed with their generation, and only then")
        func stop() throws {
            try withZoo { zoo in
                let client = try load(zoo, "pointers.c")
                client.command("SET", "connection")
                client.command("SET", "transaction")
                _ = zoo.heard()
                #expect(zoo.stop())
                #expect(zoo.heard() == ["d: destroyed first", "d: destroyed first"])
                client.end()
                #expect(zoo.heard().isEmpty)
            }
        }

        @Test("no plugin sees another one's pointers, though both use the same name")
        func ownPointers() throws {
            try withZoo { zoo in
                try zoo.install("a", "pointers.c")
                try zoo.install("b", "pointers.c")
                try zoo.load("a")
                let client = zoo.connect()
                client.command("SET", "connection")
                try zoo.load("a", "b")
                let later = zoo.connect()
                later.command("GET", "connection")
                client.command("GET", "connection")
                #expect(
                    zoo.heard() == ["a: set p SUCCESS", "a: ABSENT nothing", "b: ABSENT nothing", "a: SUCCESS first"])
            }
        }

        @Test("results: lists collect, others are replaced, numbers add up, err and emit are logged")
        func results() throws {
            try withZoo { zoo in
                let client = try load(zoo, "results.c")
                #expect(client.ask(mail) == .cont)
                let heard = zoo.heard()
                let lists = #"pass:["a","b"],fail:["a"],msg:[],err:["broken"],skip:[]"#
                let all = #"{\#(lists),single:"new",mine:["a","b"],count:1.5}"#
                let said = [all, #""new""#, "ABSENT", "null", "ABSENT", "1 0 1"]
                #expect(Array(heard.prefix(6)) == said.map { "d: \($0)" })
                #expect(heard.count == 8)
                #expect(heard.last == "d: TYPE ARGUMENT ARGUMENT")
                #expect(zoo.log.messages(HARAKA_LOG_ERROR) == ["broken"])
            }
        }

        @Test("properties can be read, those of a transaction only from one")
        func properties() throws {
            try withZoo { zoo in
                let client = try load(zoo, "properties.c")
                zoo.loop.run { client.connection.transaction?.recipients = [mailArguments.address] }
                #expect(client.ask(mail) == .cont)
                let heard = zoo.heard()
                #expect(heard.count == 51 + 15 + 2)
                let some = [
                    #"1 "CLIENT""#, #"2 "192.0.2.1""#, "3 4242", "6 true", "34 false", #"36 "mail""#,
                    #"1001 "CLIENT.1""#, "1003 [<joe|example.com>]", "ABSENT", "same 1",
                ]
                for line in some { #expect(heard.contains("d: \(line)")) }
            }
        }

        @Test("only properties that are rw take a value, of their own type and range")
        func writing() throws {
            try withZoo { zoo in
                let client = try load(zoo, "properties.c")
                client.command("WRITE")
                let connection = [
                    "2 4", "3 2", "4 4", "5 4", "9 4", "10 4", "11 2", "12 4", "14 4", "16 1", "19 1", "20 2", "33 5",
                    "48 1", "49 4",
                    "50 4",
                ]
                #expect(zoo.heard() == connection.map { "d: \($0.replacing(" ", with: " takes "))" })
                client.command("WRITE_TRANSACTION")
                let transaction = ["1003 5", "1009 1", "1010 1", "1014 1"]
                #expect(zoo.heard() == transaction.map { "d: \($0.replacing(" ", with: " takes "))" })
                client.command("LIMITS")
                #expect(
                    zoo.heard()
                        == ["ARGUMENT", "ARGUMENT", "SUCCESS", "ARGUMENT", "ARGUMENT", "SUCCESS", "TYPE"].map {
                            "d: \($0)"
                        })
                #expect(zoo.loop.run { client.connection.errors } == 0)
                #expect(zoo.loop.run { client.connection.capabilities } == ["ZOO"])
            }
        }

        @Test("what is known of role, TLS, authentication and proxy is shown; without it there is nothing")
        func security() throws {
            try withZoo { zoo in
                let client = try load(zoo, "properties.c")
                client.command("SECURITY")
                let nothing = [
                    "37 \"\"", "38 \"\"", "39 \"\"", "40 \"\"", "41 0", "42 \"\"", "43 \"\"", "44 false", "45 false",
                    "46 \"\"",
                    "47 null", "48 false", "49 \"\"", "50 \"\"", "51 null",
                ]
                #expect(zoo.heard() == nothing.map { "d: \($0)" })
                zoo.loop.run { ZooFacts.set(client.connection) }
                client.command("SECURITY")
                #expect(zoo.heard() == ZooFacts.shown.map { "d: \($0)" })
            }
        }

        @Test("who has authenticated and how can be said in any order; without a user nobody has")
        func authentication() throws {
            try withZoo { zoo in
                let client = try load(zoo, "properties.c")
                for (what, facts) in [
                    ("method", nil), ("user", AuthFacts(user: "joe", method: "PLAIN")), ("nobody", nil),
                    ("user", AuthFacts(user: "joe")), ("method", AuthFacts(user: "joe", method: "PLAIN")),
                ] as [(String, AuthFacts?)] {
                    client.command("AUTH_AS", what)
                    #expect(zoo.loop.run { client.connection.auth } == facts, "\(what)")
                }
            }
        }

        @Test("a plugin replies, pauses and disconnects through the driver")
        func driver() throws {
            try withZoo { zoo in
                let client = try load(zoo, "properties.c")
                client.command("DRIVE")
                #expect(zoo.heard() == ["d: SUCCESS", "d: ARGUMENT"])
                zoo.loop.run {
                    #expect(client.replies.map(\.code) == [299])
                    #expect(client.replies.map(\.reply.lines) == [["from the plugin"]])
                    #expect(client.pauses == 1)
                    #expect(client.disconnects == 1)
                }
            }
        }
    }
}
