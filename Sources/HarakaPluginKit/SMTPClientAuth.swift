// Somebody's password, tried out at another server.

extension SMTPClient {
    /// AUTH (RFC 4954) on a dialogue that was opened without a user, by PLAIN or else LOGIN, whichever the server offers. The reply
    /// is the server's last: 235, and the password is right. Code 504 of our own, if it offers neither.
    ///
    ///     try client.authenticate(user, password, for: next) { reply, next in reply.code == 235 ? next.ok() : next.deny() }
    public func authenticate(
        _ user: String, _ password: String, for next: consuming Next, then body: @escaping SMTPReplyBody
    ) throws(PluginError) {
        let offered = capabilities.first { $0.words.first?.asciiLowercased == "auth" }?.asciiLowercased.words ?? []
        if offered.contains("plain") {
            let line = Base64.encode([0] + Array(user.utf8) + [0] + Array(password.utf8))
            return try command("AUTH PLAIN " + line, for: next, then: body)
        }
        guard offered.contains("login") else {
            return try body(SMTPReply(504, ["neither AUTH PLAIN nor AUTH LOGIN is offered"]), next)
        }
        try answer(["AUTH LOGIN", Base64.encode(Array(user.utf8)), Base64.encode(Array(password.utf8))], next, body)
    }

    /// Line by line, as long as the server asks for more.
    private func answer(
        _ lines: [String], _ next: consuming Next, _ body: @escaping SMTPReplyBody
    ) throws(PluginError) {
        try command(lines[0], for: next) { [self] reply, next throws(PluginError) in
            guard reply.code == 334, lines.count > 1 else { return try body(reply, next) }
            try answer(Array(lines.dropFirst()), next, body)
        }
    }
}

/// What other servers say of a password.
public enum PasswordFinding: Equatable, Sendable {
    case right
    /// With the server's words.
    case wrong(SMTPReply)
    /// None of them could say: not reached, not now, no AUTH.
    case unknown(SMTPReply)
}

extension SMTPClients {
    /// Asks servers in their order whether a password is right; the first that knows decides. `users` are the names under which the
    /// user may be known there, tried one after the other. Each question is a connection of its own, which is closed afterwards.
    ///
    ///     try clients.checkPassword(password, of: [user], at: [SMTPClientOptions("192.0.2.1")], for: next) { finding, next in
    ///         finding == .right ? next.ok() : next.deny()
    ///     }
    public func checkPassword(
        _ password: String, of users: [String], at servers: [SMTPClientOptions], for next: consuming Next,
        then body: @escaping (_ finding: PasswordFinding, _ next: consuming Next) throws(PluginError) -> Void
    ) throws(PluginError) {
        let none = SMTPReply(0, ["no server"], trouble: .failed)
        try ask(PasswordQuestion(password: password, users: users, body: body), servers[...], none, next)
    }

    private func ask(
        _ question: PasswordQuestion, _ servers: ArraySlice<SMTPClientOptions>, _ last: SMTPReply,
        _ next: consuming Next
    ) throws(PluginError) {
        guard var options = servers.first else { return try question.body(.unknown(last), next) }
        // Nobody may go on with a connection on which somebody else has logged in.
        options.isFresh = true
        try open(options, for: next) { client, reply, next throws(PluginError) in
            guard let client else { return try ask(question, servers.dropFirst(), reply, next) }
            try attempt(question, question.users[...], client, servers, next)
        }
    }

    private func attempt(
        _ question: PasswordQuestion, _ users: ArraySlice<String>, _ client: SMTPClient,
        _ servers: ArraySlice<SMTPClientOptions>, _ next: consuming Next
    ) throws(PluginError) {
        try client.authenticate(users.first ?? "", question.password, for: next) { reply, next throws(PluginError) in
            if reply.saysWrongPassword, users.count > 1 {
                return try attempt(question, users.dropFirst(), client, servers, next)
            }
            client.abort()
            if reply.code == 235 { return try question.body(.right, next) }
            if reply.saysWrongPassword { return try question.body(.wrong(reply), next) }
            try ask(question, servers.dropFirst(), reply, next)
        }
    }
}

private struct PasswordQuestion {
    let password: String
    let users: [String]
    let body: (PasswordFinding, consuming Next) throws(PluginError) -> Void
}

extension SMTPReply {
    /// Whether a refusal of AUTH is about user and password, and not about the mechanism, the order of commands, or a connection
    /// without TLS (RFC 4954 section 6).
    fileprivate var saysWrongPassword: Bool { isPermanent && ![500, 502, 503, 504, 530, 534, 538].contains(code) }
}
