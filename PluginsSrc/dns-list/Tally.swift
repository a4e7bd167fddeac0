// What the lists say, and what is made of it.
import HarakaPluginKit

/// What one list says about one address.
enum Listing: Equatable {
    case clean
    /// The addresses that it answers.
    case listed([String])
    /// No list in its right mind says this.
    case nonsense(String)
    case failed(String)
    case timedOut

    init(_ answer: DNSAnswer, _ zone: Zone) {
        switch answer.status {
        case .found:
            let texts = answer.texts
            if let why = texts.lazy.compactMap({ zone.nonsense(in: $0) }).first {
                self = .nonsense(why)
            } else {
                self = texts.isEmpty ? .clean : .listed(texts)
            }
        case .noData, .noName: self = .clean
        case .timedOut: self = .timedOut
        default: self = .failed(answer.reason.isEmpty ? "ESERVFAIL" : answer.reason)
        }
    }
}

/// What several lists say about one client.
struct Tally {
    private var listings: [(zone: Zone, listing: Listing)] = []

    mutating func add(_ zone: Zone, _ listing: Listing) { listings.append((zone, listing)) }

    /// On an allow list: whatever others say does not count.
    var isAllowed: Bool { listings.contains { $0.zone.kind == .allow && isListed($0.listing) } }

    /// The lists for whose sake the client is refused, in the order of the file.
    var refusing: [String] {
        listings.filter { $0.zone.refuses && isListed($0.listing) }.map { $0.zone }
            .sorted { $0.number < $1.number }.map { $0.name }
    }

    /// Whether nothing that is still to come can be worth waiting for, if the first word counts.
    var isDecided: Bool { isAllowed || !refusing.isEmpty }

    /// Lists that have answered as a list does.
    var answering: [Zone] {
        listings.filter { $0.listing == .clean || isListed($0.listing) }.map { $0.zone }
    }

    /// Lists that are not to be asked any more, and why. One that is silent while others answer is at fault itself; if
    /// none answers, it may be the resolver.
    var troubles: [(zone: Zone, why: Trouble)] {
        let isAlive = !answering.isEmpty
        return listings.compactMap { zone, listing in
            switch listing {
            case .nonsense(let why): (zone, .nonsense(why))
            case .timedOut: (zone, isAlive ? .silent : .unheard)
            default: nil
            }
        }
    }

    enum Trouble: Equatable {
        case nonsense(String), silent, unheard
    }

    /// For other plugins: `pass` and `fail` with names of lists, and what the answers of each mean.
    func record(_ results: Results) {
        for (zone, listing) in listings.sorted(by: { $0.zone.number < $1.zone.number }) {
            switch listing {
            case .clean: if zone.kind == .block || zone.kind == .backscatterer { results.pass(zone.name) }
            case .listed(let addresses): record(results, zone, addresses)
            case .nonsense(let why): results.error("\(zone.name): \(why)")
            case .failed(let why): results.error("\(zone.name): \(why)")
            case .timedOut: results.error("\(zone.name): timeout")
            }
        }
    }

    private func record(_ results: Results, _ zone: Zone, _ addresses: [String]) {
        results.set(zone.name, .list(addresses.map { .text(zone.meaning(of: $0)) }))
        switch zone.kind {
        case .block, .backscatterer: results.fail(zone.name)
        case .allow: results.pass(zone.name)
        // Good and bad as the list that made this kind of list known says it.
        case .karma where addresses.contains("127.0.0.1"): results.pass(zone.name)
        case .karma where addresses.contains("127.0.0.2"): results.fail(zone.name)
        case .karma: results.message("\(zone.name)(\(addresses.map { zone.meaning(of: $0) }.joined(by: ", ")))")
        }
    }
}

private func isListed(_ listing: Listing) -> Bool {
    if case .listed = listing { return true }
    return false
}
