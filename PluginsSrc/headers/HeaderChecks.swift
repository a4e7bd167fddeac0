// headers: looks at the header of each message, records what it finds, and refuses what it is told to.
public import HarakaPluginKit

#if hasFeature(Embedded)
    @c(haraka_register)
    public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
        Plugin.register(host, handle, registerHeaderChecks)
    }
#endif

/// One look at each message, in Haraka's order of checks; the first refusal ends it.
public func registerHeaderChecks(_ plugin: Plugin) {
    let current = Current(plugin)
    let domains = plugin.domains
    plugin.config.watch(file) { current.changed(plugin) }
    plugin.hook("data_post") { call in
        guard let transaction = call.transaction else { return .continue }
        return judge(transaction, Mail(call, transaction, domains), current.settings)
    }
}

private let file = "headers.ini"

/// What is in force.
private final class Current {
    private(set) var settings: Settings

    init(_ plugin: Plugin) {
        let (settings, mistakes) = Settings.read(plugin.config.ini(file, booleans: Settings.booleans))
        for mistake in mistakes { plugin.log(.error, "\(file): \(mistake)") }
        self.settings = settings
    }

    func changed(_ plugin: Plugin) {
        let (new, mistakes) = Settings.read(plugin.config.ini(file, booleans: Settings.booleans))
        for mistake in mistakes { plugin.log(.error, "\(file): all stays as it was: \(mistake)") }
        guard mistakes.isEmpty else { return }
        settings = new
        plugin.log(.info, "\(file) has changed")
    }
}

private func judge(_ transaction: Transaction, _ mail: Mail, _ settings: Settings) -> Answer {
    for check in Check.all where settings.checks.contains(check.flag) {
        for finding in check.look(mail, settings) {
            transaction.results.set(finding.kind.rawValue, .text(finding.text))
            if finding.removesReturnPath { transaction.headers.remove("Return-Path") }
            guard let denial = finding.denial, settings.rejects.contains(check.flag) else { continue }
            return .deny(denial)
        }
    }
    return .continue
}

extension Mail {
    /// What the checks want to know. Fields are asked for when a check looks at them.
    fileprivate init(_ call: borrowing Call, _ transaction: Transaction, _ names: Domains?) {
        let headers = transaction.headers
        let recipients = transaction.recipients
        self.init(
            fields: { texts(headers.get($0)) }, decoded: { texts(headers.getDecoded($0)) },
            sender: transaction.sender.map { Sender(address: $0.address.string, host: $0.host.string) },
            recipients: (0..<recipients.count).compactMap { recipients[$0].address?.address.string },
            isRelaying: call.connection.isRelaying, now: Plugin.wallClock / 1000,
            vouchers: domains(in: transaction.results), organizational: { names?.organizational($0) })
    }
}

private func texts(_ list: ValueView) -> [String] { (0..<list.count).map { list[$0].text.string } }

/// Domains that SPF or DKIM vouch for, as other plugins recorded them.
private func domains(in results: Results) -> [String] {
    var domains = texts(results.get("dkim", "pass")) + texts(results.get("dkim_verify", "pass"))
    if results.get("spf", "result").text.asciiLowercased == "pass", let domain = results.get("spf", "domain").string {
        domains.append(domain)
    }
    return domains
}
