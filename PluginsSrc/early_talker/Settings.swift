// What early_talker.ini says.
import HarakaPluginKit

/// All of the file: a change takes effect as a whole, or not at all.
struct Settings: Sendable {
    /// Milliseconds; 0: the plugin does nothing.
    var pause: Int64 = 5000
    /// Whether early talkers are turned away.
    var rejects = true
    /// Clients that need not wait.
    var allowed = IPNetworks()

    /// As the file is now.
    init(of plugin: Plugin) throws(PluginError) {
        try self.init(Value(plugin.config.ini("early_talker.ini", booleans: "+main.reject")))
    }

    /// From the sections of the file.
    init(_ ini: Value) throws(PluginError) {
        for entry in ini["main"].entries {
            switch entry.key {
            case "pause": pause = try milliseconds(entry.value)
            case "reject": rejects = entry.value == .boolean(true)
            default: break
            }
        }
        // The entries are keys without a value.
        for entry in ini["ip_whitelist"].entries {
            guard let network = IPNetwork(entry.key) else {
                throw PluginError("[ip_whitelist] \(entry.key): no address or network")
            }
            allowed.insert(network)
        }
    }
}

/// A client gives up in the end: RFC 5321 section 4.5.3.2 lets it wait two minutes for the answer to DATA.
private func milliseconds(_ value: Value) throws(PluginError) -> Int64 {
    switch value {
    case .integer(let seconds) where (0...120).contains(seconds): return seconds * 1000
    case .number(let seconds) where seconds >= 0 && seconds <= 120: return Int64(seconds * 1000)
    default: throw PluginError("pause: expected seconds up to 120")
    }
}
