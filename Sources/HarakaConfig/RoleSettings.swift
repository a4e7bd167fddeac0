// smtp.ini [mx], [submission], [lmtp]: what a listener is for. docs/configuration.md "Roles".

/// How a listener's clients get TLS. The names are those of smtp.ini.
public enum RoleTLS: String, Sendable, CaseIterable {
    /// Not at all.
    case off
    /// By STARTTLS, for who wants it.
    case offered
    /// By STARTTLS, before MAIL.
    case required
    /// From the first byte (RFC 8314).
    case implicit
}

/// One section of smtp.ini for listeners with rules of their own. Haraka has one set of rules for all.
public struct RoleSettings: Sendable, Equatable {
    /// The sections that there are.
    public static let names = ["mx", "submission", "lmtp"]

    /// One of ``names``.
    public let name: String
    /// Where; empty: this role is not used.
    public var listen: [ListenAddress] = []
    /// The file in config/ that lists its plugins.
    public var pluginsFile = "plugins"
    public var tls = RoleTLS.offered
    /// MAIL takes authentication (RFC 6409 section 4.3).
    public var requiresAuth: Bool
    /// Clients at the same time in one worker; 0: no limit of its own.
    public var maxConnections = 0
    /// In place of `max.bytes` and `max.recipients` of connection.ini; nil: as there.
    public var maxBytes: Int?
    public var maxRecipients: Int?
    /// Seconds, in place of `inactivity_timeout` of `[main]`; nil: as there.
    public var inactivityTimeout: Double?

    /// The built-in defaults: submission takes TLS and authentication before mail (RFC 8314, RFC 6409).
    public init(_ name: String) {
        self.name = name
        requiresAuth = name == "submission"
        if name == "submission" { tls = .required }
    }

    /// Reads the section. An address that `taken` holds already is a mistake.
    mutating func read(_ reader: inout SettingsReader, taken: inout [ListenAddress]) {
        let key = ConfigKey(name, "listen")
        for address in reader.addresses(key) {
            if taken.contains(address), !address.isAnyPort {
                reader.reject(key, "\(address) stands in smtp.ini twice")
            } else {
                listen.append(address)
                taken.append(address)
            }
        }
        pluginsFile = reader.text(ConfigKey(name, "plugins")) ?? pluginsFile
        if pluginsFile.contains("/") || pluginsFile.hasPrefix(".") {
            reader.reject(ConfigKey(name, "plugins"), "expected the name of a file in config/")
            pluginsFile = "plugins"
        }
        tls = reader.choice(ConfigKey(name, "tls"), default: tls)
        requiresAuth = reader.bool(ConfigKey(name, "auth_required"), default: requiresAuth)
        maxConnections = reader.integer(ConfigKey(name, "max_connections"), default: 0, in: 0...1_000_000)
        maxBytes = reader.integerIfSet(ConfigKey(name, "max_bytes"), in: 0...Int.max)
        maxRecipients = reader.integerIfSet(ConfigKey(name, "max_recipients"), in: 1...1_000_000)
        let timeout = ConfigKey(name, "inactivity_timeout")
        if reader.isSet(timeout) { inactivityTimeout = reader.seconds(timeout, default: 300, in: 0.001...604_800) }
    }
}

extension SettingsReader {
    /// The addresses of a list, or of one text with commas. What is wrong in it does not spoil the others.
    mutating func addresses(_ key: ConfigKey) -> [ListenAddress] {
        var found: [ListenAddress] = []
        for text in texts(key).flatMap({ $0.split(separator: ",") }).map(Self.trimmed) where !text.isEmpty {
            do throws(ListenAddress.Malformed) {
                let address = try ListenAddress.parse(text)
                if found.contains(address) {
                    warn(key, "\(address) stands in \(key) twice")
                } else {
                    found.append(address)
                }
            } catch {
                reject(key, "at \"\(text)\" \(error.expected)")
            }
        }
        return found
    }

    mutating func integerIfSet(_ key: ConfigKey, in range: ClosedRange<Int>) -> Int? {
        isSet(key) ? integer(key, default: range.lowerBound, in: range) : nil
    }

    private static func trimmed(_ text: Substring) -> String {
        String(decoding: Array(text.utf8)[...].trimmed, as: UTF8.self)
    }
}
