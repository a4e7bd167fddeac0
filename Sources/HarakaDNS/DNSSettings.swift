// How names are looked up: whom to ask, how long, and how much is remembered. docs/dns.md.

/// The settings of a ``Resolver``. A new value asks the system's resolvers.
public struct DNSSettings: Sendable, Equatable {
    /// What is done with signatures (RFC 4035).
    public enum Validation: Sendable {
        /// Nobody looks at them.
        case off
        /// They are checked, and who asks is told; what is wrong is given all the same, unless the asker wants
        /// otherwise.
        case permissive
        /// What is wrong is no answer for anybody.
        case strict
    }

    /// Seconds for one lookup; more than zero.
    public var limit = 5.0
    /// Addresses of resolvers, `ip` or `ip@port`; with any, ``systemResolvers`` is not read.
    public var resolvers: [String] = []
    /// The file with the system's resolvers; nil: none.
    public var systemResolvers: String? = "/etc/resolv.conf"
    /// Asks the authoritative servers, from the root on, and no resolver.
    public var recursion = false
    /// What becomes of DNSSEC.
    public var validation = Validation.permissive
    /// A file of DS or DNSKEY records; nil: the system's keys of the root. Without a readable file nothing is
    /// validated.
    public var trustAnchorFile: String?
    /// Names and addresses that are known without asking; nil: none, and `localhost` and its like are asked for too.
    public var hostsFile: String? = "/etc/hosts"
    /// Answers that are remembered; 0: none.
    public var cacheEntries = 10_000
    /// Bytes that they may take, about.
    public var cacheBytes = 16 * 1024 * 1024
    /// Lookups at the same time; more are refused.
    public var maxUnderWay = 1000

    public init() {}

    /// Where distributions have the keys of the root.
    static let systemAnchors = ["/usr/share/dns/root.key", "/var/lib/unbound/root.key", "/etc/unbound/root.key"]
    /// Some of the root's servers: what is asked whether there is a network, when there is no resolver.
    static let rootServers = ["198.41.0.4", "192.33.4.12", "199.7.83.42", "2001:503:ba3e::2:30"]

    /// Who is asked; empty: the authoritative servers.
    var forwarders: [String] {
        if recursion { return [] }
        if !resolvers.isEmpty { return resolvers }
        return systemResolvers.map(SystemFile.nameServers) ?? []
    }
}
