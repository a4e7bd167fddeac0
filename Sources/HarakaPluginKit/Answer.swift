// What a hook says: a code, and perhaps words for the client.

/// The code of an answer. The numbers are Haraka's.
public struct Code: RawRepresentable, Equatable, Sendable {
    public let rawValue: Int32
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// Let the next plugin of this hook decide.
    public static let `continue` = Code(rawValue: HARAKA_CONT)
    /// `log` hook: the line is taken.
    public static let stop = Code(rawValue: HARAKA_STOP)
    /// Refuse for good.
    public static let deny = Code(rawValue: HARAKA_DENY)
    /// Refuse for now.
    public static let denySoft = Code(rawValue: HARAKA_DENYSOFT)
    /// Refuse for good, then close.
    public static let denyDisconnect = Code(rawValue: HARAKA_DENYDISCONNECT)
    /// Close.
    public static let disconnect = Code(rawValue: HARAKA_DISCONNECT)
    /// Accept; no further plugin is asked.
    public static let ok = Code(rawValue: HARAKA_OK)
    /// `unrecognized_command`: run the hook that the reply names.
    public static let nextHook = Code(rawValue: HARAKA_NEXT_HOOK)
    /// `send_email`: try again after the seconds in the reply.
    public static let delay = Code(rawValue: HARAKA_DELAY)
    /// Refuse for now, then close.
    public static let denySoftDisconnect = Code(rawValue: HARAKA_DENYSOFTDISCONNECT)
    /// The chain ends and the core sends nothing.
    public static let done = Code(rawValue: HARAKA_DONE)
    /// Somebody answers later, or did already. A hook closure never returns it on its own.
    static let pending = Code(rawValue: HARAKA_PENDING)

    /// Whether the code refuses.
    public var isDenial: Bool {
        self == .deny || self == .denySoft || self == .denyDisconnect || self == .denySoftDisconnect
    }
}

/// What goes with a code: the words, and what else the hook documents.
///
///     .denySoft(Reply("try again in five minutes", code: 451, status: Status(4, 7, 1)))
public final class Reply: Sendable {
    /// Words for the client; `\n` begins a new line. nil: the core's own.
    public let text: String?
    /// Replaces the hook's SMTP code; 0: the hook's own.
    public let code: UInt32
    /// The enhanced status code (RFC 3463), or nil.
    public let status: Status?
    /// Seconds, MX list, host, hook name ...: as the hook documents.
    public let value: Value?

    public init(_ text: String? = nil, code: UInt32 = 0, status: Status? = nil, value: Value? = nil) {
        self.text = text
        self.code = code
        self.status = status
        self.value = value
    }

    /// In the ABI's form, lent to `body`.
    func lent<Result>(_ body: (UnsafePointer<haraka_reply>) -> Result) -> Result {
        var reply = haraka_no_reply()
        reply.code = code
        if let status {
            reply.status_class = status.class
            reply.status_subject = status.subject
            reply.status_detail = status.detail
        }
        guard let value else { return withLine(&reply, body) }
        return value.lent { value in
            reply.value = value
            return withLine(&reply, body)
        }
    }

    private func withLine<Result>(
        _ reply: inout haraka_reply, _ body: (UnsafePointer<haraka_reply>) -> Result
    ) -> Result {
        guard let text else { return withUnsafePointer(to: reply, body) }
        return text.lent { line in
            withUnsafePointer(to: line) { line in
                reply.lines = line
                reply.line_count = 1
                return withUnsafePointer(to: reply, body)
            }
        }
    }
}

/// An enhanced status code, class.subject.detail (RFC 3463).
public struct Status: Equatable, Sendable {
    public let `class`: UInt8, subject: UInt16, detail: UInt16

    public init(_ class: UInt8, _ subject: UInt16, _ detail: UInt16) {
        self.class = `class`
        self.subject = subject
        self.detail = detail
    }
}

/// What a hook that decides at once returns. A code alone costs nothing; words make one small object.
///
///     plugin.hook("helo") { call in
///         call.text(0) == "localhost" ? .deny("you are not localhost") : .continue
///     }
public struct Answer: Sendable {
    public let code: Code
    public let reply: Reply?

    public init(_ code: Code, _ reply: Reply? = nil) {
        self.code = code
        self.reply = reply
    }

    /// With the value that the hook documents: an address, a host, a line, a file of the configuration.
    ///
    ///     plugin.hook("helo_parse") { call in Answer(.ok, value: .text("example.com")) }
    public init(_ code: Code, value: Value) { self.init(code, Reply(value: value)) }

    public static var `continue`: Answer { Answer(.continue) }
    public static var ok: Answer { Answer(.ok) }
    public static var deny: Answer { Answer(.deny) }
    public static var denySoft: Answer { Answer(.denySoft) }
    public static var denyDisconnect: Answer { Answer(.denyDisconnect) }
    public static var denySoftDisconnect: Answer { Answer(.denySoftDisconnect) }
    public static var disconnect: Answer { Answer(.disconnect) }
    public static var done: Answer { Answer(.done) }
    public static var stop: Answer { Answer(.stop) }

    public static func ok(_ text: String) -> Answer { Answer(.ok, Reply(text)) }
    public static func deny(_ text: String) -> Answer { Answer(.deny, Reply(text)) }
    public static func denySoft(_ text: String) -> Answer { Answer(.denySoft, Reply(text)) }
    public static func denyDisconnect(_ text: String) -> Answer { Answer(.denyDisconnect, Reply(text)) }
    public static func denySoftDisconnect(_ text: String) -> Answer { Answer(.denySoftDisconnect, Reply(text)) }
}
