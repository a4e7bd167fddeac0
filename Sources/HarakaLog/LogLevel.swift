// Haraka's ten levels and three formats.

/// How urgent a line is: the smaller, the more urgent. A line is written when its level is not above the configured
/// one.
public enum LogLevel: Int, Sendable, CaseIterable, Comparable {
    /// From the end of everything to the details of one connection.
    case emerg = 0
    case alert, crit, error, warn, notice, info, debug
    /// The dialogue with the peer, line by line.
    case `protocol`
    /// The data of messages.
    case data

    /// The level with a name, in any case, or with a number from 0 to 9.
    public init?(name: String) {
        let wanted = name.uppercased()
        if let level = Self.allCases.first(where: { $0.name == wanted }) {
            self = level
        } else if let number = Int(name), let level = LogLevel(rawValue: number) {
            self = level
        } else {
            return nil
        }
    }

    /// The name as it stands in the log: `INFO`.
    public var name: String {
        switch self {
        case .emerg: "EMERG"
        case .alert: "ALERT"
        case .crit: "CRIT"
        case .error: "ERROR"
        case .warn: "WARN"
        case .notice: "NOTICE"
        case .info: "INFO"
        case .debug: "DEBUG"
        case .protocol: "PROTOCOL"
        case .data: "DATA"
        }
    }

    /// Whether `left` is more urgent.
    public static func < (left: LogLevel, right: LogLevel) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// How a line is written.
public enum LogFormat: String, Sendable, CaseIterable {
    /// `[LEVEL] [uuid] [origin] message key=value`.
    case `default`
    /// `level=... uuid=... origin=... message=... key=value`.
    case logfmt
    /// One JSON object with the same names.
    case json
}
