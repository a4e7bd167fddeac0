// What plugins answer: codes with Haraka's numbers, and the words that go with them.

public import SMTPSyntax

/// Haraka's return codes (docs/hooks.md "Answers") and qpsmtpd's DONE.
public enum HookCode: Int32, Sendable, CaseIterable {
    case cont = 900
    case stop, deny, denySoft, denyDisconnect, disconnect, ok, nextHook, delay, denySoftDisconnect
    case done = 910

    /// The upper-case name, as in Haraka's logs.
    public var name: String {
        switch self {
        case .cont: "CONT"
        case .stop: "STOP"
        case .deny: "DENY"
        case .denySoft: "DENYSOFT"
        case .denyDisconnect: "DENYDISCONNECT"
        case .disconnect: "DISCONNECT"
        case .ok: "OK"
        case .nextHook: "NEXT_HOOK"
        case .delay: "DELAY"
        case .denySoftDisconnect: "DENYSOFTDISCONNECT"
        case .done: "DONE"
        }
    }

    /// A refusal, for now or for good.
    public var isRefusal: Bool {
        switch self {
        case .deny, .denySoft, .denyDisconnect, .denySoftDisconnect: true
        default: false
        }
    }

    /// The connection ends with this answer.
    public var disconnects: Bool {
        switch self {
        case .denyDisconnect, .denySoftDisconnect, .disconnect: true
        default: false
        }
    }

    /// A refusal for now (4xx).
    public var isTemporary: Bool { self == .denySoft || self == .denySoftDisconnect }

    /// Whether this code says anything on that hook; if not, the plugin has made an error.
    public func makesSense(on hook: Hook?) -> Bool {
        switch self {
        case .stop: hook == .log || hook == .logging
        case .nextHook: hook == .unrecognizedCommand
        case .delay: hook == .sendEmail
        default: true
        }
    }
}

/// The words of an answer. Empty: the core's own words.
///
/// Most answers have none, and every verdict carries one: so the words are boxed, and no words are one null pointer.
public struct PluginReply: Sendable, Equatable {
    private final class Words: Sendable {
        let lines: [String]
        let code: Int?
        let status: EnhancedStatus?
        let value: Value

        init(_ lines: [String], _ code: Int?, _ status: EnhancedStatus?, _ value: Value) {
            self.lines = lines
            self.code = code
            self.status = status
            self.value = value
        }
    }

    private var words: Words?

    public static var none: PluginReply { PluginReply() }

    public init() { words = nil }

    public init(lines: [String], code: Int? = nil, status: EnhancedStatus? = nil, value: Value = .null) {
        words = lines.isEmpty && code == nil && value == .null ? nil : Words(lines, code, status, value)
    }

    public init(_ text: String) { self.init(lines: [text]) }

    public static func == (left: PluginReply, right: PluginReply) -> Bool {
        left.lines == right.lines && left.code == right.code && left.status == right.status && left.value == right.value
    }

    /// Text lines without a code, as the plugin gave them.
    public var lines: [String] { words?.lines ?? [] }
    /// A DSN: replaces the hook's SMTP code.
    public var code: Int? { words?.code }
    /// A DSN: its enhanced status (RFC 3463).
    public var status: EnhancedStatus? { words?.status }
    /// What a hook documents as its value: a host name, seconds, a hook's name ...
    public var value: Value { words?.value ?? .null }

    /// Nothing was said.
    public var isEmpty: Bool { words == nil }

    /// The text in one piece, or that of the value: for hooks whose answer is a name.
    public var text: String {
        if case .text(let text) = value, lines.isEmpty { return text }
        return lines.joined(separator: "\n")
    }

    /// The answer of a hook that asks for one thing or several: the items of a list, the one value, or the text.
    var items: [Value] {
        switch value {
        case .list(let items): items
        case .null: isEmpty ? [] : [.text(text)]
        default: [value]
        }
    }

    /// The SMTP reply: the plugin's words, else the standard ones of its DSN, else `text`. A DSN replaces the code and
    /// puts its status before each line (RFC 2034 section 4).
    /// - Parameter status: of `text`, if nothing was said
    public func reply(
        _ code: Int, _ text: @autoclosure () -> String, status fitting: @autoclosure () -> EnhancedStatus? = nil
    ) -> Reply {
        guard !isEmpty else { return Reply(code, text(), status: fitting()) }
        var words = visibleLines
        if words.isEmpty {
            let standard = status?.standardText ?? ""
            words = [standard.isEmpty ? text() : standard]
        }
        if let status { words = words.map { "\(status) \($0)" } }
        return Reply(self.code ?? code, lines: words, status: status)
    }

    /// The reply to what is not taken. A DSN of success does not count here: the client would believe that its mail was
    /// accepted.
    public func refusal(_ code: Int, _ text: @autoclosure () -> String) -> Reply {
        var reply = reply(code, text())
        if reply.code < 400 { reply.code = code }
        return reply
    }

    /// The lines that a client can see, cut at LF. By byte: to Swift CR LF is one Character, which is no LF.
    var visibleLines: [String] {
        let said = lines.isEmpty ? [text] : lines
        return said.flatMap { line in
            line.utf8.split(separator: 10).filter { $0.contains { $0 > 32 && $0 != 127 } }.map { String(Substring($0)) }
        }
    }
}

/// How a hook ended: the code that counts and the words of the plugin that gave it.
public struct Verdict: Sendable, Equatable {
    public var code: HookCode
    public var reply: PluginReply

    /// Nobody decided.
    public static let cont = Verdict(.cont)

    public init(_ code: HookCode, _ reply: PluginReply = .none) {
        self.code = code
        self.reply = reply
    }
}
