// Listening sockets that the service manager has opened: sd_listen_fds_with_names(3).

/// The descriptors that were handed over at the start (socket activation).
public struct ActivationSockets: Sendable, Equatable {
    /// In the order of the unit's ListenStream= lines.
    public let descriptors: [Int32]
    /// FileDescriptorName= of each, `unknown` where the environment has no names. As many as there are descriptors.
    public let names: [String]

    /// SD_LISTEN_FDS_START: after standard input, output and error.
    public static let firstDescriptor: Int32 = 3
    /// More than that is a broken environment, not a mail server's listeners.
    public static let limit = 1000

    /// Reads LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES.
    ///
    /// Nil if nothing was handed over, if it was meant for another process (a shell between, or a parent's environment),
    /// or if anything is malformed: using sockets that may be something else is worse than opening our own.
    public init?(environment: [String: String], processID: Int) {
        guard Self.number(environment["LISTEN_PID"]) == processID,
            let count = Self.number(environment["LISTEN_FDS"]), 1...Self.limit ~= count
        else { return nil }
        let names =
            environment["LISTEN_FDNAMES"]?.split(separator: ":", omittingEmptySubsequences: false).map { String($0) }
            ?? Array(repeating: "unknown", count: count)
        guard names.count == count else { return nil }
        self.names = names
        descriptors = (0..<Int32(count)).map { Self.firstDescriptor + $0 }
    }

    /// A decimal number of digits alone; `Int` would take a sign too.
    private static func number(_ text: String?) -> Int? {
        guard let text, text.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) else { return nil }
        return Int(text)
    }
}
