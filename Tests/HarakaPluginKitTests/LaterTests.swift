// Answers that take time.
import HarakaPluginABI
import HarakaPluginKit
import Testing

extension KitTests {
    @Suite("Later")
    struct LaterTests {
        let host = FakeHost.shared

        @Test("after some time the Next comes back and answers through the host")
        func after() {
            FakeHost.register { plugin in
                plugin.hook("mail") { _, next in next.after(milliseconds: 250) { next in next.continue() } }
            }
            #expect(host.run("mail") == HARAKA_PENDING)
            #expect(host.log == ["timer 250"])
            #expect(host.answers == [])
            host.drain()
            #expect(host.answers == [.init(code: HARAKA_CONT)])
        }

        @Test("a Next whose timer is revoked answers all the same")
        func revoked() {
            FakeHost.register { plugin in
                plugin.hook("mail") { _, next in next.after(milliseconds: 250) { next in next.continue() } }
            }
            _ = host.run("mail")
            host.revoke()
            #expect(host.answers == [.init(code: HARAKA_DENYSOFT, lines: ["plugin gave no answer"])])
        }

        @Test("without a timer the answer is given at once")
        func noTimer() {
            FakeHost.register { plugin in
                plugin.hook("mail") { _, next in next.after(milliseconds: 250) { next in next.continue() } }
            }
            host.status = HARAKA_E_LIMIT
            #expect(host.run("mail") == HARAKA_PENDING)
            #expect(host.answers == [.init(code: HARAKA_DENYSOFT, lines: ["plugin gave no answer"])])
        }

        @Test("offloaded work hands over its output with the Next")
        func offloaded() {
            FakeHost.register { plugin in
                plugin.hook("queue") { _, next in
                    next.offload {
                        6 * 7
                    } then: { output, next in
                        next.ok("\(output)")
                    }
                }
            }
            #expect(host.run("queue") == HARAKA_PENDING)
            #expect(host.answers == [])
            host.drain()
            #expect(host.answers == [.init(code: HARAKA_OK, lines: ["42"])])
        }

        @Test("work that throws refuses for now, and the rest is not run")
        func offloadedThrows() {
            FakeHost.register { plugin in
                plugin.hook("queue") { _, next in
                    next.offload { () throws(PluginError) -> Int in
                        throw PluginError("disk full")
                    } then: { _, next in
                        next.ok()
                    }
                }
            }
            _ = host.run("queue")
            host.drain()
            #expect(host.answers == [.init(code: HARAKA_DENYSOFT, lines: ["plugin failed"])])
            #expect(host.log == ["2 failed: disk full"])
        }

        @Test("work that the host refuses still gets an answer")
        func offloadRefused() {
            FakeHost.register { plugin in
                plugin.hook("queue") { _, next in
                    next.offload {
                        1
                    } then: { _, next in
                        next.ok()
                    }
                }
            }
            host.status = HARAKA_E_LIMIT
            #expect(host.run("queue") == HARAKA_PENDING)
            #expect(host.answers == [.init(code: HARAKA_DENYSOFT, lines: ["plugin gave no answer"])])
        }

        @Test("the end of the hook stops the timer, and nobody is told")
        func afterCancelled() {
            FakeHost.register { plugin in
                plugin.hook("mail") { _, next in next.after(milliseconds: 250) { next in next.continue() } }
            }
            _ = host.run("mail")
            host.cancel()
            #expect(host.log == ["timer 250", "cancelled 5"])
            #expect(host.callbacks.isEmpty)
            #expect(host.answers == [])
        }

        @Test("one who waits twice, or with an onCancel of its own, is let go when the time comes")
        func afterWithoutEnding() {
            FakeHost.register { plugin in
                plugin.hook("mail") { _, next in
                    next.onCancel {}
                    next.after(milliseconds: 250) { next in next.plugin.log(.crit, "ran") }
                }
            }
            _ = host.run("mail")
            host.cancel()
            #expect(host.log == ["timer 250"])
            host.drain()
            #expect(host.log == ["timer 250"])
        }

        @Test("a timer's closure that throws refuses for now")
        func afterThrows() {
            FakeHost.register { plugin in
                plugin.hook("mail") { _, next in
                    next.after(milliseconds: 250) { next throws(PluginError) in
                        next.after(milliseconds: 10) { _ throws(PluginError) in throw PluginError("why") }
                    }
                }
            }
            _ = host.run("mail")
            host.drain()
            #expect(host.answers == [.init(code: HARAKA_DENYSOFT, lines: ["plugin failed"])])
            #expect(host.log == ["timer 250", "timer 10", "2 failed: why"])
        }

        @Test("work for a client that has left is done, and its closure let go; if it threw, the log knows")
        func offloadedForNobody() {
            FakeHost.register { plugin in
                plugin.hook("queue") { _, next in
                    next.offload({ 1 }) { _, next in next.plugin.log(.crit, "ran") }
                }
                plugin.hook("mail") { _, next in
                    next.offload({ () throws(PluginError) -> Int in throw PluginError("disk full") }) { _, next in
                        next.ok()
                    }
                }
            }
            _ = host.run("queue")
            host.isGone = true
            host.drain()
            #expect(host.log == [])
            host.isGone = false
            _ = host.run("mail")
            host.isGone = true
            host.drain()
            #expect(host.log == ["2 failed: disk full"])
            #expect(host.answers == [])
        }

        @Test("a closure after offloaded work that throws refuses for now")
        func offloadedThenThrows() {
            FakeHost.register { plugin in
                plugin.hook("queue") { _, next in
                    next.offload({ 1 }) { (_, _) throws(PluginError) in throw PluginError("why") }
                }
            }
            _ = host.run("queue")
            host.drain()
            #expect(host.answers == [.init(code: HARAKA_DENYSOFT, lines: ["plugin failed"])])
        }

        @Test("timers run their closure, and it is freed afterwards")
        func timers() {
            final class Counter { var count = 0 }
            let counter = Counter()
            FakeHost.register { plugin in plugin.every(milliseconds: 10) { counter.count += 1 } }
            #expect(host.log == ["timer 10"])
            host.drain()
            #expect(counter.count == 1)
        }
    }
}
