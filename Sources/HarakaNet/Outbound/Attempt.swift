// A part of a mail while it is under way, and what its plugins' answers mean.

import HarakaCore
import HarakaPluginHost
import HarakaQueue
import HarakaSpool
import SMTPSyntax

/// A part on its way. On the loop.
///
/// It lives from the opening of the file to the last record, and is handed from step to step; nobody but the engine's
/// table of what is under way holds it in between. Each hook is asked about the same ``HMail``, so that what one plugin
/// notes there the next one sees.
final class Attempt {
    let id: PartID
    let part: QueuePart
    let stored: StoredMail
    let mail: HMail
    /// Recipients by their number in the mail, in the order of `mail.recipients`.
    let numbers: [Int]
    /// What the attempt comes to, while hooks are asked about it.
    var end = AttemptEnd()

    init(_ id: PartID, _ part: QueuePart, _ stored: StoredMail, path: String) {
        self.id = id
        self.part = part
        self.stored = stored
        let head = stored.mail
        // A file that was exchanged under us may have fewer: what it says counts.
        numbers = part.numbers.filter { head.recipients.indices.contains($0) }
        mail = HMail(
            uuid: part.hmailUUID, path: path, domain: part.domain,
            envelope: (head.reversePath, numbers.map { head.recipients[$0].address }), queueTime: head.queueTime,
            size: head.size, origin: head.origin, notes: head.notes, message: { stored })
        mail.failures = part.failures
        mail.lastError = part.lastError
        mail.forcesTLS = head.forcesTLS
    }

    /// Hooks, the deliverer and reports speak of places in the attempt; records of numbers in the mail.
    /// The number of a recipient of this attempt.
    func number(_ place: Int) -> Int { numbers[place] }
}

extension Verdict {
    /// The seconds of DELAY, and of DENYSOFT to `deferred`.
    var seconds: Int64? {
        switch reply.value {
        case .integer(let seconds): max(0, min(seconds, 31_536_000))
        case .number(let seconds): seconds.isFinite ? Int64(max(0, min(seconds, 31_536_000))) : nil
        default: Int64(reply.text).map { max(0, min($0, 31_536_000)) }
        }
    }
}

extension PluginReply {
    /// The answer of `get_mx`: its value, or its text.
    var given: Value { value == .null ? .text(text) : value }
}

extension Hop {
    func greeting(as name: String) -> Hop {
        var hop = self
        hop.helo = name
        return hop
    }
}

extension HMail {
    /// `notes.outbound_helo`: the name for EHLO, whatever the settings say.
    var outboundHelo: String {
        if case .text(let name)? = notes.get("outbound_helo") { return name }
        return ""
    }
}
