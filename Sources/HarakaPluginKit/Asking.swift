// Questions inside a hook: to the client, and to other plugins.
import CHarakaPluginKit

/// What the client says to it. nil: the line had more bytes than the limit, and is lost.
public typealias LineBody = (_ line: [UInt8]?, _ next: consuming Next) throws(PluginError) -> Void
/// What the plugins of a hook have decided.
public typealias VerdictBody = (_ answer: Answer, _ next: consuming Next) throws(PluginError) -> Void

extension Next {
    /// Sends a reply and gives back the client's next line, whatever it says, without its line end. The hook stays open, and
    /// its time limit stands still while the client is waited for. Only in a hook that a command asks. If the client leaves,
    /// `body` is let go without a word. Loop thread.
    ///
    ///     try next.askClient(334, "VXNlcm5hbWU6", limit: 12288) { line, next throws(PluginError) in
    ///         guard let line, let user = Base64.decode(line) else { return next.deny("syntax") }
    ///         try next.askClient(334, "UGFzc3dvcmQ6", limit: 12288) { line, next in ... }
    ///     }
    public consuming func askClient(
        _ code: Int, _ text: String, limit: Int, then body: @escaping LineBody
    ) throws(PluginError) {
        guard let code = UInt32(exactly: code), limit >= 0 else {
            throw PluginError("askClient: no such code or limit", status: HARAKA_E_ARGUMENT)
        }
        let handle = self.handle
        let waiting = Waiting(self)
        let box = LineBox { status, line in
            let line = status < 0 ? nil : Array(line.bytes)
            waiting.resume { next throws(PluginError) in try body(line, next) }
        }
        let status = Reply(text, code: code).lent { reply in
            handOver(box) { context in
                var callback = haraka_line_callback(function: runLine, context: context, destroy: releaseKept)
                return haraka_kit_host().pointee.ask_client(handle, reply, limit, &callback)
            }
        }
        try PluginError.check(status, "askClient")
    }

    /// Asks the plugins of a hook that the core does not ask by itself (`auth_plain`, `auth_login`, `auth_cram_md5`, `auth`,
    /// or one of any name of your own), and gives back what they have decided: `.continue` if nobody did, or nobody is on it. The
    /// hook of this Next stays open. Loop thread.
    ///
    ///     try next.askHook("auth_plain", [.text("plain"), .text(user), .text(password)]) { answer, next in
    ///         answer.code == .ok ? next.ok() : next.deny()
    ///     }
    public consuming func askHook(
        _ name: String, _ arguments: [Value] = [], then body: @escaping VerdictBody
    ) throws(PluginError) {
        let handle = self.handle
        let waiting = Waiting(self)
        let box = VerdictBox { answer in waiting.resume { next throws(PluginError) in try body(answer, next) } }
        let status = name.lent { name in
            Value.list(arguments).lent { list in
                handOver(box) { context in
                    var callback = haraka_verdict_callback(
                        function: runVerdict, context: context, destroy: releaseKept)
                    let (items, count) = (list.pointee.as.list.items, list.pointee.as.list.count)
                    return haraka_kit_host().pointee.ask_hook(handle, name, items, count, &callback)
                }
            }
        }
        if status == HARAKA_E_ABSENT { return box.body(.continue) }
        try PluginError.check(status, "askHook \(name)")
    }
}

extension Answer {
    /// Whether a hook's plugins have decided anything.
    public var isDecided: Bool { code != .continue }

    /// A copy of what was decided.
    fileprivate init(_ code: Int32, _ lent: UnsafePointer<haraka_reply>?) {
        self.init(Code(rawValue: code), lent.map { Reply($0.pointee) })
    }
}

extension Reply {
    fileprivate convenience init(_ lent: haraka_reply) {
        var text: String?
        for index in 0..<lent.line_count {
            let line = Text(lent.lines[index]).string
            text = text.map { $0 + "\n" + line } ?? line
        }
        let status = Status(lent.status_class, lent.status_subject, lent.status_detail)
        self.init(
            text, code: lent.code, status: lent.status_class == 0 ? nil : status,
            value: lent.value.map { Value(ValueView($0)) })
    }
}

private final class LineBox {
    let body: (Int32, Text) -> Void
    init(_ body: @escaping (Int32, Text) -> Void) { self.body = body }
}

private final class VerdictBox {
    let body: (Answer) -> Void
    init(_ body: @escaping (Answer) -> Void) { self.body = body }
}

private let runLine: @convention(c) (UnsafeMutableRawPointer?, Int32, haraka_str) -> Void = { context, status, line in
    guard let context else { return }
    Unmanaged<LineBox>.fromOpaque(context).takeUnretainedValue().body(status, Text(line))
}

private let runVerdict: @convention(c) (UnsafeMutableRawPointer?, Int32, UnsafePointer<haraka_reply>?) -> Void = {
    context, code, reply in
    guard let context else { return }
    Unmanaged<VerdictBox>.fromOpaque(context).takeUnretainedValue().body(Answer(code, reply))
}
