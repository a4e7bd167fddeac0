// What delivers: it takes mails of the queue when their time comes, asks the plugins, has them delivered, and writes down what
// became of each recipient. docs/outbound.md "The way of a mail".

import HarakaCore
public import HarakaDNS
public import HarakaPluginHost
public import HarakaQueue
import HarakaSpool
public import HarakaTLS
public import NIOCore
import NIOPosix
import SMTPSyntax

/// What the engine goes by.
public struct EngineSettings: Sendable {
    public var outbound = OutboundSettings()
    /// `config/me`.
    public var hostName = ""
    /// tls.ini's say about deliveries.
    public var tls: ClientTLS
    /// config/outbound.bounce_message and its like.
    public var templates = BounceTemplates.usual
    /// connection.ini `main.spool_dir`: for large messages that are rewritten on their way.
    public var spoolDirectory = "/tmp"

    public init(tls: ClientTLS) { self.tls = tls }
}

/// The delivery worker's engine. ``QueueMachine`` decides what is due and what follows; the engine asks, sends and writes.
/// On the loop, unless said.
///
/// A mail is in its file at all times. What the engine knows beyond that is told by the file's records after each attempt,
/// so that a process that dies at any moment has forgotten no recipient; it may send to one a second time whose server's last
/// reply was on its way.
public final class OutboundEngine {
    let outbox: Outbox
    let host: PluginHost
    let loop: any EventLoop
    let log: any SessionLog
    let routes: RouteFinder
    let deliverer: Deliverer
    /// Reading files and other things that block.
    let net: NetLoop
    /// Changes of files, one after the other: steps about one file keep their order.
    let clerk = QueueWriters(threads: 1)
    var settings: EngineSettings
    var machine: QueueMachine
    var underWay: [PartID: Attempt] = [:]
    /// Mails under way in this and former lives of the process.
    let suspects: SuspectBook
    private var timer: Scheduled<Void>?
    private var lock: QueueLock?
    private var hasStarted = false
    private(set) var isStopping = false
    private var onIdle: (() -> Void)?
    /// Mails that were queued while the folder was being looked through.
    private var early: [String] = []
    private var isLooking = false
    /// Somebody wants the folder looked through once more.
    private var looksAgain = false

    /// - Parameter loop: with threads on which reading may block.
    public init(
        _ outbox: Outbox, _ deliverer: Deliverer, host: PluginHost, resolver: HarakaDNS.Resolver, loop net: NetLoop,
        settings: EngineSettings
    ) {
        self.outbox = outbox
        self.host = host
        self.net = net
        self.settings = settings
        loop = outbox.loop
        log = outbox.log
        let own = OwnHost(names: [settings.hostName])
        routes = RouteFinder(resolver, loop: outbox.loop, settings: settings.outbound, own: own)
        self.deliverer = deliverer
        machine = QueueMachine(settings.outbound)
        suspects = SuspectBook(outbox.folder.path, limit: settings.outbound.crashLimit)
        outbox.queued = { [unowned self] mail in found(mail) }
    }

    static func now() -> Int64 { ServerContext.milliseconds() }

    // MARK: beginning

    /// Plugins are loaded. Waits, elsewhere, until no other process delivers from this folder.
    public func start() {
        guard !hasStarted else { return }
        hasStarted = true
        let path = outbox.folder.path
        nonisolated(unsafe) let engine = self
        QueueLock.take(path) { result in
            engine.loop.execute { engine.locked(result) }
        }
    }

    private func locked(_ result: Result<QueueLock, QueueLockError>) {
        switch result {
        case .success(let lock):
            guard !isStopping else { return }
            self.lock = lock
            for (uuid, count) in suspects.open() {
                log.log(4, uuid: uuid, origin: "core", "was under way when the delivery worker died (\(count) times)")
            }
            lookThrough()
        case .failure(let error):
            log.log(1, uuid: "-", origin: "core", "nothing is delivered from \(outbox.folder.path): \(error)")
        }
    }

    /// Reads the head of every file in the folder that is not known yet.
    public func lookThrough() {
        guard lock != nil, !isStopping else { return }
        guard !isLooking else { return looksAgain = true }
        isLooking = true
        let folder = outbox.folder
        nonisolated(unsafe) let engine = self
        net.offload {
            var batch: [FoundMail] = []
            func hand() {
                let found = batch
                batch = []
                engine.loop.execute { engine.add(found) }
            }
            let report = Result {
                try folder.scan { mail in
                    batch.append(mail)
                    if batch.count == 256 { hand() }
                    return true
                }
            }
            hand()
            engine.loop.execute { engine.lookedThrough(report) }
        }
    }

    private func add(_ found: [FoundMail]) {
        for one in found { add(one.mail, one.states) }
        wake()
    }

    private func add(_ mail: QueuedMail, _ states: RecipientStates) {
        if states.isOver { return carryOut(.remove(mail.uuid)) }
        guard machine.add(mail, states, now: OutboundEngine.now()) else { return }
        if suspects.isCondemned(mail.uuid) { quarantine(mail.uuid) }
    }

    private func lookedThrough(_ report: Result<ScanReport, any Error>) {
        isLooking = false
        switch report {
        case .success(let report):
            for (name, reason) in report.torn {
                log.log(1, uuid: "-", origin: "core", "damaged queue file set aside as error.\(name): \(reason)")
            }
            let stats = machine.stats
            if stats.messages > 0 {
                log.log(
                    5, uuid: "-", origin: "core", "queue: \(stats.messages) messages for \(stats.recipients) recipients"
                )
            }
        case .failure(let error):
            log.log(1, uuid: "-", origin: "core", "the queue folder cannot be read, it is tried again: \(error)")
            nonisolated(unsafe) let engine = self
            loop.scheduleTask(in: .seconds(10)) { engine.lookThrough() }
        }
        for uuid in early { found(uuid) }
        early = []
        if looksAgain {
            looksAgain = false
            lookThrough()
        }
        wake()
    }

    /// Another worker has queued a mail.
    public func found(_ uuid: String) {
        guard lock != nil, !isStopping else { return }
        guard !isLooking else { return early.append(uuid) }
        let folder = outbox.folder
        nonisolated(unsafe) let engine = self
        net.offload {
            // One that is gone was found before, and is delivered.
            guard let stored = try? folder.open(uuid) else { return }
            let (mail, states) = (stored.mail, stored.states)
            engine.loop.execute {
                engine.add(mail, states)
                engine.wake()
            }
        }
    }

    /// This worker has.
    private func found(_ mail: QueuedMail) {
        guard lock != nil, !isStopping else { return }
        guard !isLooking else { return early.append(mail.uuid) }
        add(mail, RecipientStates(count: mail.recipients.count))
        wake()
    }

    // MARK: going on

    /// Begins what is due. Called after everything that may have made something due.
    func wake() {
        guard lock != nil, !isStopping else { return }
        timer?.cancel()
        timer = nil
        let now = OutboundEngine.now()
        for id in machine.due(now) { begin(id) }
        guard let next = machine.nextTime(now) else { return }
        nonisolated(unsafe) let engine = self
        let wait = min(max(1, next - now), 60_000)
        timer = loop.scheduleTask(in: .milliseconds(wait)) { engine.wake() }
    }

    public func change(_ settings: EngineSettings) {
        self.settings = settings
        routes.settings = settings.outbound
        deliverer.change(settings.outbound, tls: settings.tls)
        machine.changed(settings.outbound)
        wake()
    }

    /// What is under way may end within `limit`; what is not done then is tried again by whoever delivers next.
    public func stop(within limit: TimeAmount, _ done: @escaping () -> Void) {
        isStopping = true
        timer?.cancel()
        var isOver = false
        let end = { [self] in
            guard !isOver else { return }
            isOver = true
            suspects.close()
            deliverer.close(within: .seconds(1)) { [self] in letGo(done) }
        }
        guard !underWay.isEmpty else { return end() }
        onIdle = end
        nonisolated(unsafe) let late = end
        loop.scheduleTask(in: limit) { late() }
    }

    /// After the last step that the clerk was given.
    private func letGo(_ done: @escaping () -> Void) {
        nonisolated(unsafe) let (engine, done) = (self, done)
        clerk.submit {
            engine.loop.execute {
                engine.lock = nil
                done()
            }
        }
    }

    /// An attempt is over; or it was put back before the message went anywhere.
    func ended(_ attempt: Attempt, hasTried: Bool = true) {
        underWay[attempt.id] = nil
        suspects.survived(attempt.part.uuid, forgives: hasTried)
        if underWay.isEmpty, let onIdle {
            self.onIdle = nil
            onIdle()
        }
        wake()
    }

    // MARK: files

    /// Does what the machine says about a file.
    func carryOut(_ step: QueueStep) {
        switch step {
        case .nothing: return
        case .remove(let uuid): file(uuid) { try $0.remove(uuid) }
        case .append(let records, let uuid, let sync): file(uuid) { try $0.append(records, to: uuid, sync: sync) }
        }
    }

    /// A disk that does not take it now is asked again: what was delivered must not be forgotten.
    private func file(_ uuid: String, _ work: @escaping @Sendable (QueueFolder) throws -> Void) {
        let folder = outbox.folder
        nonisolated(unsafe) let engine = self
        clerk.submit {
            do { try work(folder) } catch {
                if (error as? QueueFolderError)?.kind == .missing { return }
                engine.loop.execute {
                    engine.log.log(1, uuid: uuid, origin: "core", "cannot be written down, it is tried again: \(error)")
                    engine.loop.scheduleTask(in: .seconds(5)) { engine.file(uuid, work) }
                }
            }
        }
    }

    /// It has ended the process too often.
    private func quarantine(_ uuid: String) {
        machine.forget(uuid)
        let reason = "the delivery worker died \(settings.outbound.crashLimit) times while it was being delivered"
        log.log(1, uuid: uuid, origin: "core", "set aside as quarantine.\(uuid): \(reason)")
        suspects.forget(uuid)
        file(uuid) { try $0.setAside(uuid, as: .quarantine, because: reason) }
    }
}
