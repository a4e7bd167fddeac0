// What limit.ini says.
import HarakaPluginKit

/// All of the file: a change takes effect as a whole, or not at all.
struct Settings: Sendable {
    /// The keys that Haraka declares as booleans.
    static let booleans = """
        -concurrency.enabled -concurrency_history.enabled -recipients.enabled -recipients_history.enabled \
        -unrecognized_commands.enabled -errors.enabled -rate_conn.enabled -rate_conn_history.enabled \
        -rate_rcpt_host.enabled -rate_rcpt_sender.enabled -rate_rcpt.enabled -rate_rcpt_null.enabled -outbound.enabled
        """

    /// Milliseconds before each penalty.
    var tarpitDelay: Int64 = 3000
    /// nil: switched off, as all that follow.
    var concurrency: Ceiling?
    var recipients: Ceiling?
    /// For clients that may relay; nil: the same as for others.
    var recipientsOfRelaying: Int64?
    var errors: Int64?
    var unrecognizedCommands: Int64?
    var connectionRate: Rates?
    var connectionRateHistory: History<Rate>?
    var hostRate: Rates?
    var senderRate: Rates?
    var recipientRate: Rates?
    var bounceRate: Rates?
    var outbound: OutboundLimits?

    init() {}

    /// As the file is now.
    init(of plugin: Plugin) throws(PluginError) {
        try self.init(Value(plugin.config.ini("limit.ini", booleans: Settings.booleans)))
    }

    /// From the sections of the file.
    init(_ ini: Value) throws(PluginError) {
        let file = Section(name: "", value: ini)
        tarpitDelay = try seconds(file["main"])
        concurrency = try ceiling(file, "concurrency", else: 3)
        recipients = try ceiling(file, "recipients", else: nil)
        recipientsOfRelaying = try file["recipients"].count("max_relaying")
        errors = try most(file["errors"])
        unrecognizedCommands = try most(file["unrecognized_commands"])
        connectionRate = try rates(file["rate_conn"])
        connectionRateHistory = try history(file["rate_conn_history"]) { value, key throws(PluginError) in
            try Rate(value, of: key)
        }
        hostRate = try rates(file["rate_rcpt_host"])
        senderRate = try rates(file["rate_rcpt_sender"])
        recipientRate = try rates(file["rate_rcpt"])
        bounceRate = try rates(file["rate_rcpt_null"])
        outbound = try outboundLimits(file["outbound"])
    }
}

/// A number that must not be exceeded, and what another plugin's memory of the client makes of it.
struct Ceiling: Equatable, Sendable {
    /// nil: none.
    var max: Int64?
    var history: History<Int64>?

    /// What holds for a client about whom `past` is known.
    func max(_ past: Past) -> Int64? { history?[past] ?? max }
}

/// How many deliveries to a domain may be under way.
struct OutboundLimits: Equatable, Sendable {
    /// By domain, in lower case.
    var max: [String: Int64] = [:]
    /// Seconds until a delivery that is one too many is tried again.
    var delay: Int64 = 30
}

/// Whether a client has been good or bad before.
enum Past: Equatable, Sendable { case good, bad, none }

/// Other limits for clients with a past.
struct History<Limit: Equatable & Sendable>: Equatable, Sendable {
    /// The plugin whose result `history` is asked: above 0 is good, below is bad.
    var plugin: String
    var good: Limit?, bad: Limit?, none: Limit?

    subscript(past: Past) -> Limit? {
        switch past {
        case .good: good
        case .bad: bad
        case .none: none
        }
    }
}

/// One section of the file, or the file itself.
private struct Section {
    let name: String
    let value: Value

    subscript(name: String) -> Section { Section(name: name, value: value[name]) }

    var isEnabled: Bool { value["enabled"] == .boolean(true) }

    /// nil: not set.
    func count(_ key: String) throws(PluginError) -> Int64? {
        let value = value[key]
        return value == .null ? nil : try number(value, "[\(name)] \(key)")
    }
}

private func number(_ value: Value, _ key: String) throws(PluginError) -> Int64 {
    guard case .integer(let number) = value, number >= 0 else { throw PluginError("\(key): expected a number") }
    return number
}

private func seconds(_ main: Section) throws(PluginError) -> Int64 {
    switch main.value["tarpit_delay"] {
    case .null: return 3000
    case .integer(let seconds) where (0...3600).contains(seconds): return seconds * 1000
    case .number(let seconds) where seconds >= 0 && seconds <= 3600: return Int64(seconds * 1000)
    default: throw PluginError("tarpit_delay: expected seconds up to 3600")
    }
}

private func most(_ section: Section) throws(PluginError) -> Int64? {
    // Read also if it is switched off: a mistake must not wait until somebody switches it on.
    let max = try section.count("max") ?? 10
    return section.isEnabled ? max : nil
}

private func ceiling(_ file: Section, _ name: String, else standard: Int64?) throws(PluginError) -> Ceiling? {
    let section = file[name]
    let ceiling = Ceiling(
        max: try section.count("max") ?? standard,
        history: try history(file[name + "_history"]) { value, key throws(PluginError) in try number(value, key) })
    return section.isEnabled ? ceiling : nil
}

private func history<Limit>(
    _ section: Section, _ read: (Value, String) throws(PluginError) -> Limit
) throws(PluginError) -> History<Limit>? {
    var history = History<Limit>(plugin: "karma")
    switch section.value["plugin"] {
    case .null: break
    case .text(let name) where !name.isEmpty: history.plugin = name
    default: throw PluginError("[\(section.name)] plugin: expected a name")
    }
    history.good = try limit("good", read)
    history.bad = try limit("bad", read)
    history.none = try limit("none", read)
    func limit(
        _ key: String, _ read: (Value, String) throws(PluginError) -> Limit
    ) throws(PluginError) -> Limit? {
        let value = section.value[key]
        return value == .null ? nil : try read(value, "[\(section.name)] \(key)")
    }
    return section.isEnabled ? history : nil
}

private func rates(_ section: Section) throws(PluginError) -> Rates? {
    var rates = Rates()
    for entry in section.value.entries where entry.key != "enabled" {
        let rate = try Rate(entry.value, of: "[\(section.name)] \(entry.key)")
        if entry.key == "default" { rates.default = rate } else { rates.byKey[entry.key.asciiLowercased] = rate }
    }
    return section.isEnabled ? rates : nil
}

/// Each key but two is a domain.
private func outboundLimits(_ section: Section) throws(PluginError) -> OutboundLimits? {
    var limits = OutboundLimits()
    if let delay = try section.count("delay") {
        guard delay > 0 else { throw PluginError("[outbound] delay: expected seconds from 1 on") }
        limits.delay = delay
    }
    for entry in section.value.entries where entry.key != "enabled" && entry.key != "delay" {
        let max = try number(entry.value, "[outbound] \(entry.key)")
        guard max > 0 else { throw PluginError("[outbound] \(entry.key): expected 1 or more") }
        limits.max[entry.key.asciiLowercased] = max
    }
    return section.isEnabled ? limits : nil
}
