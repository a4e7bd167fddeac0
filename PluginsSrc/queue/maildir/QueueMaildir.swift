// queue/maildir: delivers into Maildir folders.
public import HarakaPluginKit

#if hasFeature(Embedded)
    @c(haraka_register)
    public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
        Plugin.register(host, handle, registerQueueMaildir)
    }
#endif

/// Reads the configuration and makes the root, so that a wrong path is an error at the start, not at the first mail.
public func registerQueueMaildir(_ plugin: Plugin) throws(PluginError) {
    let ini = plugin.config.ini("queue.maildir.ini", booleans: "-main.enable_outbound")["main"]
    let store = MailStore(
        root: ini["root"].string ?? "./maildir",
        path: try MailboxPath(template: ini["path"].string ?? "%d/%u"))
    _ = try Folder(creating: store.root)
    let queue = MaildirQueue(store)
    plugin.hook("queue") { call, next throws(PluginError) in try queue.receivedMessage(call, next) }
    if ini["enable_outbound"].isTrue {
        plugin.hook("queue_outbound") { call, next throws(PluginError) in try queue.receivedMessage(call, next) }
    }
    plugin.hook("init_master") { call in
        let plugin = call.plugin
        plugin.offload { store.sweep(plugin) }
        return .continue
    }
}

/// The loop's side of a delivery: collects what it needs, hands it to a thread that may wait for the disk, answers.
final class MaildirQueue {
    private let store: MailStore
    private var names = UniqueNames(process: Plugin.processNumber, host: Plugin.hostName)

    init(_ store: MailStore) { self.store = store }

    func receivedMessage(_ call: borrowing Call, _ next: consuming Next) throws(PluginError) {
        guard let transaction = call.transaction else { return next.continue() }
        let wish = transaction.notes.get("queue.wants").text
        guard wish.isEmpty || wish == "maildir" else { return next.continue() }
        let letters = letters(transaction, call.connection)
        let message = try transaction.message()
        let store = store
        next.offload {
            store.deliver(to: letters) { file throws(PluginError) in try message.write(to: file) }
        } then: { failure, next in
            guard let failure else {
                transaction.results.pass("maildir")
                return next.ok()
            }
            next.plugin.log(.error, about: transaction.object, failure.cause)
            transaction.results.error(failure.cause)
            next.denySoft("Delivery failed, try again later")
        }
    }

    /// One for each recipient; an address that was given twice counts once.
    private func letters(_ transaction: Transaction, _ connection: Connection) -> [Letter] {
        let sender = transaction.sender?.address.string ?? ""
        var letters: [Letter] = []
        transaction.recipients.forEach { recipient in
            guard let address = recipient.address else { return }
            let host = address.host.isEmpty ? connection.localHost.string : address.host.string
            let mailbox = store.path.mailbox(user: address.user.string, domain: host.isEmpty ? "localhost" : host)
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
