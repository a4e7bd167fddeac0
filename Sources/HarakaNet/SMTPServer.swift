// Listeners and the sessions that they bring.

import HarakaCore
public import HarakaPluginHost
public import NIOCore
public import NIOPosix

/// Where the server listens.
public enum Listener: Sendable, Hashable {
    case tcp(host: String, port: Int)
    /// `mode`: permissions of the socket file.
    case unix(path: String, mode: UInt16?)
}

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

    /// Opens a listener, which takes no client before `startAccepting`. Any thread; the future says where it listens or
    /// why not.
    public func listen(_ listener: Listener) -> EventLoopFuture<SocketAddress?> {
        nonisolated(unsafe) let (server, context) = (self, context)
        let bootstrap = ServerBootstrap(group: loop)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.autoRead, value: false)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try SMTPServer.begin(channel, context)
                }
            }
        let opened: EventLoopFuture<any Channel>
        switch listener {
        case .tcp(let host, let port):
            opened = bootstrap.bind(host: host, port: port)
        case .unix(let path, let mode):
            opened = bootstrap.bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).flatMapThrowing {
                channel in
                if let mode { try UnixSocket.setMode(path, mode) }
                return channel
            }
        }
        return opened.map { channel in
            server.channels.append(channel)
            return channel.localAddress
        }
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
            let sizes = AdaptiveRecvByteBufferAllocator(minimum: 512, initial: 2048, maximum: 65_536)
            try options.setOption(.recvAllocator, value: sizes)
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
        let done = loop.makePromise(of: Void.self)
        for channel in channels { channel.close(promise: nil) }
        channels = []
        context.isStopping = true
        context.onEmpty = { [context] in
            context.onEmpty = nil
            done.succeed(())
        }
        for session in Array(context.sessions.values) { session.stopSoon() }
        if context.sessions.isEmpty { context.onEmpty?() }
        nonisolated(unsafe) let context = context
        loop.scheduleTask(in: grace) {
            for session in Array(context.sessions.values) { session.stopNow() }
        }
        done.futureResult.whenComplete { [sweep] _ in sweep?.cancel() }
        return done.futureResult
    }
}
