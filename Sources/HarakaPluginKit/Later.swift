// Things that happen later: timers, work on other threads, and answers that wait for either.
import CHarakaPluginKit

final class CallbackBox {
    let body: () -> Void
    init(_ body: @escaping () -> Void) { self.body = body }
}

let runCallback: @convention(c) (UnsafeMutableRawPointer?) -> Void = { context in
    guard let context else { return }
    Unmanaged<CallbackBox>.fromOpaque(context).takeUnretainedValue().body()
}

/// A timer that was started. Loop thread only.
public struct Timer: Sendable {
    let handle: haraka_timer

    /// It will not run (again). Harmless if it has run.
    public func cancel() { _ = haraka_kit_host().pointee.timer_cancel(handle) }
}

extension Plugin {
    /// Runs `body` once on the loop. nil if the plugin is being unloaded. Loop thread.
    @discardableResult
    public func after(milliseconds: Int64, _ body: @escaping () -> Void) -> Timer? {
        start(delay: milliseconds, period: 0, body)
    }

    /// Runs `body` on the loop again and again. Loop thread.
    ///
    ///     plugin.every(milliseconds: 60_000) { cache.sweep() }
    @discardableResult
    public func every(milliseconds: Int64, _ body: @escaping () -> Void) -> Timer? {
        start(delay: milliseconds, period: milliseconds, body)
    }

    /// Runs `body` on the loop, soon. Any thread.
    public func post(_ body: @escaping @Sendable () -> Void) {
        let box = Unmanaged.passRetained(CallbackBox(body)).toOpaque()
        var callback = haraka_callback(function: runCallback, context: box, destroy: releaseKept)
        if haraka_kit_host().pointee.post(handle, &callback) < 0 { releaseKept(box) }
    }

    /// Runs `work` on a thread for slow things, then `then` on the loop. Loop thread.
    public func offload(_ work: @escaping @Sendable () -> Void, then: @escaping () -> Void = {}) {
        if !Job.start(handle, work: work, done: then) { log(.error, "offload refused: the work was not done") }
    }

    private func start(delay: Int64, period: Int64, _ body: @escaping () -> Void) -> Timer? {
        let box = Unmanaged.passRetained(CallbackBox(body)).toOpaque()
        var callback = haraka_callback(function: runCallback, context: box, destroy: releaseKept)
        var timer = haraka_timer()
        guard haraka_kit_host().pointee.timer_start(handle, delay, period, &callback, &timer) >= 0 else {
            releaseKept(box)
            return nil
        }
        return Timer(handle: timer)
    }
}

extension Next {
    /// Hands the Next back after some time. If the hook ends before (the client left, the time limit is over), the timer is
    /// stopped and `body` let go without a word. Loop thread.
    ///
    ///     next.after(milliseconds: 500) { next throws(PluginError) in try ask(again, next) }
    public consuming func after(
        milliseconds: Int64, _ body: @escaping (consuming Next) throws(PluginError) -> Void
    ) {
        let plugin = self.plugin
        let waiting = Waiting(self)
        let timer = plugin.after(milliseconds: milliseconds) { waiting.resumeIfWanted(body) }
        guard let timer else { return plugin.log(.error, "no timer for a delayed answer") }
        waiting.stops { timer.cancel() }
    }

    /// Runs `work` on a thread for slow things (files, sync), then hands its output and the Next back on the loop.
    /// `work` must not touch connections, transactions, notes or results. If it throws, the answer is "plugin failed".
    ///
    /// Work that has begun runs to its end. If the hook has ended by then, `then` is let go without a word: what the log must
    /// know in any case, `work` itself writes.
    ///
    ///     next.offload({ () throws(PluginError) in try store(message) }) { count, next in next.ok() }
    public consuming func offload<Output: Sendable>(
        _ work: @escaping @Sendable () throws(PluginError) -> Output,
        then: @escaping (Output, consuming Next) throws(PluginError) -> Void
    ) {
        let plugin = self.plugin
        let waiting = Waiting(self)
        let output = Outcome<Output>()
        let started = Job.start(plugin.handle) {
            do throws(PluginError) { output.value = .success(try work()) } catch { output.value = .failure(error) }
        } done: {
            switch output.value {
            case .success(let output):
                waiting.resumeIfWanted { next throws(PluginError) in try then(output, next) }
            case .failure(let error): if let next = waiting.take() { next.fail(error) }
            case nil: if let next = waiting.take() { next.fail(PluginError("the work was not done")) }
            }
        }
        if !started { plugin.log(.error, "offload refused: the work was not done") }
    }
}

/// What work on another thread left. The host orders the two threads: `done` runs after `work` has returned.
private final class Outcome<Output>: @unchecked Sendable {
    var value: Result<Output, PluginError>?
}

private final class Job {
    let work: () -> Void
    let done: () -> Void

    init(_ work: @escaping () -> Void, _ done: @escaping () -> Void) {
        self.work = work
        self.done = done
    }

    /// False if the host refused; then nothing runs.
    static func start(_ owner: haraka_self, work: @escaping @Sendable () -> Void, done: @escaping () -> Void) -> Bool {
        let job = Unmanaged.passRetained(Job(work, done)).toOpaque()
        var callback = haraka_callback(function: runDone, context: job, destroy: releaseKept)
        guard haraka_kit_host().pointee.offload(owner, runWork, &callback) < 0 else { return true }
        releaseKept(job)
        return false
    }
}

private let runWork: @convention(c) (UnsafeMutableRawPointer?) -> Void = { context in
    guard let context else { return }
    Unmanaged<Job>.fromOpaque(context).takeUnretainedValue().work()
}

private let runDone: @convention(c) (UnsafeMutableRawPointer?) -> Void = { context in
    guard let context else { return }
    Unmanaged<Job>.fromOpaque(context).takeUnretainedValue().done()
}
