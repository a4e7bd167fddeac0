// Asking the other side for its certificate, and whom we believe.

import CSSL

/// The rules for the other side's certificate in OpenSSL's terms.
enum ClientCertificates {
    /// Sets whom to believe and what to ask for in a context.
    static func set(_ context: OpaquePointer, _ rules: TLSRules) throws(TLSError) {
        if rules.authorities.isEmpty {
            // Read when first needed; without any nobody is believed.
            SSL_CTX_set_default_verify_paths(context)
        } else {
            try believe(context, rules.authorities)
        }
        SSL_CTX_set_verify(context, mode(rules.clientCertificate), callback(rules.clientCertificate))
    }

    /// The same for one connection.
    static func ask(_ ssl: OpaquePointer, _ rule: TLSRules.ClientCertificate) {
        SSL_set_verify(ssl, mode(rule), callback(rule))
    }

    private static func mode(_ rule: TLSRules.ClientCertificate) -> Int32 {
        switch rule {
        case .ignored: SSL_VERIFY_NONE
        case .requested: SSL_VERIFY_PEER
        case .required: SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
        }
    }

    /// Who only asks goes on whatever is wrong; OpenSSL keeps the reason, and the facts show it.
    private static func callback(_ rule: TLSRules.ClientCertificate) -> SSL_verify_cb? {
        rule == .requested ? { _, _ in 1 } : nil
    }

    /// The authorities, and their names for clients that have several certificates.
    private static func believe(_ context: OpaquePointer, _ files: [PEMText]) throws(TLSError) {
        guard let names = CSSL_sk_X509_NAME_new(), let store = SSL_CTX_get_cert_store(context) else {
            throw TLSError("out of memory")
        }
        // The context owns the list from here on.
        SSL_CTX_set_client_CA_list(context, names)
        for file in files {
            let content = PEMContent(file.bytes)
            guard !content.certificates.isEmpty else {
                throw TLSError(content.problems.first?.message ?? "there is no certificate in it", file: file.name)
            }
            for certificate in content.certificates {
                // One that stands there twice is no mistake.
                X509_STORE_add_cert(store, certificate.pointer)
                if let name = X509_NAME_dup(X509_get_subject_name(certificate.pointer)) {
                    CSSL_sk_X509_NAME_push(names, name)
                }
            }
        }
        ERR_clear_error()
    }
}
