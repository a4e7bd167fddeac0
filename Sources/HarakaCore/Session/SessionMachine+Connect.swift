// The beginning of a session: pre_connection, connect_init, the client's name, connect, the banner. RFC 5321
// section 3.1.

public import SMTPSyntax

extension SessionMachine {
    /// The client is there.
    public mutating func connected() -> SessionAction {
        guard case .new = state else { return .wait }
        hasBegun = true
        return ask(heard.contains(.preConnection) ? .preConnection : .connectInit)
    }

    /// Before `connected`: the client is sent away (too many of them, no PROXY header ...), and no plugin hears of it.
    public mutating func turnedAway(_ reply: Reply) -> SessionAction {
        guard case .new = state else { return .wait }
        return send(reply, then: .disconnect)
    }

    /// Who is refused here is gone: nothing else has begun.
    mutating func preConnectionDecided(_ verdict: Verdict) -> SessionAction {
        guard verdict.code.isRefusal else { return ask(.connectInit) }
        let soft = (451, "Connection temporarily denied")
        return refuse(verdict, (550, "Connection denied"), soft, then: .disconnect)
    }

    /// The client sent something before it was its turn.
    ///
    /// After EHLO commands may come together, but nothing behind DATA before its 354 (RFC 2920 section 3.1).
    public mutating func spokeEarly() {
        guard connection.isESMTP else {
            if !mayGreet { connection.isEarlyTalker = true }
            return
        }
        if case .data? = question { connection.isEarlyTalker = true }
    }

    mutating func nameDecided(_ verdict: Verdict) -> SessionAction {
        switch verdict.code {
        case .ok:
            let name = verdict.reply.text
            connection.remote.host = name.isEmpty ? "Unknown" : name
            if connection.remote.info.isEmpty { connection.remote.info = connection.remote.host }
            return ask(.connect)
        case .deny, .denySoft, .denyDisconnect, .disconnect, .denySoftDisconnect:
            return turnAway(verdict, "rDNS Lookup Failed", "rDNS Temporary Failure")
        default:
            state = .resolvingName
            return .resolveName
        }
    }

    /// The system's lookup is through. `host` is the name, or Haraka's `Unknown`, `NXDOMAIN`, `DNSERROR`.
    public mutating func nameResolved(_ host: String) -> SessionAction {
        guard case .resolvingName = state else { return .wait }
        connection.remote.host = host
        if connection.remote.info.isEmpty { connection.remote.info = host }
        return ask(.connect)
    }

    mutating func connectDecided(_ verdict: Verdict) -> SessionAction {
        switch verdict.code {
        case .deny, .denySoft, .denyDisconnect, .disconnect, .denySoftDisconnect:
            return turnAway(verdict, "Your mail is not welcome here", "Come back later")
        case .done: return proceed()
        default:
            let isSilent = verdict.reply.code == nil && verdict.reply.visibleLines.isEmpty
            omitsStatus = true
            return send(isSilent ? banner : verdict.reply.reply(220, banner.lines.first ?? ""))
        }
    }

    /// DENY and DENYSOFT leave the client in LOOP; the others close.
    private mutating func turnAway(_ verdict: Verdict, _ hard: String, _ soft: String) -> SessionAction {
        let action = refuse(verdict, (554, hard), (421, soft))
        guard !verdict.code.disconnects else { return action }
        connection.state = .loop
        state = .looping(connection.lastReply)
        return action
    }

    private var banner: Reply {
        let mark =
            settings.uuidBannerCharacters > 0 ? " (\(connection.uuid.prefix(settings.uuidBannerCharacters)))" : ""
        guard let first = settings.greeting.first else {
            return Reply(220, "\(connection.local.host) ESMTP \(settings.banner) ready\(mark)")
        }
        let lines = ["\(connection.local.host) ESMTP \(first)\(mark)"] + settings.greeting.dropFirst()
        return Reply(220, lines: lines)
    }
}
