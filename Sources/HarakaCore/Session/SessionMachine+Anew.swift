// A client that begins anew on the same connection: after STARTTLS (RFC 3207 section 4.2), and when a proxy names
// another one (XCLIENT).

extension SessionMachine {
    /// The handshake is done. Before `connected`, or while the question is open whose plugin wanted it.
    ///
    /// Nothing that was said in the clear counts any more: anybody on the way may have said it. An early talker stays
    /// one. The transaction is reset when the command is over.
    public mutating func tlsEstablished(_ facts: TLSFacts) {
        connection.tls = facts
        connection.notes.set("tls", facts.note)
        guard hasBegun else { return }
        forgetClient()
        mayGreet = true
        owesReset = connection.transaction != nil
    }

    /// The client is another one: once the open command was answered with OK the transaction is reset, and the session
    /// begins with the client's name, or with `connect` if that is known. The driver has given the connection its new
    /// uuid.
    public mutating func restarted(keepsName: Bool) {
        switch question {
        case .unrecognizedCommand, .named: restart = keepsName
        default: break
        }
    }

    /// The transaction is gone.
    mutating func beginAnew(keepsName: Bool) -> SessionAction {
        restart = nil
        forgetClient()
        connection.isRelaying = false
        connection.isEarlyTalker = false
        connection.remote.info = keepsName ? connection.remote.host : ""
        connection.hasRecordedEnds = false
        if keepsName { return ask(.connect) }
        connection.remote.host = ""
        return ask(.lookupRDNS)
    }

    /// Who it is and what it may.
    private func forgetClient() {
        if connection.auth != nil {
            // Relaying came with it, or can be had again.
            connection.auth = nil
            connection.forgetRelaying()
        }
        connection.notes.remove("auth_user")
        connection.notes.remove("auth_passwd")
        connection.helloVerb = .none
        connection.helloHost = ""
        connection.helloArguments = []
        connection.hasGreeted = false
        connection.isESMTP = false
        connection.isPipelining = false
        connection.capabilities = []
    }
}

extension TLSFacts {
    /// Haraka's `notes.tls`.
    fileprivate var note: Value {
        var cipher = ValueMap()
        cipher["name"] = .text(self.cipher)
        cipher["standardName"] = .text(standardCipher)
        cipher["version"] = .text(version)
        var note = ValueMap()
        note["authorized"] = .boolean(isVerified)
        note["authorizationError"] = .text(verifyError)
        note["cipher"] = .map(cipher)
        return .map(note)
    }
}
