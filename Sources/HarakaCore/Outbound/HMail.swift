// What plugins see of a queued mail: Haraka's hmail. docs/outbound.md "Hooks".

public import SMTPSyntax

/// A message and those of its recipients who have one domain, while it waits or is delivered. Belongs to one event loop.
///
/// Made when a plugin wants to see it, or a delivery begins; gone when nobody needs it. What must outlive it is in the
/// queue's file: notes are, results are not.
public final class HMail {
    /// `<transaction uuid>.<n>`; n counts the domains of the transaction from 1.
    public let uuid: String
    /// Of its file, whole.
    public let path: String
    /// Lower case, A-labels; a literal with its brackets.
    public let domain: String
    public let reversePath: Address
    /// Those who still wait.
    public var recipients: [Address]
    /// Milliseconds since 1970.
    public let queueTime: Int64
    /// Bytes of the message.
    public let size: Int
    /// `smtp`, a plugin's name, `bounce`, `sendmail`.
    public let origin: String
    /// Attempts that have failed.
    public var failures = 0
    /// What the last attempt ended with; empty before.
    public var lastError = ""
    /// This attempt needs TLS with a certificate that is vouched for.
    public var forcesTLS = false
    /// Those of the transaction, which travel with the mail.
    public var notes: Notes
    public var results = Results()
    /// The message as it is on disk.
    public let message: () throws -> any MessageView
    public var pluginState: AnyObject?

    /// The name of its file.
    public var filename: String { path.utf8.lastIndex(of: 0x2F).map { String(path[path.index(after: $0)...]) } ?? path }

    public init(
        uuid: String, path: String, domain: String, envelope: (from: Address, to: [Address]), queueTime: Int64,
        size: Int,
        origin: String, notes: Notes, message: @escaping () throws -> any MessageView
    ) {
        self.uuid = uuid
        self.path = path
        self.domain = domain
        reversePath = envelope.from
        recipients = envelope.to
        self.queueTime = queueTime
        self.size = size
        self.origin = origin
        self.notes = notes
        self.message = message
    }
}
