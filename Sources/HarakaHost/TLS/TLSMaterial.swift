// From tls.ini and the files of keys and certificates to what TLS is made of. docs/encryption.md.

import Glibc
import HarakaConfig
import HarakaTLS

/// Keys, certificates and rules as they are on disk now.
struct TLSMaterial {
    /// nil: there is no certificate, so there is no TLS; or none can be used, and ``diagnostics`` say why.
    private(set) var settings: TLSSettings?
    private(set) var diagnostics: [Diagnostic]
    /// Towards other servers, which needs no certificate.
    private(set) var outbound: ClientTLSSettings
    /// For people: where each certificate comes from.
    private(set) var items: [CertificateStock.Item]
    /// Files and folders whose change may change all this. Those that do not exist yet too.
    let watched: [String]

    /// For start, `--check` and live changes.
    ///
    /// - Parameter directory: where tls.ini is; nil: in config/, where keys and certificates always are.
    static func load(
        _ folder: Folder, from directory: ConfigDirectory? = nil
    ) -> (TLSSettings?, ClientTLSSettings, [Diagnostic]) {
        let material = read(folder, from: directory)
        return (material.settings, material.outbound, material.diagnostics)
    }

    /// As ``load(_:from:)``, with what only `haraka tls show` and the watch on files want to know.
    static func read(_ folder: Folder, from directory: ConfigDirectory? = nil) -> TLSMaterial {
        let (file, problems) = TLSFile.read(from: directory ?? folder.coreDirectory)
        var material = TLSMaterial(file, folder)
        material.diagnostics = problems + material.diagnostics
        return material
    }

    private init(_ file: TLSFile, _ folder: Folder) {
        let files = TLSMaterialFiles(file, in: folder.coreDirectory)
        watched = files.watched
        var stock = CertificateStock(now: Int64(time(nil)))
        let passphrase = file.main.passphrase ?? ""
        for pair in files.main { stock.add(key: pair.key.text, chain: pair.certificate.text, passphrase: passphrase) }
        // Those of tls.ini come before those of the folder, so that the first of them is the default.
        let named = stock.items.count
        stock.add(folder: files.folder.map(\.text), passphrase: passphrase)
        var hosts: [String: [TLSIdentity]] = [:]
        for (name, pairs) in files.hosts.sorted(by: { $0.key < $1.key }) {
            hosts[name] = Self.identities(of: pairs, file.hosts[name]?.passphrase ?? "", &stock)
        }
        // What a host's section names is shown for that host alone.
        let own = stock.items.filter { item in !hosts.values.contains { $0.contains(item.identity) } }
        items = stock.items
        outbound = ClientTLSSettings(file.outbound, files, stock.items)
        diagnostics = files.diagnostics + stock.findings.map(Self.diagnostic)
        let ordered = Self.ordered(own, named, me: readMe(from: folder.coreDirectory).name)
        let all = ordered + hosts.sorted { $0.key < $1.key }.flatMap(\.value)
        proveOutbound()
        guard !all.isEmpty else { return }
        var settings = TLSSettings(file, files)
        settings.identities = ordered.isEmpty ? all : ordered
        for (name, identities) in hosts { settings.hosts[name]?.identities = identities }
        prove(settings)
    }

    /// What a host's section names, once it has been looked at.
    private static func identities(
        of pairs: [TLSMaterialFiles.Pair], _ passphrase: String, _ stock: inout CertificateStock
    ) -> [TLSIdentity] {
        pairs.compactMap { stock.add(key: $0.key.text, chain: $0.certificate.text, passphrase: passphrase)?.identity }
    }

    /// Where tls.ini names no certificate, the one with the server's name is for clients that name no host.
    private static func ordered(_ items: [CertificateStock.Item], _ named: Int, me: String) -> [TLSIdentity] {
        let name = me.lowercased()
        let rest = items.dropFirst(named).map(\.identity)
        return items.prefix(named).map(\.identity) + rest.filter { $0.names.contains(name) }
            + rest.filter { !$0.names.contains(name) }
    }

    /// OpenSSL has the last word: lists of ciphers, parameters, what only it knows of certificates.
    private mutating func prove(_ settings: TLSSettings) {
        do {
            _ = try TLSContext(settings, tickets: TicketKeys(secret: [UInt8](repeating: 0, count: 32), epoch: 0))
            self.settings = settings
        } catch {
            let prefix = error.file.isEmpty ? "" : "\(error.file): "
            let place = error.file.isEmpty ? watched[0] : error.file
            let message = String(error.description.dropFirst(prefix.count))
            diagnostics.append(Diagnostic(.error, file: place, line: 0, message: message))
        }
    }

    private mutating func proveOutbound() {
        do { _ = try ClientTLS(outbound) } catch {
            let place = error.file.isEmpty ? watched[0] : error.file
            diagnostics.append(Diagnostic(.error, file: place, line: 0, message: "[outbound]: \(error)"))
        }
    }

    private static func diagnostic(_ finding: TLSFinding) -> Diagnostic {
        Diagnostic(
            finding.isError ? .error : .warning, file: finding.file, line: finding.line, message: finding.message)
    }
}

extension TLSMaterialFiles.File {
    var text: PEMText { PEMText(name: path, bytes: bytes) }
}

extension TLSSettings {
    /// All but the certificates.
    init(_ file: TLSFile, _ files: TLSMaterialFiles) {
        self.init()
        rules = TLSRules(file.main, files)
        for (name, options) in file.hosts { hosts[name] = Host(rules: TLSRules(options, files)) }
        protocols = file.protocols
        dhParameters = file.dhParameters.flatMap { files.others[$0]?.text }
        usesTickets = file.sessionTickets
        ticketPeriod = Int64(file.ticketPeriod)
        handshakeLimit = file.handshakeTimeout
        portsThatDemandCertificates = Set(file.requireAuthorized)
        portsWithoutStartTLS = Set(file.noStartTLSPorts)
    }
}

extension ClientTLSSettings {
    /// - Parameter items: all certificates, for hosts that are to be shown one by its name
    init(_ file: TLSFile.Outbound, _ files: TLSMaterialFiles, _ items: [CertificateStock.Item]) {
        self.init()
        rules = TLSRules(file.options, files)
        verifies = file.options.rejectsUnauthorized
        let passphrase = file.options.passphrase ?? ""
        let usual = files.outbound.first.map {
            TLSIdentity(key: $0.key.text, chain: $0.certificate.text, passphrase: passphrase)
        }
        if file.showsCertificate { identity = usual }
        for (host, name) in file.mutualHosts {
            let named = name.flatMap { name in items.first { $0.identity.names.contains(name.lowercased()) }?.identity }
            identities[host] = named ?? usual
        }
        hostsWithoutIdentity = Set(file.mutualExceptions)
        forcedHosts = HostList(file.forcedHosts)
        hostsWithoutTLS = HostList(file.hostsWithoutTLS)
    }
}

extension TLSRules {
    init(_ options: TLSFile.Options, _ files: TLSMaterialFiles) {
        self.init()
        ciphers = options.ciphers ?? ciphers
        minVersion =
            switch options.minVersion {
            case .v1_0: .v1_0
            case .v1_1: .v1_1
            case .v1_2: .v1_2
            case .v1_3: .v1_3
            }
        groups = options.groups ?? groups
        prefersOwnOrder = options.honorsCipherOrder
        authorities = options.authorities.compactMap { files.others[$0]?.text }
        guard options.asksForCertificate else { return }
        clientCertificate = options.rejectsUnauthorized ? .required : .requested
    }
}
