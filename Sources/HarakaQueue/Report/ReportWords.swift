// What stands in the places of a template.

import MailMessage
import SMTPSyntax

/// Haraka's values: pid, date, me, from, to, subject, recipients, reason, extended_reason, msgid; and until, when
/// delayed.
struct ReportWords {
    /// More are counted only. Programs find them all in the second part.
    private static let mostShown = 50

    private let template: ReportTemplate
    private let values: [String: String]
    /// For fields that the template lacks.
    private let occasion: BounceReport.Occasion

    init(
        _ kind: BounceReport.Kind, _ mail: QueuedMail, _ reported: [ReportedRecipient], _ original: ReportedMessage,
        _ occasion: BounceReport.Occasion
    ) {
        self.occasion = occasion
        template = ReportWords.template(kind, occasion.templates)
        let first = reported.first?.found
        let usual = first.map { $0.reason.isEmpty ? $0.reply?.description ?? "" : $0.reason } ?? ""
        values = [
            "pid": String(occasion.pid), "date": occasion.date(occasion.now), "me": occasion.me, "from": "<>",
            "to": mail.reversePath.address, "subject": original.subject,
            "recipients": ReportWords.list(reported.map(\.found.address.formatted), ", "),
            "reason": occasion.error.isEmpty ? usual : occasion.error,
            "extended_reason": ReportWords.list(reported.map(\.line), "\n"),
            "msgid": "<\(occasion.uuid)@\(occasion.me)>", "until": ReportWords.until(kind, occasion),
        ]
    }

    /// Puts fields and texts into a report.
    func fill(_ report: inout DeliveryReport) {
        let values = values
        report.fields = template.fields.map { field in
            (field.name, Placeholders.fill(field.value) { values[$0].map(Placeholders.oneLine) })
        }
        addMissing(&report)
        report.text = Placeholders.fill(template.body) { values[$0] }
        report.html = Placeholders.fill(template.html) { values[$0].map(Placeholders.escapedHTML) }
        report.image = template.image
    }

    /// Without these it would be no message (RFC 5322 section 3.6), or none that people understand.
    private func addMissing(_ report: inout DeliveryReport) {
        let present = Set(report.fields.map { $0.name.lowercased() })
        let needed = [
            ("Date", values["date"]), ("From", "MAILER-DAEMON@\(occasion.me)"), ("Subject", "failure notice"),
            ("Message-Id", values["msgid"]),
        ]
        for (name, value) in needed where !present.contains(name.lowercased()) {
            report.fields.append((name, value ?? ""))
        }
        if !present.contains("received") {
            let value = "(Haraka \(occasion.pid) invoked for bounce); \(occasion.date(occasion.now))"
            report.fields.insert(("Received", value), at: 0)
        }
    }

    private static func template(_ kind: BounceReport.Kind, _ templates: BounceTemplates) -> ReportTemplate {
        switch kind {
        case .failed: templates.failed
        case .delayed: templates.delayed
        case .delivered: templates.delivered
        case .relayed: templates.relayed
        }
    }

    private static func until(_ kind: BounceReport.Kind, _ occasion: BounceReport.Occasion) -> String {
        guard case .delayed(let until) = kind else { return "" }
        return occasion.date(until)
    }

    private static func list(_ items: [String], _ separator: String) -> String {
        let more = items.count - mostShown
        let shown = items.prefix(mostShown).joined(separator: separator)
        return more > 0 ? "\(shown)\(separator)and \(more) more" : shown
    }
}
