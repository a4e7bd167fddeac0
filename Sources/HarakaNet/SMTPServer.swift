// Listeners and the sessions that they bring.

import Glibc
import HarakaCore
public import HarakaDNS
public import HarakaPluginHost
public import NIOCore
import NIOPosix

/// An SMTP server on one event loop. Calls on the loop unless said.
public final class SMTPServer {
    private let context: ServerContext
    private let loop: any EventLoop
    private var channels: [any Channel] = []
    private var sweep: RepeatedTask?

    public init(
        _ settings: ServerSettings, host: PluginHost, log: any SessionLog, loop: any EventLoop,
        resolver: HarakaDNS.Resolver
    ) {
        self.loop = loop
        context = ServerContext(settings, host, log, loop: loop, resolver: resolver)
        host.onEvict = { [unowned context] generation in
            for session in context.sessions.values where session.generation === generation {
                session.stopSoon()
            }
        }
        startSweep()
    }

    /// Clients that say nothing, or take too long, are noticed within a twentieth of the shortest limit.
    private func startSweep() {
        sweep?.cancel()
        let settings = context.settings
        let times =
            [settings.inactivityTimeout, settings.limits.commandSeconds, settings.limits.messageSeconds]
            + settings.roles.values.map(\.inactivityTimeout)
        guard let shortest = times.filter({ $0 > 0 }).min() else { return }
        let every = TimeAmount.milliseconds(Int64(min(max(20, shortest * 50), 15_000)))
        nonisolated(unsafe) let server = self
        sweep = loop.scheduleRepeatedTask(initialDelay: every, delay: every) { _ in server.checkTimes() }
    }

    private func checkTimes() {
        let now = NIODeadline.now()
        let settings = context.settings
        let command = SMTPServer.amount(settings.limits.commandSeconds)
        let message = SMTPServer.amount(settings.limits.messageSeconds)
        let idle = settings.roles.mapValues { SMTPServer.amount($0.inactivityTimeout) }
        let idleElsewhere = SMTPServer.amount(settings.inactivityTimeout)
        for session in Array(context.sessions.values) {
            let limit = idle[session.role.name] ?? idleElsewhere
            if limit > .zero { session.checkIdle(now: now, limit: limit) }
            session.checkPace(now: now, command: command, message: message)
        }
    }

    private static func amount(_ seconds: Double) -> TimeAmount { .nanoseconds(Int64(max(0, min(seconds, 1e9)) * 1e9)) }

    /// Takes clients from a bound socket; they go by the rules of `role`, or by those that ``ServerSettings/roles``
    /// has under its name when they come. The descriptor is the server's from now on. Any thread.
    public func listen(_ descriptor: CInt, as role: ListenerRole = ListenerRole()) -> EventLoopFuture<Void> {
        nonisolated(unsafe) let (server, context) = (self, context)
        return ServerBootstrap(group: loop)
            .serverChannelOption(.autoRead, value: false)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Door(context, role))
                }
            }
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try SMTPServer.begin(channel, context, context.settings.role(role))
                }
            }
            .withBoundSocket(descriptor)
            .map { channel in
                // NIO takes 128 for sockets that are bound already: a burst of clients would be dropped, and each of
                // them would try again a second later. The system has its own maximum.
                _ = Glibc.listen(descriptor, 4096)
                server.channels.append(channel)
            }
    }

    /// Where mail goes that clients may relay. Before clients come.
    public func use(_ outbox: Outbox?) { context.outbox = outbox }

    /// New connections go by these from now on; those that are open keep what they began with where that matters to
    /// them.
    public func change(_ settings: ServerSettings) {
        context.settings = settings
        startSweep()
    }

    /// Takes clients from now on.
    public func startAccepting() {
        for channel in channels {
            _ = channel.setOption(.autoRead, value: true)
            channel.read()
        }
    }

    /// Set at once rather than by the bootstrap, which would make a future for each option of each connection.
    private static func begin(_ channel: any Channel, _ context: ServerContext, _ role: ListenerRole) throws {
        if let options = channel.syncOptions {
            try options.setOption(.allowRemoteHalfClosure, value: true)
            try options.setOption(.maxMessagesPerRead, value: 1)
            try options.setOption(.recvAllocator, value: ReceiveRoom.small)
            // Without it the kernel holds small replies back until the last one is acknowledged: 40 ms for each
            // message.
            if channel.remoteAddress?.ipAddress != nil { try options.setOption(.tcpOption(.tcp_nodelay), value: 1) }
        }
        let session = SessionHandler(context, role: role, remote: channel.remoteAddress, local: channel.localAddress)
        if session.stage == .proxyHeader {
            let limit = amount(context.settings.proxyLimit)
            try channel.pipeline.syncOperations.addHandler(ProxyHandler(session, limit: limit))
        }
        try channel.pipeline.syncOperations.addHandler(session)
    }

    public var sessionCount: Int { context.sessions.count }

    /// No new clients; those that wait for us get 421, those in a transaction at their next command, and after `grace`
    /// everybody. The future succeeds when the last one has gone.
    public func stop(grace: TimeAmount) -> EventLoopFuture<Void> {
        let done = closeListeners()
        dismissClients(after: grace)
        return done
    }

    /// No new clients; those that are here go on as if nothing were, for as long as `quiet`. Then as `stop`.
    public func drain(quiet: TimeAmount, grace: TimeAmount) -> EventLoopFuture<Void> {
        let done = closeListeners()
        nonisolated(unsafe) let server = self
        loop.scheduleTask(in: quiet) { server.dismissClients(after: grace) }
        return done
    }

    private func closeListeners() -> EventLoopFuture<Void> {
        let done = loop.makePromise(of: Void.self)
        for channel in channels { channel.close(promise: nil) }
        channels = []
        context.onEmpty = { [context] in
            context.onEmpty = nil
            done.succeed(())
        }
        if context.sessions.isEmpty { context.onEmpty?() }
        done.futureResult.whenComplete { [sweep] _ in sweep?.cancel() }
        return done.futureResult
    }

    private func dismissClients(after grace: TimeAmount) {
        context.isStopping = true
        for session in Array(context.sessions.values) { session.stopSoon() }
        nonisolated(unsafe) let context = context
        loop.scheduleTask(in: grace) {
            for session in Array(context.sessions.values) { session.stopNow() }
        }
    }
}
