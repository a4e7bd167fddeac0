// What lmtp.ini says.
import HarakaPluginKit

/// Where mail goes, by its recipients' domain.
struct Hops: Equatable {
    private var main = MX("127.0.0.1", port: 24)
    private var domains: [String: MX] = [:]

    /// A key that a domain's section does not have is not that of `[main]`: a section says all, as in Haraka.
    init(_ ini: Value) throws(PluginError) {
        main = try hop(ini["main"], "main")
        for entry in ini.entries where entry.key != "main" {
            domains[entry.key.asciiLowercased] = try hop(entry.value, entry.key)
        }
    }

    /// A domain in lower case.
    func mx(for domain: String) -> MX { domains[domain] ?? main }
}

private func hop(_ section: Value, _ name: String) throws(PluginError) -> MX {
    var mx = MX("127.0.0.1", port: 24)
    mx.isLMTP = true
    if case .text(let host) = section["host"], !host.isEmpty { mx.exchange = host }
    switch section["port"] {
    case .null: break
    case .integer(let port) where (1...65535).contains(port): mx.port = UInt32(port)
    default: throw PluginError("[\(name)] port: expected 1 to 65535")
    }
    switch section["path"] {
    case .null, .text(""): break
    case .text(let path) where path.utf8.first == UInt8(ascii: "/"):
        mx.path = path
        (mx.exchange, mx.port) = ("", 0)
    default: throw PluginError("[\(name)] path: expected a path that begins with /")
    }
    return mx
}
