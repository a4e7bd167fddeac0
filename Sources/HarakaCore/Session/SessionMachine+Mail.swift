// MAIL: the reverse-path. RFC 5321 section 4.1.1.2.

import SMTPSyntax

extension SessionMachine {
    mutating func mail(_ line: CommandLine) -> SessionAction {
        if settings.requiresTLS, connection.tls == nil {
            return protocolError(530, ["Must issue a STARTTLS command first"], .init(5, 7, 0))
        }
        guard connection.helloVerb != .none else {
            return protocolError(503, [useHello], .init(5, 5, 1))
        }
        guard !requiresAuth || connection.isRelaying || connection.auth != nil else {
            // RFC 4954 section 6 and RFC 6409 section 4.3 say 530, by which clients know what to do; Haraka says 550.
            return protocolError(settings.sendsEnhancedCodes ? 530 : 550, ["Authentication required"], .init(5, 7, 0))
        }
        if let pressure { return send(Reply(452, pressure, status: .init(4, 3, 1))) }
        guard heard.contains(.mailParse) else { return path(.mail, line.argument) }
        return ask(.mailParse(word: line.word, rest: line.argument))
    }

    private var useHello: String { settings.isLMTP ? "Use LHLO before MAIL" : "Use EHLO/HELO before MAIL" }

    private var requiresAuth: Bool {
        settings.requiresAuth || connection.local.port == 587 || connection.local.port == 465
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
        let reply = verdict.reply.reply(250, "sender \(path.address.formatted) OK", status: .fitting(250, .mail))
        return send(reply)
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
