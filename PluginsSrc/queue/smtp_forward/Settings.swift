// What smtp_forward.ini says.
import HarakaPluginKit

/// All of the file: a change takes effect as a whole, or not at all.
struct Settings: Equatable, Sendable {
    var main = Route()
    /// By section: a domain, or a mailbox, in lower case.
    var routes: [String: Route] = [:]
    var checksSender = false
    var checksRecipient = false
    /// The sender's domain chooses the section, not the recipient's.
    var selectsBySender = false

    init(_ ini: Value) throws(PluginError) {
        let section = ini["main"]
        try main.read(section, "main")
        let reader = Reader(section: section, name: "main")
        try reader.flag("check_sender", &checksSender)
        try reader.flag("check_recipient", &checksRecipient)
        var selector = "rcpt_to"
        try reader.text("domain_selector", &selector)
        guard selector == "rcpt_to" || selector == "mail_from" else {
            throw PluginError("[main] domain_selector: expected rcpt_to or mail_from")
        }
        selectsBySender = selector == "mail_from"
        for entry in ini.entries where entry.key != "main" {
            var route = main
            try route.read(entry.value, entry.key)
            routes[entry.key.asciiLowercased] = route
        }
    }

    /// Of the file as it is now.
    init(of plugin: Plugin) throws(PluginError) { try self.init(Value(plugin.config.ini(Live.file))) }

    /// Whether a domain has a section of its own.
    func has(_ domain: String) -> Bool { routes[domain.asciiLowercased] != nil }

    /// The section that a mail's sender, or one of its recipients, chooses; nil: there is none, and `[main]` counts.
    func section(sender: Mailbox, recipient: Mailbox) -> Route? {
        guard selectsBySender else { return routes[recipient.domain] }
        return routes[sender.whole] ?? routes[sender.domain]
    }

    /// Who goes where: recipients by number, those of one backend together, in the order of their first one.
    func batches(sender: Mailbox, recipients: [Mailbox]) -> [Batch] {
        var batches: [Batch] = []
        for (number, recipient) in recipients.enumerated() {
            let route = section(sender: sender, recipient: recipient) ?? main
            if let index = batches.firstIndex(where: { $0.route == route }), !route.isOnePerRecipient {
                batches[index].numbers.append(number)
            } else {
                batches.append(Batch(route: route, numbers: [number]))
            }
        }
        return batches
    }

    /// Batches that are asked before any of them is sent; a copy for a recipient alone is asked when the one before has gone.
    static func rounds(of batches: [Batch]) -> [[Batch]] {
        let together = batches.filter { !$0.route.isOnePerRecipient }
        let alone = batches.filter { $0.route.isOnePerRecipient }.map { [$0] }
        return together.isEmpty ? alone : [together] + alone
    }
}

/// An address in lower case. Empty: the null sender.
struct Mailbox: Equatable, Sendable {
    let whole: String
    let domain: String

    init(_ user: String, _ domain: String) {
        self.domain = domain.asciiLowercased
        whole = user.asciiLowercased + "@" + self.domain
    }

    init(_ address: Address?) { self.init(address?.user.string ?? "", address?.host.string ?? "") }
}

/// Recipients who get one copy of the message, by their numbers.
struct Batch: Equatable, Sendable {
    let route: Route
    var numbers: [Int]
}

/// What is in force. Loop thread only.
final class Live {
    static let file = "smtp_forward.ini"
    private(set) var settings: Settings

    init(_ settings: Settings) { self.settings = settings }

    func changed(_ plugin: Plugin) {
        do throws(PluginError) {
            settings = try Settings(of: plugin)
            plugin.log(.info, "\(Self.file) has changed: \(settings.routes.count) domains")
        } catch {
            plugin.log(.error, "\(Self.file): all stays as it was: \(error.cause)")
        }
    }
}
