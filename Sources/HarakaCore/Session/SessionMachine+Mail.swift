// MAIL: the reverse-path. RFC 5321 section 4.1.1.2.

import SMTPSyntax

extension SessionMachine {
    mutating func mail(_ line: CommandLine) -> SessionAction {
        guard connection.helloVerb != .none else {
            return protocolError(503, ["Use EHLO/HELO before MAIL"], .init(5, 5, 1))
        }
        let isSubmission = connection.local.port == 587 || connection.local.port == 465
        guard !isSubmission || connection.isRelaying else {
            return protocolError(550, ["Authentication required"], .init(5, 7, 1))
        }
        guard heard.contains(.mailParse) else { return path(.mail, line.argument) }
        return ask(.mailParse(word: line.word, rest: line.argument))
    }

    /// The path and its parameters are known.
    mutating func mail(_ arguments: PathArguments) -> SessionAction {
        if let refusal = checkSize(arguments.parameters) { return send(refusal) }
        return resetTransaction(then: .mail(arguments))
    }

    mutating func beginTransaction(_ arguments: PathArguments) -> SessionAction {
        connection.transactionCount += 1
        let transaction = Transaction(uuid: "\(connection.uuid).\(connection.transactionCount)")
        transaction.reversePath = arguments.address
        if connection.helloVerb == .helo { transaction.encoding = "binary" }
        connection.transaction = transaction
        return ask(.mail(arguments))
    }

    mutating func mailDecided(_ verdict: Verdict, _ path: PathArguments) -> SessionAction {
        connection.transaction?.mailVerdict = verdict.code
        if verdict.code.isRefusal {
            let text = "sender \(path.address.formatted) denied"
            return refuse(verdict, (550, text), (450, text), then: .reset(.read))
        }
        return send(verdict.reply.reply(250, "sender \(path.address.formatted) OK"))
    }

    /// RFC 1870: what is announced as too big is refused before it is sent. Announced twice, both count.
    private func checkSize(_ parameters: [Parameter]) -> Reply? {
        for parameter in parameters where parameter.name == "SIZE" {
            guard let text = parameter.value, text.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }) else {
                return Reply(501, "Invalid SIZE parameter", status: .init(5, 5, 4))
            }
            let isTooBig = settings.maxBytes > 0 && Int(text).map { $0 > settings.maxBytes } ?? true
            if isTooBig { return Reply(550, "Message too big!", status: .init(5, 3, 4)) }
        }
        return nil
    }
}
