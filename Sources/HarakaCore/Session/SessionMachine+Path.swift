// The argument of MAIL and RCPT, from the line to an address: qpsmtpd's mail_parse, mail_pre, rcpt_parse and rcpt_pre
// stand before the core's own steps. RFC 5321 section 4.1.2.

import SMTPSyntax

extension SessionMachine {
    /// The core's own way to take a line apart.
    mutating func path(_ verb: Verb, _ argument: String) -> SessionAction {
        let isStrict = settings.isStrictRFC1869 && !connection.isRelaying
        let path: PathArgument
        do {
            path =
                verb == .mail
                ? try PathParser.mail(argument, strict: isStrict) : try PathParser.rcpt(argument, strict: isStrict)
        } catch {
            return protocolError(501, ["Command parsing failed", error.message], .init(5, 5, 4))
        }
        return prepare(verb, path)
    }

    /// The plugins of `mail_parse` or `rcpt_parse` have taken the line apart, or not.
    mutating func pathParsed(_ verdict: Verdict, _ verb: Verb, _ rest: String) -> SessionAction {
        if verdict.code.isRefusal {
            connection.errors += 1
            return endsByLimit() ?? refuseSyntax(verdict)
        }
        guard verdict.code == .ok, let given = PathArgument(verdict.reply) else { return path(verb, rest) }
        return prepare(verb, given)
    }

    private mutating func prepare(_ verb: Verb, _ path: PathArgument) -> SessionAction {
        guard heard.contains(verb == .mail ? .mailPre : .rcptPre) else { return take(verb, path) }
        return ask(verb == .mail ? .mailPre(path) : .rcptPre(path))
    }

    /// The plugins of `mail_pre` or `rcpt_pre` have mended the text of the address, or not.
    mutating func pathPrepared(_ verdict: Verdict, _ verb: Verb, _ path: PathArgument) -> SessionAction {
        if verdict.code.isRefusal {
            let own = verb == .mail ? "could not parse your mail from command" : "could not parse recipient"
            return refuse(verdict, (501, own), (501, own))
        }
        guard verdict.code == .ok, let text = verdict.reply.items.first?.pathText else { return take(verb, path) }
        return take(verb, PathArgument(address: text, parameters: path.parameters))
    }

    /// The address must be one, and parameters are for those who have said EHLO.
    private mutating func take(_ verb: Verb, _ path: PathArgument) -> SessionAction {
        guard let address = try? Address.parse(path.address, idna: settings.idna), verb == .mail || !address.isNull
        else {
            let text = verb == .mail ? "Invalid MAIL FROM address" : "Invalid RCPT TO address"
            return send(Reply(501, text, status: .init(5, 1, verb == .mail ? 7 : 3)))
        }
        guard path.parameters.isEmpty || connection.helloVerb != .helo else {
            return send(Reply(555, "Invalid command parameters", status: .init(5, 5, 4)))
        }
        let arguments = PathArguments(address: address, parameters: path.parameters)
        return verb == .mail ? mail(arguments) : rcpt(arguments)
    }
}

extension PathArgument {
    /// What a plugin made of a line: an address, or a list of one and a map of parameters. Nil: nothing that could be
    /// one.
    fileprivate init?(_ reply: PluginReply) {
        let items = reply.items
        guard let text = items.first?.pathText else { return nil }
        guard items.count > 1, case .map(let map) = items[1] else {
            self.init(address: text)
            return
        }
        let parameters = map.entries.map { entry in
            Parameter(name: entry.key.uppercased(), value: entry.value == .null ? nil : entry.value.description)
        }
        self.init(address: text, parameters: parameters)
    }
}

extension Value {
    /// An address as a path, in angle brackets. Nil: neither text nor address.
    fileprivate var pathText: String? {
        switch self {
        case .text(let text): text.hasPrefix("<") && text.hasSuffix(">") ? text : "<\(text)>"
        case .address(let address): address.formatted
        default: nil
        }
    }
}
