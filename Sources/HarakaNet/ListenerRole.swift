// What a listener is for: an MX, submission, LMTP. docs/configuration.md "Roles".

public import HarakaCore

/// The rules of one listener's sessions.
public struct ListenerRole: Sendable {
    /// How TLS is to be had.
    public enum TLSRule: String, Sendable, CaseIterable {
        /// Not at all.
        case off
        /// By STARTTLS, for who wants it.
        case offered
        /// By STARTTLS, before MAIL.
        case required
        /// From the first byte (RFC 8314).
        case implicit
    }

    /// The section of smtp.ini; empty: an address of `[main]`.
    public var name = ""
    public var tls = TLSRule.offered
    /// Clients at the same time on listeners of this role, in this process; 0: no limit of its own.
    public var maxConnections = 0
    /// Seconds without a byte until the client gets 421.
    public var inactivityTimeout = 300.0
    /// What the session machine must know; LMTP and whether AUTH is demanded are in it.
    public var session = SessionSettings()

    public init() {}
}
