// Lookups: their answers, their ends, and who holds what meanwhile.
import HarakaPluginABI
import HarakaPluginKit
import Testing

extension KitTests {
    @Suite("Lookups")
    struct ResolverTests {
        let host = FakeHost.shared
        let fake = FakeNames.shared

        weak var canary: Canary? { Self.canary }
        nonisolated(unsafe) private static weak var canary: Canary?

        /// Looks an A record up for a hook; what it finds is said.
        func register(strict: Bool = false, timeout: Int64 = 0) {
            FakeHost.register { plugin in
                plugin.hook("mail") { call, next throws(PluginError) in
                    guard let resolver = call.plugin.resolver else { return next.continue() }
                    let held = Canary()
                    Self.canary = held
                    try resolver.lookup("Example.com", .a, for: next, strict: strict, timeout: timeout) {
                        answer, next in
                        withExtendedLifetime(held) {}
                        guard answer.status == .found else { return next.denySoft(answer.reason) }
                        next.ok(answer.texts.joined(separator: " "))
                    }
                }
            }
        }

        @Test("the answer comes back with the Next")
        func found() {
            register()
            #expect(host.run("mail") == HARAKA_PENDING)
            #expect(fake.said == ["Example.com 1"])
            #expect(fake.lookups[0].options.next.bits == 99)
            #expect(fake.lookups[0].options.flags == 0)
            #expect(canary != nil)
            fake.answer(0)
            #expect(host.answers == [.init(code: HARAKA_OK, lines: ["192.0.2.1"])])
            #expect(canary == nil)
        }

        @Test("strictness and time limit reach the host")
        func options() {
            register(strict: true, timeout: 1500)
            _ = host.run("mail")
            #expect(fake.lookups[0].options.flags == HARAKA_DNS_STRICT)
            #expect(fake.lookups[0].options.timeout == 1500)
            #expect(fake.lookups[0].options.size == MemoryLayout<haraka_dns_options>.size)
        }

        @Test("when the hook ends first, all is let go without a word")
        func gone() {
            register()
            _ = host.run("mail")
            host.isGone = true
            fake.forget()
            #expect(canary == nil)
            #expect(host.answers == [])
            #expect(host.log == [])
        }

        @Test("too many lookups are a failed answer, not a failed plugin")
        func tooMany() {
            register()
            fake.room = 0
            #expect(host.run("mail") == HARAKA_PENDING)
            #expect(
                host.answers == [.init(code: HARAKA_DENYSOFT, lines: ["too many lookups are under way"])])
            #expect(host.log == [])
            #expect(canary == nil)
        }

        @Test("a lookup that the host refuses fails the hook")
        func refused() {
            register()
            fake.status = HARAKA_E_ARGUMENT
            _ = host.run("mail")
            #expect(host.answers == [.init(code: HARAKA_DENYSOFT, lines: ["plugin failed"])])
            #expect(host.log == ["2 failed: lookup of Example.com: makes no sense"])
            #expect(canary == nil)
        }

        @Test("an answer is copied whole")
        func copied() throws {
            var got: DNSAnswer?
            FakeHost.register { plugin throws(PluginError) in
                try plugin.resolver?.lookup("a.example", .a) { got = $0 }
            }
            fake.answer(0)
            let answer = try #require(got)
            #expect(answer.status == .found && answer.security == .secure)
            #expect(answer.type == .a && answer.ttl == 30 && answer.reason == "why")
            #expect(answer.name == "a.example" && answer.canonical == "c.a.example")
            #expect(answer.records == [DNSRecord(.a, ttl: 60, priority: 5, text: "192.0.2.1", data: [1, 2])])
        }

        @Test(
            "how a lookup ended",
            arguments: [
                (HARAKA_DNS_NO_DATA, DNSAnswer.Status.noData, true, false), (HARAKA_DNS_NO_NAME, .noName, true, false),
                (HARAKA_DNS_FAILED, .failed, false, true), (HARAKA_DNS_TIMED_OUT, .timedOut, false, true),
                (HARAKA_DNS_BOGUS, .bogus, false, true), (HARAKA_DNS_BAD_NAME, .badName, true, false),
                (77, .failed, false, true),
            ])
        func endings(status: Int32, expected: DNSAnswer.Status, isEmpty: Bool, isTemporary: Bool) throws {
            var got: DNSAnswer?
            FakeHost.register { plugin throws(PluginError) in
                try plugin.resolver?.lookup("a.example", .a) { got = $0 }
            }
            fake.answer(0, status)
            let answer = try #require(got)
            #expect(answer.status == expected)
            #expect(answer.isEmpty == isEmpty)
            #expect(answer.isTemporaryFailure == isTemporary)
            #expect(answer.records == [])
        }

        @Test("a lookup of nobody's is cancelled by its query, and refused with an error")
        func query() {
            var query: Query?
            let status = FakeHost.register { plugin throws(PluginError) in
                query = try plugin.resolver?.lookup("a.example", .mx) { _ in Issue.record("it ran") }
                FakeNames.shared.room = 0
                try plugin.resolver?.lookup("b.example", .mx) { _ in Issue.record("it ran") }
            }
            #expect(status == HARAKA_E_LIMIT)
            #expect(fake.lookups[0].options.next.bits == 0)
            query?.cancel()
            #expect(fake.cancelled == [1])
        }

        @Test("reverse names")
        func reverse() {
            FakeHost.register { plugin in
                #expect(plugin.resolver?.reverseName("192.0.2.1") == "192.0.2.1 in ")
                #expect(plugin.resolver?.reverseName(lasting("192.0.2.1"), zone: "zone") == "192.0.2.1 in zone")
                #expect(plugin.resolver?.reverseName("junk") == nil)
            }
        }

        /// Looks up one name of each type at once.
        func registerMany(_ types: [RecordType]) {
            FakeHost.register { plugin in
                plugin.hook("mail") { call, next throws(PluginError) in
                    let held = Canary()
                    Self.canary = held
                    let questions = types.map { (name: "\($0.rawValue).example", type: $0) }
                    guard let resolver = call.plugin.resolver else { return next.continue() }
                    try resolver.lookupAll(questions, for: next) { answers, next in
                        withExtendedLifetime(held) {}
                        next.ok(answers.map { "\($0.name) \($0.status)" }.joined(separator: ", "))
                    }
                }
            }
        }

        @Test("many answers stand in the order of their questions, whatever order they come in")
        func many() {
            registerMany([.a, .mx, .txt])
            #expect(host.run("mail") == HARAKA_PENDING)
            fake.answer(2)
            fake.answer(0, HARAKA_DNS_NO_NAME)
            #expect(host.answers == [])
            fake.answer(0)
            #expect(
                host.answers == [
                    .init(code: HARAKA_OK, lines: ["1.example noName, 15.example found, 16.example found"])
                ])
            #expect(canary == nil)
        }

        @Test("what is too much of many has failed, the rest is answered")
        func someTooMany() {
            registerMany([.a, .mx, .txt])
            fake.room = 1
            _ = host.run("mail")
            #expect(host.answers == [])
            fake.answer(0)
            #expect(
                host.answers == [
                    .init(code: HARAKA_OK, lines: ["1.example found, 15.example failed, 16.example failed"])
                ])
        }

        @Test("no question, or none that the host takes, is answered at once")
        func none() {
            registerMany([])
            #expect(host.run("mail") == HARAKA_PENDING)
            #expect(host.answers == [.init(code: HARAKA_OK, lines: [""])])
            registerMany([.a])
            fake.room = 0
            #expect(host.run("mail") == HARAKA_PENDING)
            #expect(host.answers == [.init(code: HARAKA_OK, lines: ["1.example failed"])])
        }

        @Test("many that end with their hook let everything go")
        func manyGone() {
            registerMany([.a, .mx, .txt])
            _ = host.run("mail")
            fake.answer(1)
            host.isGone = true
            #expect(canary != nil)
            fake.forget()
            #expect(canary == nil)
            #expect(host.answers == [])
            #expect(host.log == [])
        }

        @Test("one that the host refuses among many fails the hook once")
        func manyRefused() {
            registerMany([.a, .mx])
            fake.status = HARAKA_E_ARGUMENT
            _ = host.run("mail")
            #expect(host.answers == [.init(code: HARAKA_DENYSOFT, lines: ["plugin failed"])])
            #expect(canary == nil)
        }
    }
}
