// delay_deny: postpones refusals until a recipient is named.
public import HarakaPluginKit

#if hasFeature(Embedded)
    @c(haraka_register)
    public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
        Plugin.register(host, handle, registerDelayDeny)
    }
#endif

/// In the order of the hooks: keep, give back, show.
public func registerDelayDeny(_ plugin: Plugin) {
    let settings = Settings(plugin)
    plugin.config.watch("delay_deny.ini") { settings.changed() }
    plugin.hook("deny") { call in postpone(call, settings.choice) }
    // First of all: another plugin's OK would end the hook, and the refusal would be forgotten.
    plugin.hook("rcpt_ok", priority: -100) { call in giveBack(call) }
    // By now nothing can be postponed any more, and the message can carry who had something against it.
    plugin.hook("data") { call in
        guard let transaction = call.transaction else { return .continue }
        let names = kept(call.connection.notes).culprits + kept(transaction.notes).culprits
        if !names.isEmpty { transaction.headers.add("X-Haraka-Fail-Pre", unique(names).joined(by: " ")) }
        return .continue
    }
}

/// What delay_deny.ini says. A change does not touch a refusal that waits already: it is still given.
private final class Settings {
    private let plugin: Plugin
    private(set) var choice = Choice(included: nil, excluded: nil)

    init(_ plugin: Plugin) {
        self.plugin = plugin
        choice = Choice(included: entry("included_plugins").string, excluded: entry("excluded_plugins").string)
    }

    private func entry(_ key: String) -> ValueView { plugin.config.ini("delay_deny.ini")["main"][key] }

    /// Both lists, or neither.
    func changed() {
        for key in ["included_plugins", "excluded_plugins"] {
            let list = entry(key)
            guard list.isNull || list.string != nil, !(list.string ?? "").words.contains(where: isNonsense) else {
                return plugin.log(
                    .error, "delay_deny.ini: all stays as it was: \(key) is no list of plugin, plugin:hook[:method]")
            }
        }
        choice = Choice(included: entry("included_plugins").string, excluded: entry("excluded_plugins").string)
        plugin.log(.info, "delay_deny.ini has changed")
    }
}

/// The arguments of `deny`: code, message, plugin, method, the hook's own arguments, hook.
private func postpone(_ call: borrowing Call, _ choice: Choice) -> Answer {
    let source = Source(plugin: call.text(2).string, hook: call.text(5).string, method: call.text(3).string)
    // What rcpt_ok gives back below comes by here again.
    guard !(call.text(2) == call.plugin.name), choice.postpones(source), let scope = Scope(hook: source.hook) else {
        return .continue
    }
    if scope == .now && !call.connection.isRelaying { return .continue }
    guard let notes = scope == .connection ? call.connection.notes : call.transaction?.notes else { return .continue }
    // Kept where no other plugin sees or changes it.
    let rejections = kept(notes)
    if scope == .now {
        rejections.note(source.plugin)
    } else {
        // A refusal of `rcpt` must never hit everybody, so an address that is missing matches nobody.
        let recipient = scope == .recipient ? recipient(call.argument(4)) ?? "" : nil
        rejections.add(
            Rejection(
                code: Code(rawValue: Int32(truncatingIfNeeded: call.argument(0).integer(or: 0))),
                reply: reply(call.argument(1)), plugin: source.plugin, recipient: recipient))
    }
    notes.keep("rejections", rejections)
    // Haraka's note, for plugins that look whether somebody had something against this client.
    notes.set("delay_deny_pre_fail", .map(rejections.culprits.map { Value.Entry($0, .integer(1)) }))
    // OK on `deny` takes the refusal back: the core goes on as if nobody had refused.
    return .ok
}

private func giveBack(_ call: borrowing Call) -> Answer {
    guard let transaction = call.transaction else { return .continue }
    // Trusted after all: this is what the plugin is for.
    if call.connection.isRelaying {
        call.log(.info, "bypassing all pre-DATA deny: AUTH/RELAY")
        return .continue
    }
    guard let recipient = recipient(call.argument(0)) else { return .continue }
    // Who refused the client has priority over who refused the sender: that was said first.
    guard
        let rejection = kept(call.connection.notes).first(for: recipient)
            ?? kept(transaction.notes).first(for: recipient)
    else { return .continue }
    return Answer(rejection.code, rejection.reply)
}

/// What is kept with a connection or transaction; empty if nothing is.
private func kept(_ notes: Notes) -> Rejections { notes.kept("rejections", as: Rejections.self) ?? Rejections() }

/// `rcpt_ok` has the address as its argument, `rcpt` a list that begins with it.
private func recipient(_ argument: ValueView) -> String? {
    (argument.address ?? argument[0].address)?.address.string
}

/// The message of a refusal: text, lines, or a map with an SMTP code and an enhanced status.
private func reply(_ message: ValueView) -> Reply? {
    if let text = message.string { return text.isEmpty ? nil : Reply(text) }
    if message[0].string != nil { return Reply(lines(message)) }
    guard message.count > 0 else { return nil }
    let code = UInt32(clamping: message["code"].integer(or: 0))
    let text = message["text"].string ?? lines(message["lines"])
    return Reply(text.isEmpty ? nil : text, code: code, status: Status(dotted: message["status"].text.string))
}

/// Several lines travel as one text with line ends; the host makes a reply of several lines of it.
private func lines(_ list: ValueView) -> String {
    (0..<list.count).map { list[$0].text.string }.joined(by: "\n")
}
