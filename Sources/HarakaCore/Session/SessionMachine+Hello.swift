// HELO and EHLO. RFC 5321 section 4.1.1.1. LHLO is EHLO for LMTP (RFC 2033 section 4.1).

import SMTPSyntax

extension SessionMachine {
    mutating func hello(_ verb: Connection.HelloVerb, _ line: CommandLine) -> SessionAction {
        connection.helloArguments = []
        let (word, rest) = (line.word, line.argument)
        guard heard.contains(verb == .helo ? .heloParse : .ehloParse) else { return hello(verb, rest: rest) }
        return ask(verb == .helo ? .heloParse(word: word, rest: rest) : .ehloParse(word: word, rest: rest))
    }

    /// A plugin may take the line apart: the host, and more for the plugins of `helo` and `ehlo`.
    mutating func helloParsed(
        _ verdict: Verdict, _ verb: Connection.HelloVerb, _ rest: String
    ) -> SessionAction {
        if verdict.code.isRefusal { return refuseSyntax(verdict) }
        guard verdict.code == .ok, let host = verdict.reply.items.first else { return hello(verb, rest: rest) }
        connection.helloArguments = Array(verdict.reply.items.dropFirst())
        return hello(verb, host: host.description)
    }

    /// What a plugin of a `_parse` hook says of a line that it does not like.
    mutating func refuseSyntax(_ verdict: Verdict) -> SessionAction {
        refuse(verdict, (501, "Syntax error in command"), (501, "Syntax error in command"))
    }

    /// The host is the first word; what follows it is ignored, as in Haraka.
    private mutating func hello(_ verb: Connection.HelloVerb, rest: String) -> SessionAction {
        let first = rest.utf8.split(whereSeparator: { $0 == 32 || $0 == 9 }).first
        return hello(verb, host: first.map { String(Substring($0)) } ?? "")
    }

    private mutating func hello(_ verb: Connection.HelloVerb, host: String) -> SessionAction {
        guard !host.isEmpty else {
            let text = "\(verb.rawValue) requires domain/address - see RFC-2821 4.1.1.1"
            return send(Reply(501, text, status: .init(5, 5, 4)))
        }
        return resetTransaction(then: .hello(verb, host))
    }

    mutating func greet(_ verb: Connection.HelloVerb, _ host: String) -> SessionAction {
        connection.helloVerb = verb
        connection.helloHost = host
        connection.hasGreeted = true
        return ask(verb == .helo ? .helo(host) : .ehlo(host))
    }

    mutating func helloDecided(_ verdict: Verdict) -> SessionAction {
        let verb = connection.helloVerb
        if verdict.code.isRefusal {
            connection.helloVerb = .none
            connection.helloHost = ""
            connection.isESMTP = false
            return refuse(verdict, (550, "\(verb.rawValue) denied"), (450, "\(verb.rawValue) denied"))
        }
        let words = "\(connection.local.host) Hello \(connection.remoteDescription), \(settings.helloText)"
        guard verb != .helo else {
            connection.isESMTP = false
            return send(Reply(250, words, status: .init(2, 0, 0)))
        }
        connection.isESMTP = true
        connection.capabilities = [words, "PIPELINING", "8BITMIME"]
        if settings.offersSMTPUTF8 { connection.capabilities.append("SMTPUTF8") }
        connection.capabilities.append("SIZE \(settings.maxBytes)")
        if settings.sendsEnhancedCodes { connection.capabilities.append("ENHANCEDSTATUSCODES") }
        return ask(.capabilities)
    }

    mutating func capabilitiesCollected() -> SessionAction { send(Reply(250, lines: connection.capabilities)) }
}
