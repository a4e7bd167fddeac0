// How long the other server may take for each step. RFC 5321 section 4.5.3.2.

import NIOCore

extension ClientHandler {
    /// Called after whatever counts as progress: a command that goes out when none was awaited, a whole reply, a piece
    /// of the message that the server has taken.
    ///
    /// One task for all limits: it looks again when it runs too early, so that most commands cost no timer at all.
    func armTimer() {
        guard !isClosed, let context else { return }
        guard let limit = currentLimit else {
            deadline = .distantFuture
            return
        }
        deadline = .now() + limit
        if deadline < timerEnd { schedule(context) }
    }

    /// nil: nobody waits for anything. That is so only while the machine is ready and its owner is about to begin, and
    /// during the handshake, which has a clock of its own.
    private var currentLimit: TimeAmount? {
        if let dialogue { return dialogue.isAwaiting ? limits[.mail] : limits.idle }
        return machine.stage == .idle ? (isBusy ? nil : limits.idle) : limits[machine.stage]
    }

    private func schedule(_ context: ChannelHandlerContext) {
        timer?.cancel()
        timerEnd = deadline
        // Weak: a connection that has gone is not kept in memory by the longest of its limits.
        timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [weak self] in
            self?.timerFired()
        }
    }

    private func timerFired() {
        timer = nil
        timerEnd = .distantFuture
        guard !isClosed, let context else { return }
        // Something has gone on meanwhile; the task is set to the new end, or waits for the next event to set it.
        guard NIODeadline.now() >= deadline else {
            if deadline != .distantFuture { schedule(context) }
            return
        }
        // Whoever is told of it by a plain failure can still see that it was this.
        ending = .timedOut
        if let dialogue { return dialogue.timedOut() }
        // A kept one has had its time: politely.
        if machine.stage == .idle { return quit() }
        // TLS has a limit of its own, and says more.
        perform(machine.timedOut())
        flush()
        armTimer()
    }
}
