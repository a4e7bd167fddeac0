// One OpenSSL context: certificates of several kinds of key for the same names, and the rules that go with them.

import CSSL

/// Owns an `SSL_CTX`. OpenSSL counts references, so connections may outlive it.
final class HostContext {
    let pointer: OpaquePointer
    let rules: TLSRules
    /// Sessions are resumed only where this is the same: another host, another rule for client certificates or other
    /// authorities would make more of a session than it was when it began.
    let sessionID: [UInt8]
    let hasCertificate: Bool

    /// - Parameter scope: What tells this context's sessions from others', besides the rules.
    init(
        _ credentials: [Credentials], _ rules: TLSRules, _ settings: TLSSettings, scope: String, _ tickets: TicketKeys
    ) throws(TLSError) {
        guard let pointer = SSL_CTX_new(TLS_method()) else { throw TLSError("no TLS context: \(TLSReason.last())") }
        self.pointer = pointer
        self.rules = rules
        hasCertificate = !credentials.isEmpty
        sessionID = Self.sessionID(scope, rules)
        setModes(usesTickets: settings.usesTickets)
        try setAgreement()
        try setParameters(settings.dhParameters)
        for credential in credentials { try use(credential) }
        try ClientCertificates.set(pointer, rules)
        setSessions(tickets, settings)
        setCallbacks()
    }

    deinit { SSL_CTX_free(pointer) }

    /// What is the same for every server, whatever it is asked to be.
    private func setModes(usesTickets: Bool) {
        var options = CSSL_OP_NO_RENEGOTIATION() | CSSL_OP_NO_COMPRESSION() | CSSL_OP_PRIORITIZE_CHACHA()
        if rules.prefersOwnOrder { options |= CSSL_OP_CIPHER_SERVER_PREFERENCE() }
        if !usesTickets { options |= CSSL_OP_NO_TICKET() }
        SSL_CTX_set_options(pointer, options)
        // Buffers of 17 KiB each go back while nothing is on its way: an idle connection needs none.
        _ = CSSL_CTX_set_mode(pointer, Int(SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER))
        SSL_CTX_set_quiet_shutdown(pointer, 0)
    }

    /// Versions, ciphers, groups. All are said, so that none depends on what the distribution thinks best.
    private func setAgreement() throws(TLSError) {
        _ = CSSL_CTX_set_min_proto_version(pointer, rules.minVersion.number)
        _ = CSSL_CTX_set_max_proto_version(pointer, rules.maxVersion.number)
        let (lists, suites) = Ciphers.split(rules)
        // Level 2 is 112 bits of strength (RSA 2048). OpenSSL 3 speaks TLS 1.0 and 1.1 at level 0 only: their
        // signatures are SHA-1.
        SSL_CTX_set_security_level(pointer, rules.minVersion < .v1_2 ? 0 : 2)
        guard SSL_CTX_set_cipher_list(pointer, lists) == 1 else {
            throw TLSError("OpenSSL knows no cipher of \"\(lists)\"")
        }
        guard suites.isEmpty || SSL_CTX_set_ciphersuites(pointer, suites) == 1 else {
            throw TLSError("OpenSSL does not know a cipher of \"\(suites)\"")
        }
        guard CSSL_CTX_set1_groups_list(pointer, rules.groups) == 1 else {
            throw TLSError("OpenSSL does not know a group of \"\(rules.groups)\"")
        }
        ERR_clear_error()
    }

    /// Only ciphers that an administrator has added need them.
    private func setParameters(_ file: PEMText?) throws(TLSError) {
        guard let file else { return CSSL_CTX_set_dh_auto(pointer, 1) }
        guard let parameters = PEMContent.withBIO(file.bytes, { PEM_read_bio_Parameters($0, nil) }) else {
            throw TLSError("no Diffie-Hellman parameters in it: \(TLSReason.last())", file: file.name)
        }
        guard SSL_CTX_set0_tmp_dh_pkey(pointer, parameters) == 1 else {
            EVP_PKEY_free(parameters)
            throw TLSError("these parameters are too weak: \(TLSReason.last())", file: file.name)
        }
    }

    /// One of each kind of key has room; a later one takes the place of an earlier one.
    private func use(_ credentials: Credentials) throws(TLSError) {
        guard let chain = CSSL_sk_X509_new() else { throw TLSError("out of memory") }
        defer { CSSL_sk_X509_free(chain) }
        for certificate in credentials.chain { CSSL_sk_X509_push(chain, certificate.pointer) }
        ERR_clear_error()
        let (own, key) = (credentials.certificate.pointer, credentials.key.pointer)
        // OpenSSL counts references to all three: ours end with the credentials.
        guard SSL_CTX_use_cert_and_key(pointer, own, key, chain, 1) == 1 else {
            throw TLSError("the certificate of \(credentials.names.first ?? "no name"): \(TLSReason.last())")
        }
    }

    /// Sessions cost the server no memory and no key that outlives its time.
    private func setSessions(_ tickets: TicketKeys, _ settings: TLSSettings) {
        // The client keeps its session (in a ticket); nothing is kept here.
        CSSL_CTX_set_session_cache_mode(pointer, Int(SSL_SESS_CACHE_OFF))
        SSL_CTX_set_num_tickets(pointer, settings.usesTickets ? 1 : 0)
        SSL_CTX_set_timeout(pointer, Int(clamping: tickets.period))
        SSL_CTX_set_session_id_context(pointer, sessionID, UInt32(sessionID.count))
        SSL_CTX_set_tlsext_ticket_key_evp_cb(pointer) { ssl, name, vector, cipher, mac, isNew in
            guard let connection = TLSConnection.of(ssl), let name, let vector, let cipher, let mac else { return -1 }
            let keys = connection.context.tickets
            let place = SessionTickets(name: name, vector: vector, cipher: cipher, mac: mac)
            return isNew == 1 ? place.make(keys.current) : place.open(keys)
        }
    }

    /// 32 bytes, the longest that OpenSSL takes.
    private static func sessionID(_ scope: String, _ rules: TLSRules) -> [UInt8] {
        let text = "\(scope)\n\(rules.clientCertificate.rawValue)\n\(rules.minVersion.rawValue)\n"
        let bytes = Array(text.utf8) + rules.authorities.flatMap(\.bytes)
        var digest = [UInt8](repeating: 0, count: 32)
        var count: UInt32 = 32
        _ = EVP_Digest(bytes, bytes.count, &digest, &count, EVP_sha256(), nil)
        return digest
    }

    // MARK: what OpenSSL asks during a handshake

    /// C functions, without a context of their own: what they need hangs on the connection.
    private func setCallbacks() {
        SSL_CTX_set_client_hello_cb(
            pointer, { ssl, _, _ in ssl.map(HostContext.receivedHello) ?? SSL_CLIENT_HELLO_ERROR }, nil)
        SSL_CTX_set_alpn_select_cb(
            pointer,
            { ssl, chosen, count, offered, size, _ in
                guard let connection = TLSConnection.of(ssl), let chosen, let count, let offered else {
                    return SSL_TLSEXT_ERR_NOACK
                }
                let list = UnsafeBufferPointer(start: offered, count: Int(size))
                return HostContext.select(connection.context.protocols, list, &chosen.pointee, &count.pointee)
            }, nil)
    }

    /// The first thing of a handshake: the client's name for us decides which certificates and rules apply.
    private static func receivedHello(_ ssl: OpaquePointer) -> Int32 {
        guard let connection = TLSConnection.of(ssl) else { return SSL_CLIENT_HELLO_ERROR }
        connection.hello = ClientHello(ssl)
        if let host = connection.context.host(connection.hello.serverName) {
            connection.context.adopt(connection, as: host)
        }
        return SSL_CLIENT_HELLO_SUCCESS
    }

    /// Our first protocol that the client has too. With none in common there is no connection (RFC 7301, section 3.2).
    private static func select(
        _ ours: [UInt8], _ theirs: UnsafeBufferPointer<UInt8>, _ chosen: inout UnsafePointer<UInt8>?,
        _ count: inout UInt8
    ) -> Int32 {
        guard !ours.isEmpty else { return SSL_TLSEXT_ERR_NOACK }
        return ours.withUnsafeBufferPointer { ours in
            var index = 0
            while index < ours.count {
                let end = min(ours.count, index + 1 + Int(ours[index]))
                // OpenSSL takes a pointer that must outlive this call: into the client's list, not into ours.
                if let found = same(ours[(index + 1)..<end], in: theirs) {
                    (chosen, count) = (found, UInt8(end - index - 1))
                    return SSL_TLSEXT_ERR_OK
                }
                index = end
            }
            return SSL_TLSEXT_ERR_ALERT_FATAL
        }
    }

    /// The entry of a list of names that is equal to `name`.
    private static func same(
        _ name: Slice<UnsafeBufferPointer<UInt8>>, in list: UnsafeBufferPointer<UInt8>
    ) -> UnsafePointer<UInt8>? {
        var index = 0
        while index < list.count, let base = list.baseAddress {
            let end = index + 1 + Int(list[index])
            guard end <= list.count else { return nil }
            if list[(index + 1)..<end].elementsEqual(name) { return base + index + 1 }
            index = end
        }
        return nil
    }
}
