// relay.ini, relay_acl_allow, relay_dest_domains.ini: read at the start and after each change, whole or not at all.
import HarakaPluginKit

/// `[relay]` in relay.ini.
struct Switches: Equatable {
    var acl = true, destinationDomains = false, all = false, forcesRouting = true
}

/// relay.ini.
final class RelaySwitches {
    private let plugin: Plugin
    private(set) var now = Switches()

    init(_ plugin: Plugin) {
        self.plugin = plugin
        let (switches, mistakes) = read()
        now = switches
        for mistake in mistakes { plugin.log(.error, "relay.ini: \(mistake); the default counts") }
    }

    /// A slip here would open or shut the door for everybody: all switches, or none.
    func watch() {
        plugin.config.watch("relay.ini") { [self] in
            let (switches, mistakes) = read()
            if let mistake = mistakes.first {
                return plugin.log(.error, "relay.ini: all stays as it was: \(mistake)")
            }
            now = switches
            plugin.log(.info, "relay.ini has changed")
        }
    }

    private func read() -> (Switches, [String]) {
        var switches = Switches()
        var reader = SwitchReader(plugin.config.ini("relay.ini"))
        reader.read("relay", "acl", &switches.acl)
        reader.read("relay", "dest_domains", &switches.destinationDomains)
        reader.read("relay", "all", &switches.all)
        reader.read("relay", "force_routing", &switches.forcesRouting)
        return (switches, reader.mistakes)
    }
}

/// relay_acl_allow.
final class AllowedNetworks {
    static let file = "relay_acl_allow"
    private let plugin: Plugin
    private(set) var now = IPNetworks()

    /// When the plugin is loaded there is nothing else to fall back to, so a bad line is left out and the others count.
    init(_ plugin: Plugin) {
        self.plugin = plugin
        let (networks, mistakes) = read()
        now = networks
        for mistake in mistakes { plugin.log(.error, "\(Self.file):\(mistake.line): left out: \(mistake.why)") }
    }

    /// For connections from then on: whoever may relay already may do so to the end.
    func watch() {
        plugin.config.watch(Self.file) { [self] in
            let (networks, mistakes) = read()
            if let mistake = mistakes.first {
                return plugin.log(
                    .error, "\(Self.file) stays as it was: line \(mistake.line): \(mistake.why)")
            }
            now = networks
            plugin.log(.info, "\(Self.file) has changed: \(networks.count) networks")
        }
    }

    private func read() -> (IPNetworks, [ListMistake]) { readNetworks(plugin.config.lines(Self.file)) }
}

/// One network per line.
func readNetworks(_ lines: [ListLine]) -> (IPNetworks, [ListMistake]) {
    var networks = IPNetworks()
    var mistakes: [ListMistake] = []
    for line in lines {
        if let network = IPNetwork(line.text) {
            networks.insert(network)
        } else {
            mistakes.append(line.mistake("\(line.text.string): no network"))
        }
    }
    return (networks, mistakes)
}

/// relay_dest_domains.ini.
final class Routes {
    static let file = "relay_dest_domains.ini"
    private let plugin: Plugin
    private(set) var table = RouteTable()

    /// A domain whose entry makes no sense is left out at the start: then it is as if it were not listed.
    init(_ plugin: Plugin) {
        self.plugin = plugin
        let (table, mistakes) = read()
        self.table = table
        for mistake in mistakes { plugin.log(.error, "\(Self.file): \(mistake.domain): left out: \(mistake.why)") }
    }

    /// A domain that fell out of half a table would be refused for good: all entries, or none.
    func watch() {
        plugin.config.watch(Self.file) { [self] in
            let (new, mistakes) = read()
            if let mistake = mistakes.first {
                return plugin.log(
                    .error, "\(Self.file) stays as it was: \(mistake.domain): \(mistake.why)")
            }
            table = new
            plugin.log(.info, "\(Self.file) has changed: \(new.count) domains")
        }
    }

    /// The entries are JSON inside ini, as in Haraka.
    private func read() -> (RouteTable, [(domain: String, why: String)]) {
        let section = plugin.config.ini(Self.file)["domains"]
        var table = RouteTable()
        var mistakes: [(domain: String, why: String)] = []
        for index in 0..<section.count {
            let (domain, value) = section.entry(index)
            if let route = Route(json: value.text) {
                table.add(route, for: domain)
            } else {
                mistakes.append((domain.string, "\(value.text.string): no { \"action\": \"...\" }"))
            }
        }
        return (table, mistakes)
    }
}
