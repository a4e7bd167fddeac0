// What auth_proxy.ini says.
import HarakaPluginKit

/// Which servers know whom.
struct Settings {
    private var servers: [String: [SMTPClientOptions]] = [:]

    init(_ ini: Value) throws(PluginError) {
        let requiresTLS = try isOn(ini["main"]["require_tls"])
        for entry in ini["domains"].entries {
            guard case .text(let list) = entry.value, !list.words.isEmpty else {
                throw PluginError("[domains] \(entry.key): expected host:port, host ...")
            }
            var domain: [SMTPClientOptions] = []
            for word in list.words {
                guard var options = server(word) else {
                    throw PluginError("[domains] \(entry.key): \(word): no host:port")
                }
                (options.usesTLS, options.requiresTLS, options.verifiesTLS) = (true, requiresTLS, requiresTLS)
                domain.append(options)
            }
            servers[entry.key.asciiLowercased] = domain
        }
    }

    /// Of the file as it is now.
    init(of plugin: Plugin) throws(PluginError) { try self.init(Value(plugin.config.ini("auth_proxy.ini"))) }

    /// Whom to ask about a user, and under which names: as the client wrote it, then without its domain. nil: not a user of a
    /// domain that is listed.
    func question(about user: String) -> (users: [String], servers: [SMTPClientOptions])? {
        let bytes = Array(user.utf8)
        guard let at = bytes.lastIndex(of: UInt8(ascii: "@")), at > 0 else { return nil }
        let domain = String(decoding: bytes[(at + 1)...], as: UTF8.self).asciiLowercased
        guard let servers = servers[domain] else { return nil }
        return ([user, String(decoding: bytes[..<at], as: UTF8.self)], servers)
    }
}

/// `host`, `host:port`, `[2001:db8::1]:25`; nil: neither.
private func server(_ word: String) -> SMTPClientOptions? {
    let bytes = Array(word.utf8)
    let bracket = bytes.lastIndex(of: UInt8(ascii: "]"))
    let colon = bytes.lastIndex(of: UInt8(ascii: ":")) ?? bytes.endIndex
    // An IPv6 address without brackets has more than one.
    let isWhole =
        bracket == nil
        ? bytes.firstIndex(of: UInt8(ascii: ":")) ?? colon != colon : colon < bytes.endIndex && colon < bracket ?? 0
    let end = isWhole ? bytes.endIndex : colon
    var host = bytes[..<end]
    if host.first == UInt8(ascii: "["), host.last == UInt8(ascii: "]") { host = host.dropFirst().dropLast() }
    guard !host.isEmpty else { return nil }
    let name = String(decoding: host, as: UTF8.self)
    guard end < bytes.endIndex else { return SMTPClientOptions(name) }
    guard let port = UInt32(String(decoding: bytes[(end + 1)...], as: UTF8.self)), (1...65535).contains(port) else {
        return nil
    }
    return SMTPClientOptions(name, port: port)
}

private func isOn(_ value: Value) throws(PluginError) -> Bool {
    switch value {
    case .null: return false
    case .boolean(let on): return on
    case .text(let word) where word.lend({ $0.switch }) != nil: return word.lend { $0.switch } == true
    default: throw PluginError("require_tls is neither true nor false")
    }
}
