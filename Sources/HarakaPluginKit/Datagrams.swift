// Datagrams to a service on this machine.
import CHarakaPluginKit

/// A connected unix socket that never waits: for syslog and other services that take one message after the other. Any
/// thread, one at a time.
///
///     let log = try Datagrams(to: "/dev/log")
///     let status = log.send(line)
public final class Datagrams {
    /// The statuses of ``send(_:)`` that say that the service does not keep up: EAGAIN and ENOBUFS.
    public static let busy: [Int32] = [-11, -105]

    private let descriptor: Int32

    /// Throws if nobody listens at `path`.
    public init(to path: String) throws(PluginError) {
        let opened = path.withCString { haraka_kit_datagrams($0) }
        guard opened >= 0 else {
            throw PluginError("\(path): \(String(cString: haraka_kit_error_text(opened)))", status: opened)
        }
        descriptor = opened
    }

    deinit { _ = haraka_kit_close(descriptor) }

    /// Sends one, whole or not at all: 0, or a negative errno. After any error that is not in ``busy`` the service has
    /// gone: open anew.
    public func send(_ bytes: [UInt8]) -> Int32 {
        bytes.withUnsafeBytes { haraka_kit_send(descriptor, $0.baseAddress, $0.count) }
    }
}

/// Names of syslog.
public enum Syslog {
    /// The number of a facility by its name, `mail`, `local0`, in any case; nil if it is none.
    public static func facility(_ name: Text) -> Int32? {
        let number = haraka_kit_syslog_facility(name.lent)
        return number < 0 ? nil : number
    }
    public static func facility(_ name: String) -> Int32? { name.lent { facility(Text($0)) } }
}
