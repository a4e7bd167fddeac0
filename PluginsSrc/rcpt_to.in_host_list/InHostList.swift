// rcpt_to.in_host_list: accepts mail for local domains.
public import HarakaPluginKit

#if hasFeature(Embedded)
    @c(haraka_register)
    public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
        Plugin.register(host, handle, registerInHostList)
    }
#endif

/// Takes over the lists of its parent, and asks them about each recipient.
public func registerInHostList(_ plugin: Plugin) {
    plugin.inherits("rcpt_to.host_list_base")
    // From here on the lists are this plugin's: the parent reads and watches the files on its behalf.
    plugin.find("load_host_list")?.invoke()
    plugin.find("load_host_list_regex")?.invoke()
    let inHostList = LateMethod(plugin, "in_host_list")
    let inHostRegex = LateMethod(plugin, "in_host_regex")
    // Asked anew for each recipient, never remembered: the lists may change between two of them.
    plugin.hook("rcpt") { call in
        guard let transaction = call.transaction, let recipient = call.address(0) else { return .continue }
        // Lower case and A-labels already; <postmaster> has none.
        let host = recipient.host
        let verdict = RecipientVerdict.about(
            hasDomain: !host.isEmpty,
            isLocal: inHostList.isTrue(call, about: host) || inHostRegex.isTrue(call, about: host),
            isRelayedByLocal: call.connection.isRelaying && transaction.notes.get("local_sender").isTrue)
        // Only OK is an answer. What is not ours may be another plugin's, and the core refuses what nobody accepts.
        transaction.results.set(verdict.key, .text(verdict.text))
        return verdict.accepts ? .ok : .continue
    }
}

/// What is recorded about a recipient, and whether it is accepted.
struct RecipientVerdict: Equatable {
    let key: String, text: String
    let accepts: Bool

    /// The questions are asked in this order, and the costly ones only if they matter.
    static func about(
        hasDomain: Bool, isLocal: @autoclosure () -> Bool, isRelayedByLocal: @autoclosure () -> Bool
    ) -> RecipientVerdict {
        guard hasDomain else { return RecipientVerdict(key: "fail", text: "rcpt!domain", accepts: false) }
        if isLocal() { return RecipientVerdict(key: "pass", text: "rcpt_to", accepts: true) }
        // From a local domain, by a client that may relay: any recipient will do.
        if isRelayedByLocal() { return RecipientVerdict(key: "pass", text: "relaying local_sender", accepts: true) }
        // Another plugin may yet vouch for it.
        return RecipientVerdict(key: "msg", text: "rcpt!local", accepts: false)
    }
}
