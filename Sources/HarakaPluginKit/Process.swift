// The process that the plugin lives in.
import CHarakaPluginKit

extension Plugin {
    /// A variable of the environment; nil if it is not set.
    public static func environment(_ name: String) -> String? {
        haraka_kit_environment(name).map { String(cString: $0) }
    }

    public static var processNumber: Int64 { haraka_kit_process() }

    /// The name of this machine.
    public static var hostName: String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            guard let start = buffer.baseAddress else { return "localhost" }
            haraka_kit_host_name(start, buffer.count)
            return String(cString: start)
        }
    }

    /// Microseconds since 1970, also where there is no host yet. Any thread.
    public static var microseconds: Int64 { haraka_kit_now() }

    /// The local date as a number, 20240229, of a time in seconds since 1970. Any thread.
    public static func date(ofSeconds seconds: Int64) -> Int32 {
        Int32(truncatingIfNeeded: haraka_kit_local_time(seconds) / 1_000_000)
    }

    /// The local date and time as a number, 20240229235959, of a time in seconds since 1970. Any thread.
    public static func localTime(ofSeconds seconds: Int64) -> Int64 { haraka_kit_local_time(seconds) }

    /// Microseconds on a clock that never goes back, also where there is no host yet. Any thread.
    public static var monotonicMicroseconds: Int64 { haraka_kit_monotonic() }

    /// What ps shows for this process; empty: as it was started. Cut to the room there is. Loop thread.
    public func setProcessTitle(_ title: String) {
        _ = title.lent { haraka_kit_host().pointee.process_title(handle, $0) }
    }
}
