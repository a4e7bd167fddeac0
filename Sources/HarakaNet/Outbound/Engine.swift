// What delivers: it takes mails of the queue when their time comes, asks the plugins, has them delivered, and writes
// down what became of each recipient. docs/outbound.md "The way of a mail".

public import HarakaCore
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

/// Whoever answers for the plugins: ``PluginHost``, and in tests somebody simpler. On the loop; each `done` is called
/// once, at once or later.
public protocol OutboundAsker: AnyObject {
    /// A plugin is on that hook.
    func isHeard(_ hook: Hook) -> Bool
    /// About a mail that is delivered.
    func ask(_ question: OutboundQuestion, about mail: HMail, _ done: @escaping (Verdict) -> Void)
    /// About a mail that no client has sent.
    func askAlone(
        _ question: Question, _ connection: Connection, _ transaction: Transaction, _ done: @escaping (Verdict) -> Void)
}

extension PluginHost: OutboundAsker {}

/// The delivery worker's engine. ``QueueMachine`` decides what is due and what follows; the engine asks, sends and
/// writes. On the loop, unless said.
///
/// A mail is in its file at all times. What the engine knows beyond that is told by the file's records after each
/// attempt, so that a process that dies at any moment has forgotten no recipient; it may send to one a second time
/// whose server's last reply was on its way.
///
/// The way of a part, which one ``Attempt`` holds together:
///
///     due -> file opened -> send_email -> get_mx, DNS -> sited -> delivered by the Deliverer
///         -> delivered -> [report of success] -> deferred -> [report of delay] -> bounce -> [report] -> finished
///
/// Each arrow is a callback on the loop, and whoever has the attempt passes it on or ends it with `ended`; the machine
/// moves the part (later, ready, active, held, ending) and never hears of the steps between.
public final class OutboundEngine {
    let outbox: Outbox
    let host: any OutboundAsker
    let loop: any EventLoop
    let log: any SessionLog
    let routes: RouteFinder
    let deliverer: Deliverer
    /// Reading files and other things that block.
    let net: NetLoop
    let clerk: QueueClerks
    var settings: EngineSettings
    var machine: QueueMachine
    var underWay: [PartID: Attempt] = [:]
    /// Mails under way in this and former lives of the process.
    let suspects: SuspectBook
    /// What is on its way between the folder and the machine.
    var look = FolderLook()
    /// Mails of whom somebody has been served and that is not on disk yet, with how many records are on their way.
    /// Until then nobody of them is tried: a second attempt would be a second reason to send twice, should the process
    /// die.
    var unwritten: [String: Int] = [:]
    private var timer: Scheduled<Void>?
    var lock: QueueLock?
    private(set) var lockFailure: String?
    /// Who want to know something of the queue before it is known here; see ``whenReady(_:)``.
    var askers: [Int: (String?) -> Void] = [:]
    var lastAsker = 0
    /// So long they wait.
    var patience = TimeAmount.seconds(5)
    private var hasStarted = false
    private(set) var isStopping = false
    private var onIdle: (() -> Void)?

    /// - Parameter loop: with threads on which reading may block.
    public init(
        _ outbox: Outbox, _ deliverer: Deliverer, host: any OutboundAsker, resolver: HarakaDNS.Resolver,
        loop net: NetLoop,
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
        clerk = QueueClerks(outbox.folder, loop: outbox.loop, log: outbox.log)
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
        takeLock()
    }

    private func takeLock() {
        guard !isStopping else { return }
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
            lockFailure = nil
            for (uuid, count) in suspects.open() {
                log.log(4, uuid: uuid, origin: "core", "was under way when the delivery worker died (\(count) times)")
            }
            lookThrough()
        case .failure(let error):
            lockFailure = "\(error)"
            tellAskers()
            log.log(
                1, uuid: "-", origin: "core",
                "nothing is delivered from \(outbox.folder.path), it is tried again: \(error)")
            nonisolated(unsafe) let engine = self
            loop.scheduleTask(in: .seconds(10)) { engine.takeLock() }
        }
    }

    // MARK: going on

    /// Begins what is due. Called after everything that may have made something due.
    func wake() {
        guard lock != nil, !isStopping else { return }
        // One timer, for the earliest of all parts; each call sets it anew.
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
        tellAskers()
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
        clerk.end {
            engine.lock = nil
            done()
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
}
