// Mails and records that the tests of the queue's files begin with.

import HarakaCore
import HarakaQueue
import SMTPSyntax

enum QueueFileSamples {
    static func address(_ text: String) throws -> Address {
        try Address.parse(text, idna: { $0 == "bücher.example" ? "xn--bcher-kva.example" : nil })
    }

    static func mail(_ notes: [(String, Value)] = [], message: String = "") throws -> QueuedMail {
        var kept = Notes()
        for (name, value) in notes { kept.set(name, value) }
        return QueuedMail(
            uuid: "A1.1", queueTime: 1_700_000_000_123, from: try address("<a@b.example>"),
            to: [QueuedRecipient(try address("<c@d.example>"))], notes: kept, size: message.utf8.count)
    }

    /// Everything that is not as usual.
    static func fullMail() throws -> QueuedMail {
        var mail = try mail(allNotes)
        mail.reversePath = .null
        mail.recipients = try [
            "<\"x y\"@[192.0.2.1]>", "<@r.example:u@BÜCHER.example>", "POSTmaster", "<ü@bücher.example>",
        ].map {
            QueuedRecipient(try Address.parse($0, idna: { _ in "xn--bcher-kva.example" }))
        }
        mail.recipients[0].original = "rfc822;x+2By@d.example"
        mail.recipients[0].notify = [.success, .delay]
        mail.recipients[1].notify = .never
        mail.recipients.append(QueuedRecipient(Address(user: "made up", host: "Über.Example")))
        mail.origin = "queue/deliver"
        (mail.is8Bit, mail.isUTF8, mail.forcesTLS) = (true, true, true)
        mail.envelopeID = "QQ314159\u{0}\u{7f}\"\\"
        mail.returnsFullMessage = false
        return mail
    }

    static var allNotes: [(String, Value)] {
        var mx = MX()
        (mx.exchange, mx.priority, mx.port, mx.usesLMTP, mx.authPassword) = ("mx.example", -1, 65_536, true, "p\"w")
        let map = ValueMap([.init("", .null), .init("a.b", .boolean(true)), .init("a.b", .boolean(false))])
        return [
            ("skip_plugins", .list([])), ("empty", .map(ValueMap())), ("map", .map(map)),
            ("bytes", .bytes([0, 0x80, 0xFF])), ("mx", .mx(mx)), ("address", .address(Address(user: "q", host: "H"))),
            ("dollar", .map(ValueMap([.init("$bytes", .text("00")), .init("x", .integer(1))]))),
            ("text", .text("\u{0}\u{1f}\r\n\t\u{2028}\u{1F600}e\u{301}/")), ("deep.er", .integer(.min)),
            ("list", .list([.null, .integer(.max), .number(1), .number(-0.0), .number(.infinity), .text("")])),
        ]
    }

    static func attempt(_ text: String = "450 4.2.1 \"busy\"\r\n", remote: String = "mx.example") -> QueueRecord.Attempt
    {
        QueueRecord.Attempt(
            time: 1_700_000_001_000, code: 450, status: EnhancedStatus(class: 4, subject: 2, detail: 1), text: text,
            remote: remote)
    }

    /// A file as it is on disk.
    static func file(_ mail: QueuedMail, _ message: String, _ records: [QueueRecord] = []) -> [UInt8] {
        let start = QueueFileHead.framed(mail)
        let whole = start + Array(message.utf8)
        let mark = QueueEndMark(head: CRC32C.of(start), whole: CRC32C.of(whole))
        return whole + mark.encode() + records.flatMap { QueueRecordLine.encode($0) }
    }
}
