// Inheritance: overrides, super calls, data for each child, circles.

import HarakaCore
import Testing

extension ZooTests {
    @Suite("inheritance") struct Inheritance {
        @Test("a parent's method calls the child's override, which calls super")
        func overrides() throws {
            try withZoo { zoo in
                try zoo.install("parent", "parent.c")
                try zoo.install("child", "child.c", "PARENT=\"parent\"")
                try zoo.load("child")
                let registered = ["no such method: ABSENT", "no such parent: ABSENT", "small struct: ARGUMENT"]
                #expect(zoo.heard() == registered.map { "child: \($0)" })
                #expect(zoo.connect().ask(.helo("x")) == .cont)
                #expect(zoo.heard() == [#"child: child greets with "child's word over "parent's word"""#])
            }
        }

        @Test("a child without override gets its parent's method, and a parent that is listed itself stays itself")
        func plain() throws {
            try withZoo { zoo in
                try zoo.install("parent", "parent.c")
                try zoo.install("child", "child.c", "PARENT=\"parent\"", "PLAIN")
                try zoo.load("parent", "child")
                _ = zoo.heard()
                #expect(zoo.connect().ask(.helo("x")) == .cont)
                #expect(
                    zoo.heard() == [
                        #"parent: parent greets with "parent's word""#, #"child: child greets with "parent's word""#,
                    ])
            }
        }

        @Test("two children of one parent share nothing, and each is shut down, child before parent")
        func dataPerChild() throws {
            try withZoo { zoo in
                try zoo.install("parent", "parent.c")
                try zoo.install("a", "child.c", "PARENT=\"parent\"")
                try zoo.install("b", "child.c", "PARENT=\"parent\"")
                try zoo.load("a", "b")
                _ = zoo.heard()
                let client = zoo.connect()
                client.beginTransaction()
                #expect(client.ask(mail) == .cont)
                zoo.loop.run { _ = client.connection.transaction?.notes.set("skip_plugins", .list([.text("a")])) }
                #expect(client.ask(mail) == .cont)
                let calls = ["a: parent's hook, call 1, same data 1", "b: parent's hook, call 1, same data 1"]
                #expect(zoo.heard() == calls + ["b: parent's hook, call 2, same data 1"])
                client.end()
                #expect(zoo.stop())
                let heard = zoo.heard()
                let shutdowns = [
                    "b: child shuts down, data none", "b: parent shuts down after 2 calls",
                    "a: child shuts down, data none", "a: parent shuts down after 1 calls",
                ]
                #expect(Array(heard.prefix(4)) == shutdowns)
                // One object of the parent: what it keeps in a variable is the last child's.
                #expect(
                    heard.dropFirst(4).sorted() == ["b: data with 1 calls destroyed", "b: data with 2 calls destroyed"])
            }
        }

        @Test("grandparents: methods, super calls and hooks come from as far as they must")
        func grandparents() throws {
            try withZoo { zoo in
                try zoo.install("parent", "parent.c")
                try zoo.install("middle", "child.c", "PARENT=\"parent\"")
                try zoo.install("child", "child.c", "PARENT=\"middle\"")
                try zoo.load("child")
                _ = zoo.heard()
                #expect(zoo.connect().ask(.helo("x")) == .cont)
                let word = #"child: child greets with "child's word over "middle's word over "parent's word""""#
                #expect(zoo.heard() == [word])
            }
        }

        @Test("a plugin that inherits from itself is refused")
        func itself() throws {
            try withZoo { zoo in
                try zoo.install("a", "inherits.c", "PARENT=\"a\"")
                #expect(zoo.refusal("a") == "plugin a: inherits itself: a <- a")
                #expect(zoo.heard() == ["a: LIMIT"])
            }
        }

        @Test("a circle is refused, with its way in the message")
        func circle() throws {
            try withZoo { zoo in
                try zoo.install("a", "inherits.c", "PARENT=\"b\"")
                try zoo.install("b", "inherits.c", "PARENT=\"c\"")
                try zoo.install("c", "inherits.c", "PARENT=\"a\"")
                #expect(zoo.refusal("a") == "plugin a: inherits itself: a <- b <- c <- a")
            }
        }

        @Test("a circle of notes is no trap either")
        func circleOfNotes() throws {
            try withZoo { zoo in
                try zoo.install("a", "child.c", "PARENT=\"b\"")
                try zoo.install("b", "child.c", "PARENT=\"a\"")
                #expect(zoo.refusal("a") == "plugin a: inherits itself: a <- b <- a")
            }
        }

        @Test("16 parents are accepted, 17 are not", arguments: [16, 17])
        func depth(parents: Int) throws {
            try withZoo { zoo in
                for level in 0..<parents { try zoo.install("p\(level)", "inherits.c", "PARENT=\"p\(level + 1)\"") }
                try zoo.install("p\(parents)", "order.c")
                let refusal = zoo.refusal("p0")
                #expect(refusal == (parents == 16 ? nil : "plugin p0: has more than 16 parents"))
            }
        }

        @Test("a parent that is not installed is refused, though the plugin looked away")
        func missingParent() throws {
            try withZoo { zoo in
                try zoo.install("a", "inherits.c", "PARENT=\"nobody\"")
                let refusal = zoo.refusal("a")
                #expect(refusal == "plugin a: its parent nobody: not found: there is no \(zoo.path("nobody"))")
                #expect(zoo.heard() == ["a: ABSENT"])
            }
        }

        @Test("a parent whose name is none, and one that refuses, are refused")
        func badParents() throws {
            try withZoo { zoo in
                try zoo.install("a", "inherits.c", "PARENT=\"../a\"")
                #expect(zoo.refusal("a")?.hasPrefix("plugin a: ") == true)
                #expect(zoo.heard() == ["a: ARGUMENT"])
                try zoo.install("sick", "refuses_to_load.c", "STATUS=HARAKA_E_UNSUPPORTED")
                try zoo.install("b", "inherits.c", "PARENT=\"sick\"")
                #expect(zoo.refusal("b") == "plugin b: its parent sick refused with HARAKA_E_UNSUPPORTED")
                #expect(zoo.heard().first == "b: UNSUPPORTED")
            }
        }
    }
}
