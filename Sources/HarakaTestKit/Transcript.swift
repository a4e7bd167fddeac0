// Sessions as text: what the client says, what the server must say, and what plugins answer in between.

public import HarakaCore
import SMTPSyntax

/// A session in lines:
///
///     # a comment
///     P: rcpt DENY no such user     a handler of the next asking of that hook (more lines: more handlers)
///     P: then rcpt OK               a handler of the asking after that
///     P: every rcpt OK              a handler of each asking for which nothing else is scripted
///     P: queue OK 250/2.6.0 taken   a DSN: code, status, words
///     P: data LATER                 the handler takes its time ...
///     A: CONT                       ... and now it answers
///     C: MAIL FROM:<a@example.com>  the client; lines in a row come in one piece (pipelining)
///     C~: no line end               the same without CR LF
///     R: 235 welcome                a plugin that was asked replies by itself
///     S: 250 OK                     each line that the server sends, complete
///     E: client leaves              or: time is out, server stops, server fails, name NXDOMAIN, connect
///     E: TLS                        the handshake is done; or: speaks TLS (where there is none), restart,
///                                   restart with name
///     H: mail rcpt                  the hooks that were asked since the last H
///     X: closed                     the server has closed (or: open)
///
/// Whatever is played happens a second time in a session with enhanced status codes, which must say the same with them.
///
/// `\r`, `\n`, `\t`, `\0`, `\\` and `\xFF` stand for bytes. Spaces after the colon: one is skipped.
public struct Transcript {
    struct Step {
        let number: Int
        let kind: String
        let text: String
    }

    let steps: [Step]

    public init(_ text: String) {
        var steps: [Step] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            guard !line.isEmpty, !line.hasPrefix("#") else { continue }
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let rest = parts.count > 1 ? parts[1] : ""
            let content = rest.hasPrefix(" ") ? rest.dropFirst() : rest
            steps.append(Step(number: index + 1, kind: String(parts[0]), text: String(content)))
        }
        self.steps = steps
    }

    /// The bytes that a text with escapes stands for.
    public static func bytes(_ text: String) -> [UInt8] { text.unescaped }

    /// Plays the client's side. What differs, in words; nothing if all is as written.
    public func run(on driver: SessionDriver) -> [String] {
        var player = TranscriptPlayer(driver)
        for (index, step) in steps.enumerated() {
            let next = index + 1 < steps.count ? steps[index + 1].kind : ""
            player.play(step, isFollowedByClient: next == "C" || next == "C~")
        }
        player.end()
        return player.differences
    }
}

extension String {
    /// The bytes that the text stands for.
    var unescaped: [UInt8] {
        var bytes: [UInt8] = []
        var rest = utf8[...]
        while let octet = rest.popFirst() {
            guard octet == UInt8(ascii: "\\"), let letter = rest.popFirst() else {
                bytes.append(octet)
                continue
            }
            switch letter {
            case UInt8(ascii: "r"): bytes.append(13)
            case UInt8(ascii: "n"): bytes.append(10)
            case UInt8(ascii: "t"): bytes.append(9)
            case UInt8(ascii: "0"): bytes.append(0)
            case UInt8(ascii: "x"):
                bytes.append(UInt8(Substring(rest.prefix(2)), radix: 16) ?? 0)
                rest = rest.dropFirst(2)
            default: bytes.append(letter)
            }
        }
        return bytes
    }

    var unescapedText: String { String(decoding: unescaped, as: UTF8.self) }
}

extension Verdict {
    /// `DENY`, `DENY words`, `DENY 550/5.7.1 words`. Nil: no such code.
    public init?(_ text: String) {
        let parts = text.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let code = HookCode.allCases.first(where: { $0.name == parts.first }) else { return nil }
        self.init(code)
        guard parts.count > 1 else { return }
        let words = parts[1].split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let dsn = words[0].split(separator: "/").map(String.init)
        guard dsn.count == 2, let number = Int(dsn[0]) else {
            reply = PluginReply(parts[1].unescapedText)
            return
        }
        let lines = words.count > 1 ? [words[1].unescapedText] : []
        reply = PluginReply(lines: lines, code: number, status: EnhancedStatus(dsn[1]))
    }
}
