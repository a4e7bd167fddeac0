// Which ciphers are offered. The defaults are Mozilla's "intermediate" without finite-field Diffie-Hellman.

/// Cipher lists in OpenSSL's words.
enum Ciphers {
    /// TLS 1.2: key exchange on curves, encryption with authentication. 1.3 has no others.
    static let standard = [
        "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384",
        "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305",
        "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256",
    ]

    /// What TLS 1.0 and 1.1 can do, for administrators who ask for these versions and name no ciphers.
    static let old = [
        "ECDHE-ECDSA-AES128-SHA", "ECDHE-RSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA", "ECDHE-RSA-AES256-SHA",
        "AES128-SHA", "AES256-SHA",
    ]

    /// The list for versions up to 1.2, and the one for 1.3, which OpenSSL sets apart; empty: its own.
    static func split(_ rules: TLSRules) -> (list: String, suites: String) {
        guard !rules.ciphers.isEmpty else {
            let all = rules.minVersion < .v1_2 ? standard + old : standard
            return (all.joined(separator: ":"), "")
        }
        let names = rules.ciphers.split { ":, ".contains($0) }
        let suites = names.filter { $0.hasPrefix("TLS_") }
        let list = names.filter { !$0.hasPrefix("TLS_") }
        return (
            list.isEmpty ? standard.joined(separator: ":") : list.joined(separator: ":"), suites.joined(separator: ":")
        )
    }
}
