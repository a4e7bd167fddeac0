// Deliveries of one loop: connections, TLS, and what all attempts share. docs/outbound.md "Connections and TLS".

import HarakaCore
public import HarakaQueue
public import HarakaTLS
public import NIOCore

/// Hands messages to other servers. All on the loop.
public final class Deliverer {
    let pool: ClientPool
    let hostName: String
    var failures = TLSFailures()
    /// Attempts that are under way.
    private var runs: [ObjectIdentifier: DeliveryRun] = [:]
    /// What numbers of seconds in the settings count: tests have shorter ones.
    let unit: TimeAmount
    private let digests = ClientDigests()

    /// - Parameters:
    ///   - hostName: What EHLO says, unless a hop says otherwise.
    ///   - log: Gets what concerns one connection; the result of an attempt is the caller's to log.
    public convenience init(
        loop: NetLoop, settings: OutboundSettings, tls: ClientTLS, hostName: String, log: any SessionLog
    ) {
        self.init(loop: loop, settings: settings, tls: tls, hostName: hostName, log: log, unit: .seconds(1))
    }

    init(
        loop: NetLoop, settings: OutboundSettings, tls: ClientTLS, hostName: String, log: any SessionLog,
        unit: TimeAmount
    ) {
        (self.hostName, self.unit) = (hostName, unit)
        pool = ClientPool(loop: loop, settings: settings, tls: tls, log: log)
    }

    /// Tries the hops in turn until one has taken the message, or has said something that counts for all. `done` is
    /// called once, later.
    public func deliver(_ job: DeliveryJob, _ done: @escaping (DeliveryResult) -> Void) {
        // The run is held here and nowhere else: connections know it weakly, so that one that is over is gone.
        let run = DeliveryRun(job, self) { [unowned self] run, result in
            runs[ObjectIdentifier(run)] = nil
            done(result)
        }
        runs[ObjectIdentifier(run)] = run
        run.begin()
    }

    /// From now on. Attempts that are under way go on as they began.
    public func change(_ settings: OutboundSettings, tls: ClientTLS) { pool.change(settings, tls) }

    /// No new connections any more; kept ones end with QUIT. Attempts have until `limit`, and are cut off then:
    /// deferred. `done` is called when no connection is left, at once or later.
    public func close(within limit: TimeAmount, _ done: @escaping () -> Void) { pool.close(within: limit, done) }

    /// Idle ones and those that are being opened among them.
    public var openConnections: Int { pool.count }
    public var idleConnections: Int { pool.idleCount }
    /// Attempts that are under way.
    public var deliveries: Int { runs.count }

    // MARK: for attempts

    var settings: OutboundSettings { pool.settings }

    var limits: ClientPace {
        ClientPace(settings, handshake: pool.tls.settings.handshakeLimit, unit: unit)
    }

    /// How the dialogue with a hop is held.
    func order(for hop: Hop, _ use: ClientKey.TLSUse, uuid: String, isFresh: Bool) -> ClientPool.Order {
        var key = ClientKey(HopAddress(hop))
        (key.host, key.isLMTP, key.tls) = (hop.host, hop.isLMTP, use)
        key.helo = hop.helo.isEmpty ? hostName : hop.helo
        var client = ClientSettings(helo: key.helo)
        client.isLMTP = hop.isLMTP
        client.tls = use.rule
        client.timeLimits = ClientPace.times(settings, pool.tls.settings.handshakeLimit)
        if let auth = hop.auth {
            (key.user, key.password, key.mechanism) = (auth.user, auth.password, auth.type)
            client.credentials = ClientCredentials(
                user: auth.user, password: auth.password, mechanism: auth.type,
                // Without TLS by an administrator's word only; who offers TLS gets no password without it.
                allowsPlaintext: use == .never || hop.isOnThisMachine)
            client.crypto = digests
        }
        return ClientPool.Order(key: key, settings: client, limits: limits, isFresh: isFresh, uuid: uuid)
    }

    func rememberFailure(_ hop: Hop) {
        failures.remember(DeliveryTLS.name(hop), for: unit * settings.tlsFailureMemory, now: .now())
    }
}

extension Hop {
    /// Nobody can listen on the way.
    var isOnThisMachine: Bool { !path.isEmpty || ip.hasPrefix("127.") || ip == "::1" }
}
