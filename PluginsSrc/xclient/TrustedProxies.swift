// xclient.hosts: who may say XCLIENT.
import HarakaPluginKit

/// The file as it is now, and this machine. Loop thread only.
final class TrustedProxies {
    static let file = "xclient.hosts"
    private let plugin: Plugin
    private var networks = IPNetworks()

    /// When the plugin is loaded there is nothing else to fall back to: a line that makes no sense trusts nobody.
    init(_ plugin: Plugin) {
        self.plugin = plugin
        let (networks, mistakes) = readProxies(plugin.config.lines(Self.file))
        self.networks = networks
        for mistake in mistakes { plugin.log(.error, "\(Self.file):\(mistake.line): left out: \(mistake.why)") }
    }

    /// For commands from then on.
    func watch() {
        plugin.config.watch(Self.file) { [self] in
            let (networks, mistakes) = readProxies(plugin.config.lines(Self.file))
            if let mistake = mistakes.first {
                return plugin.log(.error, "\(Self.file) stays as it was: line \(mistake.line): \(mistake.why)")
            }
            self.networks = networks
            plugin.log(.info, "\(Self.file) has changed: \(networks.count) networks")
        }
    }

    /// Whether a client with this address is believed.
    func contains(_ address: Text) -> Bool { networks.contains(address) }
}

/// One address or network per line, besides 127.0.0.1 and ::1.
func readProxies(_ lines: [ListLine]) -> (IPNetworks, [ListMistake]) {
    var networks = IPNetworks()
    for own in ["127.0.0.1", "::1"] { if let own = IPNetwork(own) { networks.insert(own) } }
    var mistakes: [ListMistake] = []
    for line in lines {
        if let network = IPNetwork(line.text) {
            networks.insert(network)
        } else {
            mistakes.append(line.mistake("\(line.text.string): no address or network"))
        }
    }
    return (networks, mistakes)
}
