// queue/maildir: delivers into Maildir folders.
public import HarakaPluginKit

#if hasFeature(Embedded)
    @c(haraka_register)
    public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
        Plugin.register(host, handle, registerQueueMaildir)
    }

    /// The generation ends after the last delivery has, so that the log never lacks how one ended.
    @c(haraka_shutdown)
    public func harakaShutdown(_ call: UnsafePointer<haraka_call>?) -> Int32 { jobs.shutDown(call) }
#endif

/// Of this copy of the plugin: each generation has its own. Loop thread only.
nonisolated(unsafe) private let jobs = Jobs()

/// A mistake in the configuration refuses to load.
///
/// Registers on `queue_outbound` whether it is wanted or not: a hook can only be added here, but `enable_outbound` may
/// change at any time.
public func registerQueueMaildir(_ plugin: Plugin) throws(PluginError) {
    let queue = MaildirQueue(try Settings(plugin.config))
    plugin.config.watch("queue.maildir.ini") { queue.configurationChanged(plugin) }
    plugin.hook("queue") { call, next throws(PluginError) in try queue.receivedMessage(call, next) }
    plugin.hook("queue_outbound") { call, next throws(PluginError) in
        guard queue.settings.takesOutbound else { return next.continue() }
        try queue.receivedMessage(call, next)
    }
    // One process is enough for this, and it need not delay anybody: a thread does it.
    plugin.hook("init_master") { call in
        let (plugin, store, job) = (call.plugin, queue.settings.store, jobs.begin())
        plugin.offload({ store.sweep(plugin) }, then: { withExtendedLifetime(job) {} })
        return .continue
    }
}

/// The loop's side of a delivery: collects what it needs, hands it to a thread that may wait for the disk, answers.
final class MaildirQueue {
    private(set) var settings: Settings
    /// Of this process: the number in the name tells its files from those of the other workers.
    private var names = UniqueNames(process: Plugin.processNumber, host: Plugin.hostName)

    init(_ settings: Settings) { self.settings = settings }

    /// New settings hold for the next mail. A delivery that has begun has a copy of the old ones, so it ends where it
    /// began.
    func configurationChanged(_ plugin: Plugin) {
        do throws(PluginError) {
            settings = try Settings(plugin.config)
            plugin.log(.info, "queue.maildir.ini has changed: delivers into \(settings.store.root)")
        } catch {
            plugin.log(.error, "queue.maildir.ini: all stays as it was: \(error.cause)")
        }
    }

    func receivedMessage(_ call: borrowing Call, _ next: consuming Next) throws(PluginError) {
        guard let transaction = call.transaction else { return next.continue() }
        let wish = transaction.notes.get("queue.wants").text
        guard wish.isEmpty || wish == "maildir" else { return next.continue() }
        let letters = letters(transaction, call.connection)
        // From now on the message outlives the transaction, should the client leave before it is stored.
        let message = try transaction.message()
        // All that the thread needs is taken along: it must not ask the host, and nothing may change under it.
        let (store, job) = (settings.store, jobs.begin())
        next.offload {
            store.deliver(to: letters) { file throws(PluginError) in try message.write(to: file) }
        } then: { failure, next in
            defer { withExtendedLifetime(job) {} }
            guard let failure else {
                transaction.results.pass("maildir")
                return next.ok()
            }
            // The cause may name folders, which is nobody's business outside.
            next.plugin.log(.error, about: transaction.object, failure.cause)
            transaction.results.error(failure.cause)
            next.denySoft("Delivery failed, try again later")
        }
    }

    /// One for each recipient; an address that was given twice counts once.
    private func letters(_ transaction: Transaction, _ connection: Connection) -> [Letter] {
        let path = settings.store.path
        let sender = transaction.sender?.address.string ?? ""
        var letters: [Letter] = []
        transaction.recipients.forEach { recipient in
            guard let address = recipient.address else { return }
            // Only <postmaster> may come without a domain (RFC 5321 4.5.1): that is ours.
            let host = address.host.isEmpty ? connection.localHost.string : address.host.string
            let mailbox = path.mailbox(user: address.user.string, domain: host.isEmpty ? "localhost" : host)
            let recipient = address.address.string
            guard !letters.contains(where: { $0.mailbox == mailbox && $0.recipient == recipient }) else { return }
            letters.append(
                Letter(
                    name: names.next(microseconds: Plugin.microseconds), mailbox: mailbox, sender: sender,
                    recipient: recipient))
        }
        return letters
    }
}
