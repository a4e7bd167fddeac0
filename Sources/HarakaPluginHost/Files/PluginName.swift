// The name of a plugin, as it stands in config/plugins, and the names that Haraka has retired.

/// Why a text can't be the name of a plugin. ``description`` is written to follow "the plugin name NAME".
public enum PluginNameError: Error, Equatable, Sendable {
    case empty
    /// It has this many bytes; ``PluginName/maximumLength`` is the limit.
    case tooLong(Int)
    /// A NUL, another control character, or a backslash.
    case badCharacter
    /// A part between slashes is empty, or the name begins or ends with a slash.
    case badSlash
    /// It holds "..", or a part of it is ".".
    case badDots
}

extension PluginNameError: CustomStringConvertible {
    /// What is wrong and what is right, without a full stop.
    public var description: String {
        switch self {
        case .empty: "is empty"
        case .tooLong(let size): "has \(size) bytes: the limit is \(PluginName.maximumLength)"
        case .badCharacter: "holds a control character or a backslash: write it as its file is called, without .so"
        case .badSlash: "begins or ends with a slash or holds two in a row: write it relative to the plugins folder"
        case .badDots: "holds .. or a lone dot: write it relative to the plugins folder"
        }
    }
}

/// A valid plugin name without the prefix `haraka-plugin-`, as in "limit", "rcpt_to.in_host_list" or "auth/flat_file".
///
/// It is safe to append to the path of a folder: it can't lead out of it by itself.
public struct PluginName: Hashable, Sendable, CustomStringConvertible {
    /// The most bytes that a name may have.
    public static let maximumLength = 200
    private static let prefix = "haraka-plugin-"

    /// The name.
    public let text: String

    /// Strips the prefix and checks what is left.
    ///
    /// - Parameter text: a name from config/plugins or from a plugin's note.
    public init(_ text: String) throws(PluginNameError) {
        let name = Self.stripped(text)
        let bytes = name.utf8
        guard !bytes.isEmpty else { throw .empty }
        guard bytes.count <= Self.maximumLength else { throw .tooLong(bytes.count) }
        guard name.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control && $0 != "\\" }) else {
            throw .badCharacter
        }
        let parts = bytes.split(separator: 0x2f, omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !$0.isEmpty }) else { throw .badSlash }
        let hasTwoDots = zip(bytes, bytes.dropFirst()).contains { $0 == 0x2e && $1 == 0x2e }
        guard !hasTwoDots, !parts.contains(where: { $0.elementsEqual([0x2e]) }) else { throw .badDots }
        self.text = name
    }

    public var description: String { text }

    /// What follows the last slash: the name of the plugin's file, without .so.
    public var lastComponent: String {
        text.utf8.lastIndex(of: 0x2f).map { String(text[text.index(after: $0)...]) } ?? text
    }

    /// The name that Haraka has put in the place of an old one, with or without prefix; nil if the name is not old.
    ///
    /// The caller logs Haraka's notice: "`X` has been replaced by 'Y'. Please update config/plugins".
    public static func replacement(for name: String) -> String? {
        replacements[stripped(name)]
    }

    /// Why a plugin of Haraka's has no use in this server, as the rest of a sentence that begins with its name; nil for
    /// all other names.
    public static func pointlessness(of name: String) -> String? {
        switch stripped(name) {
        case "reseed_rng": "is not needed: random numbers come from the system, which seeds itself"
        case "profile": "looks into a JavaScript engine, which is not there: see docs/performance.md for what to use"
        default: nil
        }
    }

    /// The old names, all of them, as a page about upgrading would list them.
    public static var retired: [String] { replacements.keys.sorted() }

    private static func stripped(_ text: String) -> String {
        text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text
    }

    /// Haraka's map of deprecated plugins, complete as of 3.1.6.
    private static let replacements: [String: String] = [
        "auth/auth_ldap": "auth-ldap",
        "backscatterer": "dns-list",
        "connect.asn": "asn",
        "connect.fcrdns": "fcrdns",
        "connect.geoip": "geoip",
        "connect.p0f": "p0f",
        "connect.rdns_access": "access",
        "data.headers": "headers",
        "data.nomsgid": "headers",
        "data.noreceived": "headers",
        "data.rfc5322_header_checks": "headers",
        "data.uribl": "uribl",
        "dkim_sign": "dkim",
        "dkim_verify": "dkim",
        "dnsbl": "dns-list",
        "dnswl": "dns-list",
        "log.syslog": "syslog",
        "mail_from.access": "access",
        "mail_from.blocklist": "access",
        "mail_from.nobounces": "bounce",
        "max_unrecognized_commands": "limit",
        "rate_limit": "limit",
        "rcpt_to.access": "access",
        "rcpt_to.blocklist": "access",
        "rcpt_to.ldap": "rcpt-ldap",
        "rcpt_to.max_count": "limit",
        "rcpt_to.qmail_deliverable": "qmail-deliverable",
        "rdns.regexp": "access",
        "relay_acl": "relay",
        "relay_all": "relay",
        "relay_force_routing": "relay",
    ]
}
