// Thousands of random servers: however the client asks, the outcome is the same; and whatever happens, the promises
// hold.

import HarakaCore
import HarakaTestKit
import SMTPSyntax
import Testing

@Suite("Client: random servers")
struct ClientWalkTests {
    /// A server and messages by chance. Its offers are the same for both ways of asking.
    struct World {
        var server = ClientServer()
        var envelopes: [ClientEnvelope] = []
        var settings = ClientSettings.test

        init(_ random: inout SeededGenerator) {
            server.isLMTP = Int.random(in: 0..<3, using: &random) == 0
            settings.isLMTP = server.isLMTP
            server.offers =
                ["PIPELINING"]
                + ["SIZE 1000", "8BITMIME", "SMTPUTF8", "DSN"].filter { _ in Bool.random(using: &random) }
            server.mail = Self.one(of: ["250 ok", "250 ok", "250 ok", "450 4.1.8 later", "550 5.7.1 no"], &random)
            let said = [
                "250 ok", "250 ok", "251 2.1.5 forwarded", "450 4.2.0 greylisted", "550 5.1.1 nobody", "552 5.2.2 full",
                "553-several\r\n553 lines",
            ]
            for name in "abcdefgh" { server.recipients[String(name)] = Self.one(of: said, &random) }
            if Int.random(in: 0..<3, using: &random) == 0 { server.limit = Int.random(in: 1...4, using: &random) }
            server.data = Self.one(of: ["354 go", "354 go", "354 go", "451 4.3.0 later", "554 5.6.0 no"], &random)
            server.emptyData = Self.one(of: ["503 5.5.1 RCPT first", "554 no valid recipients", "354 go"], &random)
            let finals = ["250 2.0.0 queued", "250 queued", "451 4.7.1 greylisted", "554 5.7.1 spam"]
            server.final = Self.one(of: finals, &random)
            for name in "abcdefgh" { server.finals[String(name)] = Self.one(of: finals, &random) }
            envelopes = (0..<3).map { _ in Self.envelope(&random) }
            settings.recipientsPerBatch = Int.random(in: 1...5, using: &random)
        }

        /// LMTP says nothing of the sort where nobody was taken.
        mutating func keepRules() { if server.isLMTP { server.emptyData = "503 5.5.1 RCPT first" } }

        private static func one(of values: [String], _ random: inout SeededGenerator) -> String {
            values.randomElement(using: &random) ?? "250 ok"
        }

        private static func envelope(_ random: inout SeededGenerator) -> ClientEnvelope {
            let names = "abcdefgh\u{FC}".shuffled(using: &random).prefix(Int.random(in: 1...9, using: &random))
            return .with(names.map { "\($0)@y.example" }) {
                $0.size = Int.random(in: 900...1010, using: &random)
                $0.is8Bit = Bool.random(using: &random)
                $0.isUTF8 = Bool.random(using: &random)
            }
        }
    }

    @Test("pipelined and step by step come to the same", arguments: 0..<20)
    func sameOutcome(seed: UInt64) {
        for round in 0..<20 {
            var random = SeededGenerator(seed: seed &* 1000 &+ UInt64(round))
            var world = World(&random)
            world.keepRules()
            let together = ClientRun(world.settings, world.server, world.envelopes)
            together.step = Int.random(in: 0...3, using: &random)
            together.run()
            world.settings.usesPipelining = false
            let stepwise = ClientRun(world.settings, world.server, world.envelopes)
            stepwise.run()
            #expect(together.faults == [] && stepwise.faults == [], "seed \(seed), round \(round)")
            #expect(together.outcomes.count == 3)
            #expect(together.outcomes == stepwise.outcomes, "seed \(seed), round \(round)")
            guard together.outcomes == stepwise.outcomes else { return }
        }
    }

    @Test("each recipient has what the server said to it", arguments: 0..<20)
    func trueOutcome(seed: UInt64) {
        for round in 0..<20 {
            var random = SeededGenerator(seed: 1 << 40 | seed &* 1000 &+ UInt64(round))
            var world = World(&random)
            world.keepRules()
            (world.server.limit, world.server.mail) = (.max, "250 ok")
            let run = ClientRun(world.settings, world.server, world.envelopes)
            run.run()
            for (outcome, envelope) in zip(run.outcomes, world.envelopes) {
                #expect(outcome.recipients.map(\.address) == envelope.recipients)
                for recipient in outcome.recipients where recipient.stage == .recipient && recipient.reply != nil {
                    let said = world.server.recipients[recipient.address.user]?.prefix(3)
                    #expect(recipient.reply.map { "\($0.code)" } == said.map(String.init))
                }
                for recipient in outcome.recipients where recipient.stage == .final {
                    let own = world.server.finals[recipient.address.user] ?? world.server.final
                    let said = (world.server.isLMTP ? own : world.server.final).prefix(3)
                    #expect(recipient.reply.map { "\($0.code)" } == String(said))
                    #expect((recipient.result == .delivered) == said.hasPrefix("2"))
                }
            }
        }
    }

    static let words = [
        "220 mx", "250 ok", "250-mx\r\n250-PIPELINING\r\n250-STARTTLS\r\n250-AUTH SCRAM-SHA-256 LOGIN\r\n250 SIZE 1000",
        "250 ok",
        "354 go", "354 go", "334 ", "334 eA==", "235 ok", "450 no", "550 no", "452 4.5.3 many", "421 bye", "503 order",
        "what?",
        "250-a\r\n251 b", "221 bye",
    ]

    @Test(
        "even events that no driver and no server would send trap nothing, and each message has one outcome",
        arguments: 0..<20)
    func wild(seed: UInt64) {
        for round in 0..<20 {
            var random = SeededGenerator(seed: 1 << 32 | seed &* 1000 &+ UInt64(round))
            let play = ClientPlay(
                .with {
                    $0.isLMTP = Bool.random(using: &random)
                    $0.credentials = ClientCredentials(user: "u", password: "p", allowsPlaintext: true)
                    $0.recipientsPerBatch = Int.random(in: -1...3, using: &random)
                }, .of(["b@y.example", "c@y.example", "d@y.example", "\u{FC}@y.example"]))
            let events = [
                "begin", "begin", "begin", "sent", "sent", "tls", "tls failed", "quit", "closed", "timeout",
                "unreadable",
            ]
            var begun = 0
            for _ in 0..<60 {
                if Int.random(in: 0..<4, using: &random) == 0 {
                    let event =
                        Int.random(in: 0..<4, using: &random) == 0 ? events.randomElement(using: &random) : events.first
                    begun += event == "begin" ? 1 : 0
                    play.event(event ?? "begin")
                } else {
                    play.server([Self.words.randomElement(using: &random) ?? ""])
                }
            }
            play.event("closed")
            #expect(play.outcomes.count == begun, "seed \(seed), round \(round)")
            #expect(play.outcomes.allSatisfy { $0.recipients.count == 4 })
            #expect(play.failures.count <= 1)
            #expect(play.machine.isClosed && play.machine.timeLimit == nil)
            let closings = play.actions.filter { if case .close = $0 { true } else { false } }
            #expect(closings.count <= 1)
        }
    }
}
