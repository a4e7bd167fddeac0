// One message and one domain of a queue's file, as `list` shows it.

import HarakaConfig
import HarakaQueue
import SMTPSyntax

struct StoredRow {
    let file: String
    let uuid: String
    let queueTime: Int64
    /// Places of its recipients in the file's list.
    let numbers: [Int]
    let value: ConfigValue

    /// What still waits of a mail: a row for each domain or, with `always_split`, for each recipient, numbered as the
    /// running server does.
    static func all(_ mail: QueuedMail, _ states: RecipientStates, _ now: Int64, splits: Bool) -> [StoredRow] {
        let waiting = states.waiting.filter(mail.recipients.indices.contains)
        func host(_ number: Int) -> String { mail.recipients[number].address.host }
        if splits { return waiting.map { StoredRow(mail, states, ($0 + 1, host($0)), [$0], now) } }
        var domains: [String] = []
        for recipient in mail.recipients where !domains.contains(recipient.address.host) {
            domains.append(recipient.address.host)
        }
        let together = Dictionary(grouping: waiting, by: host)
        return domains.enumerated().compactMap { index, domain in
            together[domain].map { StoredRow(mail, states, (index + 1, domain), $0, now) }
        }
    }

    private init(
        _ mail: QueuedMail, _ states: RecipientStates, _ part: (number: Int, domain: String), _ numbers: [Int],
        _ now: Int64
    ) {
        (file, uuid, queueTime) = (mail.uuid, "\(mail.uuid).\(part.number)", mail.queueTime)
        self.numbers = numbers
        let next = numbers.map { states.next(of: $0) }.max() ?? 0
        let attempts = numbers.map { states.attempts(of: $0) }.max() ?? 0
        let state = states.isHeld ? "held" : next > now ? "deferred" : "waiting"
        value = .map([
            "file": .string(file), "uuid": .string(uuid), "queue_time": .integer(queueTime),
            "domain": .string(part.domain), "from": .string(mail.reversePath.address),
            "to": .list(numbers.map { .string(mail.recipients[$0].address.address) }),
            "size": .integer(Int64(mail.size)), "attempts": .integer(Int64(attempts)),
            "next_attempt": .integer(max(next, mail.queueTime)), "state": .string(state),
            "error": .string(numbers.compactMap { states.lastAttempt(of: $0)?.text }.first ?? ""),
        ])
    }

    func matches(_ filter: QueueFilter, _ now: Int64) -> Bool {
        let to = value["to"]?.texts ?? []
        return (filter.id.isEmpty || filter.id == file || filter.id == uuid)
            && (filter.domain.isEmpty || value["domain"]?.text == filter.domain)
            && Self.fits(filter.sender, value["from"]?.text ?? "")
            && (filter.recipient.isEmpty || to.contains { Self.fits(filter.recipient, $0) })
            && (filter.olderThan <= 0
                || now - queueTime > filter.olderThan.multipliedReportingOverflow(by: 1000).partialValue)
    }

    /// An address, `@domain`, or `<>`. Letter case does not matter.
    private static func fits(_ wanted: String, _ address: String) -> Bool {
        if wanted.isEmpty { return true }
        if wanted == "<>" { return address.isEmpty }
        return wanted.hasPrefix("@")
            ? address.lowercased().hasSuffix(wanted.lowercased()) : address.lowercased() == wanted.lowercased()
    }
}
