// What the machine and the operator want done to the queue's files.

import HarakaCore
import HarakaQueue
import HarakaSpool
import NIOCore

extension OutboundEngine {
    /// Does what the machine says about a file.
    /// Three kinds: a file goes; a record that must not be lost (somebody has the mail, or it was held), which is
    /// synced; and one that may be lost (an attempt that failed), which is not, for an attempt more does no harm.
    func carryOut(_ step: QueueStep) {
        nonisolated(unsafe) let engine = self
        switch step {
        case .nothing: return
        case .remove(let uuid):
            look.leaves(uuid)
            // Whatever was still to be written of it, nobody needs it now; nor does it wait for room on the disk.
            clerk.carryOut(uuid, replacesOthers: true, { try $0.remove(uuid) }) { engine.look.left(uuid) }
        case .append(let records, let uuid, let sync):
            guard sync else { return clerk.carryOut(uuid, { try $0.append(records, to: uuid, sync: false) }) }
            unwritten[uuid, default: 0] += 1
            clerk.carryOut(uuid, { try $0.append(records, to: uuid, sync: true) }) { engine.isWritten(uuid) }
        }
    }

    /// Its parts may be tried again.
    private func isWritten(_ uuid: String) {
        guard let count = unwritten[uuid] else { return }
        unwritten[uuid] = count > 1 ? count - 1 : nil
    }

    /// It has ended the process too often.
    func quarantine(_ uuid: String) {
        machine.forget(uuid)
        // Not deleted, and not bounced: what is wrong is here, and the mail may be a good one.
        let reason = "the delivery worker died \(settings.outbound.crashLimit) times while it was being delivered"
        log.log(1, uuid: uuid, origin: "core", "set aside as quarantine.\(uuid): \(reason)")
        suspects.forget(uuid)
        setAside(uuid, as: .quarantine, because: reason)
    }

    /// Nobody tries it any more; an administrator finds it under its new name.
    /// By the clerk, behind all that is to be done to the file, as its last step.
    func setAside(_ uuid: String, as kind: SetAside, because reason: String) {
        nonisolated(unsafe) let engine = self
        look.leaves(uuid)
        clerk.carryOut(uuid, replacesOthers: true, { try $0.setAside(uuid, as: kind, because: reason) }) {
            engine.look.left(uuid)
        }
    }
}
