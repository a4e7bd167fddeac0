// One message for one server: what was asked, and what was answered. RFC 5321 section 3.3, RFC 2920.

import SMTPSyntax

/// The record of a transaction. Replies are matched to commands by their order alone, so one record serves both ways of
/// asking: step by step, which is a group of one command, and pipelined.
struct ClientTransaction {
    private enum Asked {
        case not, waiting, answered
    }

    let envelope: ClientEnvelope
    let commands: ClientCommands
    private let mailCommand: [UInt8]
    /// By the recipient's place; nil: nothing is decided.
    private(set) var failures: [ClientFailure?]
    /// RCPT commands of those who can be asked for, with their places.
    private let askable: [(place: Int, command: [UInt8])]
    private var mail = Asked.not
    private var data = Asked.not
    /// How many of `askable` were asked, and answered.
    private var askedCount = 0
    private var answeredCount = 0
    /// Places of those whom the server takes, in the order of their commands.
    private(set) var accepted: [Int] = []
    /// What everybody fails for who has not failed already.
    private(set) var refusal: ClientFailure?
    /// The server takes no more recipients: the others are not asked for.
    private var tooMany: ClientFailure?
    /// LMTP: how many of `accepted` have had their reply.
    private var judgedCount = 0
    private var delivered: [Int: Reply] = [:]
    /// The last word about the whole.
    private(set) var reply: Reply?
    private(set) var hasHeard = false

    /// Throws what the whole message fails for before it is begun.
    init(_ envelope: ClientEnvelope, _ commands: ClientCommands) throws(ClientFailure) {
        if let refusal = commands.sizeRefusal { throw refusal }
        self.envelope = envelope
        self.commands = commands
        mailCommand = try commands.mail()
        failures = Array(repeating: nil, count: envelope.recipients.count)
        var askable: [(place: Int, command: [UInt8])] = []
        for place in envelope.recipients.indices {
            do throws(ClientFailure) {
                askable.append((place, try commands.rcpt(place)))
            } catch {
                failures[place] = error
            }
        }
        self.askable = askable
    }

    var hasNobody: Bool { askable.isEmpty }

    // MARK: - Asking

    /// The next commands, to be sent at once; nil: everything was asked that makes sense.
    /// - Parameter batch: the most RCPT commands; 0: step by step.
    mutating func nextGroup(_ batch: Int) -> [UInt8]? {
        guard refusal == nil, data == .not else { return nil }
        var group: [UInt8] = []
        if mail == .not {
            group = mailCommand
            mail = .waiting
            if batch == 0 { return group }
        }
        let end = tooMany == nil ? min(askedCount + max(batch, 1), askable.count) : askedCount
        for next in askable[askedCount..<end] { group += next.command }
        askedCount = end
        if batch == 0, !group.isEmpty { return group }
        if tooMany != nil || askedCount == askable.count {
            // Step by step, it is known that nobody is there to get it.
            guard !group.isEmpty || !accepted.isEmpty else { return nil }
            group += Array("DATA\r\n".utf8)
            data = .waiting
        }
        return group
    }

    /// Which reply is awaited; nil: none.
    var awaited: ClientStage? {
        if mail == .waiting { return .mail }
        if answeredCount < askedCount { return .recipient }
        return data == .waiting ? .data : nil
    }

    var stage: ClientStage { awaited ?? .mail }

    // MARK: - Answers

    mutating func mailAnswered(_ reply: Reply) {
        mail = .answered
        hasHeard = true
        guard !reply.isPositive else { return }
        fail(ClientFailure.refusal(reply, .mail).elsewhere(!reply.isPermanent))
    }

    mutating func recipientAnswered(_ reply: Reply) {
        guard askable.indices.contains(answeredCount) else { return }
        let place = askable[answeredCount].place
        answeredCount += 1
        hasHeard = true
        if reply.isPositive {
            accepted.append(place)
        } else if refusal == nil {
            let failure = ClientFailure.recipient(reply, .recipient)
            // Said to the first it means something else: too many are more than none.
            let isTooMany = reply.isTooManyRecipients && !accepted.isEmpty
            failures[place] = isTooMany ? failure.asTemporary : failure
            if isTooMany { tooMany = failure.asTemporary }
        }
    }

    /// DATA was answered. True: the message may be sent.
    mutating func dataAnswered(_ reply: Reply) -> Bool {
        data = .answered
        guard reply.code != 354 else { return refusal == nil && !accepted.isEmpty }
        // A server that takes nobody says here that it has nobody; why, it has said before.
        if !accepted.isEmpty { fail(ClientFailure.refusal(reply, .data).elsewhere(!reply.isPermanent)) }
        return false
    }

    /// The first word against the whole counts.
    mutating func fail(_ failure: ClientFailure) {
        guard refusal == nil else { return }
        refusal = failure
        reply = failure.reply
    }

    /// SMTP: the reply to the message, which is for all.
    mutating func judged(_ reply: Reply) {
        self.reply = reply
        guard reply.isPositive else { return fail(.refusal(reply, .final)) }
        for place in accepted { delivered[place] = reply }
    }

    /// LMTP: one of the replies to the message (RFC 2033 section 4.2). True: it was the last.
    mutating func judgedNext(_ reply: Reply) -> Bool {
        guard accepted.indices.contains(judgedCount) else { return true }
        let place = accepted[judgedCount]
        judgedCount += 1
        self.reply = reply
        if reply.isPositive {
            delivered[place] = reply
        } else {
            failures[place] = .recipient(reply, .final)
        }
        return judgedCount == accepted.count
    }

    // MARK: - The end

    /// - Parameter failure: for those of whom nothing else is known.
    func outcome(canContinue: Bool, otherwise failure: ClientFailure) -> ClientOutcome {
        let accepted = Set(accepted)
        let recipients = envelope.recipients.indices.map { place in
            recipient(place, isAccepted: accepted.contains(place), failure)
        }
        return ClientOutcome(recipients: recipients, reply: reply, canContinue: canContinue)
    }

    /// Those who were not asked for because the server takes no more are not touched by what became of the others.
    private func recipient(_ place: Int, isAccepted: Bool, _ failure: ClientFailure) -> ClientRecipient {
        let address = envelope.recipients[place]
        if let reply = delivered[place] { return ClientRecipient(address, delivered: reply) }
        let own = failures[place] ?? (isAccepted ? nil : tooMany) ?? refusal ?? failure
        var recipient = ClientRecipient(address, own)
        recipient.isLeftOver = !delivered.isEmpty && tooMany != nil && own.reply?.isTooManyRecipients == true
        return recipient
    }
}
