// Texts, names, times and digests out of certificates (RFC 5280). Nothing in them is believed to be well formed.

import CSSL
import Glibc

/// Reads an `X509` that somebody else owns.
struct CertificateNames {
    let certificate: OpaquePointer

    /// More alternative names than these are not looked at: nobody needs them.
    private static let nameLimit = 1000

    var subject: String { Self.text(X509_get_subject_name(certificate)) }
    var issuer: String { Self.text(X509_get_issuer_name(certificate)) }

    /// The last common name of the subject, which is the most specific one; empty: none.
    var commonName: String {
        guard let name = X509_get_subject_name(certificate) else { return "" }
        var (last, index) = (Int32(-1), Int32(-1))
        repeat {
            last = index
            index = X509_NAME_get_index_by_NID(name, NID_commonName, last)
        } while index >= 0
        guard last >= 0, let entry = X509_NAME_get_entry(name, last) else { return "" }
        return Self.text(X509_NAME_ENTRY_get_data(entry)) ?? ""
    }

    /// DNS names, mail addresses and IP addresses of the extension subjectAltName.
    var alternatives: [String] { alternatives(of: [GEN_DNS, GEN_EMAIL, GEN_IPADD]) }

    /// Host names that the certificate is for: DNS names, and the common name if it could be one. Lower case.
    var hosts: [String] {
        var hosts: [String] = []
        for name in [commonName] + alternatives(of: [GEN_DNS]) {
            guard let host = Self.host(name), !hosts.contains(host) else { continue }
            hosts.append(host)
        }
        return hosts
    }

    /// OpenSSL hands out a copy of the extension, which must be given back.
    private func alternatives(of types: [Int32]) -> [String] {
        guard let pointer = X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil) else { return [] }
        let names = OpaquePointer(pointer)
        defer { GENERAL_NAMES_free(names) }
        var found: [String] = []
        for index in 0..<min(max(0, Int(CSSL_sk_GENERAL_NAME_num(names))), Self.nameLimit) {
            guard let name = CSSL_sk_GENERAL_NAME_value(names, Int32(index)) else { continue }
            let type = CSSL_GENERAL_NAME_type(name)
            guard types.contains(type), let string = CSSL_GENERAL_NAME_string(name) else { continue }
            let text = type == GEN_IPADD ? Self.address(string) : Self.text(string)
            if let text { found.append(text) }
        }
        return found
    }

    /// Upper-case hexadecimal.
    var serial: String {
        guard let number = X509_get0_serialNumber(certificate), let big = ASN1_INTEGER_to_BN(number, nil) else {
            return ""
        }
        defer { BN_free(big) }
        guard let text = BN_bn2hex(big) else { return "" }
        defer { CRYPTO_free(text, #fileID, #line) }
        return String(cString: text)
    }

    var notBefore: Int64 { Self.seconds(X509_get0_notBefore(certificate)) }
    var notAfter: Int64 { Self.seconds(X509_get0_notAfter(certificate)) }

    /// Of the whole certificate; empty if that fails.
    func digest(_ algorithm: OpaquePointer?) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var count: UInt32 = 0
        guard X509_digest(certificate, algorithm, &bytes, &count) == 1 else { return [] }
        return Array(bytes.prefix(Int(count)))
    }

    /// SHA-256 of the public key (SubjectPublicKeyInfo): a key and a certificate with the same one belong together.
    var keyID: [UInt8] { X509_get0_pubkey(certificate).map(Self.keyID) ?? [] }

    /// See ``keyID``.
    static func keyID(_ key: OpaquePointer) -> [UInt8] {
        var encoded: UnsafeMutablePointer<UInt8>?
        let count = i2d_PUBKEY(key, &encoded)
        guard count > 0, let encoded else { return [] }
        defer { CRYPTO_free(encoded, #fileID, #line) }
        var digest = [UInt8](repeating: 0, count: 32)
        var size: UInt32 = 32
        guard EVP_Digest(encoded, Int(count), &digest, &size, EVP_sha256(), nil) == 1 else { return [] }
        return digest
    }

    /// A name in the form of RFC 2253, UTF-8.
    private static func text(_ name: OpaquePointer?) -> String {
        guard let name, let bio = BIO_new(BIO_s_mem()) else { return "" }
        defer { BIO_free(bio) }
        guard X509_NAME_print_ex(bio, name, 0, CSSL_XN_FLAG_UTF8_RFC2253()) >= 0 else { return "" }
        var bytes: UnsafeMutablePointer<CChar>?
        let count = CSSL_BIO_get_mem_data(bio, &bytes)
        guard count > 0, let bytes else { return "" }
        return String(decoding: UnsafeRawBufferPointer(start: bytes, count: count), as: UTF8.self)
    }

    /// A string of any of ASN.1's kinds; nil for one with control characters (a NUL has fooled many).
    private static func text(_ string: UnsafePointer<ASN1_STRING>?) -> String? {
        var bytes: UnsafeMutablePointer<UInt8>?
        let count = ASN1_STRING_to_UTF8(&bytes, string)
        guard count >= 0, let bytes else { return nil }
        defer { CRYPTO_free(bytes, #fileID, #line) }
        let text = UnsafeBufferPointer(start: bytes, count: Int(count))
        guard !text.contains(where: { $0 < 0x20 || $0 == 0x7F }) else { return nil }
        return String(decoding: text, as: UTF8.self)
    }

    /// 4 or 16 bytes in their usual form.
    private static func address(_ string: UnsafePointer<ASN1_STRING>) -> String? {
        let count = ASN1_STRING_length(string)
        guard count == 4 || count == 16, let bytes = ASN1_STRING_get0_data(string) else { return nil }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(count == 4 ? AF_INET : AF_INET6, bytes, &text, socklen_t(text.count)) != nil else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Lower case; nil for what no host is called. A leading `*.` stays.
    private static func host(_ name: String) -> String? {
        guard name.utf8.first == UInt8(ascii: "*") else { return ClientHello.hostName(name.utf8) }
        guard name.hasPrefix("*."), let rest = ClientHello.hostName(name.utf8.dropFirst(2)) else { return nil }
        return "*.\(rest)"
    }

    /// Seconds since 1970; 0 for a time that is none.
    private static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64 {
        var parts = tm()
        guard let time, ASN1_TIME_to_tm(time, &parts) == 1 else { return 0 }
        return Int64(timegm(&parts))
    }
}
