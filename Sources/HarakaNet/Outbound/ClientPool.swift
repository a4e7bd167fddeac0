// Connections to other servers: opened, kept, used again, counted. docs/outbound.md "Connections and TLS".

import HarakaCore
import HarakaQueue
import HarakaTLS
import NIOCore
import SMTPSyntax

/// All connections of a loop to other servers. On the loop.
///
/// A connection is kept where it was used for as long as the settings say, for whoever wants one with the same
/// ``ClientKey``. An address never gets more connections than it may have: who finds it full waits for its turn.
///
/// A connection is in ``all`` from its order to its end. In between it is its owner's (`isBusy`), kept (in ``idle``),
/// or on its way out; `giveBack` moves it from the first to the second, `hand` back, `notIdle` and `quit` to the third.
/// ``counts`` limits what one address gets, for a server that has had enough of us would refuse mail that it could have
/// taken a second later.
final class ClientPool {
    /// Somebody who wants a connection.
    struct Waiter {
        var order: Order
        let owner: any ClientOwner
        /// Ends its patience; nil: it has no end.
        var timer: Scheduled<Void>?
    }

    /// What is wanted.
    struct Order {
        var key: ClientKey
        var settings: ClientSettings
        var limits: ClientPace
        /// Not one that was kept.
        var isFresh = false
        /// How long its turn may be waited for; nil: as long as it takes, which others' limits bound.
        var patience: TimeAmount?
        /// For log lines.
        var uuid = "-"
    }

    let loop: NetLoop
    let log: any SessionLog
    var tls: ClientTLS
    var settings: OutboundSettings
    private let connector: HopConnector
    /// The one that was used last is at the end: it is taken first, and those before it grow old.
    var idle: [ClientKey: [ClientHandler]] = [:]
    var all: [ObjectIdentifier: ClientHandler] = [:]
    private var counts: [HopAddress: Int] = [:]
    var waiters: [HopAddress: [Waiter]] = [:]
    /// Connections that began with other settings are not used again.
    var epoch = 0
    var whenEmpty: (() -> Void)?
    var isClosing = false

    init(loop: NetLoop, settings: OutboundSettings, tls: ClientTLS, log: any SessionLog) {
        (self.loop, self.settings, self.tls, self.log) = (loop, settings, tls, log)
        connector = HopConnector(loop: loop.eventLoop)
    }

    /// Open ones, idle and being opened among them.
    var count: Int { all.count }
    var idleCount: Int { idle.values.reduce(0) { $0 + $1.count } }

    // MARK: getting one

    /// Calls the owner, at once for a kept one, else when a new one is ready or came to nothing.
    /// In this order: one that is kept, a new one, a place in the line.
    func get(_ order: Order, for owner: any ClientOwner) {
        var order = order
        order.key.epoch = epoch
        if isClosing { return refuse(order, owner, "this server is stopping") }
        if !order.isFresh, let client = takeIdle(order.key) { return hand(client, to: owner, order) }
        let address = order.key.address
        guard counts[address, default: 0] >= limit else { return open(order, owner) }
        waiters[address, default: []].append(Waiter(order: order, owner: owner, timer: patienceTimer(order, owner)))
        // It may be kept for other settings than these, and would hold its place until its time is over.
        // One that nobody waits for makes room.
        quitIdle(at: address)
    }

    /// A plugin's client waits meanwhile, and others may hold all connections for as long as their servers are slow.
    private func patienceTimer(_ order: Order, _ owner: any ClientOwner) -> Scheduled<Void>? {
        order.patience.map { limit in
            loop.eventLoop.assumeIsolated().scheduleTask(in: limit) { [weak self, weak owner] in
                guard let self, let owner else { return }
                forget(owner)
                refuse(order, owner, "no connection was free within \(limit.shown)", isTimeout: true)
            }
        }
    }

    private var limit: Int { max(1, settings.connections.perHost) }

    /// The youngest: the server has had the least time to close it, and the others grow old enough to go.
    /// For whom we speak matters only to servers that ask (XCLIENT): the others' connections serve everybody.
    private func takeIdle(_ key: ClientKey) -> ClientHandler? {
        if let client = takeIdle(key, where: { _ in true }) { return client }
        guard !key.identity.isEmpty else { return nil }
        return takeIdle(key.forAnybody) { !$0.machine.asksForWhom }
    }

    private func takeIdle(_ key: ClientKey, where suits: (ClientHandler) -> Bool) -> ClientHandler? {
        guard let client = idle[key]?.last(where: suits) else { return nil }
        notIdle(client)
        return client
    }

    private func hand(_ client: ClientHandler, to owner: any ClientOwner, _ order: Order) {
        client.owner = owner
        (client.uuid, client.limits) = (order.uuid, order.limits)
        client.isBusy = true
        owner.clientIsReady(client)
    }

    private func open(_ order: Order, _ owner: any ClientOwner) {
        let client = ClientHandler(order.key, order.settings, order.limits, pool: self, owner: owner)
        client.uuid = order.uuid
        all[ObjectIdentifier(client)] = client
        counts[order.key.address, default: 0] += 1
        connector.connect(order.key.address, within: order.limits.connect, client) { [weak self] result in
            guard case .failure(let failure) = result else { return }
            self?.notConnected(client, failure)
        }
    }

    /// "No answer from host": nobody was spoken to, so that nothing is known of the mail (RFC 3463 section 3.5).
    private func notConnected(_ client: ClientHandler, _ failure: ConnectFailure) {
        let owner = client.owner
        if failure.isTimeout { client.ending = .timedOut }
        closed(client)
        let status = EnhancedStatus(class: 4, subject: 4, detail: 1)
        owner?.client(
            client,
            refused: ClientFailure(
                isPermanent: false, stage: .greeting, status: status, text: failure.description, mayTryNextHost: true))
    }

    /// With a connection that never was one, for who is told wants to know whose it would have been. "System not
    /// accepting network messages": the fault is ours, and no other host is asked for it.
    func refuse(_ order: Order, _ owner: any ClientOwner, _ reason: String, isTimeout: Bool = false) {
        let client = ClientHandler(order.key, order.settings, order.limits, pool: self, owner: owner)
        if isTimeout { client.ending = .timedOut }
        let failure = ClientFailure(
            isPermanent: false, stage: .greeting, status: EnhancedStatus(class: 4, subject: 3, detail: 2), text: reason,
            mayTryNextHost: false)
        loop.eventLoop.assumeIsolated().execute { owner.client(client, refused: failure) }
    }

    /// They are not wanted any more: their turn does not come.
    func forget(_ owner: any ClientOwner) {
        for (address, list) in waiters {
            for gone in list where gone.owner === owner { gone.timer?.cancel() }
            let rest = list.filter { $0.owner !== owner }
            waiters[address] = rest.isEmpty ? nil : rest
        }
    }

    // MARK: getting them back

    /// Its message is done. Kept, if it may be.
    /// One that began under other settings, or has carried its share, says QUIT instead: servers count messages, too,
    /// and close in the midst of one.
    func giveBack(_ client: ClientHandler) {
        client.isBusy = false
        let mayServe = !isClosing && client.key.epoch == epoch && !client.isClosed && !isWornOut(client)
        guard mayServe, client.limits.idle != nil else { return client.quit() }
        // Tickets of TLS 1.3 come behind the handshake: now they are there.
        client.keepSession()
        let key = client.machine.asksForWhom ? client.key : client.key.forAnybody
        client.keptAs = key
        idle[key, default: []].append(client)
        client.armTimer()
        serveWaiter(at: client.key.address)
    }

    private func isWornOut(_ client: ClientHandler) -> Bool {
        settings.connections.messages > 0 && client.messages >= settings.connections.messages
    }

    /// It has gone, or was never there.
    func closed(_ client: ClientHandler) {
        guard all.removeValue(forKey: ObjectIdentifier(client)) != nil else { return }
        let address = client.key.address
        let left = counts[address, default: 1] - 1
        counts[address] = left > 0 ? left : nil
        // Its place is free for who waits for this address.
        notIdle(client)
        serveWaiter(at: address)
        if all.isEmpty { emptied() }
    }

    /// It leaves, or the server has something to say: nobody gets it.
    func notIdle(_ client: ClientHandler) {
        guard let key = client.keptAs, let list = idle[key] else { return }
        client.keptAs = nil
        let rest = list.filter { $0 !== client }
        idle[key] = rest.isEmpty ? nil : rest
    }

    /// The one who waits longest gets what has become free.
    private func serveWaiter(at address: HopAddress) {
        guard let waiter = waiters[address]?.first else { return }
        if !waiter.order.isFresh, let client = takeIdle(waiter.order.key) {
            dropWaiter(at: address)
            return hand(client, to: waiter.owner, waiter.order)
        }
        // Kept, but not for such as he: it goes, and its end brings us here again.
        guard counts[address, default: 0] < limit else { return quitIdle(at: address) }
        dropWaiter(at: address)
        open(waiter.order, waiter.owner)
    }

    private func dropWaiter(at address: HopAddress) {
        waiters[address]?.removeFirst().timer?.cancel()
        if waiters[address]?.isEmpty == true { waiters[address] = nil }
    }

    /// The one that has been idle longest among those of one kind.
    private func quitIdle(at address: HopAddress) {
        for (key, list) in idle where key.address == address {
            if let oldest = list.first {
                notIdle(oldest)
                return oldest.quit()
            }
        }
    }
}
