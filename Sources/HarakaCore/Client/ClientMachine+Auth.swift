// AUTH (RFC 4954).

import SMTPSyntax

extension ClientMachine {
    /// nil: nobody wants it, or it was tried. What cannot be had is warned of, and mail goes on without, as in Haraka.
    mutating func authenticate() -> [ClientAction]? {
        guard let credentials = settings.credentials, !hasTriedAuth else { return nil }
        hasTriedAuth = true
        guard let mechanism = mechanism(for: credentials) else { return [.warn(noMechanism)] + introduced() }
        var exchange = ClientExchange(
            .init(
                mechanism: mechanism, credentials: credentials, crypto: settings.crypto, binding: bindings.first,
                offersPlus: offers.mechanisms.contains(ClientMechanism.scramSHA256Plus.rawValue)))
        switch exchange.begin() {
        case .send(let secret):
            state = .auth(exchange)
            return [.sendSecret(secret)]
        case .fail(let text): return end(authFailure(text), .quit)
        }
    }

    /// The best that both sides have, or the one that was asked for if both have it.
    private func mechanism(for credentials: ClientCredentials) -> ClientMechanism? {
        let wanted = credentials.mechanism.uppercased()
        return ClientMechanism.allCases.first {
            (wanted.isEmpty || wanted == $0.rawValue) && offers.mechanisms.contains($0.rawValue)
                && isPossible($0, credentials)
        }
    }

    /// A mechanism may be offered and wanted, and still not be for this connection.
    private func isPossible(_ mechanism: ClientMechanism, _ credentials: ClientCredentials) -> Bool {
        switch mechanism {
        case .scramSHA256Plus: settings.crypto != nil && isSecured && !bindings.isEmpty
        case .scramSHA256, .cramMD5: settings.crypto != nil
        case .plain, .login: isSecured || credentials.allowsPlaintext
        }
    }

    /// Says what each side has, so that nobody must look at the wire to see why.
    private var noMechanism: String {
        if offers.mechanisms.isEmpty { return "AUTH is configured but not offered; going on without" }
        let offered = offers.mechanisms.joined(separator: " ")
        let wanted = settings.credentials?.mechanism.uppercased() ?? ""
        let ours = wanted.isEmpty ? ClientMechanism.allCases.map(\.rawValue).joined(separator: " ") : wanted
        let note = isSecured ? "" : ", and no TLS for PLAIN and LOGIN"
        return
            "AUTH is configured but no mechanism will do (offered: \(offered); ours: \(ours)\(note)); going on without"
    }

    /// 334 is a challenge, 235 the end; 4xx and 5xx are what Haraka makes of them: tried later, or returned.
    mutating func authAnswered(_ reply: Reply, _ exchange: ClientExchange) -> [ClientAction] {
        if reply.code == 334 { return challenged(reply, exchange) }
        if reply.isPositive {
            guard exchange.isProven else {
                return end(authFailure("the server does not prove that it knows us"), .close("AUTH without proof"))
            }
            authMethod = exchange.mechanism.rawValue
            return introduced()
        }
        guard reply.isRefusal else { return broken(reply) }
        return end(ClientFailure.refusal(reply, .auth).elsewhere(!reply.isPermanent), .quit)
    }

    /// An exchange that cannot go on is taken back by `*`, which the server answers with 501 (RFC 4954 section 4).
    private mutating func challenged(_ reply: Reply, _ exchange: ClientExchange) -> [ClientAction] {
        var exchange = exchange
        switch exchange.challenged(reply.lines.first ?? "") {
        case .send(let secret):
            state = .auth(exchange)
            return [.sendSecret(secret)]
        case .fail(let text):
            state = .cancelling(authFailure(text))
            return [Self.line("*")]
        }
    }

    /// Ours or the server's mistake, but not the sender's.
    private func authFailure(_ text: String) -> ClientFailure {
        .own(.temporary, .auth, .init(class: 4, subject: 7, detail: 0), "AUTH failed: \(text)").elsewhere()
    }
}
