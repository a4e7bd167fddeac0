// queue/lmtp: delivers mail by LMTP (RFC 2033), through the server's own queue.
public import HarakaPluginKit

#if hasFeature(Embedded)
    @c(haraka_register)
    public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
        Plugin.register(host, handle, registerQueueLMTP)
    }
#endif

/// A mistake in lmtp.ini refuses to load.
public func registerQueueLMTP(_ plugin: Plugin) throws(PluginError) {
    let hops = LiveHops(try Hops(Value(plugin.config.ini(LiveHops.file))))
    plugin.config.watch(LiveHops.file) { hops.changed(plugin) }
    plugin.hook("queue") { call, next throws(PluginError) in
        guard let transaction = call.transaction, takes(transaction.notes.get("queue.wants").text),
            let outbound = call.plugin.outbound
        else { return next.continue() }
        // It travels with the mail: each attempt finds it.
        transaction.notes.set("using_lmtp", .boolean(true))
        try outbound.send(transaction, for: next) { outcome, next in next.answer(outcome.answer) }
    }
    plugin.hook("get_mx") { call in
        guard let mail = call.hmail, mail.notes.get("using_lmtp").isTrue else { return .continue }
        return .mx(hops.now.mx(for: call.text(0).string))
    }
}

/// By `transaction.notes.queue.wants`: nobody was named, or this plugin was.
func takes(_ wish: Text) -> Bool { wish.isEmpty || wish == "lmtp" }

/// lmtp.ini as it is in force. Loop thread only.
final class LiveHops {
    static let file = "lmtp.ini"
    private(set) var now: Hops

    init(_ hops: Hops) { now = hops }

    func changed(_ plugin: Plugin) {
        do throws(PluginError) {
            now = try Hops(Value(plugin.config.ini(Self.file)))
            plugin.log(.info, "\(Self.file) has changed")
        } catch {
            plugin.log(.error, "\(Self.file): all stays as it was: \(error.cause)")
        }
    }
}
