// How many archives are listed at a time.
import HarakaPluginKit

/// The threads for slow things also store mail: hostile archives may keep some of them busy, not all. Loop thread only.
final class Turns {
    private var free: Int
    private var waiting: [Waiting] = []

    init(_ count: Int = 2) { free = count }

    /// Runs `body` now or when it is its turn; it must call ``done()`` once.
    func take(_ next: consuming Next, _ body: @escaping (consuming Next) -> Void) {
        guard free > 0 else { return waiting.append(Waiting(next, body)) }
        free -= 1
        body(next)
    }

    /// The turn goes to who waits longest.
    func done() {
        guard !waiting.isEmpty else { return free += 1 }
        waiting.removeFirst().run()
    }
}

private final class Waiting {
    private var next: Next?
    private let body: (consuming Next) -> Void

    init(_ next: consuming Next, _ body: @escaping (consuming Next) -> Void) {
        self.next = consume next
        self.body = body
    }

    func run() { if let next = next.take() { body(next) } }
}
