// Which keys belong to which certificates, in files of any name, and what is wrong with them.

/// The keys and certificates of a server before TLS is made of them.
///
/// Files are taken one after another, first those that tls.ini names, then those of the folder config/tls/. What is
/// wrong with one pair does not spoil the others.
public struct CertificateStock: Sendable {
    /// An identity, and where it comes from.
    public struct Item: Sendable, Equatable {
        public var identity: TLSIdentity
        public var certificate: CertificateSummary
    }

    /// Those of tls.ini first; of several for the same names the one that lasts longest first.
    public private(set) var items: [Item] = []
    public private(set) var findings: [TLSFinding] = []
    /// Seconds since 1970.
    private let now: Int64

    /// Warned of so long before a certificate expires.
    public static let warningDays = 14

    public init(now: Int64) { self.now = now }

    /// Takes a key and its certificate that are named together.
    ///
    /// - Returns: nil for a pair that cannot be used; a finding says why.
    @discardableResult
    public mutating func add(key: PEMText, chain: PEMText, passphrase: String) -> Item? {
        let keys = PEMContent(key.bytes, passphrase: passphrase)
        let certificates = PEMContent(chain.bytes)
        report(keys, key.name)
        if chain.name != key.name { report(certificates, chain.name) }
        guard let id = keys.keys.first?.keyID else {
            if keys.problems.isEmpty { error(key.name, "there is no private key in it") }
            return nil
        }
        guard let first = certificates.certificates.first else {
            if certificates.problems.isEmpty { error(chain.name, "there is no certificate in it") }
            return nil
        }
        let all = certificates.certificates.map(CertificateSummary.init)
        guard let own = all.first(where: { $0.keyID == id }) else {
            error(
                chain.name, line: first.line,
                "the key in \(key.name) belongs to another certificate than that for \(Self.names(all[0]))")
            return nil
        }
        let identity = TLSIdentity(key: key, chain: chain, passphrase: passphrase)
        let item = Item(identity: identity, certificate: own)
        guard isStrong(item) else { return nil }
        checkTime(item)
        checkOrder(certificates, own, chain.name)
        items.append(item)
        return item
    }

    /// Takes all files of the folder config/tls/.
    public mutating func add(folder files: [PEMText], passphrase: String) {
        let folder = CertificateFolder(files, passphrase: passphrase)
        for (file, content) in folder.contents { report(content, file.name) }
        findings += folder.orphans()
        for var item in folder.items(now: now) where !has(item.certificate) {
            guard isStrong(item) else { continue }
            checkTime(item)
            let content = folder.contents.first { $0.file.name == item.identity.chain.name }?.content
            if let content { checkOrder(content, item.certificate, item.identity.chain.name) }
            item.identity.passphrase = passphrase
            items.append(item)
        }
    }

    private func has(_ certificate: CertificateSummary) -> Bool {
        items.contains { $0.certificate.fingerprint == certificate.fingerprint }
    }

    // MARK: what may be wrong

    private mutating func error(_ file: String, line: Int = 0, _ message: String) {
        findings.append(TLSFinding(true, file, line: line, message))
    }

    private mutating func report(_ content: PEMContent, _ file: String) {
        for problem in content.problems { error(file, line: problem.line, problem.message) }
    }

    /// OpenSSL would refuse it too, in other words.
    private mutating func isStrong(_ item: Item) -> Bool {
        guard item.certificate.isWeak else { return true }
        error(
            item.identity.chain.name, line: item.certificate.line,
            "the key \(item.certificate.keyKind) of the certificate for \(Self.names(item.certificate)) is too weak: "
                + "RSA has 2048 bits at least")
        return false
    }

    /// None of it keeps a server from starting: mail to it would stop.
    private mutating func checkTime(_ item: Item) {
        let certificate = item.certificate
        let warningTime = Int64(Self.warningDays) * 86_400
        let words: String
        if certificate.notAfter < now {
            words = "expired on \(Day.text(certificate.notAfter))"
        } else if certificate.notBefore > now {
            words = "does not hold before \(Day.text(certificate.notBefore))"
        } else if certificate.notAfter - now < warningTime {
            words = "expires on \(Day.text(certificate.notAfter))"
        } else {
            return
        }
        let message = "the certificate for \(Self.names(certificate)) \(words)"
        findings.append(TLSFinding(false, item.identity.chain.name, line: certificate.line, message))
    }

    /// Clients get the right order anyway, but the next program that reads the file may not put it right.
    private mutating func checkOrder(_ content: PEMContent, _ own: CertificateSummary, _ file: String) {
        guard let leaf = content.certificates.first(where: { $0.line == own.line }) else { return }
        let sorted = [leaf] + Credentials.ordered(from: leaf, content.certificates)
        let written = content.certificates.filter { one in sorted.contains { $0 === one } }
        guard zip(sorted, written).contains(where: { $0 !== $1 }) else { return }
        findings.append(
            TLSFinding(
                false, file, line: written[0].line,
                "the chain is out of order: the certificate for \(Self.names(own)) comes first, then its issuer's"))
    }

    /// For messages: the first names.
    static func names(_ certificate: CertificateSummary) -> String {
        guard !certificate.hosts.isEmpty else { return certificate.subject.isEmpty ? "nobody" : certificate.subject }
        let more = certificate.hosts.count - 3
        return certificate.hosts.prefix(3).joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
    }
}
