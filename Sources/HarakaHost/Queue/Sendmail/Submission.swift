// Handing a mail to the server on this host. RFC 5321, as few words of it as are needed.

import SMTPSyntax

/// One mail for one server: all recipients or none.
struct Submission {
    private let mail: OutgoingMail

    init(_ mail: OutgoingMail) { self.mail = mail }

    /// The first listener that speaks SMTP without TLS and login takes it.
    func send(to places: [String]) throws {
        var reason = "the server listens nowhere"
        for place in places {
            guard let socket = BlockingSocket(place) else {
                reason = "\(place): \(errnoText())"
                continue
            }
            switch try Dialogue(socket, place).send(mail) {
            case nil: return
            case let text?: reason = text
            }
        }
        throw SendmailFailure(ExitStatus.temporary, reason)
    }
}

/// One connection.
private struct Dialogue {
    private let socket: BlockingSocket
    private let place: String

    init(_ socket: BlockingSocket, _ place: String) { (self.socket, self.place) = (socket, place) }

    private struct Answer {
        let code: Int
        let lines: [String]
        var text: String { lines.joined(separator: " ") }
    }

    /// Nil: the mail is the server's now. A text: this listener is for others.
    func send(_ mail: OutgoingMail) throws -> String? {
        let greeting = try answer()
        guard greeting.code == 220 else { throw refusal(greeting, "") }
        let hello = try say("EHLO localhost")
        guard hello.code == 250 else { return "\(place): \(hello.text)" }
        let offers = Set(hello.lines.dropFirst().map { $0.uppercased().prefix { $0 != " " } }.map(String.init))
        let from = try say("MAIL FROM:\(mail.sender.formatted)\(parameters(mail, offers))")
        if from.code == 530 { return "\(place): \(from.text)" }
        guard from.code == 250 else { throw refusal(from, "") }
        for recipient in mail.recipients {
            let to = try say("RCPT TO:\(recipient.formatted)")
            guard to.code / 100 == 2 else { throw refusal(to, "\(recipient.address): ", isRecipient: true) }
        }
        let data = try say("DATA")
        guard data.code == 354 else { throw refusal(data, "") }
        guard socket.send(stuffed(mail.bytes)) else { throw gone }
        let end = try answer()
        guard end.code == 250 else { throw refusal(end, "") }
        _ = socket.send(Array("QUIT\r\n".utf8))
        return nil
    }

    /// Of MAIL.
    private func parameters(_ mail: OutgoingMail, _ offers: Set<String>) -> String {
        var text = offers.contains("SIZE") ? " SIZE=\(mail.bytes.count)" : ""
        if mail.is8Bit, offers.contains("8BITMIME") { text += " BODY=8BITMIME" }
        let needsUTF8 = mail.isUTF8 || mail.sender.isUTF8 || mail.recipients.contains { $0.isUTF8 }
        if needsUTF8, offers.contains("SMTPUTF8") { text += " SMTPUTF8" }
        return text
    }

    /// With doubled dots and the final one (RFC 5321 section 4.5.2). Every line ends with CR LF already.
    private func stuffed(_ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count + 64)
        var isStart = true
        for byte in bytes {
            if isStart, byte == 0x2E { out.append(0x2E) }
            out.append(byte)
            isStart = byte == 0x0A
        }
        return out + [0x2E, 0x0D, 0x0A]
    }

    private func say(_ command: String) throws -> Answer {
        guard socket.send(Array("\(command)\r\n".utf8)) else { throw gone }
        return try answer()
    }

    private func answer() throws -> Answer {
        var lines: [String] = []
        while let line = socket.line() {
            guard let code = Int(line.prefix(3)), (200...599).contains(code) else { throw gone }
            lines.append(String(line.dropFirst(4)))
            guard line.dropFirst(3).first == "-" else { return Answer(code: code, lines: lines) }
        }
        throw gone
    }

    private var gone: SendmailFailure { SendmailFailure(ExitStatus.temporary, "\(place): the server has closed") }

    private func refusal(_ answer: Answer, _ whom: String, isRecipient: Bool = false) -> SendmailFailure {
        let status =
            answer.code / 100 == 4
            ? ExitStatus.temporary
            : isRecipient ? ExitStatus.noUser : ExitStatus.unavailable
        return SendmailFailure(status, "\(whom)\(answer.code) \(answer.text)")
    }
}
