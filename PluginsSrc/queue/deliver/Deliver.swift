// queue/deliver: puts mail of clients that may relay into the server's own queue.
public import HarakaPluginKit

#if hasFeature(Embedded)
    @c(haraka_register)
    public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
        Plugin.register(host, handle, registerDeliver)
    }
#endif

/// The server does the same where no plugin on `queue_outbound` decides; with this one those behind it are not asked.
public func registerDeliver(_ plugin: Plugin) {
    plugin.hook("queue_outbound") { call, next throws(PluginError) in
        guard let transaction = call.transaction, takes(transaction.notes.get("queue.wants").text),
            let outbound = call.plugin.outbound
        else { return next.continue() }
        try outbound.send(transaction, for: next) { outcome, next in
            if case .failed(let why) = outcome {
                next.plugin.log(.warn, about: transaction.object, "not queued: \(why)")
            }
            next.answer(outcome.answer)
        }
    }
}

/// By `transaction.notes.queue.wants`: nobody was named, or the queue was.
func takes(_ wish: Text) -> Bool { wish.isEmpty || wish == "outbound" || wish == "deliver" }
