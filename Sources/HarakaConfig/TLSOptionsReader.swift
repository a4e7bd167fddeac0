// The keys that [main] of tls.ini and the sections of hosts have in common.

/// Reads one section.
struct TLSOptionsReader {
    let section: String

    private func key(_ name: String) -> ConfigKey { ConfigKey(section, name) }

    /// - Parameter standard: What counts where the section says nothing.
    func options(_ reader: inout SettingsReader, standard: TLSFile.Options) -> TLSFile.Options {
        var options = standard
        readFiles(&reader, &options)
        options.ciphers = reader.text(key("ciphers")) ?? standard.ciphers
        options.minVersion = reader.choice(key("minVersion"), default: standard.minVersion)
        // Node's word for what the library thinks best.
        let groups = reader.text(key("ecdhCurve"))
        options.groups = groups == "auto" ? nil : groups ?? standard.groups
        options.honorsCipherOrder = reader.bool(key("honorCipherOrder"), default: standard.honorsCipherOrder)
        let asks = reader.bool(key("requestCert"), default: standard.requestsCertificate ?? false)
        if reader.isSet(key("requestCert")) { options.requestsCertificate = asks }
        options.rejectsUnauthorized = reader.bool(
            key("rejectUnauthorized"), default: standard.rejectsUnauthorized)
        if options.rejectsUnauthorized, options.requestsCertificate == false {
            reader.warn(
                key("rejectUnauthorized"),
                "\(section).rejectUnauthorized refuses nobody, since \(section).requestCert is false")
        }
        return options
    }

    /// A host's section without files of its own leaves those of `[main]` out: its name finds the certificate.
    private func readFiles(_ reader: inout SettingsReader, _ options: inout TLSFile.Options) {
        let (keys, certificates) = (reader.texts(key("key")), reader.texts(key("cert")))
        options.passphrase = reader.text(key("passphrase")) ?? options.passphrase
        let authorities = reader.texts(key("ca"))
        if !authorities.isEmpty { options.authorities = authorities }
        guard keys.count != certificates.count else {
            (options.keys, options.certificates) = (keys, certificates)
            return
        }
        // One of two is as often forgotten as miscounted.
        let (more, fewer) = keys.count > certificates.count ? ("key", "cert") : ("cert", "key")
        reader.reject(
            key(more), "expected as many as \(section).\(fewer): \(keys.count) keys, \(certificates.count) certificates"
        )
    }

    /// Keys of Haraka's that do nothing here: one line each, so that nobody relies on them.
    func ignoreIdle(_ reader: inout SettingsReader) {
        for (name, why) in Self.idle { reader.ignore(key(name), "\(section).\(name) has no effect: \(why)") }
    }

    private static let idle: [(String, String)] = [
        ("secureProtocol", "minVersion says which versions are spoken"),
        ("secureOptions", "what is unsafe is off; see minVersion, ciphers and honorCipherOrder"),
        ("pfx", "keys and certificates are read as PEM (openssl pkcs12 -in FILE -nodes makes it)"),
        ("crl", "lists of revoked certificates are not read"),
        ("sessionIdContext", "sessions are told apart by the rules they were made under"),
        ("session", "it is a client's"),
        ("requestOCSP", "OCSP answers are not stapled"), ("enableOCSPStapling", "OCSP answers are not stapled"),
    ]
}

/// The sections of tls.ini that are nobody's here, and those that are hosts.
enum TLSFileSections {
    /// Lists of addresses and names, without `=`, which ``SettingsReader`` has no word for; and what is read elsewhere.
    private static let others = ["no_tls_hosts", "redis", "mutual_auth_hosts", "mutual_auth_hosts_exclude"]

    /// Removes what is not the reader's. Returns what is to be said about it.
    static func takeOut(of parsed: inout Parsed) -> [Diagnostic] {
        guard var sections = parsed.value.map else { return [] }
        var findings: [Diagnostic] = []
        for name in others {
            guard let section = sections[name] else { continue }
            sections[name] = nil
            if name == "no_tls_hosts" { findings += badNetworks(section.map?.keys ?? [], name, parsed) }
        }
        parsed.value = .map(sections)
        return findings
    }

    /// The plugin would refuse the file at its start; `--check` says so before.
    private static func badNetworks(_ keys: [String], _ section: String, _ parsed: Parsed) -> [Diagnostic] {
        keys.filter { !IPText.isNetwork($0) }.map { key in
            let place = parsed.sources[ConfigKey(section, key)]?.last ?? Source(file: parsed.file)
            return Diagnostic(
                .error, place, "\"\(key.prefix(60))\" is no client: expected an address, alone or with a prefix length")
        }
    }

    /// `mail.example.com`, `*.example.com`. A name without a dot is more likely a mistake.
    static func isHost(_ section: String) -> Bool {
        let bare = section.hasPrefix("*.") ? section.dropFirst(2) : section[...]
        return bare.contains(".") && !bare.hasPrefix(".")
            && bare.utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }
}
