// Answers that wait for something.

/// A Next that waits. If what it waits for never comes, it is dropped with this box, which answers.
final class Waiting {
    private var next: Next?
    private var ending: Ending?

    init(_ next: consuming Next) { self.next = consume next }

    /// Who waited is not told that nothing came if he has stopped waiting. Loop thread, as all that is let go here.
    deinit {
        if let next = next.take(), !next.isWanted { _ = next.taken() }
    }

    func take() -> Next? { next.take() }

    /// The end of the hook runs `stop`, which must not hold this box. Without effect once the Next was given back, or if the host
    /// has something else to run then. Loop thread.
    func stops(_ stop: @escaping () -> Void) {
        guard let handle = next?.handle else { return }
        ending = Ending.of(handle)
        ending?.set(stop)
    }

    /// Gives it to `body`, once.
    func resume(_ body: (consuming Next) throws(PluginError) -> Void) {
        guard let next = next.take() else { return }
        ending?.set(nil)
        HarakaPluginKit.resume(next, body)
    }

    /// The same, unless the hook has ended: then `body` is let go without a word.
    func resumeIfWanted(_ body: (consuming Next) throws(PluginError) -> Void) {
        guard let next = next.take() else { return }
        ending?.set(nil)
        if next.isWanted { HarakaPluginKit.resume(next, body) } else { _ = next.taken() }
    }
}
