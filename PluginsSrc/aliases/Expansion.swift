// What the aliases make of a list of recipients.
import HarakaPluginKit

/// A recipient, as it was written.
struct Mailbox: Equatable {
    let user: String
    let host: String

    /// For people.
    var text: String { host.isEmpty ? user : user + "@" + host }

    /// Domains are the same in any case, local parts are not (RFC 5321 section 2.4).
    static func == (a: Mailbox, b: Mailbox) -> Bool {
        a.user == b.user && a.host.asciiLowercased == b.host.asciiLowercased
    }
}

/// The recipients that a message has in the end.
struct Expansion {
    private(set) var recipients: [Mailbox] = []
    /// Who gets nothing, and is told nothing.
    private(set) var dropped: [Mailbox] = []
    /// Who was replaced by whom.
    private(set) var replaced: [(from: Mailbox, to: [Mailbox])] = []

    /// Whether the aliases have anything to say.
    var isChange: Bool { !dropped.isEmpty || !replaced.isEmpty }
    /// Nobody is left: the message is to be discarded.
    var isDiscarded: Bool { recipients.isEmpty && !dropped.isEmpty }

    /// `localHost` is where a target without host is, if the recipient has none either (`<postmaster>`).
    init(of mailboxes: [Mailbox], by table: AliasTable, localHost: String) {
        for mailbox in mailboxes {
            switch table.action(for: mailbox) {
            case nil: add(mailbox)
            case .drop: dropped.append(mailbox)
            case .alias(let targets):
                let host = mailbox.host.isEmpty ? localHost : mailbox.host
                let others = targets.map { Mailbox(user: $0.user, host: $0.host ?? host) }
                replaced.append((mailbox, others))
                for other in others { add(other) }
            }
        }
    }

    /// Each once: two aliases may lead to one mailbox.
    private mutating func add(_ mailbox: Mailbox) {
        if !recipients.contains(mailbox) { recipients.append(mailbox) }
    }
}
