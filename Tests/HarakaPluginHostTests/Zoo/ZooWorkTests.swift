// Timers, posts, jobs on other threads, regular expressions.

import HarakaCore
import HarakaPluginABI
import Testing

@testable import HarakaPluginHost

extension ZooTests {
    @Suite("time and work") struct Work {
        private func load(_ zoo: Zoo, _ source: String) throws -> ZooClient {
            try zoo.install("w", source)
            try zoo.load("w")
            return zoo.connect()
        }

        @Test("a timer fires once, and its context is destroyed after it")
        func once() throws {
            try withZoo { zoo in
                let client = try load(zoo, "timers.c")
                client.command("ONCE")
                zoo.loop.advance(9)
                #expect(zoo.heard().isEmpty)
                zoo.loop.advance(1)
                #expect(zoo.heard() == ["w: once 1", "w: destroyed once"])
                client.command("CANCEL")
                #expect(zoo.heard() == ["w: HANDLE"])
                zoo.loop.advance(1000)
                #expect(zoo.heard().isEmpty)
            }
        }

        @Test("a periodic timer that cancels itself in its callback does not fire again")
        func periodic() throws {
            try withZoo { zoo in
                let client = try load(zoo, "timers.c")
                client.command("EVERY")
                zoo.loop.advance(10)
                zoo.loop.advance(5)
                #expect(zoo.heard() == ["w: every 1", "w: every 2"])
                zoo.loop.advance(1000)
                let last = ["every 3", "cancel SUCCESS", "again HANDLE", "destroyed every"]
                #expect(zoo.heard() == last.map { "w: \($0)" })
                #expect(zoo.loop.pendingTimers == 0)
            }
        }

        @Test("a timer that is cancelled never fires, and its context is destroyed")
        func cancelled() throws {
            try withZoo { zoo in
                let client = try load(zoo, "timers.c")
                client.command("ONCE")
                client.command("CANCEL")
                zoo.loop.advance(1000)
                #expect(zoo.heard() == ["w: SUCCESS", "w: destroyed once"])
            }
        }

        @Test("a timer may start another one")
        func another() throws {
            try withZoo { zoo in
                let client = try load(zoo, "timers.c")
                client.command("ANOTHER")
                zoo.loop.advance(15)
                let said = ["first 1", "destroyed first", "another 2", "destroyed another"]
                #expect(zoo.heard() == said.map { "w: \($0)" })
            }
        }

        @Test("a timer that makes no sense is refused and takes nothing; the farthest one is no overflow")
        func refused() throws {
            try withZoo { zoo in
                let client = try load(zoo, "timers.c")
                client.command("REFUSED")
                #expect(zoo.heard() == [String](repeating: "w: ARGUMENT", count: 4))
                client.command("LATE")
                #expect(zoo.heard() == ["w: SUCCESS"])
                client.command("CANCEL")
                #expect(zoo.heard() == ["w: SUCCESS", "w: destroyed late"])
            }
        }

        @Test("a hundred thousand timers are enough")
        func many() throws {
            try withZoo { zoo in
                let client = try load(zoo, "timers.c")
                client.command("MANY")
                #expect(zoo.heard() == ["w: 100000"])
            }
        }

        @Test("timers that are left at the end are revoked, named and destroyed")
        func leftBehind() throws {
            try withZoo { zoo in
                zoo.log.level = HARAKA_LOG_DATA
                let client = try load(zoo, "timers.c")
                client.command("FOREVER")
                client.command("ONCE")
                client.end()
                #expect(zoo.stop())
                #expect(zoo.heard().sorted() == ["w: destroyed forever", "w: destroyed once"])
                #expect(zoo.log.messages(HARAKA_LOG_DEBUG).contains("timers stopped at its end: 2"))
                zoo.loop.advance(1000)
                #expect(zoo.heard().isEmpty)
            }
        }

        @Test("posts run on the loop, from wherever they come")
        func posts() throws {
            try withZoo { zoo in
                let client = try load(zoo, "posts.c")
                client.command("HERE")
                let here = ["SUCCESS", "posted here, on the loop 1", "destroyed posted here"]
                #expect(zoo.heard() == here.map { "w: \($0)" })
                client.command("THERE")
                let one = ["w: posted there, on the loop 1", "w: destroyed posted there"]
                #expect(zoo.heard() == one + one + one)
                client.command("REFUSED")
                #expect(zoo.heard() == ["ARGUMENT", "ARGUMENT", "HANDLE", "ARGUMENT", "ARGUMENT"].map { "w: \($0)" })
            }
        }

        @Test("work runs elsewhere, what follows on the loop, and loop functions refuse in between")
        func offload() throws {
            try withZoo { zoo in
                let client = try load(zoo, "posts.c")
                client.command("WORK")
                let heard = zoo.heard()
                #expect(heard.first == "w: working on job, on the loop 0, deadline WRONG_THREAD")
                let rest = [
                    "posted from work, on the loop 1", "destroyed posted from work", "job, on the loop 1",
                    "destroyed job",
                ]
                #expect(heard.dropFirst() == rest.map { "w: \($0)" }[...])
            }
        }

        @Test("work may answer a hook from where it is")
        func workAnswers() throws {
            try withZoo { zoo in
                let client = try load(zoo, "posts.c")
                #expect(client.command("ANSWER") == Verdict(.ok))
                let said = ["SUCCESS", "answering, on the loop 1", "destroyed answering"]
                #expect(zoo.heard() == said.map { "w: \($0)" })
            }
        }

        @Test("a job on its thread when the generation ends: nothing follows on the loop, the context goes once")
        func revokedJob() throws {
            try withZoo { zoo in
                let client = try load(zoo, "slow_work.c")
                let letGo = zoo.loop.run { zoo.host.generation?.plugins.first?.method("let_go") }
                _ = client.ask(.unrecognizedCommand(word: "WORK", rest: ""))
                #expect(zoo.log.waits(for: "job begins"))
                zoo.loop.run { zoo.host.end(client.connection) }
                let isDone = ZooFlag()
                zoo.loop.run { zoo.host.stop(within: 5000) { isDone.raise() } }
                #expect(zoo.loop.run { isDone.isRaised })
                #expect(zoo.log.messages(HARAKA_LOG_WARN) == ["left behind at its end: job; revoked"])
                // On the loop, where the plugin cannot be unmapped meanwhile.
                zoo.loop.run { _ = letGo?.function(nil) }
                #expect(zoo.heard() == ["w: job begins", "w: job ends, post REVOKED", "w: destroyed job"])
            }
        }

        @Test("regular expressions: groups, options, any bytes")
        func regex() throws {
            try withZoo { zoo in
                let client = try load(zoo, "patterns.c")
                #expect(zoo.heard() == ["w: present absent"])
                client.command("GROUPS")
                let said = [
                    "1 'joe@example' 'joe' '' 'example'", "SUCCESS", "1 'joe' '' '' ''", "SUCCESS", "1 'joe' '' '' ''",
                    "1 '' '' '' ''", "SUCCESS", "1 'b' '' '' ''", "1 'ét' '' '' ''", "1 'z' '' '' ''",
                ]
                #expect(Array(zoo.heard().prefix(10)) == said.map { "w: \($0)" })
                client.command("ERRORS")
                #expect(
                    zoo.heard() == [
                        "w: ARGUMENT missing closing parenthesis at offset 1", "w: ARGUMENT", "w: ARGUMENT",
                        "w: ARGUMENT",
                    ])
            }
        }

        @Test("patterns that would take for ever give up soon, ordinary ones go through 64 KiB")
        func regexLimits() throws {
            try withZoo { zoo in
                let client = try load(zoo, "patterns.c")
                _ = zoo.heard()
                client.command("LIMITS")
                let limit = "w: LIMIT"
                let slow = [limit, limit, limit, limit, "w: SUCCESS", limit, limit, limit]
                let said = zoo.heard().map { String($0.prefix(10)) }
                #expect(said == slow + ["w: 1 'aaaa", limit, "w: SUCCESS", "w: 1 'aaaa"])
                client.command("MANY")
                #expect(zoo.heard() == ["w: 10000"])
            }
        }
    }
}
