// Timers, posts and jobs: what a plugin set going. Owned by its generation, revoked at its end. plugin.h "time and
// work".

import HarakaPluginABI

/// One timer, post or job of a plugin. On the loop, but for the part of a job that runs on a pool thread.
final class PluginWork: @unchecked Sendable {
    enum Kind: String {
        case timer, post, job

        fileprivate var entrance: FaultFrames.Entrance {
            switch self {
            case .timer: .timer
            case .post: .post
            case .job: .job
            }
        }
    }

    let kind: Kind
    private let host: PluginHost
    private let callback: PluginCallback
    let plugin: Plugin
    private(set) var handle = Handle(bits: 0)
    private var timer: (any HostTimer)?
    private let period: Int64
    private var isOver = false
    /// The plugin's work function is on a pool thread at this moment, or will be: its code cannot be unmapped.
    private(set) var isInside = false

    init(_ kind: Kind, _ host: PluginHost, _ plugin: Plugin, _ callback: PluginCallback, period: Int64 = 0) {
        self.kind = kind
        self.host = host
        self.plugin = plugin
        self.callback = callback
        self.period = period
        plugin.work[ObjectIdentifier(self)] = self
    }

    /// Nil: too many timers. The context stays the plugin's then, as with every call that is refused.
    func startTimer(after delay: Int64) -> Handle? {
        guard let handle = host.timers.insert(self) else {
            plugin.work[ObjectIdentifier(self)] = nil
            isOver = true
            return nil
        }
        self.handle = handle
        schedule(delay)
        return handle
    }

    private func schedule(_ delay: Int64) {
        timer = host.loop.schedule(after: max(0, delay)) { [weak self] in self?.fired() }
    }

    private func fired() {
        guard !isOver else { return }
        run()
        guard !isOver else { return }
        if period > 0 { schedule(period) } else { end() }
    }

    private func run() { host.enter(plugin, kind.entrance) { callback.run() } }

    /// A post.
    func runOnce() {
        guard !isOver else { return destroyContext() }
        run()
        end()
    }

    /// The plugin lives until the job is back, and its code stays mapped: `jobsInside`.
    func startJob(_ work: @escaping PluginProcedure) {
        isInside = true
        plugin.jobsInside += 1
        let (context, identity, faults) = (callback, plugin.identity, host.faults)
        let faultIndex = plugin.faultIndex
        host.loop.offload { [self] in
            // A job that has not begun when its plugin ends is not done any more.
            if !identity.isRevoked.load(ordering: .acquiring) {
                faults.runJob(faultIndex) { work(context.context) }
            }
            host.inbox.put(.job(self))
        }
    }

    /// The second half of a job. On the loop.
    func comeBack() {
        isInside = false
        plugin.jobsInside -= 1
        runOnce()
        if plugin.isRevoked { host.scheduleUnloading() }
    }

    /// It will not run (again). The context goes now, or when the pool thread has come back.
    func end() {
        guard !isOver else { return }
        isOver = true
        timer?.cancel()
        timer = nil
        plugin.work[ObjectIdentifier(self)] = nil
        if handle.bits != 0 { host.timers.remove(handle) }
        if !isInside { destroyContext() }
    }

    private func destroyContext() {
        host.doom(callback.pendingDestroy(of: plugin))
        host.settleIfOutside()
    }
}
