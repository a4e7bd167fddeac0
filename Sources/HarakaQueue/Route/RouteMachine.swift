// From a domain to the servers that take its mail. RFC 5321 section 5.1, RFC 7505; docs/outbound.md "Where mail goes".

public import HarakaCore

/// Finds the hops of one domain: says what has to be looked up, takes the answers, and ends with hops or with a
/// failure.
///
/// Pure: the caller asks the questions, and hands in the random number that decides between MX of one priority. However
/// large a zone is, there are at most ``mostExchanges`` pairs of lookups besides that of the MX, and ``mostHops`` hops.
public struct RouteMachine: Sendable {
    public enum Step: Sendable, Equatable {
        /// Each of these is to be answered. Empty: answers are still missing.
        case lookup([NameQuestion])
        /// Never empty.
        case route([Hop])
        case fail(RouteFailure)
    }

    /// Of one domain, or of one answer of get_mx.
    public static let mostExchanges = 20
    public static let mostHops = 40
    /// Of one exchange, IPv4 and IPv6 each.
    static let mostAddresses = 8

    private enum Stage: Sendable {
        case begin
        /// What get_mx has named.
        case given([MX])
        case mailExchanges(NameAnswer?)
        case addresses(Candidates)
        case end(Step)
    }

    let domain: String
    let own: OwnNames
    let isLocalAllowed: Bool
    let preference: OutboundSettings.AddressFamily
    private var random: Shuffle
    private var stage: Stage

    /// - Parameters:
    ///   - domain: Lower case, A-labels; a literal with its brackets.
    ///   - given: What get_mx has answered: it is taken in its order, and nothing of it is left out as an own host.
    ///   - seed: A random number.
    public init(domain: String, given: [MX]? = nil, settings: OutboundSettings, own: OwnNames, seed: UInt64) {
        self.domain = domain
        self.own = own
        isLocalAllowed = settings.allowsLocalMX
        preference = settings.preferredFamily
        random = Shuffle(seed: seed)
        stage = given.map { .given($0) } ?? .begin
    }

    /// What is to be done now. Ask again when all questions are answered.
    public mutating func next() -> Step {
        switch stage {
        case .begin: return begin()
        case .given(let list): return look(Candidates(given: Array(list.prefix(RouteMachine.mostExchanges))))
        case .mailExchanges(let answer):
            guard let answer else { return .lookup([]) }
            return mailExchanges(answer)
        case .addresses(let candidates): return candidates.isComplete ? resolved(candidates) : .lookup([])
        case .end(let step): return step
        }
    }

    /// An answer to one of the questions; others are ignored.
    public mutating func answered(_ answer: NameAnswer) {
        switch stage {
        case .mailExchanges(nil) where answer.question == mailExchangeQuestion: stage = .mailExchanges(answer)
        case .addresses(var candidates):
            // Let go of the first copy, else the next line would make another.
            stage = .mailExchanges(nil)
            candidates.take(answer)
            stage = .addresses(candidates)
        default: break
        }
    }

    // MARK: the domain

    private var mailExchangeQuestion: NameQuestion { NameQuestion(domain, RecordType.mx) }

    private mutating func begin() -> Step {
        if domain.utf8.first == UInt8(ascii: "[") { return literal() }
        guard !domain.isEmpty else { return end(nowhere()) }
        stage = .mailExchanges(nil)
        return .lookup([mailExchangeQuestion])
    }

    /// `[192.0.2.1]` or `[IPv6:2001:db8::1]` (RFC 5321 section 4.1.3): there is nothing to ask.
    private mutating func literal() -> Step {
        let inner = domain.dropFirst().dropLast()
        let text = inner.lowercased().hasPrefix("ipv6:") ? inner.dropFirst(5) : inner
        let isTagged = text.count != inner.count
        guard domain.hasSuffix("]"), let address = IPAddress(String(text)), isTagged == text.contains(":") else {
            return end(.permanent("Nobody knows how to reach the address literal \(domain)", 1, 2))
        }
        if !isLocalAllowed, own.isOwn(address) { return end(loop()) }
        var hop = Hop()
        (hop.host, hop.ip) = (String(text), String(text))
        return end([hop])
    }

    private mutating func mailExchanges(_ answer: NameAnswer) -> Step {
        switch answer.status {
        // RFC 5321 section 5.1: the domain is its own exchange. A name that has no MX because it does not exist is
        // looked for all the same: it may stand in the hosts file.
        case .noData, .noName: return look(Candidates(implicit: domain))
        case .badName: return end(noSuchDomain())
        case .failed, .timedOut, .bogus: return end(RouteMachine.lookupFailure([answer]))
        case .found: break
        }
        let records = answer.records.filter { $0.type == RecordType.mx }
        if records.isEmpty { return look(Candidates(implicit: domain)) }
        let named = records.filter { $0.text != "." && !$0.text.isEmpty }
        // Beside others a null MX means nothing (RFC 7505 section 3).
        if named.isEmpty { return end(nullMX()) }
        // RFC 5321 section 5.1: a name, not an address.
        let names = named.filter { IPAddress($0.text) == nil }
        if names.isEmpty { return end(addressesOnly(named.map(\.text))) }
        return own(Candidates(names, &random))
    }

    /// RFC 5321 section 5.1: where this server stands in the list, it and everything behind it is left out.
    private mutating func own(_ candidates: Candidates) -> Step {
        var candidates = candidates
        if !isLocalAllowed { candidates.cut { own.isOwn(name: $0) } }
        if candidates.list.isEmpty { return end(loop()) }
        candidates.limit(to: RouteMachine.mostExchanges)
        return look(candidates)
    }

    // MARK: addresses

    private mutating func look(_ candidates: Candidates) -> Step {
        stage = .addresses(candidates)
        let questions = candidates.questions
        return questions.isEmpty ? resolved(candidates) : .lookup(questions)
    }

    private mutating func resolved(_ all: Candidates) -> Step {
        var candidates = all
        if candidates.origin != .given, !isLocalAllowed {
            candidates.cut { own in own.addresses.contains(where: self.own.isOwn) }
        }
        let hops = candidates.hops(preference)
        if !hops.isEmpty { return end(Array(hops.prefix(RouteMachine.mostHops))) }
        let failed = candidates.failures
        if !failed.isEmpty { return end(RouteMachine.lookupFailure(failed)) }
        if candidates.origin == .given { return end(givenWithoutAddress(all)) }
        if candidates.wasCut { return end(loop()) }
        return end(candidates.origin == .implicit && candidates.areUnknown ? noSuchDomain() : nowhere())
    }

    private mutating func end(_ hops: [Hop]) -> Step {
        stage = .end(.route(hops))
        return .route(hops)
    }

    private mutating func end(_ failure: RouteFailure) -> Step {
        stage = .end(.fail(failure))
        return .fail(failure)
    }
}

/// RFC 1035 section 3.2.2, RFC 3596 section 2.1.
enum RecordType {
    static let a: UInt16 = 1
    static let mx: UInt16 = 15
    static let aaaa: UInt16 = 28
}

/// SplitMix64 by Steele, Lea and Flood: enough to spread load, and the same for the same seed.
struct Shuffle: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed &>> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed &>> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed &>> 31)
    }
}
