// The lists in use: those of the file that answer as lists do.
import HarakaPluginKit

/// Loop thread only.
final class Lists {
    private static let file = "dns-list.ini"
    let plugin: Plugin
    let resolver: Resolver
    private(set) var settings: Settings
    /// By name: why a list is not asked for the time being.
    private var disabled: [String: String] = [:]
    /// By name: how often in a row a list was silent when nobody could tell whose fault it was.
    private var silences: [String: Int] = [:]
    private var periodic: Timer?

    /// When the plugin is loaded there is nothing else to fall back to, so what is bad does not count and the rest does.
    init(_ plugin: Plugin, _ resolver: Resolver) {
        (self.plugin, self.resolver) = (plugin, resolver)
        settings = Settings(plugin.config.ini(Self.file))
        for mistake in settings.mistakes { plugin.log(.error, "\(Self.file): \(mistake); the default counts") }
        if settings.wantsStatistics { sayWhatIsMissing() }
        plugin.config.watch(Self.file) { [self] in changed() }
    }

    /// Lists that can be asked.
    func zones(_ isWanted: (Zone) -> Bool) -> [Zone] {
        settings.zones.filter { disabled[$0.name] == nil && isWanted($0) }
    }

    /// The process begins. Lists that are off are looked at every minute, all of them as often as
    /// the file says.
    func begin() {
        check(settings.zones)
        plugin.every(milliseconds: 60_000) { [self] in check(settings.zones.filter { disabled[$0.name] != nil }) }
        schedule()
    }

    private func schedule() {
        periodic?.cancel()
        periodic = nil
        guard settings.periodicChecks >= 5 else { return }
        periodic = plugin.every(milliseconds: settings.periodicChecks * 60_000) { [self] in check(settings.zones) }
    }

    /// All keys, or none.
    private func changed() {
        let new = Settings(plugin.config.ini(Self.file))
        if let mistake = new.mistakes.first {
            return plugin.log(.error, "\(Self.file): all stays as it was: \(mistake)")
        }
        settings = new
        plugin.log(.info, "\(Self.file) has changed: \(new.zones.count) lists")
        if new.wantsStatistics { sayWhatIsMissing() }
        schedule()
        check(new.zones)
    }

    /// Who has switched something on should not believe that it works.
    private func sayWhatIsMissing() {
        plugin.log(.warn, "\(Self.file): [stats] is without effect: there is no plugin for Redis")
    }

    // ---- health ----

    /// A list has 127.0.0.2 in it and 127.0.0.1 not (RFC 5782 section 5).
    private func check(_ zones: [Zone]) {
        for zone in zones {
            let examination = Examination(zone) { [self] health in found(zone, health) }
            ask(zone, "127.0.0.2") { examination.listed = $0 }
            ask(zone, "127.0.0.1") { examination.loopback = $0 }
        }
    }

    private func ask(_ zone: Zone, _ ip: String, _ then: @escaping (DNSAnswer) -> Void) {
        let name = resolver.reverseName(ip, zone: zone.name) ?? zone.name
        do throws(PluginError) {
            try resolver.lookup(name, .a, timeout: settings.limit, then: then)
        } catch {
            then(DNSAnswer(name, .a, .failed, reason: error.cause))
        }
    }

    private func found(_ zone: Zone, _ health: Health) {
        switch health {
        case .well:
            silences[zone.name] = nil
            if disabled.removeValue(forKey: zone.name) != nil { plugin.log(.notice, "\(zone.name) is asked again") }
        case .sick(let why): disable(zone, why)
        }
    }

    /// A search had an answer that no list gives, or none.
    func hasTrouble(_ zone: Zone, _ trouble: Tally.Trouble) {
        switch trouble {
        case .nonsense(let why): disable(zone, why)
        case .silent: disable(zone, "does not answer")
        case .unheard:
            let count = silences[zone.name, default: 0] + 1
            silences[zone.name] = count
            if count >= 3 { disable(zone, "does not answer") }
        }
    }

    func hasAnswered(_ zone: Zone) { if !silences.isEmpty { silences[zone.name] = nil } }

    /// One line per list and fault.
    private func disable(_ zone: Zone, _ why: String) {
        guard disabled.updateValue(why, forKey: zone.name) != why else { return }
        plugin.log(.warn, "\(zone.name) is not asked until it is well: it \(why)")
    }
}

/// The two questions about one list.
private final class Examination {
    var listed: DNSAnswer? { didSet { conclude() } }
    var loopback: DNSAnswer? { didSet { conclude() } }
    private let zone: Zone
    private let then: (Health) -> Void

    init(_ zone: Zone, _ then: @escaping (Health) -> Void) { (self.zone, self.then) = (zone, then) }

    private func conclude() {
        guard let listed, let loopback else { return }
        then(Health(Listing(listed, zone), Listing(loopback, zone), zone))
    }
}

/// Whether a list can be asked.
enum Health: Equatable {
    case well, sick(String)

    /// From what it says about 127.0.0.2 and 127.0.0.1.
    init(_ listed: Listing, _ loopback: Listing, _ zone: Zone) {
        switch listed {
        case .clean: self = .sick("does not list 127.0.0.2")
        case .nonsense(let why): self = .sick(why)
        case .failed(let why): self = .sick("does not answer: \(why)")
        case .timedOut: self = .sick("does not answer")
        case .listed:
            switch loopback {
            case .listed where !zone.listsLoopback: self = .sick("lists 127.0.0.1")
            case .nonsense(let why): self = .sick(why)
            default: self = .well
            }
        }
    }
}
