// The supervisor's event loop: descriptors and times, one thread, poll(2).
//
// Not NIO: the supervisor waits for a dozen descriptors, takes signals and passes descriptors to other processes, which NIO
// does not do, and it must stay small beside its workers.

import Glibc

/// Used by one thread.
final class PollLoop {
    typealias Handler = () -> Void

    private struct Watch {
        let events: Int16
        let handler: Handler
    }
    private struct Timer {
        let at: Double
        let id: Int
        let handler: Handler
    }

    private var watches: [Int32: Watch] = [:]
    private var timers: [Timer] = []
    private var lastID = 0
    private var isRunning = false

    /// Seconds on a clock that never goes back.
    static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Calls `handler` whenever the descriptor is ready, or broken. One handler per descriptor.
    func watch(_ descriptor: Int32, events: Int32 = POLLIN, _ handler: @escaping Handler) {
        watches[descriptor] = Watch(events: Int16(events), handler: handler)
    }

    func unwatch(_ descriptor: Int32) { watches[descriptor] = nil }

    /// Calls `handler` once, after so many seconds.
    @discardableResult
    func after(_ seconds: Double, _ handler: @escaping Handler) -> Int {
        lastID += 1
        timers.append(Timer(at: PollLoop.now() + seconds, id: lastID, handler: handler))
        timers.sort { $0.at < $1.at }
        return lastID
    }

    func cancel(_ id: Int) { timers.removeAll { $0.id == id } }

    func stop() { isRunning = false }

    /// Returns after `stop`.
    func run() {
        isRunning = true
        while isRunning { turn() }
    }

    private func turn() {
        var requests = watches.map { pollfd(fd: $0.key, events: $0.value.events, revents: 0) }
        let count = poll(&requests, nfds_t(requests.count), timeout)
        if count > 0 {
            for request in requests where request.revents != 0 && isRunning { watches[request.fd]?.handler() }
        }
        while isRunning, let first = timers.first, first.at <= PollLoop.now() {
            timers.removeFirst()
            first.handler()
        }
    }

    /// Milliseconds, rounded up: a timer that is not due yet must not make the loop spin.
    private var timeout: Int32 {
        guard let first = timers.first else { return -1 }
        return Int32(clamping: Int(max(0, ((first.at - PollLoop.now()) * 1000).rounded(.up))))
    }
}
