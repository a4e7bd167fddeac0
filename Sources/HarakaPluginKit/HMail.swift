// Queued mail: what the outbound hooks are about.
import CHarakaPluginKit

/// A message and those of its recipients who have one domain, while it waits or is delivered: Haraka's hmail. Texts are lent
/// until the call ends. Loop thread only.
///
///     plugin.hook("send_email") { call in
///         guard let mail = call.hmail, mail.domain == "example.com" else { return .continue }
///         return .delay(seconds: 60)
///     }
public struct HMail: Sendable {
    let handle: haraka_hmail
    let owner: haraka_self

    /// The same for notes, results, log lines and properties by number.
    public var object: Object { Object(handle: haraka_of_hmail(handle), owner: owner) }
    /// Those of the transaction, which travel with the mail in its file.
    public var notes: Notes { object.notes }
    /// These live as long as a delivery, and are not in the file.
    public var results: Results { object.results }

    /// `<transaction uuid>.<n>`; n counts the domains of the transaction from 1.
    public var uuid: Text { object.property(HARAKA_HMAIL_UUID).text }
    /// Of its file in the queue folder, whole.
    public var path: Text { object.property(HARAKA_HMAIL_PATH).text }
    /// The name of its file.
    public var filename: Text { object.property(HARAKA_HMAIL_FILENAME).text }
    /// Of its recipients: lower case, A-labels; a literal with its brackets.
    public var domain: Text { object.property(HARAKA_HMAIL_DOMAIN).text }
    /// The reverse-path; ``Address/isNull`` for a report.
    public var mailFrom: Address? { object.property(HARAKA_HMAIL_MAIL_FROM).address }
    /// Those who still wait: a list of addresses.
    public var rcptTo: ValueView { object.property(HARAKA_HMAIL_RCPT_TO) }
    /// Attempts that have failed.
    public var failures: Int64 { object.property(HARAKA_HMAIL_NUM_FAILURES).integer(or: 0) }
    /// Milliseconds since 1970.
    public var queueTime: Int64 { object.property(HARAKA_HMAIL_QUEUE_TIME).integer(or: 0) }
    /// Bytes of the message.
    public var size: Int64 { object.property(HARAKA_HMAIL_SIZE).integer(or: 0) }
    /// What the last attempt ended with; empty before.
    public var lastError: Text { object.property(HARAKA_HMAIL_LAST_ERROR).text }
    /// Who made it: `smtp`, a plugin's name, `bounce`, `sendmail`.
    public var origin: Text { object.property(HARAKA_HMAIL_ORIGIN).text }
    /// This attempt needs TLS with a certificate that is vouched for.
    public var forceTLS: Bool { object.property(HARAKA_HMAIL_FORCE_TLS).isTrue }

    /// Says so, before the delivery connects: in `send_email` or `get_mx`.
    public func setForceTLS(_ on: Bool) throws(PluginError) {
        try object.set(property: HARAKA_HMAIL_FORCE_TLS, to: .boolean(on))
    }

    /// The message as it waits on disk. It may be read on any thread.
    ///
    ///     let message = try mail.message()
    ///     try message.stream([.skipHeaders]).forEachChunk { bytes in ... }
    public func message() throws(PluginError) -> Message {
        guard let service = service("outbound/1", haraka_outbound_1.self) else {
            throw PluginError("the queue is not offered by this host", status: HARAKA_E_UNSUPPORTED)
        }
        var message = haraka_message()
        try PluginError.check(service.pointee.message(handle, &message), "a queued message")
        return Message(taking: message)
    }
}

extension Call {
    /// The mail that an outbound hook is about (`send_email`, `get_mx`, `delivered`, `deferred`, `bounce`); nil in others.
    public var hmail: HMail? {
        guard pointer.pointee.hmail.bits != 0 else { return nil }
        return HMail(handle: pointer.pointee.hmail, owner: pointer.pointee.`self`)
    }
}

extension Answer {
    /// `send_email`: the delivery waits for so long.
    public static func delay(seconds: Int64) -> Answer { Answer(.delay, value: .integer(seconds)) }
    /// `get_mx`: where to. Several are tried in this order.
    public static func mx(_ hosts: MX...) -> Answer { Answer(.ok, value: .list(hosts.map { .mx($0) })) }
}
