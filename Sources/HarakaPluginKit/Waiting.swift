// Answers that wait for something.

/// A Next that waits. If what it waits for never comes, it is dropped with this box, which answers.
final class Waiting {
    private var next: Next?

    init(_ next: consuming Next) { self.next = consume next }

    func take() -> Next? { next.take() }

    /// Gives it to `body`, once.
    func resume(_ body: (consuming Next) throws(PluginError) -> Void) {
        if let next = next.take() { HarakaPluginKit.resume(next, body) }
    }
}
