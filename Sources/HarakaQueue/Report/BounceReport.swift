// The report that the sender of a queued mail gets. RFC 3461 section 5.2, RFC 3464; docs/outbound.md "Reports".

public import HarakaCore
public import MailMessage
public import SMTPSyntax

/// A report, ready to be queued: from `<>` to the sender of the mail that it is about.
public struct BounceReport: Sendable {
    public enum Kind: Sendable, Equatable {
        case failed
        /// Milliseconds since 1970 at which it is given up.
        case delayed(until: Int64)
        case delivered
        /// Its next server does not know RFC 3461, so that nobody will report more.
        case relayed
    }

    /// Where and when a report is made.
    public struct Occasion: Sendable {
        /// This server's name.
        public var me: String
        public var pid: Int
        /// Of the report.
        public var uuid: String
        /// Milliseconds since 1970.
        public var now: Int64
        /// Of the zone in which dates are written.
        public var offsetMinutes = 0
        public var templates = BounceTemplates.usual
        public var settings = OutboundSettings.Reports()
        /// What the delivery ended with, `{reason}`; empty: the reason of the first recipient.
        public var error = ""

        public init(me: String, pid: Int, uuid: String, now: Int64) {
            self.me = me
            self.pid = pid
            self.uuid = uuid
            self.now = now
        }
    }

    /// Always null: a report never causes a report (RFC 3464 section 2).
    public var from: Address { .null }
    public let to: Address
    /// Header and body, CR LF.
    public let bytes: [UInt8]
    public let is8Bit: Bool
    public let isUTF8: Bool

    /// Whether the report needs all of the message; else its header is enough.
    ///
    /// RET=HDRS: no. RET=FULL: if it is not very large. Without either: up to the limit of the settings. What is no
    /// failure never needs it (RFC 3461 section 4.3).
    public static func needsMessage(_ mail: QueuedMail, _ kind: Kind, _ settings: OutboundSettings.Reports) -> Bool {
        guard kind == .failed, mail.returnsFullMessage != false else { return false }
        let limit = max(0, settings.fullMessageLimit)
        return mail.size
            <= (mail.returnsFullMessage == true ? limit.multipliedReportingOverflow(by: 16).partialValue : limit)
    }

    /// Nil: nobody is to be told, because the mail is a report itself, or because its sender does not want to know
    /// (RFC 3461 section 4.1).
    ///
    /// - Parameters:
    ///   - about: Recipients and what happened; those whose NOTIFY does not ask for it are left out.
    ///   - original: The message if ``needsMessage(_:_:_:)``, else its header.
    public init?(
        _ kind: Kind, on mail: QueuedMail, about found: [RecipientFailure],
        original: DeliveryReport.Original, _ occasion: Occasion
    ) {
        let reported = ReportedRecipient.wanted(found, kind, mail)
        guard !mail.reversePath.isNull, !reported.isEmpty else { return nil }
        let original = ReportedMessage(original, limit: occasion.settings.headerLimit)
        let words = ReportWords(kind, mail, reported, original, occasion)
        var report = DeliveryReport(
            to: mail.reversePath, from: occasion.me, about: original.bytes, unique: occasion.uuid)
        words.fill(&report)
        report.references = original.messageID
        report.envelopeID = mail.envelopeID
        report.isOriginalUTF8 = mail.isUTF8
        report.recipients = reported.map { $0.entry(kind, occasion) }
        report.arrivalDate = occasion.date(mail.queueTime)
        let composed = report.compose()
        (to, bytes, is8Bit, isUTF8) = (mail.reversePath, composed.bytes, composed.is8Bit, composed.isUTF8)
    }

    /// As a mail for the queue, under the uuid of the occasion.
    public func queued(_ occasion: Occasion) -> QueuedMail {
        var recipient = QueuedRecipient(to)
        recipient.notify = .never
        var mail = QueuedMail(
            uuid: occasion.uuid, queueTime: occasion.now, from: from, to: [recipient], origin: "bounce",
            size: bytes.count)
        (mail.is8Bit, mail.isUTF8) = (is8Bit, isUTF8)
        return mail
    }
}

extension BounceReport.Occasion {
    func date(_ milliseconds: Int64) -> String {
        DateTime.rfc5322(secondsSince1970: milliseconds / 1000, offsetMinutes: offsetMinutes)
    }
}
