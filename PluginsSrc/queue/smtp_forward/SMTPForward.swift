// queue/smtp_forward: forwards mail to other servers while the client waits.
public import HarakaPluginKit

#if hasFeature(Embedded)
    @c(haraka_register)
    public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
        Plugin.register(host, handle, registerSMTPForward)
    }
#endif

/// A mistake in smtp_forward.ini refuses to load.
///
/// All hooks, whatever is switched off: a hook can only be added now, but the file may change at any time.
public func registerSMTPForward(_ plugin: Plugin) throws(PluginError) {
    let live = Live(try Settings(of: plugin))
    plugin.config.watch(Live.file) { live.changed(plugin) }
    plugin.hook("queue") { call, next throws(PluginError) in try forward(call, next, live.settings, isOutbound: false) }
    plugin.hook("queue_outbound") { call, next throws(PluginError) in
        try forward(call, next, live.settings, isOutbound: true)
    }
    plugin.hook("mail") { call in checkSender(call, live.settings) }
    plugin.hook("rcpt") { call in checkRecipient(call, live.settings) }
    plugin.hook("get_mx") { call in exchanger(call, live.settings) }
}

/// The hooks `queue` and `queue_outbound`.
private func forward(
    _ call: borrowing Call, _ next: consuming Next, _ settings: Settings, isOutbound: Bool
) throws(PluginError) {
    guard let transaction = call.transaction, transaction.mayGo(toQueue: "smtp_forward"),
        transaction.recipients.count > 0
    else { return next.continue() }
    let recipients = (0..<transaction.recipients.count).map { Mailbox(transaction.recipients[$0].address) }
    let batches = settings.batches(sender: Mailbox(transaction.sender), recipients: recipients)
    // One reply is for all recipients, so those for whom it is not wanted leave all to the queue.
    if isOutbound, !batches.allSatisfy({ $0.route.takesOutbound }) { return next.continue() }
    try Forwarding(call, transaction, batches, isOutbound: isOutbound).begin(next)
}

/// The hook `mail`.
private func checkSender(_ call: borrowing Call, _ settings: Settings) -> Answer {
    guard settings.checksSender, let transaction = call.transaction, let sender = call.address(0) else {
        return .continue
    }
    guard !sender.isNull else {
        transaction.results.skip("mail_from.null")
        return .continue
    }
    guard settings.has(sender.host.string) else { return .continue }
    transaction.notes.set("local_sender", .boolean(true))
    guard call.connection.isRelaying else {
        transaction.results.fail("mail_from!spoof")
        return .deny("Spoofed MAIL FROM")
    }
    transaction.results.pass("mail_from")
    return .continue
}

/// The hook `rcpt`.
private func checkRecipient(_ call: borrowing Call, _ settings: Settings) -> Answer {
    guard settings.checksRecipient, let transaction = call.transaction, let recipient = call.address(0) else {
        return .continue
    }
    guard !recipient.host.isEmpty else {
        transaction.results.skip("rcpt!domain")
        return .continue
    }
    let wishes = Wishes(transaction)
    if call.connection.isRelaying, transaction.notes.get("local_sender").isTrue {
        wishes.take(queue: "outbound", nextHop: nil)?.note(in: transaction)
        transaction.results.pass("relaying local_sender")
        return .ok
    }
    guard let route = settings.routes[recipient.host.string.asciiLowercased] else {
        transaction.results.message("rcpt!local")
        return .continue
    }
    guard let taken = wishes.take(queue: route.queue, nextHop: route.nextHop) else {
        transaction.results.pass("rcpt_to.split")
        return .denySoft("Split transaction, retry soon")
    }
    taken.note(in: transaction)
    transaction.results.pass("rcpt_to")
    return .ok
}

/// The hook `get_mx`.
private func exchanger(_ call: borrowing Call, _ settings: Settings) -> Answer {
    guard let mail = call.hmail else { return .continue }
    let wish = mail.notes.get("queue.wants").text
    guard wish.isEmpty || wish == "smtp_forward" else { return .continue }
    let recipient = Mailbox("", call.text(0).string)
    let section = settings.section(sender: Mailbox(mail.mailFrom), recipient: recipient)
    guard
        let value = exchangers(
            isMeant: !wish.isEmpty, nextHop: mail.notes.get("queue.next_hop").text.string, section, settings.main)
    else { return .continue }
    return Answer(.ok, value: value)
}

/// Where queued mail goes; nil: to the MX of its domain. A hop that another plugin noted counts before all sections, but what this
/// plugin noted names a section, which knows how to log in. Mail that was meant for a backend goes to none but a backend.
func exchangers(isMeant: Bool, nextHop: String, _ section: Route?, _ main: Route) -> Value? {
    if isMeant, !nextHop.isEmpty {
        let own = [section, main].compactMap { $0 }.first { $0.nextHop == nextHop }
        return own.map { .list($0.exchangers.map { .mx($0) }) } ?? .text(nextHop)
    }
    return (section ?? (isMeant ? main : nil)).map { .list($0.exchangers.map { .mx($0) }) }
}

/// Which queue the recipients so far have wanted, and where to.
struct Wishes: Equatable {
    var queue: String
    var nextHop: String

    init(queue: String, nextHop: String) { (self.queue, self.nextHop) = (queue, nextHop) }

    init(_ transaction: Transaction) {
        self.init(
            queue: transaction.notes.get("queue.wants").text.string,
            nextHop: transaction.notes.get("queue.next_hop").text.string)
    }

    /// With one more recipient; nil: the mail would have to go two ways.
    func take(queue: String, nextHop: String?) -> Wishes? {
        guard !self.queue.isEmpty else { return Wishes(queue: queue, nextHop: nextHop ?? "") }
        guard self.queue == queue else { return nil }
        guard let nextHop, !self.nextHop.isEmpty else { return self }
        return self.nextHop == nextHop ? self : nil
    }

    func note(in transaction: Transaction) {
        transaction.notes.set("queue.wants", .text(queue))
        if !nextHop.isEmpty { transaction.notes.set("queue.next_hop", .text(nextHop)) }
    }
}
