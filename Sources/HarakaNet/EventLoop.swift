// The plugin host's loop, made of NIO's.

public import HarakaPluginHost
public import NIOCore
public import NIOPosix

/// One NIO event loop and a pool of threads for slow work.
public final class NetLoop: HostLoop {
    public let eventLoop: any EventLoop
    private let pool: NIOThreadPool

    public init(_ eventLoop: any EventLoop, pool: NIOThreadPool) {
        self.eventLoop = eventLoop
        self.pool = pool
    }

    public var isCurrent: Bool { eventLoop.inEventLoop }

    public func execute(_ work: @escaping @Sendable () -> Void) { eventLoop.execute(work) }

    public func afterSockets(_ work: @escaping @Sendable () -> Void) {
        // NIO runs tasks until none is left before it looks at sockets again, also those that tasks add.
        eventLoop.scheduleTask(in: .microseconds(100), work)
    }

    public func schedule(after milliseconds: Int64, _ work: @escaping @Sendable () -> Void) -> any HostTimer {
        // NIO adds the delay to its clock; a plugin's absurd delay must not overflow it.
        let delay = min(max(0, milliseconds), 1000 * 86_400 * 3650)
        return NetTimer(eventLoop.scheduleTask(in: .milliseconds(delay), work))
    }

    public func offload(_ work: @escaping @Sendable () -> Void) {
        pool.submit { state in
            // When the pool is shutting down the work still runs: its owner waits for the end of it.
            _ = state
            work()
        }
    }
}

private struct NetTimer: HostTimer {
    private let task: Scheduled<Void>
    init(_ task: Scheduled<Void>) { self.task = task }
    func cancel() { task.cancel() }
}
