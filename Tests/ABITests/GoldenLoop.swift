// A loop that the test turns by hand, on its own thread. Time passes only when the test says so.

import Dispatch
import Glibc
import HarakaPluginHost
import Synchronization

final class GoldenLoop: HostLoop, @unchecked Sendable {
    private final class Timer: HostTimer, @unchecked Sendable {
        let at: Int64
        var work: (@Sendable () -> Void)?
        init(_ at: Int64, _ work: @escaping @Sendable () -> Void) {
            self.at = at
            self.work = work
        }
        func cancel() { work = nil }
    }

    private let thread = pthread_self()
    private let queue = Mutex<[@Sendable () -> Void]>([])
    private let slow = DispatchQueue(label: "slow work")
    private var now: Int64 = 0
    private var timers: [Timer] = []

    var isCurrent: Bool { pthread_equal(pthread_self(), thread) != 0 }
    func execute(_ work: @escaping @Sendable () -> Void) { queue.withLock { $0.append(work) } }
    func offload(_ work: @escaping @Sendable () -> Void) { slow.async(execute: work) }

    func schedule(after milliseconds: Int64, _ work: @escaping @Sendable () -> Void) -> any HostTimer {
        let timer = Timer(now.addingReportingOverflow(milliseconds).partialValue, work)
        timers.append(timer)
        return timer
    }

    /// Runs what is waiting, until nothing is under way.
    func drain() {
        while true {
            slow.sync {}
            let waiting = queue.withLock { queue in
                defer { queue = [] }
                return queue
            }
            guard !waiting.isEmpty else { return }
            for work in waiting { work() }
        }
    }

    /// Lets time pass. What falls due runs in order, and all that follows from it.
    func advance(_ milliseconds: Int64) {
        drain()
        let end = now + milliseconds
        while let next = timers.filter({ $0.at <= end && $0.work != nil }).min(by: { $0.at < $1.at }) {
            now = next.at
            timers.removeAll { $0 === next }
            next.work?()
            drain()
        }
        now = end
    }
}
