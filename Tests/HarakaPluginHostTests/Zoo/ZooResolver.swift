// Names as the zoo knows them.

import HarakaCore
import HarakaPluginHost

/// A resolver that remembers what it was told to, and answers the rest when a test says so. On the loop.
final class ZooResolver: PluginResolver {
    final class Lookup: PluginLookup {
        let question: NameQuestion
        let strict: Bool
        let milliseconds: Int64
        var done: ((NameAnswer) -> Void)?
        private(set) var isCancelled = false

        init(_ question: NameQuestion, _ strict: Bool, _ milliseconds: Int64, _ done: ((NameAnswer) -> Void)?) {
            self.question = question
            self.strict = strict
            self.milliseconds = milliseconds
            self.done = done
        }

        func cancel() {
            isCancelled = true
            done = nil
        }
    }

    var known: [String: NameAnswer] = [:]
    private(set) var lookups: [Lookup] = []
    var isBusy = false
    /// Answers inside of `lookup`, as no resolver should.
    var isRash = false

    func remembered(_ question: NameQuestion, strict: Bool) -> NameAnswer? { known[question.name] }

    func lookup(
        _ question: NameQuestion, strict: Bool, within milliseconds: Int64, _ done: @escaping (NameAnswer) -> Void
    ) -> (any PluginLookup)? {
        guard !isBusy else { return nil }
        let lookup = Lookup(question, strict, milliseconds, isRash ? nil : done)
        lookups.append(lookup)
        if isRash { done(NameAnswer(question, .noName, reason: "rash")) }
        return lookup
    }

    func answer(_ index: Int, _ answer: NameAnswer) {
        let done = lookups[index].done
        lookups[index].done = nil
        done?(answer)
    }
}
