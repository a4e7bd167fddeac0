// What the plugin host needs of the event loop and of the rest of the server. HarakaHost fills these in.

public import HarakaCore

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
    func respond(_ code: Int, _ reply: PluginReply)
    func requestDisconnect()
    func pauseReading()
    func resumeReading()
    /// The hooks of the question that was asked last are through.
    func hooksCompleted(_ verdict: Verdict)
}

extension ConnectionDriver {
    public var otherAddresses: [String] { [] }
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
