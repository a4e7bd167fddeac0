// The right to answer one hook once.
import CHarakaPluginKit

/// Answers a hook. It cannot be copied and each answer consumes it, so answering twice does not compile; dropping it
/// answers with a temporary refusal "plugin gave no answer" and a critical line in the log.
///
///     plugin.hook("rcpt") { call, next in
///         guard let recipient = call.address(0) else { return next.continue() }
///         next.after(milliseconds: 200) { next in next.deny("no such user") }
///     }
///
/// An escaping closure cannot consume what it captured, so everything that takes time takes the Next along and hands it
/// back. Any thread, unless a method says otherwise.
@frozen public struct Next: ~Copyable, Sendable {
    let handle: haraka_next
    let owner: haraka_self

    init(handle: haraka_next, owner: haraka_self) {
        self.handle = handle
        self.owner = owner
    }

    deinit {
        guard haraka_kit_mark(handle, 0) == 0 else { return }
        forgotten(handle, owner)
    }

    /// Any code, with what goes with it.
    public consuming func answer(_ code: Code, _ reply: Reply? = nil) {
        let next = taken()
        // Inside its own hook a code alone becomes the value of the hook function.
        if reply == nil, haraka_kit_mark(next.handle, code.rawValue) != 0 { return }
        complete(next.handle, code, reply)
    }

    /// What a deciding closure would have returned.
    public consuming func answer(_ answer: Answer) { self.answer(answer.code, answer.reply) }

    /// Let the next plugin of this hook decide.
    public consuming func `continue`() { answer(.continue) }
    /// Accept; no further plugin is asked.
    public consuming func ok(_ text: String? = nil) { answer(.ok, words(text)) }
    /// Refuse for good.
    public consuming func deny(_ text: String? = nil) { answer(.deny, words(text)) }
    /// Refuse for now.
    public consuming func denySoft(_ text: String? = nil) { answer(.denySoft, words(text)) }
    /// Refuse for good, then close.
    public consuming func denyDisconnect(_ text: String? = nil) { answer(.denyDisconnect, words(text)) }
    /// Refuse for now, then close.
    public consuming func denySoftDisconnect(_ text: String? = nil) { answer(.denySoftDisconnect, words(text)) }
    /// Close.
    public consuming func disconnect() { answer(.disconnect) }
    /// The chain ends and the core sends nothing.
    public consuming func done() { answer(.done) }

    /// Something went wrong: a critical line with the cause, and a temporary refusal without it.
    public consuming func fail(_ error: PluginError) {
        let next = taken()
        HarakaPluginKit.fail(next.handle, next.owner, error)
    }

    /// The plugin that was asked.
    public var plugin: Plugin { Plugin(handle: owner) }

    /// Milliseconds until the time limit; `Int64.max` if there is none. Loop thread.
    public var millisecondsLeft: Int64 {
        var left = Int64.max
        _ = haraka_kit_host().pointee.deadline(handle, &left)
        return left
    }

    /// The hook's arguments again, for an answer that comes later: a list. Loop thread.
    public var arguments: ValueView {
        var value = haraka_null()
        _ = haraka_kit_host().pointee.next_arguments(handle, &value)
        return ValueView(value)
    }

    /// Runs `body` if the answer is not needed any more: the client left, the time limit was over, or the server stops.
    /// One per hook, and before anything is waited for: ``after(milliseconds:_:)`` and the like stop by themselves. Loop thread.
    public func onCancel(_ body: @escaping () -> Void) {
        let box = Unmanaged.passRetained(CallbackBox(body)).toOpaque()
        var callback = haraka_callback(function: runCallback, context: box, destroy: releaseKept)
        if haraka_kit_host().pointee.on_cancel(handle, &callback) < 0 { releaseKept(box) }
    }

    /// The handles, without the answer that dropping gives.
    consuming func taken() -> (handle: haraka_next, owner: haraka_self) {
        let taken = (handle: handle, owner: owner)
        discard self
        return taken
    }
}

private func words(_ text: String?) -> Reply? { text.map { Reply($0) } }
