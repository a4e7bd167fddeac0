// aliases: other recipients in the place of some, or none.
public import HarakaPluginKit

#if hasFeature(Embedded)
    @c(haraka_register)
    public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
        Plugin.register(host, handle, registerAliases)
    }
#endif

/// Mail that nobody is to have is swallowed by the hooks of `queue/discard`.
public func registerAliases(_ plugin: Plugin) {
    plugin.inherits("queue/discard")
    let file = AliasFile(plugin)
    plugin.config.watch(AliasFile.name) { file.changed() }
    // At `data` and not at `rcpt`, because by then it is known who was accepted: a plugin that refuses a recipient takes
    // one away from the list, however many an alias had made of it. First of all: another plugin's answer would end the hook.
    plugin.hook("data", priority: -100) { call in replaceRecipients(call, file.table) }
}

/// The hook `data`.
private func replaceRecipients(_ call: borrowing Call, _ table: AliasTable) -> Answer {
    guard let transaction = call.transaction else { return .continue }
    let recipients = transaction.recipients
    let mailboxes = (0..<recipients.count).compactMap { index in
        recipients[index].address.map { Mailbox(user: $0.user.string, host: $0.originalHost.string) }
    }
    let localHost = call.connection.property(HARAKA_CONN_LOCAL_HOST).text.string
    let expansion = Expansion(of: mailboxes, by: table, localHost: localHost)
    guard expansion.isChange else { return .continue }
    record(expansion, call, transaction)
    if expansion.isDiscarded {
        // The list stays: a plugin that looks at it expects somebody there.
        transaction.notes.set("discard", .boolean(true))
        return .continue
    }
    do throws(PluginError) {
        try transaction.setRecipients(expansion.recipients.map { ($0.user, $0.host) })
        return .continue
    } catch {
        call.log(.error, "an alias is no address")
        return .denySoft
    }
}

/// Results for other plugins, and Haraka's note for those that sign what is passed on.
private func record(_ expansion: Expansion, _ call: borrowing Call, _ transaction: Transaction) {
    var findings = expansion.dropped.map { "drop(\($0.text))" }
    for (from, to) in expansion.replaced {
        let names = to.map { $0.text }.joined(by: ", ")
        findings.append("alias(\(from.text) -> \(names))")
    }
    for finding in findings {
        transaction.results.message(finding)
        call.log(.info, finding)
    }
    if !expansion.replaced.isEmpty { transaction.notes.set("forward", .boolean(true)) }
}

/// aliases.json, and what it held when it last was in order.
final class AliasFile {
    static let name = "aliases.json"
    private let plugin: Plugin
    private(set) var table = AliasTable()

    /// When the plugin is loaded there is nothing else to fall back to, so a bad entry is left out and the others
    /// count.
    init(_ plugin: Plugin) {
        self.plugin = plugin
        let (table, mistakes) = readAliases(plugin.config.json(Self.name))
        self.table = table
        for mistake in mistakes { plugin.log(.error, "\(Self.name): left out: \(mistake)") }
    }

    /// Half a table would send mail to whom it is not meant for: all entries, or none.
    func changed() {
        let (new, mistakes) = readAliases(plugin.config.json(Self.name))
        if let mistake = mistakes.first { return plugin.log(.error, "\(Self.name) stays as it was: \(mistake)") }
        table = new
        plugin.log(.info, "\(Self.name) has changed: \(new.count) aliases")
    }
}

/// Reads the map of the file; entries that make no sense are described.
func readAliases(_ json: ValueView) -> (AliasTable, [String]) {
    var table = AliasTable()
    var mistakes: [String] = []
    for index in 0..<json.count {
        let (key, entry) = json.entry(index)
        switch action(entry) {
        case .success(let action): table.add(action, for: key.string)
        case .failure(let why): mistakes.append("\(key.string): \(why.cause)")
        }
    }
    return (table, mistakes)
}

/// One entry; the failure says why it is none.
private func action(_ entry: ValueView) -> Result<AliasAction, PluginError> {
    let name = entry["action"].text.asciiLowercased
    if name == "drop" { return .success(.drop) }
    guard name == "alias" else { return .failure(PluginError("action is neither drop nor alias")) }
    let to = entry["to"]
    let wanted = to.string.map { [$0] } ?? (0..<to.count).map { to[$0].text.string }
    let targets = wanted.compactMap(AliasTarget.init)
    guard !targets.isEmpty, targets.count == wanted.count else {
        return .failure(PluginError("to is no mailbox, nor a list of mailboxes"))
    }
    return .success(.alias(targets))
}
