// Looks up where a domain's mail goes. docs/outbound.md "Where mail goes".

public import HarakaCore
public import HarakaDNS
public import HarakaQueue
public import NIOCore

/// Drives ``RouteMachine`` over the resolver. One for each event loop, used on that loop only.
public final class RouteFinder {
    /// Searches that begin from now on go by it.
    public var settings: OutboundSettings
    private let resolver: HarakaDNS.Resolver
    private let loop: any EventLoop
    private let ownHost: OwnHost
    /// Random numbers for the order of equal MX.
    private let seed: () -> UInt64

    /// - Parameters:
    ///   - ownHost: What of the network is this server.
    ///   - seed: For tests.
    public init(
        _ resolver: HarakaDNS.Resolver, loop: any EventLoop, settings: OutboundSettings, own ownHost: OwnHost,
        seed: @escaping () -> UInt64 = { UInt64.random(in: 0...UInt64.max) }
    ) {
        self.resolver = resolver
        self.loop = loop
        self.settings = settings
        self.ownHost = ownHost
        self.seed = seed
    }

    /// Calls `done` once, on the loop, after this has returned; not after the search was cancelled.
    ///
    /// It ends, whatever the network does: two rounds of lookups, each within the resolver's limit.
    /// - Parameters:
    ///   - domain: Lower case, A-labels; a literal with its brackets.
    ///   - given: What get_mx has answered; nil: the name system is asked.
    @discardableResult
    public func route(
        domain: String, given: [MX]? = nil, _ done: @escaping (Result<[Hop], RouteFailure>) -> Void
    ) -> RouteSearch {
        let machine = RouteMachine(
            domain: domain, given: given, settings: settings, own: ownHost.names(), seed: seed())
        let search = RouteSearch(machine, resolver, done)
        // Later, so that the caller knows the search before it ends.
        nonisolated(unsafe) let begun = search
        loop.execute { begun.advance() }
        return search
    }
}

/// A route that is looked for. On the loop.
public final class RouteSearch {
    private var machine: RouteMachine
    private let resolver: HarakaDNS.Resolver
    private var done: ((Result<[Hop], RouteFailure>) -> Void)?
    private var lookups: [Lookup] = []
    /// Answers that this round still lacks.
    private var missing = 0

    init(
        _ machine: RouteMachine, _ resolver: HarakaDNS.Resolver,
        _ done: @escaping (Result<[Hop], RouteFailure>) -> Void
    ) {
        self.machine = machine
        self.resolver = resolver
        self.done = done
    }

    /// Nobody is told any more.
    public func cancel() {
        done = nil
        for lookup in lookups { lookup.cancel() }
        lookups = []
    }

    func advance() {
        guard done != nil else { return }
        switch machine.next() {
        case .lookup(let questions): ask(questions)
        case .route(let hops): end(.success(hops))
        case .fail(let failure): end(.failure(failure))
        }
    }

    private func ask(_ questions: [NameQuestion]) {
        // Answers of this round are still to come.
        guard !questions.isEmpty else { return }
        missing = questions.count
        lookups = []
        for question in questions {
            // A resolver with too much to do is a name server that has failed: the mail waits.
            guard let lookup = lookup(question) else {
                machine.answered(NameAnswer(question, .failed, reason: "too many lookups at the same time"))
                missing -= 1
                continue
            }
            lookups.append(lookup)
        }
        if missing == 0 { advance() }
    }

    /// The resolver answers later, never inside this call. The search lives as long as somebody waits for it: this
    /// closure holds it, and goes with the lookup.
    private func lookup(_ question: NameQuestion) -> Lookup? {
        resolver.lookup(question, strict: false, limit: nil) { answer in
            // The resolver answers with the name as it has it; it was asked for as it stands in the question.
            var answer = answer
            answer.question = question
            self.machine.answered(answer)
            self.missing -= 1
            if self.missing == 0 { self.advance() }
        }
    }

    private func end(_ result: Result<[Hop], RouteFailure>) {
        let done = done
        self.done = nil
        lookups = []
        done?(result)
    }
}
