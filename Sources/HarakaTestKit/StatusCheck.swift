// Enhanced status codes in sessions: what goes out with them must be what goes out without, and a status where RFC 2034
// wants one.

import SMTPSyntax

/// What went out in one reply.
struct SentReply {
    let bytes: [UInt8]
    /// No status may stand in it: it is the banner, or the answer to HELO, EHLO or LHLO.
    let isBare: Bool

    /// One line of a reply, taken apart.
    struct Line: Equatable {
        var code: String
        var isLast: Bool
        var text: String
    }

    var lines: [Line] {
        bytes.split(separator: 10).map { line in
            let text = String(decoding: line.last == 13 ? line.dropLast() : line, as: UTF8.self)
            let isLast = text.dropFirst(3).first == " "
            return Line(code: String(text.prefix(3)), isLast: isLast, text: String(text.dropFirst(4)))
        }
    }
}

extension SentReply.Line {
    /// The status that the text begins with, and what follows it.
    fileprivate var parts: (status: EnhancedStatus?, text: String) {
        let words = text.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let first = words.first, let status = EnhancedStatus(first) else { return (nil, text) }
        return (status, words.count > 1 ? words[1] : "")
    }
}

/// The replies of a session without codes, and those of its twin with them.
struct StatusCheck {
    private(set) var differences: [String] = []

    init(plain: [SentReply], coded: [SentReply]) {
        guard plain.count == coded.count else {
            let counts = "\(plain.count) replies, with status codes \(coded.count)"
            differences.append("\(counts): \(coded.map { String(decoding: $0.bytes, as: UTF8.self) })")
            return
        }
        for (plain, coded) in zip(plain, coded) { compare(plain, coded) }
    }

    private mutating func compare(_ plain: SentReply, _ coded: SentReply) {
        var lines = coded.lines
        if let offer = lines.firstIndex(where: { $0.text == "ENHANCEDSTATUSCODES" }), coded.isBare {
            lines.remove(at: offer)
            if offer == lines.count, offer > 0 { lines[offer - 1].isLast = true }
        }
        for line in lines { check(line, coded.isBare || line.code.first == "3") }
        if Set(lines.map(\.parts.status)).count > 1 { differences.append("two status codes in one reply: \(lines)") }
        let (without, with) = (stripped(plain.lines), stripped(lines))
        // Where a status takes room, long lines are cut elsewhere.
        let isLong = lines.contains { $0.text.utf8.count > 480 }
        let isSame = isLong ? without.map(\.text).joined() == with.map(\.text).joined() : without == with
        if !isSame, !isAuthentication(without, with) {
            differences.append("without status codes \(without), with them \(with)")
        }
    }

    private mutating func check(_ line: SentReply.Line, _ isBare: Bool) {
        let (status, text) = line.parts
        if isBare {
            if status != nil { differences.append("a status code where none may be: \(line.text)") }
            return
        }
        guard let status else { return differences.append("no status code: \(line.code) \(line.text)") }
        if line.code.first.map(String.init) != "\(status.class)" {
            differences.append("the class is not the code's: \(line.code) \(line.text)")
        }
        if SentReply.Line(code: "", isLast: true, text: text).parts.status != nil {
            differences.append("two status codes: \(line.text)")
        }
    }

    private func stripped(_ lines: [SentReply.Line]) -> [SentReply.Line] {
        lines.map { SentReply.Line(code: $0.code, isLast: $0.isLast, text: $0.parts.text) }
    }

    /// The one reply whose code is another one: 530 as RFC 4954 has it, 550 as Haraka.
    private func isAuthentication(_ without: [SentReply.Line], _ with: [SentReply.Line]) -> Bool {
        let words = "Authentication required"
        return without == [.init(code: "550", isLast: true, text: words)]
            && with == [.init(code: "530", isLast: true, text: words)]
    }
}
