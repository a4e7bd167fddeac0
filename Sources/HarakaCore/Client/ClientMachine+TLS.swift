// STARTTLS (RFC 3207).

import SMTPSyntax

extension ClientMachine {
    /// nil: there is nothing to do about TLS, or nothing any more.
    mutating func secure() -> [ClientAction]? {
        guard !isSecured, settings.tls != .never else { return nil }
        if offers.hasStartTLS, !hasAskedTLS {
            hasAskedTLS = true
            state = .startTLS
            return [Self.line("STARTTLS")]
        }
        guard settings.tls == .required else { return nil }
        return end(noTLS("No TLS available but required by configuration."), .quit)
    }

    /// "Security features not supported".
    private func noTLS(_ text: String) -> ClientFailure {
        .own(.temporary, stage, .init(class: 4, subject: 7, detail: 4), text).elsewhere()
    }

    /// A refusal of what was offered is no attack that mail would be safer from by waiting, unless TLS is a must.
    mutating func startTLSAnswered(_ reply: Reply, _ isLast: Bool) -> [ClientAction] {
        if reply.isPositive {
            guard isLast else {
                return end(noTLS("Words in the clear behind the reply to STARTTLS"), .close("injected before TLS"))
            }
            state = .handshake
            return [.startTLS]
        }
        guard reply.isRefusal else { return broken(reply) }
        if settings.tls == .required {
            return end(ClientFailure.refusal(reply, .startTLS).asTemporary.elsewhere(), .quit)
        }
        return [.warn("STARTTLS was offered and is refused (\(reply.oneLine)); going on without TLS")] + introduced()
    }

    /// The handshake is done. What was said in the clear is forgotten (RFC 3207 section 4.2). To be called before the
    /// greeting if the connection begins with TLS.
    /// - Parameter bindings: what the connection can be bound to by SASL, the best first.
    public mutating func tlsEstablished(_ bindings: [ClientChannelBinding] = []) -> [ClientAction] {
        switch state {
        case .handshake:
            (isSecured, self.bindings) = (true, bindings)
            serverName = ""
            return sayHello()
        case .greeting:
            (isSecured, self.bindings) = (true, bindings)
            return []
        default: return []
        }
    }

    /// The handshake has failed, or the certificate is not what is wanted. The driver may try the same host again
    /// without TLS, if its rules allow that.
    /// - Parameter why: for people.
    public mutating func tlsFailed(_ why: String) -> [ClientAction] {
        let failure = ClientFailure.own(.temporary, .handshake, .init(class: 4, subject: 7, detail: 5), why)
        switch state {
        case .handshake, .greeting: return end(failure.elsewhere(), .close(why))
        default: return end(lost("TLS has failed before the \(stage) (\(why))"), .close(why))
        }
    }
}
