// Enhanced status codes as the session writes them: which replies have one, and which. RFC 2034, RFC 3463, RFC 5248.

public import SMTPSyntax

extension EnhancedStatus {
    /// class.subject.detail, clamped to their ranges.
    public init(_ class: Int, _ subject: Int, _ detail: Int) {
        self.init(class: UInt8(clamping: `class`), subject: UInt16(clamping: subject), detail: UInt16(clamping: detail))
    }

    /// The status of a reply that was given none: by its code if that says what is meant, else by the hook whose answer
    /// it is. The class is that of the code. docs/hooks.md "Enhanced status codes".
    public static func fitting(_ code: Int, _ hook: Hook?) -> EnhancedStatus {
        let (subject, detail) = byCode(code) ?? byHook(hook, code / 100)
        return EnhancedStatus(code / 100, subject, detail)
    }

    /// Codes that mean one thing: RFC 5321 section 4.2.3, RFC 4954 section 6.
    private static func byCode(_ code: Int) -> (Int, Int)? {
        switch code {
        case 235, 454, 530: (7, 0)
        case 432: (7, 12)
        case 534: (7, 9)
        case 535: (7, 8)
        case 538: (7, 11)
        case 452: (3, 1)
        case 500, 502, 503: (5, 1)
        case 504, 555: (5, 4)
        case 552: (3, 4)
        default: nil
        }
    }

    /// What a hook's answer is about.
    private static func byHook(_ hook: Hook?, _ first: Int) -> (Int, Int) {
        switch (hook, first) {
        case (.mail?, 2): (1, 0)
        case (.rcpt?, 2), (.rcptOK?, 2): (1, 5)
        case (_, 2): (0, 0)
        case (.lookupRDNS?, 5): (7, 25)
        case (.lookupRDNS?, _): (4, 3)
        case (.mailParse?, _), (.rcptParse?, _): (5, 2)
        case (.mailPre?, _): (1, 7)
        case (.rcptPre?, _): (1, 3)
        case (.queue?, 4), (.queueOutbound?, 4), (.vrfy?, 4): (3, 0)
        case (.unrecognizedCommand?, _): (5, 1)
        case (nil, _): (0, 0)
        // A refusal is a matter of policy.
        default: (7, 1)
        }
    }
}

extension SessionMachine {
    /// Records a reply that goes out, in the form that the client gets.
    mutating func note(_ reply: Reply) -> Reply {
        var reply = reply
        if settings.sendsEnhancedCodes, reply.code / 100 != 3 {
            let code = reply.code
            reply.showStatus(orElse: .fitting(code, answeredHook))
            reply.showsStatus = !omitsStatus
        }
        connection.lastReply = reply
        if reply.code >= 400 { connection.lastReject = reply.description }
        return reply
    }

    /// A reply that a plugin or the driver gives by itself while a question is open: what is to be sent.
    public mutating func respond(_ reply: Reply) -> Reply {
        if finalReplies > 0 { finalReplies -= 1 }
        // A plugin may write the banner.
        if reply.code == 220, case .asking(.connect) = state { omitsStatus = true }
        return note(reply)
    }

    /// The hook whose answer the reply is. A hook of any name has the rules of `unrecognized_command`.
    private var answeredHook: Hook? {
        guard case .asking(let question) = state else { return nil }
        return question.hook ?? .unrecognizedCommand
    }
}
