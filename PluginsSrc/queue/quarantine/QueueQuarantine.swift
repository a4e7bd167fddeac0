// queue/quarantine: keeps a copy of suspicious mail.
public import HarakaPluginKit

#if hasFeature(Embedded)
    @c(haraka_register)
    public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
        Plugin.register(host, handle, registerQueueQuarantine)
    }
#endif

/// The same for mail of strangers and of clients that may relay.
public func registerQueueQuarantine(_ plugin: Plugin) {
    let path = plugin.config.ini("quarantine.ini")["main"]["quarantine_path"].string
    let quarantine = Quarantine(base: path.flatMap { $0.isEmpty ? nil : $0 } ?? "/var/spool/haraka/quarantine")
    for hook in ["queue", "queue_outbound"] {
        plugin.hook(hook) { call, next throws(PluginError) in try receivedMessage(call, next, quarantine) }
    }
    plugin.hook("init_master") { call in
        // Before the first mail, so that no file that is being written is swept away.
        do throws(PluginError) { try quarantine.clear() } catch { call.log(.error, error.cause) }
        return .continue
    }
}

/// What is to happen to a mail once it is stored; read on the loop, used after the thread has done its work.
private func receivedMessage(
    _ call: borrowing Call, _ next: consuming Next, _ quarantine: Quarantine
) throws(PluginError) {
    guard let transaction = call.transaction else { return next.continue() }
    let (mine, theirs) = (transaction.notes, call.connection.notes)
    let isNamed = mine.get("queue.wants").text == "quarantine"
    guard let wish = wish(theirs.get("quarantine")) ?? wish(mine.get("quarantine")) ?? (isNamed ? "" : nil) else {
        return next.continue()
    }
    let action = answer(theirs.get("quarantine_action")) ?? answer(mine.get("quarantine_action")) ?? .continue
    let uuid = transaction.uuid.string
    let place = quarantine.place(for: uuid, below: wish, date: Plugin.date(ofSeconds: Plugin.microseconds / 1_000_000))
    let message = try transaction.message()
    next.offload {
        quarantine.store(place) { file throws(PluginError) in try message.write(to: file) }
    } then: { failure, next in
        if let failure {
            next.plugin.log(.error, about: transaction.object, failure.cause)
            transaction.results.error(failure.cause)
            return next.denySoft("Quarantine failed, try again later")
        }
        let path = quarantine.path(of: place)
        transaction.notes.set("quarantined", .text(path))
        transaction.results.set("pass", .text(path), emit: true)
        next.answer(action)
    }
}

/// The sub-folder that a note asks for; empty if it only says yes, nil if it says no.
func wish(_ note: ValueView) -> String? { note.isTrue ? note.string ?? "" : nil }

/// `quarantine_action`: a code, or a list of code and text; nil if there is none.
func answer(_ action: ValueView) -> Answer? {
    let code = action.count > 0 ? action[0] : action
    let number = code.integer(or: 0)
    guard number > 0, let raw = Int32(exactly: number) else { return nil }
    return Answer(Code(rawValue: raw), action[1].string.map { Reply($0) })
}
