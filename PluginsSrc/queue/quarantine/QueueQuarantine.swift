// queue/quarantine: keeps a copy of suspicious mail.
public import HarakaPluginKit

#if hasFeature(Embedded)
    @c(haraka_register)
    public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
        Plugin.register(host, handle, registerQueueQuarantine)
    }

    /// The generation ends when the last copy is stored, so that the log never lacks how that ended.
    @c(haraka_shutdown)
    public func harakaShutdown(_ call: UnsafePointer<haraka_call>?) -> Int32 { jobs.shutDown(call) }
#endif

/// Of this copy of the plugin: each generation has its own. Loop thread only.
nonisolated(unsafe) private let jobs = Jobs()

/// The same for mail of strangers and of clients that may relay.
public func registerQueueQuarantine(_ plugin: Plugin) {
    let settings = Settings(Quarantine(base: configuredPath(plugin).string ?? ""))
    plugin.config.watch("quarantine.ini") { settings.changed(plugin) }
    for hook in ["queue", "queue_outbound"] {
        plugin.hook(hook) { call, next throws(PluginError) in try receivedMessage(call, next, settings.quarantine) }
    }
    plugin.hook("init_master") { call in
        // Before the first mail, so that no file that is being written is swept away.
        do throws(PluginError) { try settings.quarantine.clear() } catch { call.log(.error, error.cause) }
        return .continue
    }
}

/// Read anew each time: what the host lends is gone after the call.
private func configuredPath(_ plugin: Plugin) -> ValueView {
    plugin.config.ini("quarantine.ini")["main"]["quarantine_path"]
}

/// Where the next copy goes. One that is being stored has a value of its own, and ends where it began.
private final class Settings {
    private(set) var quarantine: Quarantine

    init(_ quarantine: Quarantine) { self.quarantine = quarantine }

    /// The new folder must be there: mail that cannot be stored is refused for now, and before the change it was not.
    func changed(_ plugin: Plugin) {
        let path = configuredPath(plugin)
        do throws(PluginError) {
            guard path.isNull || path.string != nil else { throw PluginError("quarantine_path is no path") }
            let new = Quarantine(base: path.string ?? "")
            try new.prepare()
            quarantine = new
            plugin.log(.info, "quarantine.ini has changed: copies go to \(new.base)")
        } catch {
            plugin.log(.error, "quarantine.ini: all stays as it was: \(error.cause)")
        }
    }
}

/// What is to happen to a mail once it is stored; read on the loop, used after the thread has done its work.
private func receivedMessage(
    _ call: borrowing Call, _ next: consuming Next, _ quarantine: Quarantine
) throws(PluginError) {
    guard let transaction = call.transaction else { return next.continue() }
    let (mine, theirs) = (transaction.notes, call.connection.notes)
    // Like the other queue plugins: whoever names one of them means that one.
    let isNamed = mine.get("queue.wants").text == "quarantine"
    guard let wish = wish(theirs.get("quarantine")) ?? wish(mine.get("quarantine")) ?? (isNamed ? "" : nil) else {
        return next.continue()
    }
    let action = answer(theirs.get("quarantine_action")) ?? answer(mine.get("quarantine_action")) ?? .continue
    // By the day, in local time, so that whoever looks for yesterday's mail knows where.
    let uuid = transaction.uuid.string
    let place = quarantine.place(for: uuid, below: wish, date: Plugin.date(ofSeconds: Plugin.microseconds / 1_000_000))
    let message = try transaction.message()
    // Held by what follows the job, so that it is let go in any case, also when the client has left.
    let job = jobs.begin()
    next.offload {
        quarantine.store(place) { file throws(PluginError) in try message.write(to: file) }
    } then: { failure, next in
        defer { withExtendedLifetime(job) {} }
        // Without the copy no answer may accept: the client has the only other one.
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
