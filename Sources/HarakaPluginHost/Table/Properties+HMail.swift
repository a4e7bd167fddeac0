// Properties of queued mails, and what plugins are told about deliveries. plugin.h, since 0.5; docs/hooks.md "Outbound".

import HarakaCore
import HarakaPluginABI
import SMTPSyntax

extension HMailState {
    /// Nil: no such property.
    func property(_ id: Int32) -> Value? {
        switch id {
        case HARAKA_HMAIL_UUID: .text(mail.uuid)
        case HARAKA_HMAIL_PATH: .text(mail.path)
        case HARAKA_HMAIL_FILENAME: .text(mail.filename)
        case HARAKA_HMAIL_NUM_FAILURES: .integer(Int64(mail.failures))
        case HARAKA_HMAIL_DOMAIN: .text(mail.domain)
        case HARAKA_HMAIL_MAIL_FROM: .address(mail.reversePath)
        case HARAKA_HMAIL_RCPT_TO: .list(mail.recipients.map(Value.address))
        case HARAKA_HMAIL_QUEUE_TIME: .integer(mail.queueTime)
        case HARAKA_HMAIL_SIZE: .integer(Int64(mail.size))
        case HARAKA_HMAIL_FORCE_TLS: .boolean(mail.forcesTLS)
        case HARAKA_HMAIL_LAST_ERROR: .text(mail.lastError)
        case HARAKA_HMAIL_ORIGIN: .text(mail.origin)
        default: nil
        }
    }

    func set(_ id: Int32, _ value: Value) -> Int32 {
        guard id == HARAKA_HMAIL_FORCE_TLS, case .boolean(let flag) = value else { return HARAKA_E_TYPE }
        mail.forcesTLS = flag
        return HARAKA_SUCCESS
    }
}

extension OutboundQuestion {
    /// The hook's arguments, in Haraka's order.
    var arguments: [Value] {
        switch self {
        case .sendEmail: []
        case .getMX(let domain): [.text(domain)]
        case .delivered(let facts): facts.arguments
        case .deferred(let facts): [.map(facts.shown)]
        case .bounce(let facts): [.map(facts.shown)]
        }
    }

    /// The arguments as the log shows them.
    var parameterText: String {
        switch self {
        case .sendEmail: ""
        case .getMX(let domain): domain
        case .delivered(let facts): "\(facts.host),\(facts.ip),\(facts.response)"
        case .deferred(let facts): "\(facts.delay),\(facts.error)"
        case .bounce(let facts): facts.error
        }
    }
}

extension DeliveredFacts {
    fileprivate var arguments: [Value] {
        [
            .text(host), .text(ip), .text(response), .number(delay), .integer(Int64(port)),
            .text(isLMTP ? "LMTP" : "SMTP"), .list(recipients.map(Value.address)), .boolean(isSecured),
            .boolean(isAuthenticated),
        ]
    }
}

extension DeferredFacts {
    /// As in Haraka without those of the last two that say nothing.
    fileprivate var shown: ValueMap {
        var map = ValueMap([.init("delay", .integer(delay)), .init("err", .text(error))])
        if !failed.isEmpty { map["fail_recips"] = .list(failed.map { $0.shown(as: "delayed") }) }
        if !mx.isEmpty { map["mx"] = .text(mx) }
        return map
    }
}

extension BouncedFacts {
    fileprivate var shown: ValueMap {
        var map = ValueMap([.init("err", .text(error))])
        if !mx.isEmpty { map["mx"] = .text(mx) }
        map["deferred_rcpt"] = .list(deferred.map { $0.shown(as: "delayed") })
        map["bounced_rcpt"] = .list(bounced.map { $0.shown(as: "failed") })
        return map
    }
}

extension RecipientFailure {
    /// The members of Haraka's address with its `dsn_...`; those that are not known are left out.
    fileprivate func shown(as action: String) -> Value {
        var map = ValueMap([
            .init("address", .text(address.address)), .init("original", .text(address.original)),
            .init("user", .text(address.user)), .init("host", .text(address.host)),
            .init("dsn_action", .text(action)), .init("dsn_status", .text("\(status)")),
        ])
        if let reply {
            map["dsn_smtp_code"] = .integer(Int64(reply.code))
            map["dsn_smtp_response"] = .text(reply.text)
        }
        if let remote { map["dsn_remote_mta"] = .text(remote) }
        map["reason"] = .text(reason)
        return .map(map)
    }
}
