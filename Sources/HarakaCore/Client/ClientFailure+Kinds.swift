// The ways in which a dialogue fails, in words for reports.

import SMTPSyntax

extension ClientFailure {
    /// Whether trying again is of use.
    enum Duration {
        case temporary, permanent
    }

    /// Found out by us.
    static func own(
        _ duration: Duration, _ stage: ClientStage, _ status: EnhancedStatus, _ text: String
    ) -> ClientFailure {
        ClientFailure(
            isPermanent: duration == .permanent, stage: stage, status: status, text: text, mayTryNextHost: false)
    }

    /// The server's refusal of the whole, in Haraka's words.
    static func refusal(_ reply: Reply, _ stage: ClientStage) -> ClientFailure {
        var failure = recipient(reply, stage)
        failure.text = "Upstream error: \(failure.text)"
        return failure
    }

    /// Its refusal of one recipient.
    static func recipient(_ reply: Reply, _ stage: ClientStage) -> ClientFailure {
        let isPermanent = reply.isPermanent
        let status = reply.status ?? EnhancedStatus(class: isPermanent ? 5 : 4, subject: 0, detail: 0)
        return ClientFailure(
            isPermanent: isPermanent, stage: stage, reply: reply, status: status, text: reply.oneLine,
            mayTryNextHost: false)
    }

    /// A reply that does not fit its question, or has none. Nothing is known then, so nothing is final.
    static func unexpected(_ reply: Reply, _ stage: ClientStage) -> ClientFailure {
        var failure = own(.temporary, stage, protocolError, "Unexpected \(stage): \(reply.oneLine)")
        failure.reply = reply
        return failure
    }

    static let protocolError = EnhancedStatus(class: 4, subject: 5, detail: 0)
    /// "Bad connection".
    static let badConnection = EnhancedStatus(class: 4, subject: 4, detail: 2)

    /// The same, and another host may be asked.
    func elsewhere(_ may: Bool = true) -> ClientFailure {
        var failure = self
        failure.mayTryNextHost = may
        return failure
    }

    /// The same, and nothing is returned to the sender for it.
    var asTemporary: ClientFailure {
        guard isPermanent else { return self }
        var failure = self
        failure.isPermanent = false
        failure.status = EnhancedStatus(class: 4, subject: status.subject, detail: status.detail)
        return failure
    }
}

extension Reply {
    var isPositive: Bool { code / 100 == 2 }
    var isPermanent: Bool { code / 100 == 5 }
    /// 4xx or 5xx.
    var isRefusal: Bool { code / 100 == 4 || code / 100 == 5 }

    /// `550 5.1.1 No such user`: the lines with blanks between them.
    var oneLine: String { "\(code) \(lines.joined(separator: " "))" }

    /// RFC 5321 section 4.5.3.1.10: no more recipients in this transaction. 452 without a status says it too; 552,
    /// which RFC 821 had for it, only with one, as it is a full mailbox's as well.
    var isTooManyRecipients: Bool {
        guard let status else { return code == 452 }
        return isRefusal && status.subject == 5 && status.detail == 3
    }
}
