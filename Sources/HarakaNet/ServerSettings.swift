// The rules of a server's sessions, as configuration gives them. docs/configuration.md.

public import HarakaCore
public import HarakaTLS
public import MailMessage
public import SMTPSyntax

/// The rules and rooms of a server's sessions.
public struct ServerSettings: Sendable {
    /// Of listeners without a role; the others have their own in ``roles``.
    public var session = SessionSettings()
    public var lineLength = 512
    public var dataLineLength = 992
    public var bareNewline = BareNewlinePolicy.reject
    public var maxHeaderLines = 1000
    /// Rename Authentication-Results fields of the client.
    public var cleansAuthResults: Bool {
        get { session.cleansAuthResults }
        set { session.cleansAuthResults = newValue }
    }
    /// Cut lines of a message that are longer than `dataLineLength`; else they are only noted.
    public var foldsLongLines = false
    /// How much of a message's structure is read, if a plugin wants to see it.
    public var bodyLimits = BodyLimits()
    public var spoolDirectory = "/tmp"
    public var spoolAfter = 262_144
    /// Seconds without a byte until the client gets 421; of listeners without a role.
    public var inactivityTimeout = 300.0
    /// Seconds for the system's lookup of a client's name.
    public var nameTimeout = 5.0
    /// Our name in the dialogue (config/me).
    public var hostName = "localhost"
    /// "Haraka" or "Haraka/<version>".
    public var serverInfo = "Haraka"
    public var localAddresses: Set<IPAddress> = []

    /// The rules of listeners with a role, by its name. A listener whose role is not there any more keeps the rules
    /// that it was opened with.
    public var roles: [String: ListenerRole] = [:]
    /// Nil: there is no TLS. Handshakes that begin from now on take it; the time that they may take is in it.
    public var tls: TLSContext?
    /// A listener on this port speaks TLS from the first byte unless its role says `off`; 0: none.
    public var smtpsPort = 465
    /// Whose connections begin with a PROXY header (connection.ini `haproxy.hosts`).
    public var proxyHosts = NetworkList()
    /// Seconds within which a PROXY header must be there.
    public var proxyLimit = 30.0
    public var limits = ClientLimits()
    public var pressure = PressureLimits()

    public init() {}

    /// The rules of a listener that was opened with `role`, as they are now.
    func role(_ role: ListenerRole) -> ListenerRole {
        if let current = roles[role.name] { return current }
        guard role.name.isEmpty else { return role }
        var current = role
        current.session = session
        current.inactivityTimeout = inactivityTimeout
        return current
    }
}

/// What clients may take, before they are told to come back later. All counts are of this process; 0: no limit.
public struct ClientLimits: Sendable, Equatable {
    /// Clients at the same time (connection.ini `max.connections`).
    public var connections = 20_000
    /// The same from one address, or one IPv6 network of /64 (`max.connections_per_ip`).
    public var connectionsPerAddress = 200
    /// TLS handshakes that have begun and are not done. More are turned away.
    public var handshakes = 500
    /// The same from one address.
    public var handshakesPerAddress = 50
    /// Seconds within which a command line that has begun is complete (`max.command_seconds`).
    public var commandSeconds = 300.0
    /// Seconds within which a message that has begun is complete (`max.message_seconds`).
    public var messageSeconds = 7200.0
    /// Bytes of a message's header (`max.header_bytes`).
    public var headerBytes = 1_048_576

    public init() {}
}

/// How little may be left before clients are told to try again later (connection.ini `[pressure]`). 0: does not matter.
public struct PressureLimits: Sendable, Equatable {
    /// Bytes that are free on the disk of the spool folder.
    public var minFreeDisk = 67_108_864
    /// Bytes of memory that the machine has left (MemAvailable).
    public var minFreeMemory = 33_554_432
    /// Bytes of memory that this process may hold.
    public var maxMemory = 0
    /// Descriptors that are kept for the server's own work.
    public var spareDescriptors = 64

    public init() {}
}
