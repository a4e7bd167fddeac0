// What is known about one client: the record that the session machine writes and plugins read. docs/objects.md.

public import SMTPSyntax

/// Haraka's connection object, without the socket.
///
/// A reference, because plugins reach the same record through a handle while the session machine is suspended in a
/// question. It belongs to one event loop and is not `Sendable`.
public final class Connection {
    /// One end of the connection.
    public struct Endpoint {
        public var ip = ""
        public var port = 0
        public var host = ""
        public var info = ""
        public init() {}
    }
    public struct Counts {
        public var accept = 0
        public var tempfail = 0
        public var reject = 0
    }
    public enum HelloVerb: String, Sendable { case none = "", helo = "HELO", ehlo = "EHLO", lhlo = "LHLO" }
    /// Haraka's numbers.
    public enum State: Int, Sendable { case command = 1, loop = 2, data = 3, disconnecting = 99, disconnected = 100 }

    /// Upper-case UUID; another one after XCLIENT.
    public var uuid: String
    /// The section of smtp.ini that its listener belongs to; empty: none.
    public var role = ""
    /// Nil: in the clear.
    public var tls: TLSFacts?
    /// STARTTLS was offered.
    public var hasOfferedTLS = false
    /// Who has authenticated; nil: nobody.
    public var auth: AuthFacts?
    /// The client came by a proxy that says so.
    public var proxy: ProxyFacts?
    /// Milliseconds since 1970.
    public let startTime: Int64
    public var remote = Endpoint() { didSet { if remote.ip != oldValue.ip { classify() } } }
    public var remoteLogin = ""
    public private(set) var remoteIsPrivate = false
    public private(set) var remoteIsLocal = false
    public var remoteIsClosed = false
    public var local = Endpoint()
    public var helloHost = ""
    public var helloVerb = HelloVerb.none
    /// What a plugin of `helo_parse` or `ehlo_parse` hands on to `helo` or `ehlo`, besides the host.
    public var helloArguments: [Value] = []
    public var isESMTP = false
    public var isPipelining = false
    public var isEarlyTalker = false
    /// Protocol errors so far.
    public var errors = 0
    public var capabilities: [String] = []
    public var currentLine = ""
    public var lastReply = Reply(0, "")
    public var lastReject = ""
    public var lastRcptReply = PluginReply.none
    public var rcptCount = Counts()
    public var msgCount = Counts()
    /// Content bytes of all messages.
    public var totalBytes = 0
    /// Transactions begun.
    public var transactionCount = 0
    public var transaction: Transaction?
    public var state = State.command
    public var notes = Notes()
    /// Seconds that the session took, for the results; nil before its end.
    public var duration: Double?
    /// What plugins found out, and `local`, `remote`, `helo` and `disconnect` of the core.
    public var results: Results {
        get {
            settleResults()
            return recorded
        }
        // A plugin adds under its own name; the core's entries can wait until somebody reads.
        _modify { yield &recorded }
    }
    /// What the plugin host keeps for this connection (its handle, pointers of plugins).
    public var pluginState: AnyObject?
    /// The results so far. What follows says what is not in them yet; see `settleResults`.
    var recorded = Results()
    var hasRecordedEnds = false
    var hasGreeted = false
    /// The client has said AUTH: what it says from then on may be a part of it.
    public internal(set) var hasSaidAuth = false
    private var ownRelaying = false
    private let localAddresses: Set<IPAddress>

    /// - Parameter localAddresses: those bound to interfaces of this host: clients from there are local
    public init(uuid: String, startTime: Int64, remote: Endpoint, local: Endpoint, localAddresses: Set<IPAddress>) {
        self.uuid = uuid
        self.startTime = startTime
        self.local = local
        self.localAddresses = localAddresses
        self.remote = remote
        classify()
    }

    private func classify() {
        // Without an address the peer is on a unix socket, thus on this host.
        guard !remote.ip.isEmpty else {
            remoteIsLocal = true
            remoteIsPrivate = true
            return
        }
        let address = IPAddress(remote.ip)
        remoteIsLocal = address.map { $0.isLocal || localAddresses.contains($0) } ?? false
        remoteIsPrivate = remoteIsLocal || address?.isPrivate ?? false
    }

    /// May this client send to any address? Written on the transaction while there is one, whose own value counts first.
    public var isRelaying: Bool {
        get { transaction?.isRelaying ?? ownRelaying }
        set { if let transaction { transaction.isRelaying = newValue } else { ownRelaying = newValue } }
    }

    /// Neither the connection nor its transaction may relay any more.
    func forgetRelaying() {
        ownRelaying = false
        if transaction?.isRelaying != nil { transaction?.isRelaying = false }
    }

    /// "host [ip]", or "[ip]" when the name is not known.
    public var remoteDescription: String {
        let isKnown = !remote.host.isEmpty && remote.host != "NXDOMAIN" && remote.host != "DNSERROR"
        return isKnown ? "\(remote.host) [\(remote.ip)]" : "[\(remote.ip)]"
    }

    /// The last reply as it went out: "250 2.0.0 OK", lines joined with \n.
    public var lastResponse: String { lastReply.code == 0 ? "" : lastReply.description }

    /// The uuid as log lines show it: with the number of the transaction.
    public var logUUID: String { transactionCount > 0 ? "\(uuid).\(transactionCount)" : uuid }
}
