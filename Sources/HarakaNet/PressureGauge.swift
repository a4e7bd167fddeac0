// Looks at what the machine has left, now and then, and says when it begins to be too little and when it is enough
// again.

import NIOCore

/// On the loop.
final class PressureGauge {
    var limits: PressureLimits
    var folder: String
    /// How the system is asked; tests have their own.
    var read: (PressureLimits, String) -> Supplies = { Supplies.read($0, spool: $1) }
    /// Told when a shortage begins, changes (the new one) or ends (nil).
    var changed: (Shortage?, Supplies) -> Void = { _, _ in }
    private(set) var shortage: Shortage?
    private static let interval = TimeAmount.seconds(1)
    private var supplies = Supplies()
    private var lookedAt: NIODeadline?
    /// Clients when it was last looked: those that have come since have taken a descriptor each.
    private var clientsThen = 0

    init(_ limits: PressureLimits, folder: String) {
        self.limits = limits
        self.folder = folder
    }

    /// What is short. Asks the system at most once a second.
    func shortage(now: NIODeadline, clients: Int) -> Shortage? {
        guard let lookedAt, now - lookedAt < PressureGauge.interval else { return look(now, clients) }
        if shortage == nil, limits.spareDescriptors > 0, let free = supplies.freeDescriptors,
            free - max(0, clients - clientsThen) < limits.spareDescriptors
        {
            // Many clients within a second: it may be so, or some have gone meanwhile and their places are taken.
            return look(now, clients)
        }
        return shortage
    }

    private func look(_ now: NIODeadline, _ clients: Int) -> Shortage? {
        lookedAt = now
        clientsThen = clients
        supplies = read(limits, folder)
        let found = supplies.shortage(limits, last: shortage)
        if found != shortage {
            shortage = found
            changed(found, supplies)
        }
        return found
    }
}
