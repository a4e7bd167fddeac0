// What serves: one event loop with its plugins and clients, told by the supervisor what to do. docs/processes.md.

import CHarakaFault
import Glibc
import HarakaConfig
import HarakaDNS
import HarakaLog
import HarakaNet
import HarakaPluginHost
import HarakaSupervisor
import HarakaTLS
import NIOCore
import NIOPosix

/// What a worker is started with.
struct WorkerStart {
    let role: WorkerRole
    let slot: Int
    /// The only one: `nodes=0`.
    let isWhole: Bool
    let listeners: [Listener]

    /// A bound socket, owned by the worker, and the section of smtp.ini whose rules hold on it.
    struct Listener {
        let descriptor: Int32
        let role: String
    }

    /// `init_master` runs once per load, in the process that delivers; `init_child` in those that talk to clients.
    var isMaster: Bool { isWhole || role == .delivery }
}

/// One worker: a process of its own, or with `nodes=0` a thread beside the supervisor's. Its own thread reads the link; all
/// else happens on the event loop.
final class MailWorker: @unchecked Sendable {
    let folder: Folder
    private(set) var configuration: Configuration
    let start: WorkerStart
    let link: Link
    let page: UnsafeMutablePointer<haraka_fault_page>
    let logger: Logger
    let log: HostLog
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let pool = NIOThreadPool(numberOfThreads: 4)
    /// On the loop.
    let resolver: HarakaDNS.Resolver
    /// What it goes by. On the loop.
    private var namesAsked: DNSFile
    let loop: any EventLoop
    let host: PluginHost
    let server: SMTPServer
    /// On the loop.
    let queueQuestions: QueueQuestions
    /// On the loop.
    private(set) var remoteQueue: RemoteQueue?
    /// Nil: the queue's folder cannot be used, which the log has said; mail for it is refused for now. Set once, by `run`.
    private(set) var queue: WorkerQueue?
    /// Built, and waiting for `commit`. On the loop.
    var built: (number: Int, generation: Generation)?
    var isEnding = false
    /// On the link's thread.
    var tickets: TicketKeys?
    /// What `tls` was made of.
    var tlsSettings: TLSSettings?
    var tls: TLSContext?
    /// Towards other servers.
    private var clientTLS: ClientTLS?
    private let sender: SendQueue

    init(
        _ folder: Folder, _ configuration: Configuration, _ start: WorkerStart, _ link: Link,
        _ page: UnsafeMutablePointer<haraka_fault_page>, _ logger: Logger
    ) {
        self.folder = folder
        self.configuration = configuration
        self.start = start
        self.link = link
        self.page = page
        self.logger = logger
        log = HostLog(logger)
        loop = group.next()
        sender = SendQueue(link)
        queueQuestions = QueueQuestions(loop)
        pool.start()
        host = PluginHost(
            loop: NetLoop(loop, pool: pool), log: log, configuration: PluginFiles(folder: folder),
            roots: folder.pluginRoots, version: "Haraka for Swift \(Version.number)", page: page)
        namesAsked = configuration.dns
        resolver = HarakaDNS.Resolver(configuration.dnsSettings, loop: loop) { [log] level, text in
            log.log(level, uuid: "-", origin: "core", text)
        }
        server = SMTPServer(configuration.serverSettings, host: host, log: log, loop: loop, resolver: resolver)
        nonisolated(unsafe) let resolver = resolver
        loop.execute { [host] in
            configuration.configure(host)
            host.resolver = PluginNames(resolver)
            host.setProcessTitle = { title in ProcessTitle.show(title) }
        }
    }

    /// `nodes=0`.
    static func runInThread(_ worker: MailWorker) {
        var thread = pthread_t()
        let held = Unmanaged.passRetained(worker)
        pthread_create(
            &thread, nil,
            { pointer in
                pointer.map { Unmanaged<MailWorker>.fromOpaque($0).takeRetainedValue().run() }
                return nil
            }, held.toOpaque())
        pthread_detach(thread)
    }

    /// Serves until the supervisor says that it is over, or is gone.
    func run() {
        guardAgainstFaults()
        openQueue()
        // Its folder is the server's, too.
        haraka_fault_protect_all()
        var isOver = false
        while !isOver, let deliveries = link.receive() {
            for delivery in deliveries where !isOver { isOver = take(delivery) }
        }
        if !isOver {
            log.log(1, uuid: "-", origin: "core", "the supervisor is gone; finishing what has begun")
            end(drainFor: 0, grace: configuration.smtp.gracefulShutdown ? configuration.smtp.forceShutdownTimeout : 3)
        }
        sender.finish()
        if !start.isWhole { logger.close() }
        shutdown(link.descriptor, Int32(SHUT_RDWR))
    }

    /// Before the first plugin is mapped: what is open now is the server's, and faults are recorded.
    private func guardAgainstFaults() {
        haraka_fault_protect_all()
        for listener in start.listeners { haraka_fault_protect(listener.descriptor) }
        page.pointee.speaks = start.isWhole ? 1 : 0
        nonisolated(unsafe) let page = page
        let failed = (try? loop.submit { haraka_fault_install(page) }.wait()) != 0
        host.faults.isInstalled = !failed
        if failed { log.log(3, uuid: "-", origin: "core", "faults cannot be recorded: \(errnoText())") }
        watchLoop()
    }

    /// For deliveries; its settings have been tried when the configuration was read.
    private func makeClientTLS() {
        guard clientTLS?.settings != configuration.clientTLS else { return }
        do { clientTLS = try ClientTLS(configuration.clientTLS) } catch {
            log.log(2, uuid: "-", origin: "core", "TLS towards other servers stays as it was: \(error)")
        }
    }

    private func openQueue() {
        makeClientTLS()
        guard let clientTLS else { return }
        do {
            let parts = WorkerQueue.Parts(loop: loop, pool: pool, host: host, resolver: resolver, log: log)
            let queue = try WorkerQueue(
                folder.queue, configuration, clientTLS, delivers: start.isMaster, parts)
            self.queue = queue
            loop.execute { [self] in
                server.use(queue.outbox)
                let remote = RemoteQueue(loop) { [self] in say("ask_queue", $0) }
                remoteQueue = remote
                let asker: any QueueAsker = queue.engine ?? remote
                host.outbound = PluginQueue(
                    queue.outbox, host: host, spoolDirectory: configuration.connection.spoolDir, asker: asker)
                host.smtpClients = queue.clients
                queueQuestions.service = queue.engine.map { EngineService($0) }
            }
        } catch {
            log.log(
                2, uuid: "-", origin: "core", "the queue cannot be used, and mail for it is refused for now: \(error)")
        }
    }

    /// On the link's thread.
    func hints(_ descriptors: [Int32]) {
        guard let descriptor = descriptors.first else { return }
        guard let queue else { return _ = close(descriptor) }
        loop.execute { queue.takeHints(descriptor) }
    }

    func say(_ verb: String, _ fields: [String] = []) { sender.send(verb, fields) }

    // MARK: configuration

    /// On the link's thread.
    func configurationChanged(_ files: [String]) {
        let new = Configuration.read(folder)
        if new.errors.isEmpty {
            configuration = new
            new.configure(logger)
            let limits = new.pluginSettings
            haraka_fault_watch_limits(UInt32(limits.loopWarnMilliseconds), UInt32(limits.loopKillMilliseconds))
        }
        renewTLS()
        makeClientTLS()
        let (configuration, tls, clientTLS) = (configuration, tls, clientTLS)
        loop.execute { [self] in
            server.change(configuration.serverSettings.with(tls))
            if configuration.dns != namesAsked { resolver.change(configuration.dnsSettings) }
            namesAsked = configuration.dns
            configuration.configure(host)
            if let clientTLS { queue?.change(configuration, clientTLS) }
            guard !files.isEmpty else { return }
            let stale = host.configurationReaders(files).filter { !$0.watches }
            host.configurationChanged(files)
            if !stale.isEmpty { say("stale", stale.flatMap { [$0.plugin, $0.file] }) }
        }
    }

    // MARK: the end

    /// Clients first, then plugins, then threads. Waits. On the link's thread.
    func end(drainFor quiet: Double, grace: Double) {
        isEnding = true
        nonisolated(unsafe) let server = server
        let (host, loop) = (host, loop)
        let (wait, limit) = (MailWorker.amount(quiet), MailWorker.amount(grace))
        _ = try? loop.flatSubmit {
            quiet > 0 ? server.drain(quiet: wait, grace: limit) : server.stop(grace: limit)
        }.wait()
        if let queue {
            let delivered = loop.makePromise(of: Void.self)
            loop.execute { queue.stop(within: limit) { delivered.succeed(()) } }
            try? delivered.futureResult.wait()
        }
        let ended = loop.makePromise(of: Void.self)
        loop.execute { host.stop(within: 5000) { ended.succeed(()) } }
        try? ended.futureResult.wait()
        nonisolated(unsafe) let resolver = resolver
        try? loop.submit { resolver.close() }.wait()
        queue?.finish()
        log.stopIntercepting()
        try? group.syncShutdownGracefully()
        try? pool.syncShutdownGracefully()
    }

    private static func amount(_ seconds: Double) -> TimeAmount {
        .milliseconds(Int64(max(0, min(seconds, 1e6)) * 1000))
    }
}
