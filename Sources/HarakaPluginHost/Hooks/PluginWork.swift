// Timers, posts and jobs: what a plugin set going. Owned by its generation, revoked at its end. plugin.h "time and work".

import HarakaPluginABI

/// One timer, post or job of a plugin. On the loop, but for the part of a job that runs on a pool thread.
final class PluginWork: @unchecked Sendable {
    enum Kind: String { case timer, post, job }

    let kind: Kind
    private let host: PluginHost
    private let callback: PluginCallback
    private unowned let plugin: Plugin
    private(set) var handle = Handle(bits: 0)
    private var timer: (any HostTimer)?
    private let period: Int64
    private var isOver = false
    /// The plugin's work function is on a pool thread at this moment: its code cannot be unmapped.
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

    private func run() { host.enter(plugin, hook: kind.rawValue) { callback.run() } }

    /// A post, or the second half of a job.
    func runOnce() {
        isInside = false
        guard !isOver else { return destroyContext() }
        run()
        end()
    }

    func startJob(_ work: @escaping PluginProcedure) {
        isInside = true
        let context = callback
        host.loop.offload { [self] in
            work(context.context)
            host.loop.execute { self.runOnce() }
        }
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
        host.doom(callback.pendingDestroy)
        host.settleIfOutside()
    }
}
