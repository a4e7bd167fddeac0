// Answering: once, never, late, or by throwing.
import HarakaPluginABI
import HarakaPluginKit
import Testing

/// Everything that needs the one table of the process, one after the other.
@Suite("Kit", .serialized)
enum KitTests {}

extension KitTests {
    @Suite("Answers")
    struct NextTests {
        let host = FakeHost.shared

        @Test("a code is the value of the function, and the host is not called")
        func codeAlone() {
            FakeHost.register { plugin in
                plugin.hook("mail") { _ in .continue }
                plugin.hook("rcpt") { _, next in next.ok() }
            }
            #expect(host.run("mail") == HARAKA_CONT)
            #expect(host.run("rcpt") == HARAKA_OK)
            #expect(host.answers == [])
        }

        @Test("words go through the host, once")
        func words() {
            FakeHost.register { plugin in
                plugin.hook("mail") { call in .deny("not \(call.text(0).string)") }
                plugin.hook("rcpt") { _, next in next.denySoft("later") }
            }
            #expect(host.run("mail", "you") == HARAKA_PENDING)
            #expect(host.run("rcpt") == HARAKA_PENDING)
            #expect(
                host.answers == [
                    .init(code: HARAKA_DENY, lines: ["not you"]), .init(code: HARAKA_DENYSOFT, lines: ["later"]),
                ])
        }

        @Test("a reply carries its code, its status and its value")
        func reply() {
            let reply = Reply("slow", code: 451, status: Status(4, 7, 1), value: .integer(5))
            FakeHost.register { plugin in
                plugin.hook("mail") { _ in Answer(.denySoft, reply) }
                plugin.hook("send_email") { _, next in next.answer(.delay, Reply(value: .integer(60))) }
            }
            _ = host.run("mail")
            _ = host.run("send_email")
            #expect(
                host.answers == [
                    .init(code: HARAKA_DENYSOFT, lines: ["slow"], smtp: 451, status: [4, 7, 1], value: .integer(5)),
                    .init(code: HARAKA_DELAY, value: .integer(60)),
                ])
        }

        @Test("each way to answer has its code")
        func codes() {
            FakeHost.register { plugin in
                plugin.hook("0") { _, next in next.continue() }
                plugin.hook("1") { _, next in next.deny() }
                plugin.hook("2") { _, next in next.denySoft() }
                plugin.hook("3") { _, next in next.denyDisconnect() }
                plugin.hook("4") { _, next in next.denySoftDisconnect() }
                plugin.hook("5") { _, next in next.disconnect() }
                plugin.hook("6") { _, next in next.done() }
                plugin.hook("7") { _, next in next.answer(.stop) }
            }
            #expect((0...7).map { host.run(String($0)) } == [900, 902, 903, 904, 909, 905, 910, 901])
        }

        @Test("a Next that is dropped refuses for now, with a critical line")
        func dropped() {
            FakeHost.register { plugin in plugin.hook("mail") { _, _ in } }
            #expect(host.run("mail") == HARAKA_PENDING)
            #expect(host.answers == [.init(code: HARAKA_DENYSOFT, lines: ["plugin gave no answer"])])
            #expect(host.log == ["2 gave no answer: a Next was dropped"])
        }

        @Test("a hook that throws refuses for now, and the cause is in the log only")
        func thrown() {
            FakeHost.register { plugin in
                plugin.hook("mail") { _ throws(PluginError) in throw PluginError("disk on fire") }
                plugin.hook("rcpt") { _, _ throws(PluginError) in throw PluginError("no line") }
            }
            #expect(host.run("mail") == HARAKA_PENDING)
            #expect(host.run("rcpt") == HARAKA_PENDING)
            #expect(
                host.answers == [
                    .init(code: HARAKA_DENYSOFT, lines: ["plugin failed"]),
                    .init(code: HARAKA_DENYSOFT, lines: ["plugin failed"]),
                ])
            #expect(host.log == ["2 failed: disk on fire", "2 failed: no line"])
        }

        @Test("an answer given before throwing stands")
        func thrownAfterAnswer() {
            FakeHost.register { plugin in
                plugin.hook("mail") { _, next throws(PluginError) in
                    next.ok()
                    throw PluginError("too late")
                }
            }
            #expect(host.run("mail") == HARAKA_OK)
            #expect(host.answers == [])
            #expect(host.log == ["2 failed after it had answered: too late"])
        }

        @Test("a hook that was not registered makes the whole registration fail, and leaks nothing")
        func refusedRegistration() {
            final class Canary {}
            weak var canary: Canary?
            let status = FakeHost.register { plugin in
                let captured = Canary()
                canary = captured
                host.status = HARAKA_E_STATE
                plugin.hook("mail") { _ in withExtendedLifetime(captured) { .continue } }
                host.status = HARAKA_SUCCESS
                plugin.hook("rcpt") { _ in .continue }
            }
            #expect(status == HARAKA_E_STATE)
            #expect(canary == nil)
            #expect(host.log == ["3 hook mail: not possible now"])
        }

        @Test("a registration that throws is refused, one that does not succeeds")
        func thrownRegistration() {
            #expect(FakeHost.register { _ throws(PluginError) in throw PluginError("no path") } == HARAKA_E_STATE)
            #expect(host.log == ["2 not registered: no path"])
            #expect(FakeHost.register { _ in } == HARAKA_SUCCESS)
        }

        @Test("a host of another ABI is refused before anything runs")
        func otherABI() {
            var other = haraka_host()
            other.abi_major = 77
            #expect(Plugin.register(&other, haraka_self(bits: 1)) { _ in Issue.record("it ran") } == HARAKA_E_ABI)
            #expect(Plugin.register(nil, haraka_self(bits: 1)) { _ in Issue.record("it ran") } == HARAKA_E_ABI)
        }
    }
}
