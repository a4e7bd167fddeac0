// What goes to the queue, and what it says of itself.
import CHarakaPluginKit

/// A mail that a plugin sends.
///
///     var mail = OutgoingMail(from: "", to: ["ann@example.com"], "From: postmaster@example.com\n\nHello.\n")
///     mail.notes = [.init("seen", .boolean(true))]
public struct OutgoingMail {
    /// What is done to the message on its way into the queue.
    public struct Options: OptionSet, Sendable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// Dots at the start of lines are doubled already.
        public static let dotStuffed = Options(rawValue: HARAKA_MAIL_DOT_STUFFED)
        /// Its Message-Id goes, a new one comes.
        public static let removesMessageID = Options(rawValue: HARAKA_MAIL_REMOVE_MSGID)
        /// The same for Date.
        public static let removesDate = Options(rawValue: HARAKA_MAIL_REMOVE_DATE)
    }

    /// `a@b` or `<a@b>`; empty or `<>`: the null reverse-path, so that nobody is told if it fails.
    public var from: String
    public var to: [String]
    /// Header fields, an empty line, body. Line ends may be LF.
    public var contents: [UInt8]
    /// They travel with it.
    public var notes: [Value.Entry] = []
    public var options: Options = []
    /// For log lines: what it comes from.
    public var origin: Object?

    public init(from: String, to: [String], _ contents: [UInt8]) {
        (self.from, self.to, self.contents) = (from, to, contents)
    }

    public init(from: String, to: [String], _ contents: String) {
        self.init(from: from, to: to, Array(contents.utf8))
    }

    func lent<Result>(_ body: (UnsafePointer<haraka_mail>) -> Result) -> Result {
        let bytes = to.flatMap { Array($0.utf8) }
        return bytes.withUnsafeBytes { bytes in
            var used = 0
            let recipients = to.map { recipient in
                defer { used += recipient.utf8.count }
                let place = bytes[used..<used + recipient.utf8.count]
                return Text(UnsafeRawBufferPointer(rebasing: place)).lent
            }
            return recipients.withUnsafeBufferPointer { lent($0, body) }
        }
    }

    private func lent<Result>(
        _ recipients: UnsafeBufferPointer<haraka_str>, _ body: (UnsafePointer<haraka_mail>) -> Result
    ) -> Result {
        from.lent { from in
            contents.lend { contents in
                Value.map(notes).lent { notes in
                    var mail = haraka_mail()
                    mail.size = MemoryLayout<haraka_mail>.size
                    mail.flags = options.rawValue
                    (mail.recipients, mail.recipient_count) = (
                        recipients.baseAddress, UInt32(clamping: recipients.count)
                    )
                    (mail.from, mail.contents) = (from, contents.lent)
                    if !self.notes.isEmpty { mail.notes = notes }
                    if let origin { mail.origin = origin.handle }
                    return body(&mail)
                }
            }
        }
    }
}

/// Which queued mail. What is empty or 0 matches everything.
public struct QueueFilter: Sendable, Equatable {
    /// A file name or uuid.
    public var id = ""
    /// Of recipients.
    public var domain = ""
    /// An address, or `@domain`.
    public var sender = ""
    /// An address, or `@domain`.
    public var recipient = ""
    /// Seconds since it was queued.
    public var olderThan: Int64 = 0
    /// At most so many; 0: all.
    public var limit: UInt32 = 0

    public init(id: String = "", domain: String = "") { (self.id, self.domain) = (id, domain) }

    func lent<Result>(_ body: (UnsafePointer<haraka_queue_filter>) -> Result) -> Result {
        id.lent { id in
            domain.lent { domain in
                sender.lent { sender in
                    recipient.lent { recipient in
                        var filter = haraka_queue_filter()
                        filter.size = MemoryLayout<haraka_queue_filter>.size
                        (filter.id, filter.domain, filter.sender, filter.recipient) = (id, domain, sender, recipient)
                        (filter.older_than, filter.limit) = (olderThan, limit)
                        return body(&filter)
                    }
                }
            }
        }
    }
}

/// What is done to queued mail. The numbers are plugin.h's.
public enum QueueAction: Int32, Sendable {
    /// Try now.
    case retry = 1
    /// Do not try until released.
    case hold
    case release
    /// Nobody is told.
    case delete
    /// Gives up now: the sender gets a report.
    case bounce
}

/// How much is in the queue.
public struct QueueStats: Equatable, Sendable {
    /// Deliveries under way.
    public var inProgress: Int64 = 0
    /// Those that begin as soon as there is room.
    public var waiting: Int64 = 0
    /// Those that wait for their next attempt.
    public var deferred: Int64 = 0
    public var held: Int64 = 0
    public var messages: Int64 = 0
    public var recipients: Int64 = 0
    public var bytes: Int64 = 0

    public init() {}

    init(_ map: ValueView) {
        inProgress = map["in_progress"].integer(or: 0)
        waiting = map["waiting"].integer(or: 0)
        deferred = map["deferred"].integer(or: 0)
        held = map["held"].integer(or: 0)
        messages = map["messages"].integer(or: 0)
        recipients = map["recipients"].integer(or: 0)
        bytes = map["bytes"].integer(or: 0)
    }
}

/// One message to one domain, copied.
public struct QueueRow: Equatable, Sendable {
    /// The name of its file.
    public var file = ""
    public var uuid = ""
    /// Milliseconds since 1970.
    public var queueTime: Int64 = 0
    public var domain = ""
    public var from = ""
    public var to: [String] = []
    /// Bytes of the message.
    public var size: Int64 = 0
    public var attempts: Int64 = 0
    /// Milliseconds since 1970; 0: under way.
    public var nextAttempt: Int64 = 0
    /// `waiting`, `active`, `deferred`, `held`.
    public var state = ""
    /// What the last attempt ended with.
    public var error = ""

    public init() {}

    init(_ map: ValueView) {
        (file, uuid) = (words(map["file"]), words(map["uuid"]))
        queueTime = map["queue_time"].integer(or: 0)
        (domain, from) = (words(map["domain"]), words(map["from"]))
        let list = map["to"]
        to = (0..<list.count).map { words(list[$0]) }
        (size, attempts) = (map["size"].integer(or: 0), map["attempts"].integer(or: 0))
        nextAttempt = map["next_attempt"].integer(or: 0)
        (state, error) = (words(map["state"]), words(map["error"]))
    }
}

/// A text, or an address in its short form.
private func words(_ view: ValueView) -> String { view.address?.address.string ?? view.text.string }
