// Registration: order, priorities, exported hooks, functions with a context, methods.

import HarakaCore
import HarakaPluginABI
import SMTPSyntax
import Testing

let mailArguments = PathArguments(address: Address(user: "joe", host: "example.com"), parameters: [])
let mail = Question.mail(mailArguments)

extension ZooTests {
    @Suite("registration") struct Registration {
        @Test("plugins are asked by priority, ties in the order of config/plugins, and priorities are clamped to 100")
        func order() throws {
            try withZoo { zoo in
                try zoo.install("last", "order.c", "PRIORITY=2147483647")
                try zoo.install("late", "order.c", "PRIORITY=100")
                try zoo.install("b", "order.c")
                try zoo.install("a", "order.c")
                try zoo.install("first", "order.c", "PRIORITY=-200")
                let generation = try zoo.load("last", "late", "b", "a", "first")
                #expect(zoo.connect().ask(mail) == .cont)
                #expect(zoo.heard() == ["first: seen", "b: seen", "a: seen", "last: seen", "late: seen"])
                #expect(generation.summary.first?.rows.map(\.priority) == [-100, 0, 0, 100, 100])
            }
        }

        @Test("the first code that is not CONT ends the chain")
        func firstCodeEnds() throws {
            try withZoo { zoo in
                try zoo.install("accepts", "order.c", "CODE=906")
                try zoo.install("after", "order.c", "PRIORITY=1")
                try zoo.load("after", "accepts")
                #expect(zoo.connect().ask(mail) == Verdict(.ok))
                #expect(zoo.heard() == ["accepts: seen"])
            }
        }

        @Test("a method may be registered twice on a hook, and an exported hook comes with priority 0")
        func twice() throws {
            try withZoo { zoo in
                try zoo.install("twice", "registers_twice.c")
                try zoo.load("twice")
                #expect(zoo.connect().ask(mail) == .cont)
                #expect(zoo.heard() == ["twice: registered", "twice: exported", "twice: registered"])
            }
        }

        @Test("exported hooks register themselves, of any name; hidden ones and other functions do not")
        func exports() throws {
            try withZoo { zoo in
                try zoo.install("exports", "exports.c")
                try zoo.load("exports")
                let client = zoo.connect()
                #expect(client.ask(mail) == .cont)
                #expect(client.ask(.queueOutbound) == Verdict(.ok))
                #expect(client.ask(.rcptOK(mailArguments)) == .cont)
                #expect(client.ask(.named("my_own", word: "MY", rest: "own")) == Verdict(.ok))
                #expect(client.ask(.rcpt(mailArguments)) == .cont)
                let said = [
                    "mail [<joe|example.com>,{}]", "queue_outbound", "dashed rcpt_ok", #"my_own ["MY","own"]"#,
                ]
                #expect(zoo.heard() == said.map { "exports: \($0)" })
                // Its note names my_own, so that is no slip of the pen.
                #expect(zoo.log.messages(HARAKA_LOG_NOTICE) == [])
            }
        }

        @Test("functions and added methods get their context, which is destroyed once at the end")
        func functions() throws {
            try withZoo { zoo in
                try zoo.install("functions", "functions.c")
                try zoo.load("functions")
                let client = zoo.connect()
                #expect(client.ask(mail) == .cont)
                #expect(client.ask(mail) == .cont)
                let once = ["function one", "function two", "method"].map { "functions: \($0)" }
                #expect(zoo.heard() == once + once)
                client.end()
                #expect(zoo.heard().isEmpty)
                #expect(zoo.stop())
                let destroyed = ["function one", "function two", "method"].map { "functions: destroyed \($0)" }
                #expect(zoo.heard() == destroyed)
            }
        }

        @Test("a method that the plugin does not have refuses the load, though the C library has one of that name")
        func unknownMethod() throws {
            try withZoo { zoo in
                try zoo.install("unknown", "unknown_method.c")
                #expect(
                    zoo.refusal("unknown")
                        == "plugin unknown: registers the method connect on the hook rcpt, but has no such method")
            }
        }

        @Test("registering after haraka_register is HARAKA_E_STATE")
        func late() throws {
            try withZoo { zoo in
                try zoo.install("late", "registers_late.c")
                try zoo.load("late")
                #expect(zoo.connect().ask(mail) == .cont)
                #expect(zoo.heard() == [String](repeating: "late: STATE", count: 4))
            }
        }

        @Test("a plugin that is listed twice runs once")
        func listedTwice() throws {
            try withZoo { zoo in
                try zoo.install("a", "order.c")
                try zoo.load("a", "a", "haraka-plugin-a")
                #expect(zoo.connect().ask(mail) == .cont)
                #expect(zoo.heard() == ["a: seen"])
            }
        }
    }
}
