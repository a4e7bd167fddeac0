// config/tls/: keys and certificates in files of any name and any order, as other programs leave them there.

/// Finds out what belongs together. A key and a certificate do if their public keys are the same; names of files do
/// not matter for that.
struct CertificateFolder {
    private(set) var contents: [(file: PEMText, content: PEMContent)] = []
    /// A certificate, and which of ``contents`` it stands in.
    private typealias Place = (certificate: CertificateSummary, file: Int)
    private var certificates: [Place] = []

    init(_ files: [PEMText], passphrase: String) {
        for (index, file) in files.enumerated() {
            let content = PEMContent(file.bytes, passphrase: passphrase)
            contents.append((file, content))
            certificates += content.certificates.map { (CertificateSummary($0), index) }
        }
    }

    /// Each key with its certificate. Of several certificates for a key, and of several pairs for the same names, the
    /// one that lasts longest; the others are left from before a renewal.
    func items(now: Int64) -> [CertificateStock.Item] {
        var seen: Set<[UInt8]> = []
        var items: [CertificateStock.Item] = []
        for (index, entry) in contents.enumerated() {
            for key in entry.content.keys {
                let id = key.keyID
                guard let place = best(id), seen.insert(id).inserted else { continue }
                items.append(item(key, index, place))
            }
        }
        items.sort { $0.certificate.notAfter > $1.certificate.notAfter }
        return items.filter { item in
            // An old one for the same names says nothing any more, not even that it has expired.
            items.first { Self.isSame($0, item) } == item
        }
    }

    /// The same names and the same kind of key.
    private static func isSame(_ left: CertificateStock.Item, _ right: CertificateStock.Item) -> Bool {
        Set(left.identity.names) == Set(right.identity.names)
            && left.certificate.keyKind.prefix(2) == right.certificate.keyKind.prefix(2)
    }

    /// The longest-lasting certificate of a key, in the file with the longest chain.
    private func best(_ keyID: [UInt8]) -> Place? {
        certificates.filter { $0.certificate.keyID == keyID }.max { left, right in
            let (a, b) = (contents[left.file].content, contents[right.file].content)
            return (left.certificate.notAfter, a.certificates.count, right.file)
                < (right.certificate.notAfter, b.certificates.count, left.file)
        }
    }

    private func item(_ key: PrivateKey, _ index: Int, _ place: Place) -> CertificateStock.Item {
        let file = contents[index].file
        // Several keys may stand in one file: only this one counts here.
        let block = PEMBlocks(file.bytes).blocks.first { $0.line == key.line }
        let text = PEMText(name: file.name, bytes: block.map { Array(file.bytes[$0.range]) } ?? file.bytes)
        var names = place.certificate.hosts
        if contents[index].content.certificates.isEmpty, let name = Self.host(file.name), !names.contains(name) {
            names.append(name)
        }
        let identity = TLSIdentity(key: text, chain: contents[place.file].file, names: names)
        return CertificateStock.Item(identity: identity, certificate: place.certificate)
    }

    /// The host that a file of a key alone is named for: `mail.example.com.key`, `_.example.com.pem`; nil: none.
    static func host(_ path: String) -> String? {
        guard let name = path.split(separator: "/").last else { return nil }
        var parts = name.split(separator: ".", omittingEmptySubsequences: false)
        if let last = parts.last, ["pem", "key", "crt", "cer", "cert"].contains(last.lowercased()) {
            parts.removeLast()
        }
        guard parts.count > 1 else { return nil }
        let isWildcard = parts[0] == "_"
        let rest = isWildcard ? parts.dropFirst() : parts[...]
        guard let host = ClientHello.hostName(rest.joined(separator: ".").utf8), !host.hasPrefix(".") else {
            return nil
        }
        return isWildcard ? "*.\(host)" : host
    }

    /// Keys without a certificate, and certificates without a key.
    func orphans() -> [TLSFinding] {
        var findings: [TLSFinding] = []
        let keys = Set(contents.flatMap { $0.content.keys.map(\.keyID) })
        for (file, content) in contents {
            for key in content.keys where best(key.keyID) == nil {
                findings.append(lonely(key, file))
            }
        }
        // An authority's certificate needs no key: it is part of a chain.
        for (certificate, index) in certificates where !certificate.isAuthority && !keys.contains(certificate.keyID) {
            let file = contents[index].file.name
            let names = CertificateStock.names(certificate)
            findings.append(
                TLSFinding(false, file, line: certificate.line, "there is no key to the certificate for \(names)"))
        }
        return findings
    }

    /// A key that waits for its certificate is no mistake. One that lies beside a certificate of another key is.
    private func lonely(_ key: PrivateKey, _ file: PEMText) -> TLSFinding {
        let name = Self.host(file.name)
        let meant = certificates.first { place in
            contents[place.file].file.name == file.name || name.map(place.certificate.hosts.contains) == true
        }
        guard let meant else {
            return TLSFinding(false, file.name, line: key.line, "no certificate belongs to this key")
        }
        let (names, place) = (CertificateStock.names(meant.certificate), contents[meant.file].file.name)
        return TLSFinding(
            true, file.name, line: key.line,
            "this key belongs to another certificate than that for \(names) in \(place)")
    }
}
