// rcpt_to.host_list_base: what is local.
public import HarakaPluginKit

#if hasFeature(Embedded)
    @c(haraka_register)
    public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
        Plugin.register(host, handle, registerHostListBase)
    }
#endif

/// Runs once for the plugin itself and once on behalf of each child, so that children share nothing: each has lists of
/// its own and watches the files in its own name.
public func registerHostListBase(_ plugin: Plugin) {
    let lists = HostLists(plugin)
    plugin.method("load_host_list") { _ in
        lists.loadHosts()
        lists.watchHosts()
        return .ok
    }
    plugin.method("load_host_list_regex") { _ in
        lists.loadPatterns()
        lists.watchPatterns()
        return .ok
    }
    // Asked through the object and not a copy of its list, so that a change is seen at once.
    plugin.method("in_host_list") { call in
        call.setResult(lists.hosts.contains(call.text(0)))
        return .ok
    }
    plugin.method("in_host_regex") { call in
        call.setResult(lists.patterns.matches(call.text(0)))
        return .ok
    }
    // A method and not just a hook, so that a child can put its own in the place.
    plugin.method("hook_mail") { call in lists.receivedMail(call) }
}

/// The lists of one plugin that uses them, and what they say about a sender. HostListChanges.swift renews them.
final class HostLists {
    let plugin: Plugin
    var hosts = TextSet()
    var patterns = PatternList()
    var refusesSpoofing = false
    // A child may bring its own answer to these.
    private let inHostList: LateMethod
    private let inHostRegex: LateMethod

    init(_ plugin: Plugin) {
        self.plugin = plugin
        inHostList = LateMethod(plugin, "in_host_list")
        inHostRegex = LateMethod(plugin, "in_host_regex")
    }

    /// What is no domain does no harm in the list, because nothing equals it.
    func loadHosts() {
        hosts = TextSet(copying: plugin.config.lines("host_list").map { $0.text })
        refusesSpoofing = isOn(antiSpoof())
        plugin.log(.debug, "\(hosts.count) hosts in host_list")
    }

    /// What `host_list.anti_spoof` says. Read as a list, because as a value `1` would be a number and no text.
    func antiSpoof() -> Text { plugin.config.list("host_list.anti_spoof")[0].text }

    /// The hook `mail`. Never accepts: that is for the hook `rcpt` of a child.
    func receivedMail(_ call: borrowing Call) -> Answer {
        guard let transaction = call.transaction, let sender = call.address(0) else { return .continue }
        // Bounces come from nowhere, so they can neither be ours nor pretend to be.
        guard !sender.isNull else {
            transaction.results.skip("mail_from.null")
            return .continue
        }
        // The list first: it costs a look-up, the expressions cost a match.
        guard inHostList.isTrue(call, about: sender.host) || inHostRegex.isTrue(call, about: sender.host) else {
            transaction.results.message("mail_from!local")
            return .continue
        }
        // Whoever may relay is one of us.
        if refusesSpoofing && !call.connection.isRelaying {
            transaction.results.fail("mail_from.anti_spoof")
            return .deny("Mail from domain '\(sender.host.string)' is not allowed from your host")
        }
        transaction.results.pass("mail_from")
        // For the hook `rcpt` of a child: such a sender, if it may relay, may send anywhere.
        transaction.notes.set("local_sender", .boolean(true))
        return .continue
    }

    /// When the plugin is loaded there is nothing else to fall back to, so a bad line is left out and the others count.
    func loadPatterns() {
        let (list, mistakes) = readPatterns()
        patterns = list
        for mistake in mistakes { plugin.log(.error, "host_list_regex:\(mistake.line): left out: \(mistake.why)") }
    }

    func readPatterns() -> (list: PatternList, mistakes: [ListMistake]) {
        PatternList.read(plugin.config.lines("host_list_regex"), plugin)
    }
}

/// Haraka takes any text as true here, even the word `false`.
func isOn(_ text: Text) -> Bool { truth(of: text) ?? false }

/// The value of a switch; off if there is nothing, nil if it is neither.
func truth(of text: Text) -> Bool? { text.trimmed.isEmpty ? false : text.switch }
