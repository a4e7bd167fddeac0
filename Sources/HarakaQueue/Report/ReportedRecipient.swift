// A recipient as a report shows it: what happened, and what its sender wanted to know.

import HarakaCore
import MailMessage
import SMTPSyntax

struct ReportedRecipient {
    let recipient: QueuedRecipient
    let found: RecipientFailure

    /// Those about whom somebody wants to know this. An address that stands in the envelope twice is two recipients.
    static func wanted(_ found: [RecipientFailure], _ kind: BounceReport.Kind, _ mail: QueuedMail)
        -> [ReportedRecipient]
    {
        var left: [Address: [QueuedRecipient]] = [:]
        for recipient in mail.recipients.reversed() { left[recipient.address, default: []].append(recipient) }
        return found.compactMap { found in
            let recipient = left[found.address]?.popLast() ?? QueuedRecipient(found.address)
            guard recipient.notify.contains(notify(kind)) else { return nil }
            return ReportedRecipient(recipient: recipient, found: found)
        }
    }

    private static func notify(_ kind: BounceReport.Kind) -> QueuedRecipient.Notify {
        switch kind {
        case .failed: .failure
        case .delayed: .delay
        case .delivered, .relayed: .success
        }
    }

    /// `<a@b.example>: words`
    var line: String {
        let words = found.reason.isEmpty ? found.reply?.description ?? "" : found.reason
        let address = found.address.formatted
        return words.isEmpty ? address : "\(address): \(words)"
    }

    func entry(_ kind: BounceReport.Kind, _ occasion: BounceReport.Occasion) -> DeliveryReport.Recipient {
        let action: DeliveryReport.Action
        let digit: UInt8
        switch kind {
        case .failed: (action, digit) = (.failed, 5)
        case .delayed: (action, digit) = (.delayed, 4)
        case .delivered: (action, digit) = (.delivered, 2)
        case .relayed: (action, digit) = (.relayed, 2)
        }
        // The class says what became of it (RFC 3463 section 2): attempts that are used up make 5.x.y of 4.x.y.
        let status = EnhancedStatus(class: digit, subject: found.status.subject, detail: found.status.detail)
        var entry = DeliveryReport.Recipient(found.address, action, status)
        entry.original = recipient.original
        entry.remote = ReportedRecipient.server(found.remote ?? "")
        entry.reply = found.reply
        entry.reason = found.reason
        entry.lastAttempt = occasion.date(occasion.now)
        if case .delayed(let until) = kind { entry.willRetryUntil = occasion.date(until) }
        return entry
    }

    /// An address is written as a literal.
    private static func server(_ name: String) -> String {
        guard let address = IPAddress(name) else { return name }
        return address.bytes.count == 4 ? "[\(name)]" : "[IPv6:\(name)]"
    }
}
