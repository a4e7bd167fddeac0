// How lookups end: with an answer, by their limit, because nobody wants them, or because nobody is there to be asked.

import HarakaCore
import NIOCore

extension Resolver {
    /// What has come from the resolver's thread.
    func take(_ reports: [Report]) {
        for report in reports {
            switch report {
            case .sign: heard()
            case .answer(let serial, let finding, let isHeard):
                if isHeard { heard() }
                answered(serial, finding)
            }
        }
    }

    private func answered(_ serial: UInt64, _ finding: Finding) {
        // Nobody wants it any more if it is not there; the answer is kept all the same.
        let query = bySerial.removeValue(forKey: serial)
        let finding = cache.keep(finding, now: .now())
        guard let query else { return }
        if queries[query.question] === query { queries[query.question] = nil }
        for lookup in Array(query.lookups.values) { finish(lookup, finding.answer(strict: lookup.strict)) }
    }

    /// Tells one who still waits.
    func finish(_ lookup: Lookup, _ answer: NameAnswer) {
        guard lookup.isWaiting, !isClosed else { return }
        lookupCount -= 1
        lookup.end()?(answer)
    }

    // MARK: too late

    func timedOut(_ lookup: Lookup) {
        guard let query = lookup.query, lookup.isWaiting else { return }
        let answer = NameAnswer(query.question, .timedOut, reason: "no answer in time")
        leave(query, lookup)
        // Who had less time than there is has learned nothing about the name.
        if lookup.isPatient { _ = cache.keep(Finding(answer), now: .now()) }
        take(silence.look(now: .now()))
        finish(lookup, answer)
    }

    /// Somebody has cancelled.
    func left(_ lookup: Lookup) {
        guard !isClosed else { return }
        lookupCount -= 1
        if let query = lookup.query { leave(query, lookup) }
    }

    /// When the last one has gone nobody waits for libunbound; it goes on by itself and remembers what it finds.
    private func leave(_ query: Query, _ lookup: Lookup) {
        query.lookups[ObjectIdentifier(lookup)] = nil
        guard query.lookups.isEmpty, bySerial.removeValue(forKey: query.serial) != nil else { return }
        queries[query.question] = nil
        query.asked.cancel()
    }

    // MARK: silence

    private static let silentReason = "the resolvers are silent"

    /// While the resolvers are silent nobody waits for them.
    func silentAnswer(_ question: NameQuestion) -> NameAnswer? {
        guard silence.isSilent else { return nil }
        return NameAnswer(question, .timedOut, reason: Resolver.silentReason)
    }

    private func heard() {
        guard silence.heard() else { return }
        // libunbound remembers for a while that they were not there.
        renewUnbound()
        log(5, "dns: the resolvers answer again")
    }

    func take(_ step: Silence.Step) {
        switch step {
        case .nothing: break
        case .look(let time): look(at: time)
        case .probe(let time):
            if silence.isSilent { followSystem() }
            askForSign()
            look(at: time)
        case .began(let time):
            log(4, "dns: no answer of anything for \(settings.limit) s; until there is one, lookups end at once")
            askForSign()
            look(at: time)
            endAll()
        }
    }

    private func look(at time: NIODeadline) {
        guard !isLooking else { return }
        isLooking = true
        nonisolated(unsafe) weak let resolver = self
        loop.scheduleTask(deadline: time) {
            guard let resolver else { return }
            resolver.isLooking = false
            resolver.take(resolver.silence.look(now: .now()))
        }
    }

    /// Everybody who waits is told at once.
    private func endAll() {
        let ended = Array(queries.values)
        queries = [:]
        bySerial = [:]
        for query in ended {
            query.asked.cancel()
            let answer = NameAnswer(query.question, .timedOut, reason: Resolver.silentReason)
            for lookup in Array(query.lookups.values) { finish(lookup, answer) }
        }
    }
}
