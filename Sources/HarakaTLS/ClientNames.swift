// Whom a client asks for, and whose certificate it wants to see. RFC 6066 section 3, RFC 6125 section 6.4, RFC 9525.

import CSSL
import HarakaCore

enum ClientNames {
    /// Sets both for one connection. A wildcard stands for a whole first label only.
    static func set(_ ssl: OpaquePointer, _ name: String) {
        // With the root's dot it would be found in no certificate, and RFC 6066 does not want it.
        let plain = name.hasSuffix(".") ? String(name.dropLast()) : name
        guard !plain.isEmpty else { return }
        // An address is no server name; OpenSSL looks for one among the certificate's addresses.
        if IPAddress(plain) == nil { _ = CSSL_set_tlsext_host_name(ssl, plain) }
        SSL_set_hostflags(ssl, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
        SSL_set1_host(ssl, plain)
    }
}
