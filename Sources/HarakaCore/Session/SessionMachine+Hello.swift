// HELO and EHLO. RFC 5321 section 4.1.1.1.

import SMTPSyntax

extension SessionMachine {
    /// The host is the first word of the argument; what follows it is ignored, as in Haraka.
    mutating func hello(_ verb: Connection.HelloVerb, _ argument: String) -> SessionAction {
        guard
            let host = argument.utf8.split(whereSeparator: { $0 == 32 || $0 == 9 }).first.map({ String(Substring($0)) })
        else {
            let text = "\(verb.rawValue) requires domain/address - see RFC-2821 4.1.1.1"
            return send(Reply(501, text, status: .init(5, 5, 4)))
        }
        return resetTransaction(then: .hello(verb, host))
    }

    mutating func greet(_ verb: Connection.HelloVerb, _ host: String) -> SessionAction {
        connection.helloVerb = verb
        connection.helloHost = host
        connection.hasGreeted = true
        return ask(verb == .ehlo ? .ehlo(host) : .helo(host))
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
        guard verb == .ehlo else {
            connection.isESMTP = false
            return send(Reply(250, words, status: .init(2, 0, 0)))
        }
        connection.isESMTP = true
        connection.capabilities = [words, "PIPELINING", "8BITMIME"]
        if settings.offersSMTPUTF8 { connection.capabilities.append("SMTPUTF8") }
        connection.capabilities.append("SIZE \(settings.maxBytes)")
        return ask(.capabilities)
    }

    mutating func capabilitiesCollected() -> SessionAction { send(Reply(250, lines: connection.capabilities)) }
}
