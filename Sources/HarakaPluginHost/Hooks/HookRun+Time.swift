// How long a plugin may think. The time for which it waits for the client, or for other plugins, is not its own.

import HarakaCore

extension HookRun {
    /// Milliseconds that the plugin has left.
    var timeLeft: Int64 {
        if let heldTimeLeft { return heldTimeLeft }
        guard let current, case let timeout = limit ?? current.plugin.timeout, timeout > 0 else { return .max }
        guard phase == .waiting else { return timeout }
        return deadlineAt == .max ? .max : max(0, deadlineAt - Clock.monotonic())
    }

    /// The plugin has returned and thinks: its time begins, unless it stands still.
    func startTime() {
        waitingSince = Clock.nanoseconds()
        let timeout = limit ?? current?.plugin.timeout ?? 0
        guard timeout > 0 else {
            deadlineAt = .max
            return
        }
        if heldSince == nil { startTimer(timeout) } else { heldTimeLeft = timeout }
    }

    private func startTimer(_ milliseconds: Int64) {
        deadlineAt = Clock.monotonic() + milliseconds
        let bits = handle
        nonisolated(unsafe) let run = self
        timer = host.loop.schedule(after: milliseconds) { run.timedOut(bits) }
    }

    /// The limit stands still from now on.
    func holdTime() {
        heldSince = Clock.nanoseconds()
        guard phase == .waiting, deadlineAt != .max else { return }
        heldTimeLeft = max(0, deadlineAt - Clock.monotonic())
        deadlineAt = .max
        timer?.cancel()
        timer = nil
    }

    /// It goes on with what was left.
    func releaseTime() {
        let (since, left) = (heldSince, heldTimeLeft)
        forgetHeldTime()
        guard phase == .waiting, let since else { return }
        waitingSince &+= Clock.nanoseconds() &- max(since, waitingSince)
        if let left { startTimer(left) }
    }

    func forgetHeldTime() {
        heldSince = nil
        heldTimeLeft = nil
    }
}
