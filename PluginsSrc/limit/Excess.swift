// The limits that there are, and what is said when one is exceeded.

/// A kind of limit.
struct LimitKind {
    /// Its section in limit.ini, which is also its name in results and log.
    let section: String
    /// For the client; Haraka's words.
    let text: String
    /// Whether the client is sent away, and not only refused.
    var disconnects = false

    static let concurrency = LimitKind("concurrency", "Too many concurrent connections", disconnects: true)
    static let connectionRate = LimitKind("rate_conn", "connection rate limit exceeded", disconnects: true)
    static let errors = LimitKind("errors", "Too many errors", disconnects: true)
    static let unrecognizedCommands = LimitKind(
        "unrecognized_commands", "Too many unrecognized commands", disconnects: true)
    static let recipients = LimitKind("recipients", "Too many recipient attempts")
    static let hostRate = LimitKind("rate_rcpt_host", "recipient rate limit exceeded")
    static let senderRate = LimitKind("rate_rcpt_sender", "rcpt rate limit exceeded")
    static let recipientRate = LimitKind("rate_rcpt", "rate limit exceeded")
    static let bounceRate = LimitKind("rate_rcpt_null", "null recip rate limit")

    private init(_ section: String, _ text: String, disconnects: Bool = false) {
        self.section = section
        self.text = text
        self.disconnects = disconnects
    }

    /// nil as long as there are not too many.
    func excess(_ count: Int64, over limit: Int64) -> Excess? {
        count > limit ? Excess(of: self, count: count, limit: limit) : nil
    }

    /// The same for what was counted by key; nil also if there is no limit.
    func excess(_ hit: (count: Int64, limit: Int64)?) -> Excess? {
        hit.flatMap { excess($0.count, over: $0.limit) }
    }
}

/// A limit that was exceeded.
struct Excess {
    let kind: LimitKind
    let count: Int64, limit: Int64

    fileprivate init(of kind: LimitKind, count: Int64, limit: Int64) {
        self.kind = kind
        self.count = count
        self.limit = limit
    }
}
