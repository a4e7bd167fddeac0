// Properties of a connection that say by whom and how it is secured: role, TLS, authentication, PROXY. plugin.h, since 0.4.

import HarakaCore
import HarakaPluginABI

extension ConnectionState {
    /// Nil: no such property.
    func securityProperty(_ id: Int32) -> Value? {
        switch id {
        case HARAKA_CONN_ROLE: .text(connection.role)
        case HARAKA_CONN_TLS_ENABLED: .boolean(connection.tls != nil)
        case HARAKA_CONN_TLS_ADVERTISED: .boolean(connection.hasOfferedTLS)
        case HARAKA_CONN_AUTH_USER: .text(connection.auth?.user ?? "")
        case HARAKA_CONN_AUTH_METHOD: .text(connection.auth?.method ?? authMethod)
        case HARAKA_CONN_PROXY: connection.proxy?.shown ?? .null
        case HARAKA_CONN_TLS_VERSION...HARAKA_CONN_TLS_PEER: (connection.tls ?? TLSFacts()).property(id)
        default: nil
        }
    }

    /// Somebody is authenticated as soon as his name is known; how may be said before or after it.
    func setAuthentication(user: String) {
        connection.auth = user.isEmpty ? nil : AuthFacts(user: user, method: connection.auth?.method ?? authMethod)
        authMethod = ""
    }

    func setAuthentication(method: String) {
        if connection.auth == nil { authMethod = method } else { connection.auth?.method = method }
    }

    /// One end of the connection, as a plugin (of XCLIENT, say) has learnt it.
    func setLocal(_ id: Int32, _ value: Value) -> Int32 {
        switch (id, value) {
        case (HARAKA_CONN_LOCAL_IP, .text(let text)):
            guard text.isEmpty || IPAddress(text) != nil else { return HARAKA_E_ARGUMENT }
            connection.local.ip = text
        case (HARAKA_CONN_LOCAL_PORT, .integer(let port)):
            guard (0...65535).contains(port) else { return HARAKA_E_ARGUMENT }
            connection.local.port = Int(port)
        case (HARAKA_CONN_LOCAL_HOST, .text(let text)): connection.local.host = text
        default: return HARAKA_E_TYPE
        }
        return HARAKA_SUCCESS
    }
}

extension TLSFacts {
    fileprivate func property(_ id: Int32) -> Value? {
        switch id {
        case HARAKA_CONN_TLS_VERSION: .text(version)
        case HARAKA_CONN_TLS_CIPHER: .text(cipher)
        case HARAKA_CONN_TLS_CIPHER_STANDARD: .text(standardCipher)
        case HARAKA_CONN_TLS_BITS: .integer(Int64(bits))
        case HARAKA_CONN_TLS_SERVER_NAME: .text(serverName)
        case HARAKA_CONN_TLS_ALPN: .text(alpn)
        case HARAKA_CONN_TLS_RESUMED: .boolean(isResumed)
        case HARAKA_CONN_TLS_VERIFIED: .boolean(isVerified)
        case HARAKA_CONN_TLS_VERIFY_ERROR: .text(verifyError)
        case HARAKA_CONN_TLS_PEER: peer?.shown ?? .null
        default: nil
        }
    }
}

extension PeerCertificate {
    fileprivate var shown: Value {
        var map = ValueMap()
        map["subject"] = .text(subject)
        map["issuer"] = .text(issuer)
        map["cn"] = .text(commonName)
        map["names"] = .list(names.map(Value.text))
        map["serial"] = .text(serial)
        map["not_before"] = .integer(notBefore)
        map["not_after"] = .integer(notAfter)
        map["fingerprint"] = .text(fingerprint)
        return .map(map)
    }
}

extension ProxyFacts {
    fileprivate var shown: Value {
        var map = ValueMap()
        map["ip"] = .text(ip)
        map["type"] = .text("haproxy")
        map["version"] = .integer(Int64(version))
        map["tls"] = .boolean(isTLS)
        map["authority"] = .text(authority)
        map["alpn"] = .text(alpn)
        map["tlvs"] = .list(
            values.map { type, value in
                .map(ValueMap([.init("type", .integer(Int64(type))), .init("value", .bytes(value))]))
            })
        return .map(map)
    }
}
