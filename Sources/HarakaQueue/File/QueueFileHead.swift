// The head of a queue's file: the queued mail as JSON. docs/outbound.md "The queue's files".

import HarakaCore
import SMTPSyntax

/// Writes and reads what a file of the queue begins with. The layout is Haraka's: a length of four bytes, big-endian, then
/// JSON that begins and ends with a newline.
public enum QueueFileHead {
    /// A longer one is not stored: it would have more than 80,000 recipients, or somebody's notes run away.
    public static let maximumBytes = 16 * 1024 * 1024
    /// Of the length in front of it.
    public static let lengthBytes = 4

    /// The JSON. Values of notes more than some 200 levels deep become null; see `JSONWriter.value`.
    public static func encode(_ mail: QueuedMail) -> [UInt8] { encode(mail, lengthBytes: 0) }

    /// The same with its length in front.
    public static func framed(_ mail: QueuedMail) -> [UInt8] {
        var bytes = encode(mail, lengthBytes: lengthBytes)
        let length = UInt32(clamping: bytes.count - lengthBytes)
        for place in 0..<lengthBytes { bytes[place] = UInt8(truncatingIfNeeded: length >> UInt32(24 - place * 8)) }
        return bytes
    }

    /// The length that a file begins with; nil: too few bytes. It may be any.
    public static func length(_ start: some Collection<UInt8>) -> Int? {
        guard start.count >= lengthBytes else { return nil }
        return start.prefix(lengthBytes).reduce(0) { $0 << 8 | Int($1) }
    }

    private static func encode(_ mail: QueuedMail, lengthBytes: Int) -> [UInt8] {
        var writer = JSONWriter(capacity: 512 + mail.recipients.count * 160)
        for _ in 0..<lengthBytes { writer.verbatim([0]) }
        writer.raw("\n")
        writer.object { members(mail, &$0) }
        writer.raw("\n")
        return writer.bytes
    }

    private static func members(_ mail: QueuedMail, _ writer: inout JSONWriter) {
        writer.key("queue_time")
        writer.integer(mail.queueTime)
        writer.key("uuid")
        writer.string(mail.uuid)
        writer.key("mail_from")
        writer.address(mail.reversePath)
        writer.key("rcpt_to")
        writer.list {
            for recipient in mail.recipients {
                $0.item()
                $0.recipient(recipient)
            }
        }
        writer.key("notes")
        writer.members(mail.notes.root)
        writer.key("origin")
        writer.string(mail.origin)
        writer.key("size")
        writer.integer(Int64(mail.size))
        rareMembers(mail, &writer)
    }

    /// Left out where they are as usual.
    private static func rareMembers(_ mail: QueuedMail, _ writer: inout JSONWriter) {
        let flags: [(String, Bool)] = [
            ("is_8bit", mail.is8Bit), ("is_utf8", mail.isUTF8), ("force_tls", mail.forcesTLS),
        ]
        for (name, isSet) in flags where isSet {
            writer.key(name)
            writer.boolean(true)
        }
        if !mail.envelopeID.isEmpty {
            writer.key("envid")
            writer.string(mail.envelopeID)
        }
        if let returnsFullMessage = mail.returnsFullMessage {
            writer.key("ret")
            writer.string(returnsFullMessage ? "FULL" : "HDRS")
        }
    }
}

extension JSONWriter {
    /// An address with what DSN wants of it besides (RFC 3461).
    fileprivate mutating func recipient(_ recipient: QueuedRecipient) {
        object {
            $0.addressMembers(recipient.address)
            if !recipient.original.isEmpty {
                $0.key("orcpt")
                $0.string(recipient.original)
            }
            guard recipient.notify != .usual else { return }
            $0.key("notify")
            $0.string(NotifyWords.text(recipient.notify))
        }
    }
}

/// The words of NOTIFY (RFC 3461 section 4.1).
enum NotifyWords {
    private static let words: [(String, QueuedRecipient.Notify)] = [
        ("SUCCESS", .success), ("FAILURE", .failure), ("DELAY", .delay),
    ]

    static func text(_ notify: QueuedRecipient.Notify) -> String {
        notify == .never ? "NEVER" : words.filter { notify.contains($0.1) }.map(\.0).joined(separator: ",")
    }

    /// Words of a newer version are stepped over.
    static func read(_ text: String) -> QueuedRecipient.Notify {
        var notify = QueuedRecipient.Notify.never
        for word in text.split(separator: ",") {
            if let known = words.first(where: { $0.0 == word }) { notify.insert(known.1) }
        }
        return notify
    }
}
