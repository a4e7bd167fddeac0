// queue/smtp_proxy: passes the dialogue with the client on to another server, step by step.
public import HarakaPluginKit

#if hasFeature(Embedded)
    @c(haraka_register)
    public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
        Plugin.register(host, handle, registerSMTPProxy)
    }
#endif

/// A mistake in smtp_proxy.ini refuses to load.
public func registerSMTPProxy(_ plugin: Plugin) throws(PluginError) {
    let live = Live(try Settings(of: plugin))
    plugin.config.watch("smtp_proxy.ini") { live.changed(plugin) }
    plugin.hook("mail") { call, next throws(PluginError) in try begin(call, next, live.settings) }
    plugin.hook("rcpt_ok") { call, next throws(PluginError) in try name(call, next) }
    plugin.hook("data") { call, next throws(PluginError) in try announce(call, next) }
    for hook in ["queue", "queue_outbound"] {
        plugin.hook(hook) { call, next throws(PluginError) in try send(call, next) }
    }
    for hook in ["rset", "quit", "disconnect"] {
        plugin.hook(hook) { call in
            call.transaction.flatMap(dialogue)?.end()
            return .continue
        }
    }
}

/// What is in force. Loop thread only.
private final class Live {
    private(set) var settings: Settings

    init(_ settings: Settings) { self.settings = settings }

    func changed(_ plugin: Plugin) {
        do throws(PluginError) {
            settings = try Settings(of: plugin)
            plugin.log(.info, "smtp_proxy.ini has changed")
        } catch {
            plugin.log(.error, "smtp_proxy.ini: all stays as it was: \(error.cause)")
        }
    }
}

/// The backend's side of one transaction, kept with it: its end is the end of this, however that comes about.
private final class Dialogue {
    let client: SMTPClient
    var stage = Stage.envelope

    init(_ client: SMTPClient) { self.client = client }

    deinit { end() }

    /// The connection is kept for the next mail, unless the backend would take what follows for a message.
    func end() { if stage.canBeReleased { client.release() } else { client.abort() } }

    /// The backend has gone: what else the client says of this mail is refused for now.
    func breaks() {
        stage = .over
        client.abort()
    }
}

/// How far a dialogue with the backend is.
enum Stage {
    case envelope
    /// The backend waits for the message.
    case data
    case over

    var canBeReleased: Bool { self != .data }
}

private let note = "dialogue"

private func dialogue(_ transaction: Transaction) -> Dialogue? {
    transaction.notes.kept(note, as: Dialogue.self)
}

private let unanswered = "Backend failure, try again later"

/// RFC 6531 section 3.5: the sender's local part is not ASCII, and the backend knows nothing else.
private let unspeakable = Answer(
    .deny, Reply("The address needs SMTPUTF8, which the server does not offer", status: Status(5, 6, 7)))

/// The hook `mail`: connects, and tells the sender.
private func begin(_ call: borrowing Call, _ next: consuming Next, _ settings: Settings) throws(PluginError) {
    guard let transaction = call.transaction, let clients = call.plugin.smtpClients,
        settings.takesOutbound || !call.connection.isRelaying
    else { return next.continue() }
    let announced = Announced(Value(call.argument(1)))
    try clients.open(settings.options(for: call.connection), for: next) { client, reply, next throws(PluginError) in
        guard let client, let sender = transaction.sender else {
            // What the backend says before MAIL is about us, and not about this mail.
            next.plugin.log(
                .error, about: transaction.object, "\(reply.host): no dialogue: \(reply.code) \(reply.text)")
            return next.denySoft(unanswered)
        }
        guard let command = announced.command(from: Sender(sender), client.offers) else {
            client.release()
            return next.answer(unspeakable)
        }
        try client.command(command, for: next) { reply, next in
            guard reply.isPositive else { return refuse(reply, transaction, client, next) }
            transaction.notes.keep(note, Dialogue(client))
            next.continue()
        }
    }
}

/// The hook `rcpt_ok`: a recipient that the backend refuses is refused, and the others go on.
private func name(_ call: borrowing Call, _ next: consuming Next) throws(PluginError) {
    guard let transaction = call.transaction, let dialogue = dialogue(transaction), let recipient = call.address(0)
    else {
        return next.continue()
    }
    guard dialogue.stage == .envelope else { return next.denySoft(unanswered) }
    try dialogue.client.rcpt(recipient, for: next) { reply, next in
        guard !reply.isPositive else { return next.continue() }
        transaction.results.fail("\(reply.code) \(reply.text)")
        if reply.trouble != nil { dialogue.breaks() }
        next.answer(refusal(reply))
    }
}

/// The hook `data`.
private func announce(_ call: borrowing Call, _ next: consuming Next) throws(PluginError) {
    guard let transaction = call.transaction, let dialogue = dialogue(transaction) else { return next.continue() }
    guard dialogue.stage == .envelope else { return next.denySoft(unanswered) }
    try dialogue.client.command("DATA", for: next) { reply, next in
        guard reply.isIntermediate else { return refuse(reply, transaction, dialogue.client, next) }
        dialogue.stage = .data
        next.continue()
    }
}

/// The hooks `queue` and `queue_outbound`.
private func send(_ call: borrowing Call, _ next: consuming Next) throws(PluginError) {
    guard let transaction = call.transaction, let dialogue = dialogue(transaction), dialogue.stage == .data,
        transaction.mayGo(toQueue: "smtp_proxy")
    else { return next.continue() }
    try dialogue.client.message(try transaction.message(), for: next) { replies, next in
        let reply = replies.first ?? SMTPReply(0, trouble: .closed)
        if reply.trouble == nil { dialogue.stage = .over }
        guard reply.isPositive else { return refuse(reply, transaction, dialogue.client, next) }
        dialogue.end()
        transaction.results.pass("smtp_proxy")
        next.ok(reply.text)
    }
}

/// The backend's words for the client, and the end of the dialogue.
private func refuse(
    _ reply: SMTPReply, _ transaction: Transaction, _ client: SMTPClient, _ next: consuming Next
) {
    if reply.trouble != nil {
        next.plugin.log(.error, about: transaction.object, "\(reply.host): \(reply.text)")
        client.abort()
    } else {
        client.release()
    }
    transaction.results.fail("\(reply.code) \(reply.text)")
    next.answer(refusal(reply))
}

/// What the client is told of a reply that is not what was hoped for; never that all is well.
func refusal(_ reply: SMTPReply) -> Answer {
    reply.isPositive ? .denySoft(unanswered) : reply.answer(unanswered: unanswered)
}
