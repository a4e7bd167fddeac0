// A lookup, and the question that it shares with others.

import HarakaCore
import NIOCore

/// One who waits for an answer. On the loop.
public final class Lookup {
    let strict: Bool
    /// It has the whole limit of the settings.
    var isPatient = false
    private var done: ((NameAnswer) -> Void)?
    private var timer: Scheduled<Void>?
    weak var resolver: Resolver?
    weak var query: Query?

    init(strict: Bool, _ done: @escaping (NameAnswer) -> Void) {
        self.strict = strict
        self.done = done
    }

    /// `done` is not called any more. Others who wait for the same answer go on.
    public func cancel() {
        guard done != nil else { return }
        end()
        resolver?.left(self)
    }

    /// Whether somebody still waits.
    var isWaiting: Bool { done != nil }

    func start(_ timer: Scheduled<Void>) { self.timer = timer }

    /// Nobody waits any more. Returns who is to be told.
    @discardableResult
    func end() -> ((NameAnswer) -> Void)? {
        defer { done = nil }
        timer?.cancel()
        timer = nil
        return done
    }
}

/// A question that libunbound has, and everybody who waits for it.
final class Query {
    let question: NameQuestion
    let serial: UInt64
    let asked: Unbound.Asked
    var lookups: [ObjectIdentifier: Lookup] = [:]

    init(_ question: NameQuestion, _ serial: UInt64, _ asked: Unbound.Asked) {
        self.question = question
        self.serial = serial
        self.asked = asked
    }
}
