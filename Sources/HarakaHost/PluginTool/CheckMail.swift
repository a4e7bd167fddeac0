// A queued mail that is the test's: the hooks about it are asked one by one.

import HarakaCore
import HarakaPluginHost
import SMTPSyntax

/// On the loop's thread.
final class CheckMail {
    private unowned let harness: Harness
    private let mail: HMail
    private var verdict: Verdict?

    /// - Parameter number: tells mails apart
    init(_ harness: Harness, _ number: Int, _ style: ArgumentStyle) {
        self.harness = harness
        let uuid = "0A1B2C3D-0000-4000-8000-\(String(number + 0x1000_0000_0000, radix: 16, uppercase: true)).1"
        let content = Messages.content(style, "mail\(number)")
        let from = style == .empty ? Address.null : Address(user: style.text("sender\(number)"), host: "example.com")
        let to = Address(user: style.text("rcpt\(number)"), host: style.text("example.net"))
        mail = HMail(
            uuid: "\(uuid).1", path: "\(harness.run.folder)/queue/\(uuid)", domain: to.host, envelope: (from, [to]),
            queueTime: 1_700_000_000_000, size: content.count, origin: "smtp", notes: Notes(),
            message: { CheckMessage(content) })
        mail.lastError = style.text("")
    }

    /// The hooks that are about a mail.
    static func isAbout(_ hook: String) -> Bool {
        switch Hook(name: hook) {
        case .sendEmail, .getMX, .delivered, .deferred, .bounce: true
        default: false
        }
    }

    /// Asks, and waits no longer than the function runs. Nil: the plugin needs time.
    func ask(_ hook: String, _ style: ArgumentStyle) -> Verdict? {
        guard let question = question(hook, style) else { return .cont }
        verdict = nil
        return harness.measured(hook, style: style) {
            harness.host.ask(question, about: mail) { [weak self] in self?.verdict = $0 }
            return verdict
        }
    }

    /// Waits for the answer. Nil: none came in that time.
    @discardableResult
    func wait(atMost milliseconds: Int64) -> Verdict? {
        harness.loop.run(atMost: milliseconds) { verdict != nil }
        return verdict
    }

    /// Nobody waits for the answer any more.
    func withdraw() {
        harness.run.at("when the question about a mail was withdrawn")
        harness.host.cancel(mail)
    }

    private func question(_ hook: String, _ style: ArgumentStyle) -> OutboundQuestion? {
        switch Hook(name: hook) {
        case .sendEmail: return .sendEmail
        case .getMX: return .getMX(domain: style.text("example.net"))
        case .delivered: return .delivered(delivered(style))
        case .deferred:
            var facts = DeferredFacts()
            facts.delay = style == .junk ? .max : 64
            facts.error = style.text("connection refused")
            facts.failed = failures(style, EnhancedStatus(class: 4, subject: 4, detail: 1))
            return .deferred(facts)
        case .bounce:
            var facts = BouncedFacts()
            facts.error = style.text("550 nobody of that name")
            facts.bounced = failures(style, EnhancedStatus(class: 5, subject: 1, detail: 1))
            facts.mx = style.text("mx.example.net")
            return .bounce(facts)
        default: return nil
        }
    }

    private func delivered(_ style: ArgumentStyle) -> DeliveredFacts {
        var facts = DeliveredFacts()
        facts.host = style.text("mx.example.net")
        facts.ip = style.text("192.0.2.25")
        facts.response = style.text("2.0.0 queued as 1234")
        facts.delay = style == .junk ? -1 : 1.5
        facts.recipients = style == .empty ? [] : mail.recipients
        facts.isSecured = true
        return facts
    }

    private func failures(_ style: ArgumentStyle, _ status: EnhancedStatus) -> [RecipientFailure] {
        guard style != .empty else { return [] }
        let reply = style == .bare ? nil : Reply(Int(status.class) * 100 + 50, style.text("\(status) no"))
        return mail.recipients.map {
            RecipientFailure($0, status, reply: reply, remote: "mx.example.net", reason: style.text("no such user"))
        }
    }
}

/// Its message.
private final class CheckMessage: MessageView {
    private let bytes: [UInt8]
    init(_ bytes: [UInt8]) { self.bytes = bytes }
    var size: Int { bytes.count }
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = max(0, min(buffer.count, bytes.count - offset))
        if count > 0 { buffer.copyBytes(from: bytes[offset..<(offset + count)]) }
        return count
    }
}
