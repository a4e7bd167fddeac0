// What tls.ini says to this plugin. The rest of the file is the server's.
import HarakaPluginKit

/// All of it: a change takes effect as a whole, or not at all.
struct TLSSettings {
    /// Clients that STARTTLS is not offered to.
    var excludedClients = IPNetworks()
    /// Our ports on which it is not offered.
    var excludedPorts: Set<Int64> = []
    /// Whether clients whose handshake failed are remembered.
    var remembersFailures = false
    /// For how long.
    var memorySeconds: Int64 = 3600
    /// Keys of Haraka's that mean nothing here, because nothing is kept in redis.
    var idleKeys: [String] = []

    /// As the file is now.
    init(of plugin: Plugin) throws(PluginError) {
        try self.init(Value(plugin.config.ini("tls.ini")))
    }

    /// From the sections of the file.
    init(_ ini: Value) throws(PluginError) {
        for port in items(ini["main"]["no_starttls_ports"]) {
            guard let number = integer(port), (1...65535).contains(number) else {
                throw PluginError("no_starttls_ports: expected ports")
            }
            excludedPorts.insert(number)
        }
        // The entries are keys without a value.
        for entry in ini["no_tls_hosts"].entries {
            guard let network = IPNetwork(entry.key) else {
                throw PluginError("[no_tls_hosts] \(entry.key): no address or network")
            }
            excludedClients.insert(network)
        }
        try readMemory(ini["redis"])
    }

    private mutating func readMemory(_ section: Value) throws(PluginError) {
        for entry in section.entries {
            switch entry.key {
            case "disable_for_failed_hosts":
                guard let on = truth(entry.value) else {
                    throw PluginError("[redis] disable_for_failed_hosts is neither true nor false")
                }
                remembersFailures = on
            case "disable_inbound_expiry":
                guard let seconds = integer(entry.value), (1...longest).contains(seconds) else {
                    throw PluginError("[redis] disable_inbound_expiry: expected seconds up to \(longest)")
                }
                memorySeconds = seconds
            default: idleKeys.append(entry.key)
            }
        }
    }
}

/// A year, in seconds.
private let longest: Int64 = 31_536_000

/// `key[]=` makes a list; `key=25, 26` and `key=25` are understood, too.
private func items(_ value: Value) -> [Value] {
    switch value {
    case .null: []
    case .list(let items): items
    case .text(let text): text.words.map { .text($0) }
    default: [value]
    }
}

private func integer(_ value: Value) -> Int64? {
    switch value {
    case .integer(let integer): integer
    case .text(let text): Int64(text)
    default: nil
    }
}

private func truth(_ value: Value) -> Bool? {
    switch value {
    case .boolean(let on): on
    case .integer(let number): number == 1 ? true : number == 0 ? false : nil
    case .text(let text): text.lend { $0.switch }
    default: nil
    }
}
