// The one error that hooks and kit functions throw.

/// Why something failed: a cause for the log, never for the client.
///
/// A hook that throws is answered by the kit: the client gets a temporary refusal with the words "plugin failed", and
/// the log gets the cause at the level `crit`. Closures that throw say so, because Swift cannot infer it:
///
///     plugin.hook("queue") { call throws(PluginError) in
///         try store(call.transaction)
///         return .ok
///     }
public struct PluginError: Error, Sendable {
    /// What happened, for the administrator.
    public let cause: String
    /// The status of the host (`HARAKA_E_...`) or a negative `errno`; 0 if neither says more than ``cause``.
    public let status: Int32

    public init(_ cause: String, status: Int32 = 0) {
        self.cause = cause
        self.status = status
    }

    /// Throws if a host function answered with an error.
    static func check(_ status: Int32, _ what: @autoclosure () -> String) throws(PluginError) {
        guard status < 0 else { return }
        throw PluginError("\(what()): \(name(ofStatus: status))", status: status)
    }

    /// The host's errors in words.
    static func name(ofStatus status: Int32) -> String {
        switch status {
        case HARAKA_E_ARGUMENT: "makes no sense"
        case HARAKA_E_HANDLE: "names nothing any more"
        case HARAKA_E_WRONG_THREAD: "called on the wrong thread"
        case HARAKA_E_STATE: "not possible now"
        case HARAKA_E_ABSENT: "not there"
        case HARAKA_E_TYPE: "has another type"
        case HARAKA_E_LIMIT: "too many, too long or too deep"
        case HARAKA_E_REVOKED: "the plugin was unloaded"
        case HARAKA_E_IO: "reading or writing failed"
        case HARAKA_E_ABI: "host and plugin do not fit"
        case HARAKA_E_UNSUPPORTED: "not offered by this host"
        default: "status \(status)"
        }
    }
}
