// Each event of a dialogue, replaced by each thing that can go wrong. What must come of it is said here by rule, not by
// example.

import HarakaCore
import SMTPSyntax
import Testing

@Suite("Client: faults")
struct ClientFaultTests {
    struct Way: Sendable, CustomTestStringConvertible {
        let isLMTP: Bool
        let isPipelined: Bool
        /// The first message on the connection is refused at MAIL, so that the second begins with RSET.
        let isSecond: Bool

        var testDescription: String {
            "\(isLMTP ? "LMTP" : "SMTP")\(isPipelined ? ", pipelined" : "")\(isSecond ? ", a kept connection" : "")"
        }

        static let all = [false, true].flatMap { isLMTP in
            [false, true].flatMap { isPipelined in
                [false, true].map { Way(isLMTP: isLMTP, isPipelined: isPipelined, isSecond: $0) }
            }
        }
    }

    static func run(_ way: Way, _ fault: (at: Int, ClientFault)?) -> ClientRun {
        var settings = ClientSettings.with {
            $0.isLMTP = way.isLMTP
            $0.usesPipelining = way.isPipelined
            $0.credentials = ClientCredentials(user: "user", password: "pencil", allowsPlaintext: true)
            $0.xclient = ClientIdentity([.init("ADDR", "192.0.2.1")])
        }
        settings.recipientsPerBatch = 2
        var server = ClientServer()
        server.isLMTP = way.isLMTP
        server.offers = ["STARTTLS", "PIPELINING", "AUTH LOGIN", "XCLIENT ADDR"]
        server.recipients = ["c": "550 5.1.1 nobody"]
        // The first message has nobody who is taken, and leaves a transaction behind.
        let first = way.isSecond ? [ClientEnvelope.of(["c@y.example"])] : []
        let run = ClientRun(
            settings, server, first + [.of(["b@y.example", "c@y.example", "d@y.example"])], fault: fault)
        run.run()
        return run
    }

    /// What a fault comes to.
    struct Rule: Equatable {
        enum Reach { case nothing, one, rest }

        var reach = Reach.rest
        var result = ClientRecipient.Result.deferred
        var next = false
        var maybe = false

        static let nothing = Rule(reach: .nothing)
        static let failed = Rule(result: .failed)
        static let deferred = Rule()
        static let elsewhere = Rule(next: true)
        static let perhaps = Rule(maybe: true)
    }

    /// Before any message; nil: the dialogue goes on.
    static func openingRule(_ stage: ClientStage, _ fault: ClientFault, _ way: Way) -> Rule? {
        switch (fault, stage) {
        case (.closed, _), (.timeout, _), (.serviceClosed, _), (.intermediate, _): .elsewhere
        case (.malformed, _): Rule(result: .failed, next: true)
        case (_, .handshake): .elsewhere
        case (.positive, _): nil
        case (_, .startTLS): nil
        case (.refusedForGood, .hello) where !way.isLMTP: nil
        case (.refusedForGood, .auth): .failed
        case (.refusedForGood, .xclient), (.refusedForNow, _): .elsewhere
        case (.refusedForGood, _): Rule(result: .failed, next: true)
        }
    }

    /// Within a message.
    static func rule(_ stage: ClientStage, _ fault: ClientFault, _ way: Way) -> Rule {
        switch (stage, fault) {
        case (.quit, _): .nothing
        case (.reset, .refusedForGood): .elsewhere
        case (.final, .malformed): Rule(result: .failed, maybe: true)
        case (_, .malformed): .failed
        case (.final, .closed), (.final, .timeout), (.final, .intermediate): .perhaps
        case (.final, .serviceClosed) where way.isLMTP: .perhaps
        case (.final, .refusedForNow), (.final, .serviceClosed): .deferred
        case (_, .closed), (_, .timeout), (_, .serviceClosed): .elsewhere
        case (.data, .intermediate): .nothing
        case (_, .intermediate): .elsewhere
        case (.data, .positive), (.message, .positive): .elsewhere
        case (_, .positive): .nothing
        case (.recipient, .refusedForNow): Rule(reach: .one)
        case (_, .refusedForNow): .elsewhere
        case (.recipient, .refusedForGood): Rule(reach: .one, result: .failed)
        case (_, .refusedForGood): .failed
        }
    }

    /// What must have become of the recipient at `place`, of whom the server does not know the second; nil: delivered.
    static func expected(_ place: Int, _ run: ClientRun, _ fault: ClientFault, _ way: Way) -> Rule? {
        let stage = run.faultStage ?? .quit
        let rule = rule(stage, fault, way)
        let usual = place == 1 ? Rule.refused : nil
        switch stage {
        case .mail, .reset: return rule.reach == .nothing ? usual : rule
        case .recipient: return atRecipient(place, run.answered.recipients, rule, usual)
        case .final where way.isLMTP && place != 1: return atFinal(place == 0 ? 0 : 1, run.answered.finals, rule, fault)
        default: return rule.reach == .nothing ? usual : usual ?? rule
        }
    }

    /// Who is taken already shares the fate of those who have not been asked for; who is refused does not.
    private static func atRecipient(_ place: Int, _ answered: Int, _ rule: Rule, _ usual: Rule?) -> Rule? {
        if place == answered { return rule.reach == .nothing ? nil : rule }
        guard rule.reach == .rest else { return usual }
        return place < answered ? usual ?? rule : rule
    }

    /// LMTP: a reply is for one of them, silence is for all that are left.
    private static func atFinal(_ rank: Int, _ answered: Int, _ rule: Rule, _ fault: ClientFault) -> Rule? {
        guard rank >= answered, rule.reach != .nothing else { return nil }
        let isRefusal = fault == .refusedForNow || fault == .refusedForGood
        guard rank == answered else { return isRefusal ? nil : rule }
        var own = rule
        if isRefusal || fault == .serviceClosed { own.maybe = false }
        return own
    }

    @Test(
        "whatever goes wrong at whatever moment comes to what the rules say", arguments: Way.all, ClientFault.allCases)
    func everyFault(way: Way, fault: ClientFault) {
        var stages: Set<ClientStage> = []
        for moment in 0..<100 {
            let run = Self.run(way, (moment, fault))
            guard let stage = run.faultStage else { break }
            let name = "\(way.testDescription), \(fault) at \(moment), \(stage)"
            // The first message is there to leave a transaction behind.
            if way.isSecond, run.begunAtFault == 1 { continue }
            stages.insert(stage)
            // This server would not know that it has taken somebody, and owe a reply.
            if way.isLMTP, stage == .recipient, fault == .positive { continue }
            #expect(run.faults == [], "\(name)")
            check(run, stage, fault, way, name)
        }
        let usual: Set<ClientStage> = [
            .greeting, .hello, .startTLS, .handshake, .xclient, .auth, .mail, .recipient, .data, .message, .final,
            .quit,
        ]
        #expect(stages.isSuperset(of: usual))
        #expect(stages.contains(.reset) == way.isSecond)
    }

    private func check(_ run: ClientRun, _ stage: ClientStage, _ fault: ClientFault, _ way: Way, _ name: String) {
        let opening: Set<ClientStage> = [.greeting, .hello, .startTLS, .handshake, .xclient, .auth]
        if opening.contains(stage), let rule = Self.openingRule(stage, fault, way) {
            guard let failure = run.failures.first else {
                Issue.record("\(name): not refused")
                return
            }
            #expect(failure.isPermanent == (rule.result == .failed), "\(name)")
            #expect(failure.mayTryNextHost == rule.next, "\(name)")
            #expect(!failure.mayHaveBeenDelivered && run.begun == 0, "\(name)")
            return
        }
        guard let outcome = run.outcomes.last, run.failures.isEmpty else {
            Issue.record("\(name): no outcome")
            return
        }
        let isMessage = !opening.contains(stage)
        for (place, recipient) in outcome.recipients.enumerated() {
            let rule = isMessage ? Self.expected(place, run, fault, way) : place == 1 ? .refused : nil
            let label = "\(name): recipient \(place): \(recipient.brief)"
            #expect(recipient.result == rule?.result ?? .delivered, "\(label)")
            #expect(recipient.failure?.mayTryNextHost ?? false == rule?.next ?? false, "\(label)")
            #expect(recipient.failure?.mayHaveBeenDelivered ?? false == rule?.maybe ?? false, "\(label)")
        }
        // A fresh connection is worth a try if nothing was said about the message on a kept one.
        let isSilence = fault == .closed || fault == .timeout || fault == .serviceClosed
        let isRefusal = fault == .refusedForGood || fault == .refusedForNow
        let isStale = stage == .mail && isSilence || stage == .reset && (isSilence || isRefusal)
        #expect(outcome.wasStale == (way.isSecond && isStale), "\(name)")
    }

    @Test("when nothing goes wrong, all goes well", arguments: Way.all)
    func noFault(way: Way) {
        let run = Self.run(way, nil)
        #expect(run.faults == [])
        #expect(run.outcomes.last?.recipients.map(\.result) == [.delivered, .failed, .delivered])
        #expect(run.machine.isSecured && run.machine.authMethod == "LOGIN")
        #expect(run.machine.messages == (way.isSecond ? 2 : 1))
    }
}

extension ClientFaultTests.Rule {
    /// The server's own word to the second recipient.
    fileprivate static let refused = Self(result: .failed)
}
