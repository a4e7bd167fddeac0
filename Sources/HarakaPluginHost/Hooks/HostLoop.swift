// What the plugin host needs of the event loop and of the rest of the server. HarakaHost fills these in.

public import HarakaCore
public import SMTPSyntax

/// The one thread on which all hooks run, and threads for slow work.
public protocol HostLoop: AnyObject, Sendable {
    /// Whether the caller is on the loop's thread.
    var isCurrent: Bool { get }
    /// Runs `work` on the loop, soon. Any thread.
    func execute(_ work: @escaping @Sendable () -> Void)
    /// Runs `work` on the loop after it has looked at its sockets: clients that are ready go first. On the loop.
    func afterSockets(_ work: @escaping @Sendable () -> Void)
    /// Runs `work` on the loop after so many milliseconds. On the loop.
    func schedule(after milliseconds: Int64, _ work: @escaping @Sendable () -> Void) -> any HostTimer
    /// Runs `work` on a thread where it may block. Any thread.
    func offload(_ work: @escaping @Sendable () -> Void)
}

extension HostLoop {
    public func afterSockets(_ work: @escaping @Sendable () -> Void) { execute(work) }
}

/// A scheduled piece of work.
public protocol HostTimer {
    func cancel()
}

/// What a plugin may do to a live connection. Called on the loop.
public protocol ConnectionDriver: AnyObject {
    var connection: Connection { get }
    /// The addresses of this process's other clients, for `pre_connection`. Made when somebody asks.
    var otherAddresses: [String] { get }
    /// How many clients one address may have at the same time, for `pre_connection`; 0: there is no limit.
    var connectionsPerAddress: Int { get }
    func respond(_ code: Int, _ reply: PluginReply)
    func requestDisconnect()
    func pauseReading()
    func resumeReading()
    /// The hooks of the question that was asked last are through.
    func hooksCompleted(_ verdict: Verdict)
    /// TLS could begin: there is a certificate, TLS is off, the listener's rule allows it.
    var canStartTLS: Bool { get }
    /// Sends 220, throws away what else has come in the clear, and does the handshake. `done` is called once, on the loop,
    /// later: true, and the machine has forgotten the client; or false, and the connection is over.
    func startTLS(_ done: @escaping (Bool) -> Void)
    /// `tls-exporter`, `tls-server-end-point` or `tls-unique`; nil: there is no such binding.
    func channelBinding(_ type: String) -> [UInt8]?
    /// Sends `reply` and takes one line of the client's for `then`, without its line end; nil: it had more than `limit` bytes
    /// and is lost. `then` is not called if the client leaves or the hook is cancelled.
    func askClient(_ reply: Reply, limit: Int, _ then: @escaping ([UInt8]?) -> Void)
    /// Nobody waits for the line, or the end of the handshake, any more: the hook is over.
    func stopAskingClient()
    /// After the current question was answered with OK the session begins anew.
    func restart(keepsName: Bool)
}

extension ConnectionDriver {
    public var otherAddresses: [String] { [] }
    public var connectionsPerAddress: Int { 0 }
    public var canStartTLS: Bool { false }
    public func startTLS(_ done: @escaping (Bool) -> Void) {}
    public func channelBinding(_ type: String) -> [UInt8]? { nil }
    public func askClient(_ reply: Reply, limit: Int, _ then: @escaping ([UInt8]?) -> Void) {}
    public func stopAskingClient() {}
    public func restart(keepsName: Bool) {}
}

/// Names, for plugins. On the loop.
public protocol PluginResolver: AnyObject {
    /// What is known without asking anybody.
    func remembered(_ question: NameQuestion, strict: Bool) -> NameAnswer?
    /// Calls `done` once, on the loop, later. Milliseconds; never more than the configured limit. Nil: too many lookups are
    /// under way, and `done` is not called.
    func lookup(
        _ question: NameQuestion, strict: Bool, within milliseconds: Int64, _ done: @escaping (NameAnswer) -> Void
    ) -> (any PluginLookup)?
}

/// A lookup that is under way.
public protocol PluginLookup: AnyObject {
    /// `done` is not called any more.
    func cancel()
}

/// Configuration files as plugins see them: the user's, laid over the plugin's own defaults.
public protocol PluginConfiguration: Sendable {
    /// - Parameters:
    ///   - type: HARAKA_CONFIG_...
    ///   - booleans: declarations of ini booleans, blank separated
    ///   - package: the folder of a plugin that brought its own defaults
    /// - Returns: the value, and what is wrong with the file for the log
    func get(_ name: String, type: Int32, booleans: String, package: String?) -> (value: Value, problems: [String])
    /// Nothing of a file that is there can be used (not to be read, not UTF-8, no JSON ...): what `get` gives then is no
    /// wish of the administrator's. Asked only after `get` has found problems.
    func isRefused(_ name: String, type: Int32, package: String?) -> Bool
    /// The same as `get`, with what a plugin gave in the place of the user's file. If that makes no sense the file counts,
    /// and a problem says so.
    func get(_ name: String, type: Int32, booleans: String, package: String?, supplied: SuppliedFile) -> (
        value: Value, problems: [String]
    )
}

extension PluginConfiguration {
    public func get(_ name: String, type: Int32, booleans: String, package: String?, supplied: SuppliedFile) -> (
        value: Value, problems: [String]
    ) { (supplied.value, []) }
    public func isRefused(_ name: String, type: Int32, package: String?) -> Bool { false }
}

/// Where the plugin host's lines go. Any thread.
public protocol PluginLog: AnyObject, Sendable {
    func isEnabled(_ level: Int32) -> Bool
    func log(_ level: Int32, uuid: String, origin: String, _ message: String)
    /// Named values, which the formats show in their own way; a client or plugin can put anything into them.
    func log(_ level: Int32, uuid: String, _ message: String, fields: [(String, String)])
}

extension PluginLog {
    public func log(_ level: Int32, uuid: String, _ message: String, fields: [(String, String)]) {
        let pairs = fields.map { "\($0)=\($1)" }
        log(level, uuid: uuid, origin: "core", ([message] + pairs).filter { !$0.isEmpty }.joined(separator: " "))
    }
}
