// dns.ini: how the server and its plugins look up names.

/// The settings of dns.ini. A new value holds the built-in defaults: the system's resolvers, DNSSEC where it can be
/// had.
public struct DNSFile: Sendable, Equatable {
    /// What is done with signatures (RFC 4035).
    public enum DNSSEC: String, Sendable, CaseIterable {
        /// Checked, and plugins are told; what is wrong is given all the same, unless a plugin wants otherwise.
        case permissive
        /// What is wrong is no answer for anybody.
        case strict
        /// Nobody looks at them.
        case off
    }

    /// Seconds for one lookup.
    public var timeout = 5.0
    /// Resolvers, `ip` or `ip@port`; empty: those of ``resolvConf``.
    public var servers: [String] = []
    /// The file with the system's resolvers.
    public var resolvConf = "/etc/resolv.conf"
    /// Names that are known without asking; nil: none.
    public var hosts: String? = "/etc/hosts"
    /// Ask the authoritative servers and no resolver.
    public var recursion = false
    /// The keys from which validation begins; nil: the system's keys of the root.
    public var trustAnchor: String?
    /// What becomes of DNSSEC.
    public var dnssec = DNSSEC.permissive
    /// Answers that are remembered.
    public var cacheEntries = 10_000
    /// Lookups at the same time in each process.
    public var maxQueries = 1000

    /// The built-in defaults.
    public init() {}

    /// Reads dns.ini from the administrator's folder and its defaults.
    public static func read(from directory: ConfigDirectory) -> (settings: DNSFile, diagnostics: [Diagnostic]) {
        var settings = DNSFile()
        var reader = SettingsReader(directory.get("dns.ini", .ini))
        settings.timeout = reader.seconds(main("timeout"), default: settings.timeout, in: 0.1...60)
        settings.readServers(&reader)
        settings.resolvConf = path("resolv_conf", &reader) ?? settings.resolvConf
        settings.readHosts(&reader)
        settings.recursion = reader.bool(main("recursion"), default: settings.recursion)
        settings.trustAnchor = path("trust_anchor", &reader)
        settings.dnssec = reader.choice(main("dnssec"), default: settings.dnssec)
        settings.cacheEntries = reader.integer(
            main("cache_entries"), default: settings.cacheEntries, in: 0...10_000_000)
        settings.maxQueries = reader.integer(main("max_queries"), default: settings.maxQueries, in: 1...100_000)
        if settings.recursion, !settings.servers.isEmpty {
            reader.warn(main("servers"), "servers is not used: recursion asks the authoritative servers")
        }
        return (settings, reader.finish())
    }

    private static func main(_ key: String) -> ConfigKey { ConfigKey("main", key) }

    private static func path(_ key: String, _ reader: inout SettingsReader) -> String? {
        guard let path = reader.text(main(key)) else { return nil }
        if path.hasPrefix("/") { return path }
        reader.reject(main(key), "expected the path of a file, from / on")
        return nil
    }

    private mutating func readHosts(_ reader: inout SettingsReader) {
        let key = DNSFile.main("hosts")
        guard let path = reader.text(key) else { return }
        if path == "none" {
            hosts = nil
        } else if path.hasPrefix("/") {
            hosts = path
        } else {
            reader.reject(key, "expected the path of a file, from / on, or none")
        }
    }

    private mutating func readServers(_ reader: inout SettingsReader) {
        let key = DNSFile.main("servers")
        for (index, text) in reader.texts(key).enumerated() {
            if let server = DNSFile.server(text) {
                servers.append(server)
            } else {
                reader.reject(key, "expected an address: ip, ip@port, ip:port or [ipv6]:port", element: index)
            }
        }
    }

    /// `ip`, `ip@port`, `ip:port` and `[ipv6]:port` as `ip` or `ip@port`; nil: none of them.
    private static func server(_ text: String) -> String? {
        if IPText.isV4(text) || IPText.isV6(text) { return text }
        let isOld = text.contains("@")
        guard let at = text.lastIndex(of: isOld ? "@" : ":") else { return bare(text) }
        var host = String(text[..<at])
        let digits = text[text.index(after: at)...]
        guard digits.utf8.allSatisfy({ (48...57).contains($0) }), let port = UInt16(digits), port > 0 else {
            return bare(text)
        }
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
            return IPText.isV6(host) ? "\(host)@\(port)" : nil
        }
        let isAddress = IPText.isV4(host) || (isOld && IPText.isV6(host))
        return isAddress ? "\(host)@\(port)" : nil
    }

    /// An IPv6 address in brackets without a port.
    private static func bare(_ text: String) -> String? {
        guard text.hasPrefix("["), text.hasSuffix("]") else { return nil }
        let host = String(text.dropFirst().dropLast())
        return IPText.isV6(host) ? host : nil
    }
}
