// One random session under a driver that keeps the rules, with the books that the promises are checked against.

import HarakaCore
import HarakaTestKit
import SMTPSyntax

struct Walk: ~Copyable {
    private var machine: SessionMachine
    private var random: SeededGenerator
    private let connection: Connection
    /// What went wrong.
    private(set) var faults: [String] = []
    /// What happened, for the message of a failure.
    private(set) var trace: [String] = []
    /// The client, or an event, waits for a reply.
    private var isOwed = false
    private var isReceiving = false
    private var isResolving = false
    private var isClosed = false
    private var disconnects = 0
    private var goodbyes = 0
    private var resets: [String: Int] = [:]
    private var begun: [Transaction] = []
    /// It was begun in the clear.
    private var mustReset: Transaction?
    /// LMTP: replies that the client waits for after the final dot, besides the one.
    private var isOwedMore = 0

    init(seed: UInt64) {
        connection = SessionDriver().connection
        var settings = SessionSettings.test
        settings.maxRecipients = 3
        settings.sendsEnhancedCodes = seed % 2 == 0
        settings.isLMTP = seed % 5 == 0
        settings.requiresTLS = seed % 7 == 0
        settings.maxErrors = seed % 3 == 0 ? 8 : 0
        settings.maxRefusedRecipients = seed % 4 == 0 ? 3 : 0
        machine = SessionMachine(connection: connection, settings: settings)
        random = SeededGenerator(seed: seed)
    }

    mutating func run(steps: Int) {
        isOwed = true
        perform(machine.connected(), "connected")
        for _ in 0..<steps where !isClosed { step() }
        if !isClosed { perform(machine.clientLeft(), "client leaves") }
        for _ in 0..<10 where !isClosed { answer() }
        checkEnd()
    }

    private mutating func step() {
        if Int.random(in: 0..<40, using: &random) == 0 { return interrupt() }
        if machine.question != nil { return answer() }
        if isResolving {
            isResolving = false
            return perform(machine.nameResolved("NXDOMAIN"), "name")
        }
        if isReceiving {
            if Bool.random(using: &random) {
                isOwed = true
                return perform(machine.headerEnded(), "header ended")
            }
            isReceiving = false
            isOwed = true
            let recipients = connection.transaction?.rcptCount.accept ?? 0
            isOwedMore = machine.settings.isLMTP ? max(0, recipients - 1) : 0
            return perform(machine.messageEnded(WildEvents.facts(&random)), "message ended")
        }
        guard machine.awaitsCommand else { return faults.append("waits for nothing") }
        isOwed = true
        isOwedMore = 0
        let line = WildEvents.line(&random)
        perform(machine.received(line, isFollowed: .random(using: &random)), "\(line.word) \(line.argument)")
    }

    private mutating func answer() {
        guard let question = machine.question else { return }
        beginAnew(question)
        let verdict = WildEvents.verdict(&random)
        perform(machine.hooksCompleted(verdict), "\(verdict.code.name)")
    }

    /// A plugin's command may begin TLS or another client.
    private mutating func beginAnew(_ question: Question) {
        switch question {
        case .unrecognizedCommand, .named: break
        default: return
        }
        switch Int.random(in: 0..<4, using: &random) {
        case 0:
            machine.tlsEstablished(.test)
            mustReset = connection.transaction
        case 1: machine.restarted(keepsName: .random(using: &random))
        default: break
        }
    }

    /// Something comes from outside, while a question is open or not.
    private mutating func interrupt() {
        let isQuiet = machine.isDisconnecting
        switch Int.random(in: 0..<6, using: &random) {
        case 0 where machine.awaitsCommand || isReceiving: farewell(machine.timedOut(), "time is out", isQuiet)
        case 1: farewell(machine.serverStops(), "server stops", isQuiet)
        case 2: farewell(machine.failed(), "server fails", isQuiet)
        case 3 where machine.awaitsCommand && Bool.random(using: &random):
            farewell(machine.spokeTLS(), "speaks TLS", isQuiet)
        case 3 where machine.awaitsCommand: farewell(machine.lineTooLong(), "too long", isQuiet)
        case 4 where machine.awaitsCommand:
            isOwed = true
            perform(machine.bareNewline(), "bare newline")
        case 5:
            isReceiving = false
            isOwed = false
            perform(machine.clientLeft(), "client leaves")
        default: break
        }
    }

    private mutating func farewell(_ action: SessionAction, _ name: String, _ isQuiet: Bool) {
        isReceiving = false
        isResolving = false
        isOwed = !isQuiet
        perform(action, name)
        if !isQuiet, !machine.isDisconnecting { faults.append("\(name) does not end the session") }
    }

    private mutating func perform(_ first: SessionAction, _ name: String) {
        trace.append(name)
        var action: SessionAction? = first
        while let current = action { action = carryOut(current) }
        if let transaction = connection.transaction, begun.last !== transaction { begun.append(transaction) }
        if machine.awaitsCommand, let begun = mustReset {
            if connection.transaction === begun { faults.append("a transaction from before TLS") }
            mustReset = nil
        }
        if machine.awaitsCommand, isOwed { faults.append("no reply after \(name)") }
        if machine.isDisconnecting { isReceiving = false }
    }

    private mutating func carryOut(_ action: SessionAction) -> SessionAction? {
        if isClosed {
            if case .wait = action { return nil }
            faults.append("acts after the end")
            return nil
        }
        switch action {
        case .ask(let question):
            note(question)
            return nil
        case .send(let reply, let then):
            trace.append("S: \(reply.code)")
            if !isOwed, isOwedMore == 0 { faults.append("a reply that nobody waits for: \(reply)") }
            if !isOwed { isOwedMore -= 1 }
            if connection.remoteIsClosed || machine.isDisconnecting { faults.append("a reply to nobody") }
            if !(200...599).contains(reply.code) { faults.append("the code \(reply.code)") }
            isOwed = false
            return go(on: then)
        case .proceed(let then):
            isOwed = false
            return go(on: then)
        case .store: return machine.stored()
        case .resolveName: isResolving = true
        case .close: isClosed = true
        case .wait: break
        }
        return nil
    }

    private mutating func note(_ question: Question) {
        if question == .disconnect { disconnects += 1 }
        if question == .postConnection { goodbyes += 1 }
        guard question == .resetTransaction else { return }
        if let uuid = connection.transaction?.uuid {
            resets[uuid, default: 0] += 1
        } else {
            faults.append("a reset of nothing")
        }
    }

    private mutating func go(on then: SessionAction.Then) -> SessionAction? {
        switch then {
        case .read: return nil
        case .resume: return machine.replySent()
        case .receiveMessage:
            isReceiving = true
            return nil
        case .receiveMore:
            if !isReceiving { faults.append("wants more of no message") }
            return nil
        case .disconnect: return machine.disconnect()
        }
    }

    private mutating func checkEnd() {
        if !isClosed { faults.append("does not end") }
        if disconnects != 1 { faults.append("disconnect was asked \(disconnects) times") }
        if goodbyes != 1 { faults.append("post_connection was asked \(goodbyes) times") }
        if connection.transaction != nil { faults.append("a transaction is left") }
        for transaction in begun where resets[transaction.uuid] == nil {
            faults.append("\(transaction.uuid) was not reset")
        }
        let messages = connection.msgCount.accept + connection.msgCount.tempfail + connection.msgCount.reject
        if messages > begun.count { faults.append("more messages than transactions") }
    }
}
