// smtp_client/1: dialogues of plugins with other servers. plugin.h; docs/outbound.md "Connections and TLS".

public import HarakaCore
public import HarakaDNS
public import HarakaPluginHost
import HarakaTLS
import NIOCore

/// Opens dialogues over the connections of a ``Deliverer``, which are kept for all. On the loop.
public final class HostClients: PluginSMTPClients {
    /// Dialogues at the same time: a plugin that opens one for each client and forgets them must not use up all
    /// sockets.
    public var limit = 5000
    private static let poolLimit = 100

    private let deliverer: Deliverer
    private let resolver: HarakaDNS.Resolver
    private var pools: [String: HostPool] = [:]
    /// Holds them: plugins have handles, which are no references.
    private var open: [ObjectIdentifier: ClientDialogue] = [:]
    private let digests = ClientDigests()

    public init(_ deliverer: Deliverer, resolver: HarakaDNS.Resolver) {
        self.deliverer = deliverer
        self.resolver = resolver
    }

    /// Dialogues that are open.
    public var count: Int { open.count }

    /// The dialogue finds its host by itself, one after the other, and tells `then` of the last one's failure.
    public func open(
        _ options: SMTPClientOptions, for connection: Connection?, _ then: @escaping (SMTPClientReply) -> Void
    ) -> (any PluginSMTPClient)? {
        // Told at once and not by a callback, so that a plugin sees that it is its own doing.
        guard open.count < limit else { return nil }
        let dialogue = ClientDialogue(
            deliverer.pool, for: connection, more: targets(options, connection),
            over: { [weak self] in self?.open[ObjectIdentifier($0)] = nil }, then)
        open[ObjectIdentifier(dialogue)] = dialogue
        // Later, also over a kept connection: whoever asks must have the dialogue before it is answered.
        deliverer.pool.loop.eventLoop.assumeIsolated().execute { dialogue.begin() }
        return dialogue
    }

    /// One server after the other, each with all its addresses. Of a pool: who is asked for another was in vain with
    /// this one.
    /// Names are looked up only when their turn comes: most dialogues need the first host and no other. Being asked for
    /// more is also how a pool learns that a host is dead.
    private func targets(_ options: SMTPClientOptions, _ connection: Connection?) -> ClientDialogue.More {
        let pool = options.pool.isEmpty ? nil : pool(options)
        var rest = pool?.inTurn() ?? (options.pool.isEmpty ? [.init(host: options.host, port: options.port)] : [])
        var asked: HostPool.Server?
        return { [weak self] done in
            if let asked { pool?.failed(asked) }
            guard let self, !rest.isEmpty else { return done(nil) }
            let server = rest.removeFirst()
            asked = server
            guard options.path.isEmpty else {
                return done(.success([order(options, connection, (HopAddress(path: options.path), ""))]))
            }
            addresses(server.host) { [weak self] found in
                guard let self else { return done(nil) }
                done(
                    found.map { ips in
                        ips.map {
                            self.order(options, connection, (HopAddress(ip: $0, port: server.port), server.host))
                        }
                    })
            }
        }
    }

    // MARK: hosts

    /// The same list is the same pool, whoever asks.
    /// Haraka keeps pools by the same rule. There is no end to the lists that plugins may make up, so that beyond a
    /// number all are forgotten; what is lost is who was dead and whose turn it was.
    private func pool(_ options: SMTPClientOptions) -> HostPool? {
        let key = "\(options.deadRetry) \(options.pool)"
        if let pool = pools[key] { return pool }
        if pools.count >= HostClients.poolLimit { pools = [:] }
        // Not so often that the looking is an attack, nor so seldom that the clock runs over.
        let retry = TimeAmount.milliseconds(min(max(10, options.deadRetry), 86_400_000))
        let pool = HostPool(options.pool, retry: retry, loop: deliverer.pool.loop.eventLoop) {
            [weak self] server, done in
            self?.probe(server, done)
        }
        pools[key] = pool
        return pool
    }

    /// Only whether somebody takes the connection: to say EHLO to a server every few seconds would fill its log.
    private func probe(_ server: HostPool.Server, _ done: @escaping (Bool) -> Void) {
        let connector = HopConnector(loop: deliverer.pool.loop.eventLoop)
        addresses(server.host) { found in
            guard case .success(let ips) = found, let ip = ips.first else { return done(false) }
            let address = HopAddress(ip: ip, port: server.port)
            connector.connect(address, within: HostPool.probeLimit, ProbeHandler()) { result in
                if case .success(let channel) = result { channel.close(promise: nil) }
                done((try? result.get()) != nil)
            }
        }
    }

    /// Of a name or an address: IPv4 first, as backends are usually reached.
    /// Both families are asked at the same time, and all addresses tried in turn: a backend's name is the
    /// administrator's own, and there is no MX to go by.
    private func addresses(_ host: String, _ done: @escaping (Result<[String], ConnectFailure>) -> Void) {
        let loop = deliverer.pool.loop.eventLoop.assumeIsolated()
        let plain = host.first == "[" && host.last == "]" ? String(host.dropFirst().dropLast()) : host
        guard IPAddress(plain) == nil else { return loop.execute { done(.success([plain])) } }
        let search = AddressSearch(host, done)
        for type: UInt16 in [1, 28] where !search.ask(resolver, type) {
            loop.execute { search.answered(NameAnswer(NameQuestion(host, type), .failed, reason: "too many lookups")) }
        }
    }

    // MARK: how

    /// The key holds everything that makes one dialogue's connection unfit for another's: who we say we are, for whom
    /// we speak, how it is encrypted and as whom we have logged in.
    private func order(
        _ options: SMTPClientOptions, _ connection: Connection?, _ target: (address: HopAddress, host: String)
    ) -> ClientPool.Order {
        var key = ClientKey(target.address)
        (key.host, key.isLMTP) = (target.host, options.isLMTP)
        key.helo = options.helo.isEmpty ? deliverer.hostName : options.helo
        key.tls = HostClients.tls(options)
        (key.user, key.password, key.mechanism) = (options.user, options.password, options.mechanism)
        var settings = ClientSettings(helo: key.helo)
        settings.isLMTP = options.isLMTP
        settings.tls = key.tls.rule
        if !options.user.isEmpty {
            // The administrator has written it for this server, and Haraka asks for no TLS either.
            settings.credentials = ClientCredentials(
                user: options.user, password: options.password, mechanism: options.mechanism, allowsPlaintext: true)
            settings.crypto = digests
        }
        // A plugin that speaks for nobody, from a timer, has no one to name.
        if options.usesXCLIENT, let connection {
            // Each client has a connection of its own then: a kept one would speak for whoever came before.
            let identity = HostClients.identity(connection)
            settings.xclient = identity
            key.identity = identity.attributes.map { "\($0.name)=\($0.value)" }.joined(separator: " ") + identity.helo
        }
        // One limit for every wait: for a free connection, for each reply, for the plugin's next command, and for being
        // kept. The machine's own are not used here; its texts are.
        let each = TimeAmount.milliseconds(min(max(1, options.idleTimeout), 86_400_000))
        let connect = TimeAmount.milliseconds(min(max(1, options.connectTimeout), 86_400_000))
        settings.timeLimits = ClientTimeLimits(each: max(1, Int(each.nanoseconds / 1_000_000_000)))
        return ClientPool.Order(
            key: key, settings: settings, limits: ClientPace(connect: connect, each: each), isFresh: options.isFresh,
            patience: each, uuid: connection?.logUUID ?? "-")
    }

    /// As the plugin says; tls.ini's lists of hosts are about deliveries.
    private static func tls(_ options: SMTPClientOptions) -> ClientKey.TLSUse {
        switch options.tls {
        case .never: .never
        case .ifOffered: options.verifiesTLS ? .verifiedIfOffered : .ifOffered
        case .required: options.verifiesTLS ? .verified : .required
        }
    }

    /// As Haraka tells it, and what else a server may want to know.
    /// Only what is known for sure: a name or a login that is not there is better not said than said to be unavailable.
    private static func identity(_ connection: Connection) -> ClientIdentity {
        let ip = connection.remote.ip
        return ClientIdentity(
            [.init("ADDR", ip.contains(":") ? "IPV6:\(ip)" : ip), .init("PORT", "\(connection.remote.port)")],
            helo: connection.helloHost)
    }
}

/// `found` by type, so that IPv4 comes first in the list whichever answer was first.
/// A and AAAA of a name.
private final class AddressSearch {
    private let host: String
    private let done: (Result<[String], ConnectFailure>) -> Void
    private var missing = 2
    private var found: [UInt16: [String]] = [:]
    private var reason = ""

    init(_ host: String, _ done: @escaping (Result<[String], ConnectFailure>) -> Void) {
        (self.host, self.done) = (host, done)
    }

    /// False: no answer comes.
    func ask(_ resolver: HarakaDNS.Resolver, _ type: UInt16) -> Bool {
        resolver.lookup(NameQuestion(host.lowercased(), type), strict: false, limit: nil) {
            self.answered($0, as: type)
        } != nil
    }

    func answered(_ answer: NameAnswer) { answered(answer, as: answer.question.type) }

    private func answered(_ answer: NameAnswer, as type: UInt16) {
        found[type] = answer.records.filter { $0.type == type }.map(\.text)
        if answer.status != .found, !answer.reason.isEmpty { reason = ": \(answer.reason)" }
        // Told once both have come: which of the two is first says nothing.
        missing -= 1
        guard missing == 0 else { return }
        let all = (found[1] ?? []) + (found[28] ?? [])
        done(all.isEmpty ? .failure(ConnectFailure("\(host) has no address\(reason)")) : .success(all))
    }
}

/// Hears nothing: a probe only wants to know whether somebody is there.
private final class ProbeHandler: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
}
