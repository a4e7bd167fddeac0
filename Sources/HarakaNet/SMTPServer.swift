// Listeners and the sessions that they bring.

import HarakaCore
public import HarakaPluginHost
public import NIOCore
public import NIOPosix

/// An SMTP server on one event loop. Calls on the loop unless said.
public final class SMTPServer {
    private let context: ServerContext
    private let loop: any EventLoop
    private var channels: [any Channel] = []
    private var sweep: RepeatedTask?

    public init(
        _ settings: ServerSettings, host: PluginHost, log: any SessionLog, loop: any EventLoop, pool: NIOThreadPool
    ) {
        self.loop = loop
        context = ServerContext(settings, host, log, pool: pool)
        host.onEvict = { [unowned context] generation in
            for session in context.sessions.values where session.generation === generation {
                session.stopSoon()
            }
        }
        startSweep(settings.inactivityTimeout)
    }

    /// Clients that say nothing are noticed within a twentieth of the limit.
    private func startSweep(_ timeout: Double) {
        guard timeout > 0 else { return }
        let limit = TimeAmount.nanoseconds(Int64(timeout * 1e9))
        let every = TimeAmount.milliseconds(Int64(max(20, timeout * 50)))
        nonisolated(unsafe) let context = context
        sweep = loop.scheduleRepeatedTask(initialDelay: every, delay: every) { _ in
            let now = NIODeadline.now()
            for session in Array(context.sessions.values) { session.checkIdle(now: now, limit: limit) }
        }
    }

    /// Takes clients from a bound socket. The descriptor is the server's from now on. Any thread.
    public func listen(_ descriptor: CInt) -> EventLoopFuture<Void> {
        nonisolated(unsafe) let (server, context) = (self, context)
        return ServerBootstrap(group: loop)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.autoRead, value: false)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try SMTPServer.begin(channel, context)
                }
            }
            .withBoundSocket(descriptor)
            .map { server.channels.append($0) }
    }

    /// New connections go by these from now on; those that are open keep what they began with where that matters to them.
    public func change(_ settings: ServerSettings) {
        context.settings = settings
        sweep?.cancel()
        startSweep(settings.inactivityTimeout)
    }

    /// Takes clients from now on.
    public func startAccepting() {
        for channel in channels {
            _ = channel.setOption(.autoRead, value: true)
            channel.read()
        }
    }

    /// Set at once rather than by the bootstrap, which would make a future for each option of each connection.
    private static func begin(_ channel: any Channel, _ context: ServerContext) throws {
        if let options = channel.syncOptions {
            try options.setOption(.allowRemoteHalfClosure, value: true)
            try options.setOption(.maxMessagesPerRead, value: 1)
            try options.setOption(.recvAllocator, value: ReceiveRoom.small)
            // Without it the kernel holds small replies back until the last one is acknowledged: 40 ms for each message.
            if channel.remoteAddress?.ipAddress != nil { try options.setOption(.tcpOption(.tcp_nodelay), value: 1) }
        }
        let session = SessionHandler(context, remote: channel.remoteAddress, local: channel.localAddress)
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
