// Questions inside a hook: to the client, to other plugins, to the host's TLS.
import HarakaPluginABI
import HarakaPluginKit
import Testing

/// Whether a closure's captures have been let go.
final class Canary {}

extension KitTests {
    @Suite("Asking")
    struct AskingTests {
        let host = FakeHost.shared
        let fake = FakeNames.shared

        /// What the closure of a question holds on to, as long as it is held.
        weak var canary: Canary? { Self.canary }
        nonisolated(unsafe) private static weak var canary: Canary?

        /// Asks the client once and answers with what it said.
        func registerAsking() {
            FakeHost.register { plugin in
                plugin.hook("unrecognized_command") { _, next throws(PluginError) in
                    let held = Canary()
                    Self.canary = held
                    try next.askClient(334, "who", limit: 99) { line, next in
                        withExtendedLifetime(held) {}
                        guard let line else { return next.deny() }
                        next.ok(String(decoding: line, as: UTF8.self))
                    }
                }
            }
        }

        @Test("the client's line comes back with the Next")
        func line() {
            registerAsking()
            #expect(host.run("unrecognized_command") == HARAKA_PENDING)
            #expect(fake.said == ["334 who 99"])
            #expect(host.answers == [])
            #expect(canary != nil)
            fake.say("me")
            #expect(canary == nil)
            #expect(host.answers == [.init(code: HARAKA_OK, lines: ["me"])])
            #expect(host.log == [])
        }

        @Test("a line that is too long is nil")
        func longLine() {
            registerAsking()
            _ = host.run("unrecognized_command")
            fake.say(nil)
            #expect(host.answers == [.init(code: HARAKA_DENY)])
        }

        @Test("one exchange may follow another, and a code alone is answered too")
        func exchange() {
            FakeHost.register { plugin in
                plugin.hook("unrecognized_command") { _, next throws(PluginError) in
                    try next.askClient(334, "1", limit: 9) { _, next throws(PluginError) in
                        try next.askClient(334, "2", limit: 9) { _, next in next.done() }
                    }
                }
            }
            _ = host.run("unrecognized_command")
            fake.say("a")
            #expect(fake.said == ["334 1 9", "334 2 9"])
            #expect(host.answers == [])
            fake.say("b")
            #expect(host.answers == [.init(code: HARAKA_DONE)])
        }

        @Test("what a closure throws refuses for now, once")
        func thrown() {
            FakeHost.register { plugin in
                plugin.hook("unrecognized_command") { _, next throws(PluginError) in
                    try next.askClient(334, "1", limit: 9) { _, _ throws(PluginError) in throw PluginError("no key") }
                }
            }
            _ = host.run("unrecognized_command")
            fake.say("a")
            #expect(host.answers == [.init(code: HARAKA_DENYSOFT, lines: ["plugin failed"])])
            #expect(host.log == ["2 failed: no key"])
        }

        @Test("an answer that was given before throwing stands")
        func thrownLate() {
            FakeHost.register { plugin in
                plugin.hook("unrecognized_command") { _, next throws(PluginError) in
                    try next.askClient(334, "1", limit: 9) { _, next throws(PluginError) in
                        next.ok()
                        throw PluginError("late")
                    }
                }
            }
            _ = host.run("unrecognized_command")
            fake.say("a")
            #expect(host.answers == [.init(code: HARAKA_OK)])
            #expect(host.log == ["2 failed after it had answered: late"])
        }

        @Test("a Next that such a closure drops is answered, with a line in the log")
        func dropped() {
            FakeHost.register { plugin in
                plugin.hook("unrecognized_command") { _, next throws(PluginError) in
                    try next.askClient(334, "1", limit: 9) { _, _ in }
                }
            }
            _ = host.run("unrecognized_command")
            fake.say("a")
            #expect(host.answers == [.init(code: HARAKA_DENYSOFT, lines: ["plugin gave no answer"])])
            #expect(host.log == ["2 gave no answer: a Next was dropped"])
        }

        @Test("a client that leaves is no mistake of the plugin's, and what was waiting is let go")
        func gone() {
            registerAsking()
            _ = host.run("unrecognized_command")
            #expect(canary != nil)
            host.isGone = true
            fake.forget()
            #expect(canary == nil)
            #expect(host.answers == [])
            #expect(host.log == [])
        }

        @Test("a question that the host refuses fails the hook, and leaks nothing")
        func refused() {
            registerAsking()
            fake.status = HARAKA_E_STATE
            #expect(host.run("unrecognized_command") == HARAKA_PENDING)
            #expect(host.answers == [.init(code: HARAKA_DENYSOFT, lines: ["plugin failed"])])
            #expect(host.log == ["2 failed: askClient: not possible now"])
            #expect(canary == nil)
        }

        @Test("a limit or a code that makes no sense is refused before the host is asked")
        func senseless() {
            FakeHost.register { plugin in
                plugin.hook("unrecognized_command") { _, next throws(PluginError) in
                    try next.askClient(-1, "1", limit: 9) { _, next in next.ok() }
                }
            }
            _ = host.run("unrecognized_command")
            #expect(fake.said == [])
            #expect(host.answers == [.init(code: HARAKA_DENYSOFT, lines: ["plugin failed"])])
        }

        /// Asks another hook and says what it decided.
        func registerVerdict() {
            FakeHost.register { plugin in
                plugin.hook("unrecognized_command") { _, next throws(PluginError) in
                    let held = Canary()
                    Self.canary = held
                    try next.askHook("auth_plain", [.text("plain"), .text("ann")]) { answer, next in
                        withExtendedLifetime(held) {}
                        guard answer.isDecided else { return next.continue() }
                        next.answer(answer)
                    }
                }
            }
        }

        @Test("what the plugins of another hook have decided comes back, words and all")
        func verdict() {
            registerVerdict()
            #expect(host.run("unrecognized_command") == HARAKA_PENDING)
            #expect(fake.said == ["auth_plain plain,ann"])
            fake.decide(HARAKA_DENY, ["no", "never"])
            #expect(
                host.answers == [.init(code: HARAKA_DENY, lines: ["no\nnever"], smtp: 535, status: [5, 7, 8])])
            #expect(canary == nil)
        }

        @Test("a hook that nobody decides is undecided")
        func undecided() {
            registerVerdict()
            _ = host.run("unrecognized_command")
            fake.decide(HARAKA_CONT)
            #expect(host.answers == [.init(code: HARAKA_CONT)])
        }

        @Test("a hook that nobody is on is undecided, at once")
        func absent() {
            registerVerdict()
            fake.status = HARAKA_E_ABSENT
            #expect(host.run("unrecognized_command") == HARAKA_PENDING)
            #expect(host.answers == [.init(code: HARAKA_CONT)])
            #expect(host.log == [])
            #expect(canary == nil)
        }

        @Test("a hook of the core's is refused")
        func core() {
            registerVerdict()
            fake.status = HARAKA_E_ARGUMENT
            _ = host.run("unrecognized_command")
            #expect(host.answers == [.init(code: HARAKA_DENYSOFT, lines: ["plugin failed"])])
            #expect(host.log == ["2 failed: askHook auth_plain: makes no sense"])
            #expect(canary == nil)
        }
    }
}
