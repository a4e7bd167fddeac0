// Asking the client inside a hook: plugin.h "ask_client".

import HarakaCore
import HarakaPluginABI
import Testing

@testable import HarakaPluginHost

extension ZooTests {
    @Suite("asking the client") struct AskTests {
        /// A client of the plugin `a`, whose callbacks do what `mode` says.
        func open(_ zoo: Zoo, _ mode: String = "answer") throws -> ZooClient {
            try zoo.install("a", "asks.c", options: ["-pthread"])
            try zoo.load("a")
            let client = zoo.connect()
            client.command("MODE", mode)
            return client
        }

        @Test(
            "the reply is sent, the line comes, the hook is answered, and the context goes once",
            arguments: [true, false])
        func line(isQuick: Bool) throws {
            try withZoo { zoo in
                if !isQuick { zoo.log.level = HARAKA_LOG_DATA }
                let client = try open(zoo)
                #expect(client.command("ASK", "100") == nil)
                #expect(client.asked.map(\.limit) == [100])
                #expect(client.asked.map(\.reply.code) == [334])
                #expect(client.asked.map(\.reply.text) == ["more?"])
                #expect(client.say("QUIT"))
                #expect(client.lateVerdicts == [Verdict(.ok, PluginReply("heard"))])
                let all = ["SUCCESS", "line: SUCCESS 'QUIT'", "SUCCESS", "destroyed line", "destroyed too late"]
                #expect(zoo.heard().sorted() == all.map { "a: \($0)" }.sorted())
                #expect(client.stops == 0)
                #expect(zoo.loop.pendingTimers == 0)
            }
        }

        @Test("the frame names plugin, hook and connection while the callback runs")
        func frames() throws {
            try withZoo { zoo in
                let client = try open(zoo)
                client.command("ASK", "100")
                nonisolated(unsafe) var seen: [String] = []
                let faults = zoo.host.faults
                zoo.log.observe { _ in
                    let (frame, name) = (faults.running.pointee, faults.pluginName(faults.running.pointee.plugin))
                    seen.append("\(name ?? "-") \(faults.hookName(frame.hook) ?? "-") \(frame.connection)")
                }
                client.say("x")
                #expect(seen.first == "a unrecognized_command 1")
                #expect(seen.last == "a destroy 0")
                #expect(zoo.loop.run { faults.running.pointee.plugin } == 0)
            }
        }

        @Test("a line that is longer than the limit is told as HARAKA_E_LIMIT")
        func tooLong() throws {
            try withZoo { zoo in
                let client = try open(zoo)
                client.command("ASK", "3")
                client.say(nil)
                #expect(client.lateVerdicts.count == 1)
                #expect(zoo.heard().contains("a: line: LIMIT ''"))
            }
        }

        @Test("a line that is here already comes after the hook function has returned")
        func early() throws {
            try withZoo { zoo in
                let client = try open(zoo)
                zoo.loop.run { client.early = [65] }
                #expect(client.command("ASK", "3") == Verdict(.ok, PluginReply("heard")))
                #expect(Array(zoo.heard().prefix(2)) == ["a: SUCCESS", "a: line: SUCCESS 'A'"])
            }
        }

        @Test("the next line may be asked for inside the callback, but only one at a time")
        func again() throws {
            try withZoo { zoo in
                let client = try open(zoo, "again")
                client.command("ASK", "100")
                client.say("one")
                #expect(client.lateVerdicts.isEmpty)
                #expect(
                    zoo.heard()
                        == ["SUCCESS", "line: SUCCESS 'one'", "SUCCESS", "STATE", "destroyed line"].map { "a: \($0)" })
                client.say("two")
                #expect(client.lateVerdicts.count == 1)
                #expect(
                    zoo.heard().sorted()
                        == ["second: SUCCESS 'two'", "SUCCESS", "destroyed second", "destroyed too late"].map {
                            "a: \($0)"
                        }
                        .sorted())
            }
        }

        @Test("an answer before the line has come ends the waiting", arguments: ["OK", "CONT", "AT_ONCE"])
        func answeredAtOnce(command: String) throws {
            try withZoo { zoo in
                let client = try open(zoo)
                #expect(client.command(command, "100") == Verdict(command == "CONT" ? .cont : .ok))
                #expect(client.stops == 1)
                #expect(!client.say("x"))
                #expect(
                    zoo.heard().sorted()
                        == ["SUCCESS", "destroyed line", "destroyed too late"].map { "a: \($0)" }.sorted())
            }
        }

        @Test("so does one that comes later, from the loop or from a thread", arguments: ["ANSWER", "THREAD"])
        func answeredMeanwhile(command: String) throws {
            try withZoo { zoo in
                let client = try open(zoo)
                client.command("ASK", "100")
                zoo.connect("OTHER").command(command)
                #expect(client.lateVerdicts == [Verdict(.ok)])
                #expect(client.stops == 1)
                #expect(!client.say("x"))
                #expect(
                    zoo.heard().filter { $0.contains("destroyed") }.sorted() == [
                        "a: destroyed line", "a: destroyed too late",
                    ])
            }
        }

        @Test("a line that comes when a thread has just answered is not given to anybody")
        func race() throws {
            try withZoo { zoo in
                let client = try open(zoo)
                client.command("ASK", "100")
                let other = zoo.connect("OTHER")
                zoo.loop.run {
                    // The thread's answer waits for the loop, which is here.
                    _ = zoo.host.ask(.unrecognizedCommand(word: "THREAD", rest: ""), other.connection)
                    client.say("x")
                }
                #expect(client.lateVerdicts == [Verdict(.ok)])
                let heard = zoo.heard()
                #expect(!heard.contains { $0.contains("line: ") })
                #expect(heard.filter { $0 == "a: destroyed line" }.count == 1)
            }
        }

        @Test("two answers inside the callback: the first counts")
        func twice() throws {
            try withZoo { zoo in
                let client = try open(zoo, "twice")
                client.command("ASK", "100")
                client.say("x")
                #expect(client.lateVerdicts == [.cont])
                #expect(zoo.heard().contains("a: ANSWERED"))
            }
        }

        @Test("a client that leaves ends it, and what asks then is HARAKA_E_GONE")
        func clientLeaves() throws {
            try withZoo { zoo in
                let client = try open(zoo)
                client.command("ASK", "100")
                client.leave()
                #expect(client.stops == 1)
                zoo.connect("OTHER").command("LATE")
                client.say("x")
                client.end()
                let all = ["SUCCESS", "cancelled: GONE", "destroyed line", "destroyed too late", "GONE"].map {
                    "a: \($0)"
                }
                #expect(zoo.heard() == all)
                #expect(client.lateVerdicts.isEmpty)
            }
        }

        @Test("a connection that ends without warning ends it too")
        func ends() throws {
            try withZoo { zoo in
                let client = try open(zoo)
                client.command("ASK", "100")
                client.end()
                #expect(zoo.heard().filter { $0 == "a: destroyed line" }.count == 1)
            }
        }

        @Test("the plugin's time limit stands still while the client thinks, and goes on afterwards with what was left")
        func timeStandsStill() throws {
            try withZoo { zoo in
                let client = try open(zoo, "wait")
                client.command("ASK", "100")
                zoo.loop.advance(300_000)
                #expect(client.lateVerdicts.isEmpty)
                #expect(zoo.loop.pendingTimers == 0)
                client.say("x")
                #expect(zoo.loop.pendingTimers == 1)
                zoo.loop.advance(31_000)
                #expect(client.lateVerdicts == [Verdict(.denySoft, PluginReply("plugin timeout"))])
                #expect(zoo.heard().filter { $0 == "a: destroyed line" }.count == 1)
            }
        }
    }
}
