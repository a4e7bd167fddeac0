// MAIL: the reverse-path. RFC 5321 section 4.1.1.2.

import SMTPSyntax

extension SessionMachine {
    mutating func mail(_ argument: String) -> SessionAction {
        guard connection.helloVerb != .none else {
            return protocolError(503, ["Use EHLO/HELO before MAIL"], .init(5, 5, 1))
        }
        let isSubmission = connection.local.port == 587 || connection.local.port == 465
        guard !isSubmission || connection.isRelaying else {
            return protocolError(550, ["Authentication required"], .init(5, 7, 1))
        }
        let arguments: PathArguments
        switch parse(argument, of: .mail) {
        case .success(let parsed): arguments = parsed
        case .failure(let refused): return refusePath(refused)
        }
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

    /// Why a path is not taken, and whether the client is charged for it.
    struct PathRefusal: Error {
        var reply: Reply
        var isProtocolError = false
    }

    mutating func refusePath(_ refused: PathRefusal) -> SessionAction {
        if refused.isProtocolError { connection.errors += 1 }
        return send(refused.reply)
    }

    /// The argument of MAIL or RCPT: syntax, address, and that parameters are only used after EHLO.
    func parse(_ argument: String, of verb: Verb) -> Result<PathArguments, PathRefusal> {
        let isStrict = settings.isStrictRFC1869 && !connection.isRelaying
        let path: PathArgument
        do {
            path =
                verb == .mail
                ? try PathParser.mail(argument, strict: isStrict) : try PathParser.rcpt(argument, strict: isStrict)
        } catch {
            let lines = ["Command parsing failed", error.message]
            return .failure(PathRefusal(reply: Reply(501, lines: lines, status: .init(5, 5, 4)), isProtocolError: true))
        }
        guard let address = try? Address.parse(path.address, idna: settings.idna), verb == .mail || !address.isNull
        else {
            let text = verb == .mail ? "Invalid MAIL FROM address" : "Invalid RCPT TO address"
            return .failure(PathRefusal(reply: Reply(501, text, status: .init(5, 1, verb == .mail ? 7 : 3))))
        }
        guard path.parameters.isEmpty || connection.helloVerb == .ehlo else {
            return .failure(PathRefusal(reply: Reply(555, "Invalid command parameters", status: .init(5, 5, 4))))
        }
        return .success(PathArguments(address: address, parameters: path.parameters))
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
