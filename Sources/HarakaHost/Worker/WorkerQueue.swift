// What a worker has of the queue: a way in, and in the worker that delivers the engine. docs/processes.md "The queue".

import CHarakaFault
import Glibc
import HarakaDNS
import HarakaNet
import HarakaPluginHost
import HarakaQueue
import HarakaSpool
import HarakaTLS
import NIOCore
import NIOPosix

/// The way in, the way from the one process to the other, and the engine.
///
/// What is queued is on disk before anybody speaks of it. The pipe on which smtp workers tell the delivery worker of new
/// mail is a hint and no more: what it loses is found when the folder is looked through.
final class WorkerQueue: @unchecked Sendable {
    private let folder: QueueFolder
    private let loop: any EventLoop
    private let log: HostLog
    private let writers: QueueWriters
    let outbox: Outbox
    private let deliverer: Deliverer
    /// Dialogues of plugins with other servers. On the loop.
    let clients: HostClients
    /// Nil: this worker delivers nothing. On the loop.
    let engine: OutboundEngine?
    /// Writing end of the pipe; -1: there is none. On the loop.
    private var hintsOut: Int32 = -1
    /// A hint was lost because the pipe was full: the next says "look through the folder". On the loop.
    private var hasLostHint = false
    /// Reading end of the pipe. On the loop.
    private var hints: (any Channel)?

    struct Parts {
        let loop: any EventLoop
        let pool: NIOThreadPool
        let host: PluginHost
        let resolver: HarakaDNS.Resolver
        let log: HostLog
    }

    /// Off the loop: the folder is made if it is not there.
    ///
    /// - Parameter delivers: this worker empties the queue
    init(
        _ path: String, _ configuration: Configuration, _ tls: ClientTLS, delivers: Bool, _ parts: Parts
    ) throws(QueueFolderError) {
        let settings = configuration.outbound.settings
        folder = try QueueFolder(path, WorkerQueue.options(settings))
        loop = parts.loop
        log = parts.log
        writers = QueueWriters(threads: settings.writers)
        let outbox = Outbox(
            folder, writers: writers, loop: parts.loop, log: parts.log, hostName: configuration.me,
            receivedText: settings.receivedText)
        self.outbox = outbox
        let net = NetLoop(parts.loop, pool: parts.pool)
        let deliverer = Deliverer(
            loop: net, settings: settings, tls: tls, hostName: configuration.me, log: parts.log)
        self.deliverer = deliverer
        clients = HostClients(deliverer, resolver: parts.resolver)
        engine =
            delivers
            ? OutboundEngine(
                outbox, deliverer, host: parts.host, resolver: parts.resolver, loop: net,
                settings: configuration.engineSettings(tls))
            : nil
    }

    private static func options(_ settings: OutboundSettings) -> QueueFolderOptions {
        var options = QueueFolderOptions()
        options.minimumFreeBytes = Int64(settings.minFreeDisk)
        return options
    }

    // MARK: hints

    /// The end of the pipe that belongs to this worker's kind; the descriptor is ours from now on. On the loop.
    func takeHints(_ descriptor: Int32) {
        haraka_fault_protect(descriptor)
        guard engine != nil else {
            hintsOut = descriptor
            _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
            outbox.queued = { [unowned self] in tell($0.uuid) }
            return
        }
        readHints(descriptor)
    }

    /// Lines of less than PIPE_BUF bytes go in whole, whoever else writes.
    private func tell(_ uuid: String) {
        let line = Array((hasLostHint ? "*\n" : uuid + "\n").utf8)
        let count = write(hintsOut, line, line.count)
        guard count != line.count else { return hasLostHint = false }
        guard !hasLostHint else { return }
        hasLostHint = true
        loop.scheduleTask(in: .milliseconds(200)) { [self] in tellOfLoss() }
    }

    private func tellOfLoss() {
        guard hasLostHint else { return }
        tell("*")
        guard hasLostHint else { return }
        loop.scheduleTask(in: .milliseconds(200)) { [self] in tellOfLoss() }
    }

    private func readHints(_ descriptor: Int32) {
        nonisolated(unsafe) let reader = HintReader { [weak self] in self?.heard($0) }
        let opening = NIOPipeBootstrap(group: loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(reader) }
            }
            .takingOwnershipOfDescriptor(input: descriptor)
        opening.whenSuccess { [self] in hints = $0 }
        opening.whenFailure { [log] error in
            let what = "smtp workers cannot tell of new mail, which waits for the next start"
            log.log(3, uuid: "-", origin: "core", "\(what): \(error)")
        }
    }

    private func heard(_ names: [String]) {
        guard let engine else { return }
        for name in names where name != "*" { engine.found(name) }
        if names.contains("*") { engine.lookThrough() }
    }

    // MARK: life

    /// Plugins are loaded, clients may come. On the loop.
    func start() { engine?.start() }

    /// On the loop.
    func change(_ configuration: Configuration, _ tls: ClientTLS) {
        outbox.hostName = configuration.me
        outbox.receivedText = configuration.outbound.receivedHeader
        folder.change(WorkerQueue.options(configuration.outbound.settings))
        if let engine { return engine.change(configuration.engineSettings(tls)) }
        deliverer.change(configuration.outbound.settings, tls: tls)
    }

    /// Deliveries that are under way may end; what has begun to be written is written. On the loop.
    func stop(within limit: TimeAmount, _ done: @escaping () -> Void) {
        nonisolated(unsafe) let (outbox, done) = (outbox, done)
        guard let engine else {
            nonisolated(unsafe) let deliverer = deliverer
            return outbox.drain { deliverer.close(within: limit, done) }
        }
        nonisolated(unsafe) let end = { engine.stop(within: limit) { outbox.drain(done) } }
        // Hints that a worker takes which delivers no more are lost to the one that comes after it.
        guard let hints else { return end() }
        hints.close().whenComplete { _ in end() }
    }

    /// Off the loop, at the very end.
    func finish() { writers.finish() }
}
