// One client, looked up in many lists at once.
import HarakaPluginKit

/// Asks all lists, and hears them until it is decided. A client that leaves ends it.
final class Search {
    private let lists: Lists
    private let ip: String
    private let results: Results
    private var tally = Tally()
    private var next: Next?
    private var queries: [Query] = []
    /// Lists that have not answered yet.
    private var missing = 0
    /// Milliseconds for each question.
    private var time: Int64 = 0
    private var conclude: (Tally) -> Answer = { _ in .continue }

    init(_ lists: Lists, _ ip: String, _ results: Results) {
        (self.lists, self.ip, self.results) = (lists, ip, results)
    }

    func begin(_ zones: [Zone], _ next: consuming Next, conclude: @escaping (Tally) -> Answer) {
        // The hook must be answered before its own time is over, or it refuses.
        time = max(1, min(lists.settings.limit, next.millisecondsLeft - 1000))
        next.onCancel { [self] in cancel() }
        self.next = consume next
        self.conclude = conclude
        missing = zones.count
        for zone in zones { ask(zone) }
    }

    private func ask(_ zone: Zone) {
        guard let name = lists.resolver.reverseName(ip, zone: zone.name) else { return answered(zone, .clean) }
        do throws(PluginError) {
            queries.append(
                try lists.resolver.lookup(name, .a, timeout: time) { [self] answer in
                    answered(zone, Listing(answer, zone))
                })
        } catch {
            answered(zone, .failed("too many lookups"))
        }
    }

    private func answered(_ zone: Zone, _ listing: Listing) {
        missing -= 1
        tally.add(zone, listing)
        guard missing == 0 || lists.settings.endsWithFirst && tally.isDecided, let next = next.take() else { return }
        // What comes later is not heard.
        for query in queries { query.cancel() }
        queries = []
        tally.record(results)
        for (zone, why) in tally.troubles { lists.hasTrouble(zone, why) }
        for zone in tally.answering { lists.hasAnswered(zone) }
        next.answer(conclude(tally))
    }

    private func cancel() {
        for query in queries { query.cancel() }
        queries = []
        _ = next.take()
    }
}
