// Jobs that are under way, so that the end of the plugin can wait for them.
import CHarakaPluginKit

/// Counts them. Loop thread only.
///
///     let job = jobs.begin()
///     plugin.offload(work) { _ = job; ... }
///     // haraka_shutdown:  jobs.shutDown(call)
///
/// The host revokes what is under way when `haraka_shutdown` has been answered. A job that a thread has begun would
/// still run to its end, but nobody would learn how it ended.
public final class Jobs {
    /// One job. Whoever waits for its end holds on to this; the end is when it is let go, however that comes about.
    public final class UnderWay {
        private let jobs: Jobs

        fileprivate init(_ jobs: Jobs) {
            self.jobs = jobs
            jobs.count += 1
        }

        deinit { jobs.ended() }
    }

    private var count = 0
    private var waiting: [haraka_next] = []

    public init() {}

    /// A job begins; it is under way until what is returned is let go.
    public func begin() -> UnderWay { UnderWay(self) }

    /// What `haraka_shutdown` returns: done, or pending until the last job has ended. The host waits for 30 s, at a
    /// stop for 5.
    public func shutDown(_ call: UnsafePointer<haraka_call>?) -> Int32 {
        guard count > 0, let call else { return HARAKA_SUCCESS }
        waiting.append(call.pointee.next)
        return HARAKA_PENDING
    }

    private func ended() {
        count -= 1
        guard count == 0 else { return }
        // Each once: a child that inherits this plugin is shut down, too.
        for next in waiting { _ = haraka_kit_host().pointee.complete(next, HARAKA_OK, nil) }
        waiting = []
    }
}
