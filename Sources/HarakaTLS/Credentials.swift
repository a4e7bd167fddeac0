// Keys and certificates out of PEM texts. Owns OpenSSL's objects for as long as it lives.

import CSSL

/// A certificate of ours or of an authority.
final class Certificate {
    let pointer: OpaquePointer
    /// Of its BEGIN in the file, from 1.
    let line: Int

    /// Takes over the reference.
    init(_ pointer: OpaquePointer, line: Int) {
        self.pointer = pointer
        self.line = line
    }

    deinit { X509_free(pointer) }

    var names: CertificateNames { CertificateNames(certificate: pointer) }

    /// Signed with its own key.
    var isSelfSigned: Bool { X509_self_signed(pointer, 0) == 1 }

    /// Signed with the key of `other`, as far as names and purposes tell.
    func isIssued(by other: Certificate) -> Bool { X509_check_issued(other.pointer, pointer) == X509_V_OK }
}

/// A private key of ours.
final class PrivateKey {
    let pointer: OpaquePointer
    let line: Int

    /// Takes over the reference.
    init(_ pointer: OpaquePointer, line: Int) {
        self.pointer = pointer
        self.line = line
    }

    deinit { EVP_PKEY_free(pointer) }

    /// See ``CertificateNames/keyID``.
    var keyID: [UInt8] { CertificateNames.keyID(pointer) }

    /// `RSA`, `EC`, `ED25519` ...
    var kind: String { EVP_PKEY_get0_type_name(pointer).map { String(cString: $0) } ?? "" }
}

/// What a PEM text holds.
struct PEMContent {
    private(set) var certificates: [Certificate] = []
    private(set) var keys: [PrivateKey] = []
    /// What could not be read, in the order of the file. Blocks of other kinds are none of ours.
    private(set) var problems: [PEMBlocks.Problem]

    /// Reads all blocks; one that is damaged does not spoil the others.
    init(_ bytes: [UInt8], passphrase: String = "") {
        let file = PEMBlocks(bytes)
        problems = file.problems
        for block in file.blocks where !block.isBroken {
            if block.isCertificate {
                guard let pointer = Self.certificate(bytes[block.range]) else {
                    report(block, "cannot be read: \(TLSReason.last())")
                    continue
                }
                certificates.append(Certificate(pointer, line: block.line))
            } else if block.isKey {
                guard let pointer = Self.key(bytes[block.range], passphrase) else {
                    report(block, keyProblem(bytes[block.range], passphrase))
                    continue
                }
                keys.append(PrivateKey(pointer, line: block.line))
            }
        }
        problems.sort { $0.line < $1.line }
    }

    private mutating func report(_ block: PEMBlocks.Block, _ message: String) {
        problems.append(PEMBlocks.Problem(line: block.line, message: "\(block.label) \(message)"))
    }

    /// Encrypted ones are the usual case.
    private func keyProblem(_ text: ArraySlice<UInt8>, _ passphrase: String) -> String {
        let isEncrypted = String(decoding: text, as: UTF8.self).contains("ENCRYPTED")
        let reason = TLSReason.last()
        guard isEncrypted else { return "cannot be read: \(reason)" }
        return passphrase.isEmpty
            ? "is encrypted, and there is no passphrase" : "is encrypted, with another passphrase than this"
    }

    private static func certificate(_ text: ArraySlice<UInt8>) -> OpaquePointer? {
        withBIO(text) { CSSL_PEM_read_X509($0) }
    }

    private static func key(_ text: ArraySlice<UInt8>, _ passphrase: String) -> OpaquePointer? {
        withBIO(text) { CSSL_PEM_read_key($0, passphrase.isEmpty ? nil : passphrase) }
    }

    /// A BIO over bytes, for OpenSSL's readers; it ends with `body`. nil: what `body` says, or no memory.
    static func withBIO<Result>(_ text: some Collection<UInt8>, _ body: (OpaquePointer) -> Result?) -> Result? {
        let bytes = Array(text)
        ERR_clear_error()
        return bytes.withUnsafeBytes { bytes in
            guard let bio = BIO_new_mem_buf(bytes.baseAddress, Int32(clamping: bytes.count)) else { return nil }
            defer { BIO_free(bio) }
            return body(bio)
        }
    }
}

/// A key, its certificate, and the chain in the order in which it is sent.
struct Credentials {
    let key: PrivateKey
    let certificate: Certificate
    let chain: [Certificate]
    /// Lower-case host names, `*.example.com` among them.
    let names: [String]

    /// - Throws: what is missing, with the file that it is missing from.
    init(_ identity: TLSIdentity) throws(TLSError) {
        let keys = PEMContent(identity.key.bytes, passphrase: identity.passphrase)
        guard let key = keys.keys.first else {
            throw TLSError(keys.problems.first?.message ?? "there is no private key in it", file: identity.key.name)
        }
        let file = PEMContent(identity.chain.bytes)
        guard !file.certificates.isEmpty else {
            throw TLSError(file.problems.first?.message ?? "there is no certificate in it", file: identity.chain.name)
        }
        let id = key.keyID
        guard let own = file.certificates.first(where: { $0.names.keyID == id }) else {
            throw TLSError("no certificate in it belongs to the key in \(identity.key.name)", file: identity.chain.name)
        }
        self.key = key
        certificate = own
        chain = Self.ordered(from: own, file.certificates)
        names = identity.names.isEmpty ? own.names.hosts : identity.names
    }

    /// Each certificate before the one that signed it. The authority itself is not sent: who does not have it does not
    /// trust it either.
    static func ordered(from own: Certificate, _ all: [Certificate]) -> [Certificate] {
        var rest = all.filter { $0 !== own }
        var chain: [Certificate] = []
        var last = own
        while !last.isSelfSigned, let index = rest.firstIndex(where: { last.isIssued(by: $0) }) {
            last = rest.remove(at: index)
            if !last.isSelfSigned { chain.append(last) }
        }
        return chain
    }
}
