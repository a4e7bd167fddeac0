// One command line: which verb it is and whether it may come now. RFC 5321 section 4.1.

public import SMTPSyntax

extension SessionMachine {
    /// A command line has arrived.
    /// - Parameter isFollowed: more input is already there (pipelining, RFC 2920)
    public mutating func received(_ line: CommandLine, isFollowed: Bool) -> SessionAction {
        if case .looping(let reply) = state { return loop(reply, line) }
        guard case .ready = state else { return .wait }
        hookHops = 0
        mayGreet = false
        restart = nil
        omitsStatus = isHello(line)
        if let end = endsByLimit() { return end }
        if isFollowed { notePipelining(line) }
        if line.is8Bit, connection.helloVerb == .helo {
            return send(Reply(501, "Syntax error (8-bit characters not allowed)", status: .init(5, 5, 2)))
        }
        switch line.verb {
        case .helo: return settings.isLMTP ? noCommand() : hello(.helo, line)
        case .ehlo: return settings.isLMTP ? noCommand() : hello(.ehlo, line)
        case .mail: return mail(line)
        case .rcpt: return rcpt(line)
        case .data: return data(line.argument)
        case .rset: return line.argument.isEmpty ? ask(.rset) : syntaxError()
        case .noop: return ask(.noop(line.argument))
        case .vrfy: return ask(.vrfy(line.argument))
        case .help: return heard.contains(.help) ? ask(.help(line.argument)) : helpDecided(.cont)
        case .quit: return line.argument.isEmpty ? ask(.quit) : syntaxError()
        case nil: return unknown(line)
        }
    }

    /// A greeting of the client's, whose reply has no enhanced status.
    private func isHello(_ line: CommandLine) -> Bool {
        switch line.verb {
        case .helo, .ehlo: true
        case nil: settings.isLMTP && line.isCommand("LHLO")
        default: false
        }
    }

    /// What the core knows of the commands that are not SMTP's own; the others are for plugins.
    private mutating func unknown(_ line: CommandLine) -> SessionAction {
        if settings.isLMTP, line.isCommand("LHLO") { return hello(.lhlo, line) }
        // A proxy that is on the list has said it before the session.
        if line.isCommand("PROXY") {
            let text = "PROXY not allowed from \(connection.remote.ip)"
            return send(Reply(421, text, status: .init(4, 7, 1)), then: .disconnect)
        }
        if line.isCommand("AUTH") { connection.hasSaidAuth = true }
        return ask(.unrecognizedCommand(word: line.word, rest: line.argument))
    }

    /// After EHLO, RSET, MAIL, SEND, SOML, SAML and RCPT may stand anywhere in a group, other commands only at its end
    /// (RFC 2920 section 3.1). Who does otherwise talks early.
    private func notePipelining(_ line: CommandLine) {
        let mayBeFollowed: Bool
        switch line.verb {
        case .rset, .mail, .rcpt: mayBeFollowed = connection.isESMTP
        case nil: mayBeFollowed = connection.isESMTP && ["SEND", "SOML", "SAML"].contains(line.word.uppercased())
        default: mayBeFollowed = false
        }
        if mayBeFollowed { connection.isPipelining = true } else { connection.isEarlyTalker = true }
    }

    private mutating func loop(_ reply: Reply, _ line: CommandLine) -> SessionAction {
        guard line.verb == .quit, line.argument.isEmpty else {
            var reply = reply
            if isHello(line) { reply.showsStatus = false }
            return .send(reply, .read)
        }
        connection.state = .command
        return ask(.quit)
    }

    mutating func syntaxError() -> SessionAction { send(Reply(501, "Syntax error", status: .init(5, 5, 4))) }

    /// A protocol error of the client's: counted, and answered.
    mutating func protocolError(_ code: Int, _ lines: [String], _ status: EnhancedStatus) -> SessionAction {
        connection.errors += 1
        return endsByLimit() ?? send(Reply(code, lines: lines, status: status))
    }

    private mutating func noCommand() -> SessionAction {
        protocolError(500, ["Unrecognized command"], .init(5, 5, 1))
    }

    /// What was counted may have been one too many: then the last words stand for the reply to it. Nil: it was not.
    mutating func endsByLimit() -> SessionAction? {
        if settings.maxErrors > 0, connection.errors >= settings.maxErrors {
            return send(Reply(421, "Too many errors", status: .init(4, 7, 0)), then: .disconnect)
        }
        guard settings.maxRefusedRecipients > 0, connection.rcptCount.reject >= settings.maxRefusedRecipients else {
            return nil
        }
        return send(Reply(421, "Too many bad recipients", status: .init(4, 7, 0)), then: .disconnect)
    }

    /// At the beginning of a command: the client talks TLS, and this is no place for it.
    public mutating func spokeTLS() -> SessionAction {
        guard awaitsCommand else { return .wait }
        return send(Reply(501, "SSL attempted over a non-SSL socket", status: .init(5, 5, 1)), then: .disconnect)
    }

    /// A line longer than `max.line_length`.
    public mutating func lineTooLong() -> SessionAction {
        guard awaitsCommand else { return .wait }
        return send(Reply(521, "Command line too long", status: .init(5, 5, 6)), then: .disconnect)
    }

    /// A command line with a bare CR or LF, and `bare_newline = reject`.
    public mutating func bareNewline() -> SessionAction {
        guard awaitsCommand else { return .wait }
        if case .looping(let reply) = state { return .send(reply, .read) }
        return protocolError(500, ["Bare CR or LF in a command; lines end with CR LF"], .init(5, 5, 2))
    }

    mutating func vrfyDecided(_ verdict: Verdict) -> SessionAction {
        switch verdict.code {
        case .deny, .denyDisconnect, .denySoft, .denySoftDisconnect:
            return refuse(verdict, (550, "Access Denied"), (450, "Lookup Failed"), then: .reset(.read))
        case .ok: return send(Reply(250, "User OK", status: .init(2, 1, 5)))
        default:
            let text = "Just try sending a mail and we'll see how it turns out..."
            return send(Reply(252, text, status: .init(2, 0, 0)))
        }
    }

    mutating func noopDecided(_ verdict: Verdict) -> SessionAction {
        guard verdict.code == .deny || verdict.code == .denyDisconnect else {
            return send(Reply(250, "OK", status: .init(2, 0, 0)))
        }
        return refuse(verdict, (500, "Stop wasting my time"), (500, "Stop wasting my time"))
    }

    /// The words of a plugin are the help; a refusal says that there is none.
    mutating func helpDecided(_ verdict: Verdict) -> SessionAction {
        let none = "Syntax error, command not recognized"
        if verdict.code.isRefusal { return refuse(verdict, (500, none), (500, none)) }
        guard verdict.reply.code != nil || !verdict.reply.visibleLines.isEmpty else {
            return send(Reply(250, "Not implemented", status: .init(2, 0, 0)))
        }
        return send(verdict.reply.reply(214, "Not implemented"))
    }

    mutating func unrecognizedDecided(_ verdict: Verdict, _ word: String, _ rest: String) -> SessionAction {
        switch verdict.code {
        case .ok: return restart.map { resetTransaction(then: .session(keepsName: $0)) } ?? proceed()
        case .nextHook: return nextHook(verdict.reply.text, word, rest)
        case .denyDisconnect, .denySoftDisconnect:
            return refuse(verdict, (521, "Unrecognized command"), (421, "Unrecognized command"))
        case .deny: return send(verdict.reply.refusal(500, "Unrecognized command"))
        default:
            guard !verdict.reply.isEmpty else { return noCommand() }
            connection.errors += 1
            return endsByLimit() ?? send(verdict.reply.reply(500, "Unrecognized command"))
        }
    }

    /// NEXT_HOOK: another hook runs in place of this one. Commands without arguments are asked as themselves. The hooks
    /// that begin and end something are not a plugin's to call.
    private mutating func nextHook(_ name: String, _ word: String, _ rest: String) -> SessionAction {
        hookHops += 1
        guard hookHops <= 8, !name.isEmpty else {
            return noCommand()
        }
        switch Hook(name: name) {
        case .noop: return ask(.noop(rest))
        case .vrfy: return ask(.vrfy(rest))
        case .help: return ask(.help(rest))
        case .rset: return ask(.rset)
        case .quit: return ask(.quit)
        case .initMaster, .initChild, .postFork, .log, .logging, .config, .userConfig, .preConnection, .connectInit,
            .lookupRDNS, .connect, .deny, .ok, .resetTransaction, .queuePost, .disconnect, .postConnection:
            return noCommand()
        default: return ask(.named(name, word: word, rest: rest))
        }
    }
}
