// Other settings, and the end, for connections that are open.

import HarakaQueue
import HarakaTLS
import NIOCore

extension ClientPool {
    /// What is open ends as soon as it is idle: it began under other rules.
    func change(_ settings: OutboundSettings, _ tls: ClientTLS) {
        (self.settings, self.tls) = (settings, tls)
        epoch &+= 1
        // Whoever waits has come under the old rules and is served under the new ones, or he would wait for a
        // connection that nobody gives back any more.
        for (address, list) in waiters {
            waiters[address] = list.map { waiter in
                var waiter = waiter
                waiter.order.key.epoch = epoch
                return waiter
            }
        }
        quitAllIdle()
    }

    /// Taken out of the table first: each one that leaves looks into it.
    private func quitAllIdle() {
        let unused = idle.values.flatMap { $0 }
        idle = [:]
        for client in unused { client.quit() }
    }

    /// QUIT to all that are idle; the others have until `limit`, and are cut off then. `done` is called when none is
    /// left, at once or later.
    func close(within limit: TimeAmount, _ done: @escaping () -> Void) {
        isClosing = true
        whenEmpty = done
        // Refused, and not forgotten: their attempts end as deferred, which is written down.
        let turnedAway = waiters.values.flatMap { $0 }
        waiters = [:]
        for waiter in turnedAway {
            waiter.timer?.cancel()
            refuse(waiter.order, waiter.owner, "this server is stopping")
        }
        quitAllIdle()
        if all.isEmpty { return emptied() }
        loop.eventLoop.assumeIsolated().scheduleTask(in: limit) { [weak self] in
            for client in self.map({ Array($0.all.values) }) ?? [] { client.abort() }
        }
    }

    /// Once: who is told may put an end to everything, the pool included.
    func emptied() {
        let told = whenEmpty
        whenEmpty = nil
        told?()
    }
}
