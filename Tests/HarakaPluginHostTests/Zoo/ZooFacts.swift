// A client that has done all there is: TLS with a certificate, AUTH, by a proxy.

import HarakaCore

enum ZooFacts {
    static func set(_ connection: Connection) {
        connection.role = "submission"
        connection.hasOfferedTLS = true
        connection.tls = tls
        connection.auth = AuthFacts(user: "joe", method: "PLAIN")
        var proxy = ProxyFacts()
        proxy.ip = "198.51.100.1"
        proxy.version = 2
        proxy.isTLS = true
        proxy.authority = "mx.example"
        proxy.alpn = "smtp"
        proxy.values = [(5, [65, 66])]
        connection.proxy = proxy
    }

    private static var tls: TLSFacts {
        var tls = TLSFacts()
        tls.version = "TLSv1.3"
        tls.cipher = "TLS_AES_256_GCM_SHA384"
        tls.standardCipher = "TLS_AES_256_GCM_SHA384 (standard)"
        tls.bits = 256
        tls.serverName = "mx.example"
        tls.alpn = "smtp"
        tls.isResumed = true
        tls.isVerified = true
        tls.verifyError = "none"
        var peer = PeerCertificate()
        peer.subject = "CN=client"
        peer.issuer = "CN=authority"
        peer.commonName = "client"
        peer.names = ["client.example"]
        peer.serial = "0A"
        peer.notBefore = 1
        peer.notAfter = 2
        peer.fingerprint = "ff"
        tls.peer = peer
        return tls
    }

    /// As a plugin sees it.
    static let shown = [
        #"37 "submission""#, #"38 "TLSv1.3""#, #"39 "TLS_AES_256_GCM_SHA384""#,
        #"40 "TLS_AES_256_GCM_SHA384 (standard)""#, "41 256", #"42 "mx.example""#, #"43 "smtp""#, "44 true", "45 true",
        #"46 "none""#,
        #"47 {subject:"CN=client",issuer:"CN=authority",cn:"client",names:["client.example"],serial:"0A","#
            + #"not_before:1,not_after:2,fingerprint:"ff"}"#,
        "48 true", #"49 "joe""#, #"50 "PLAIN""#,
        #"51 {ip:"198.51.100.1",type:"haproxy",version:2,tls:true,authority:"mx.example",alpn:"smtp","#
            + #"tlvs:[{type:5,value:"AB"}]}"#,
    ]
}
