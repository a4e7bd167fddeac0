// The exchanges of a route and what is known of their addresses.

import HarakaCore

/// Exchanges in the order in which they are tried, and the answers about them as they come.
struct Candidates: Sendable {
    enum Origin: Sendable, Equatable { case records, implicit, given }

    struct Candidate: Sendable {
        /// Empty: a socket, or an address.
        var name: String
        var priority: Int
        /// What get_mx said about it.
        var mx: MX?
        var four: NameAnswer?
        var six: NameAnswer?

        /// IPv6 first, as Haraka has it.
        var addresses: [IPAddress] { records.compactMap { IPAddress($0.text) } }
        var records: [NameRecord] { (six?.records ?? []) + (four?.records ?? []) }
    }

    let origin: Origin
    private(set) var list: [Candidate]
    /// Some were left out because they are this server.
    private(set) var wasCut = false

    // MARK: where they come from

    /// The domain itself (RFC 5321 section 5.1: as if it had an MX of priority 0).
    init(implicit domain: String) {
        origin = .implicit
        list = [Candidate(name: domain, priority: 0)]
    }

    /// What a plugin has named, in its order.
    init(given: [MX]) {
        origin = .given
        list = given.map { mx in
            let needsLookup = mx.path.isEmpty && IPAddress(mx.exchange) == nil
            return Candidate(name: needsLookup ? mx.exchange : "", priority: mx.priority, mx: mx)
        }
    }

    /// By priority, those of one priority in random order; of several records of one name the best counts.
    init(_ records: [NameRecord], _ random: inout Shuffle) {
        origin = .records
        var best: [String: UInt16] = [:]
        for record in records { best[record.text] = min(best[record.text] ?? .max, record.priority) }
        // A dictionary's order differs from run to run: sorted first, so that the seed alone decides.
        let names = best.keys.sorted().shuffled(using: &random)
        let shuffled = names.map { Candidate(name: $0, priority: Int(best[$0] ?? 0)) }
        list = shuffled.enumerated().sorted { one, other in
            (one.element.priority, one.offset) < (other.element.priority, other.offset)
        }.map(\.element)
    }

    // MARK: leaving out

    /// Leaves out what is as far away as the nearest that is an own name, or farther.
    mutating func cut(_ isOwn: (String) -> Bool) { cut { (candidate: Candidate) in isOwn(candidate.name) } }

    mutating func cut(_ isOwn: (Candidate) -> Bool) {
        guard let nearest = list.filter(isOwn).map(\.priority).min() else { return }
        wasCut = true
        list.removeAll { $0.priority >= nearest }
    }

    mutating func limit(to most: Int) {
        if list.count > most { list.removeLast(list.count - most) }
    }

    // MARK: answers

    /// A and AAAA of each name, together.
    var questions: [NameQuestion] {
        var known: Set<String> = []
        return list.flatMap { candidate -> [NameQuestion] in
            guard !candidate.name.isEmpty, known.insert(candidate.name).inserted else { return [] }
            return [NameQuestion(candidate.name, RecordType.aaaa), NameQuestion(candidate.name, RecordType.a)]
        }
    }

    mutating func take(_ answer: NameAnswer) {
        var answer = answer
        answer.records.removeAll { $0.type != answer.question.type }
        for index in list.indices where list[index].name == answer.question.name {
            switch answer.question.type {
            case RecordType.a: list[index].four = answer
            case RecordType.aaaa: list[index].six = answer
            default: break
            }
        }
    }

    var isComplete: Bool { list.allSatisfy { $0.name.isEmpty || ($0.four != nil && $0.six != nil) } }

    /// The answers that may be better another time, of exchanges without any address.
    var failures: [NameAnswer] {
        list.filter { $0.records.isEmpty }.flatMap { Candidates.failures(of: $0) }
    }

    private static func failures(of candidate: Candidate) -> [NameAnswer] {
        let answers: [NameAnswer] = [candidate.six, candidate.four].compactMap(\.self)
        return answers.filter { $0.status == .failed || $0.status == .timedOut || $0.status == .bogus }
    }

    private static func isNone(_ answer: NameAnswer?) -> Bool {
        answer?.status == .noName || answer?.status == .badName
    }

    /// The name servers say that none of them exists.
    var areUnknown: Bool {
        list.allSatisfy { Candidates.isNone($0.six) && Candidates.isNone($0.four) }
    }
}
