// queue/discard: accepts mail and throws it away, when asked to.
public import HarakaPluginKit

#if hasFeature(Embedded)
    @c(haraka_register)
    public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
        Plugin.register(host, handle, registerQueueDiscard)
    }
#endif

/// The same for mail of strangers and of clients that may relay.
public func registerQueueDiscard(_ plugin: Plugin) {
    // The environment of a process does not change.
    let isOrdered = !(Plugin.environment("YES_REALLY_DO_DISCARD") ?? "").isEmpty
    let discard: AnswerBody = { call in
        guard let transaction = call.transaction else { return .continue }
        let wish = Wish(
            queue: transaction.notes.get("queue.wants").text,
            isNoted: call.connection.notes.get("discard").isTrue || transaction.notes.get("discard").isTrue,
            isOrdered: isOrdered)
        guard wish.isDiscarded else { return .continue }
        call.log(.info, "discarding message")
        return .ok
    }
    plugin.hook("queue", discard)
    plugin.hook("queue_outbound", discard)
}

/// Who wants what with a mail.
struct Wish {
    /// `transaction.notes.queue.wants`; empty if nobody said.
    let queue: Text
    /// A note says discard.
    let isNoted: Bool
    /// The environment says discard.
    let isOrdered: Bool

    /// A mail that another queue plugin was named for is left to it.
    var isDiscarded: Bool { queue.isEmpty ? isNoted || isOrdered : queue == "discard" }
}
