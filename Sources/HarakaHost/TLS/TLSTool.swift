// `haraka tls self-signed | show`: a certificate to begin with, and what there is. docs/encryption.md.

import ArgumentParser
import Glibc
import HarakaConfig
import HarakaTLS

/// `haraka tls`.
struct TLSCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tls", _superCommandName: "haraka", abstract: "Keys and certificates of a server.",
        subcommands: [SelfSignedCommand.self, ShowCertificatesCommand.self])
}

/// `haraka tls self-signed`.
struct SelfSignedCommand: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "self-signed", abstract: "Make a key and a certificate to begin with.",
        discussion: """
            Writes config/tls_key.pem and config/tls_cert.pem. Other servers encrypt mail with such a certificate as \
            with any; mail programs of people will ask whether to trust it.
            """)

    @Option(name: .shortAndLong, help: ArgumentHelp("The server's folder.", valueName: "dir"))
    var config: String

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Host names and addresses it is for; otherwise the name in config/me.", valueName: "host"))
    var name: [String] = []

    @Option(help: ArgumentHelp("Days until it expires.", valueName: "n"))
    var days = 3650

    @Flag(name: .shortAndLong, help: "Overwrite what is there.")
    var force = false

    func execute() throws -> Int32 {
        let folder = try Folder(config, InstallPrefix())
        guard (1...36_500).contains(days) else { throw CommandError("--days: expected 1 to 36500") }
        let names = name.isEmpty ? [readMe(from: folder.coreDirectory).name] : name
        let (key, certificate) = ("\(folder.config)/tls_key.pem", "\(folder.config)/tls_cert.pem")
        for path in [key, certificate] where !force && access(path, F_OK) == 0 {
            throw CommandError("\(path) is there already; --force overwrites it")
        }
        let made: CertificateMaker.Made
        do { made = try CertificateMaker(names: names, days: days).selfSigned() } catch {
            throw CommandError("\(error)")
        }
        let owner = try Privileges.owner(of: SMTPSettings.read(from: folder.coreDirectory).settings)
        // The certificate first: a server that looks in between has the old pair or none that fits, never a key that
        // waits for its certificate.
        try PrivateFile.write(made.certificate, to: certificate, mode: 0o644, owner: owner)
        try PrivateFile.write(made.key, to: key, mode: 0o600, owner: owner)
        print("\(key)\n\(certificate)\nfor \(names.joined(separator: ", ")), \(days) days")
        return 0
    }
}

/// `haraka tls show`.
struct ShowCertificatesCommand: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "List the certificates that the server uses.",
        discussion: "Exit status: 0 all is well, 1 there are mistakes.")

    @Option(name: .shortAndLong, help: ArgumentHelp("The server's folder.", valueName: "dir"))
    var config: String

    func execute() throws -> Int32 {
        let folder = try Folder(config, InstallPrefix())
        let material = TLSMaterial.read(folder)
        if material.items.isEmpty { print("no certificate: haraka tls self-signed -c \(config) makes one") }
        for item in material.items {
            print(Self.text(item, isDefault: item.identity == material.settings?.identities.first))
        }
        for finding in material.diagnostics { print(finding) }
        return material.diagnostics.contains { $0.severity == .error } ? 1 : 0
    }

    /// One certificate, for people.
    private static func text(_ item: CertificateStock.Item, isDefault: Bool) -> String {
        let certificate = item.certificate
        let names = item.identity.names.isEmpty ? certificate.hosts : item.identity.names
        let issuer = certificate.isSelfSigned ? "itself" : certificate.issuer
        let time = "\(Day.text(certificate.notBefore)) to \(Day.text(certificate.notAfter))"
        return """
            \(names.joined(separator: ", "))\(isDefault ? "  (for clients that name no host)" : "")
                \(certificate.keyKind), \(time), by \(issuer)
                SHA-256 \(certificate.fingerprint)
                certificate \(item.identity.chain.name)
                key \(item.identity.key.name)
            """
    }
}

/// Files that are written whole or not at all.
enum PrivateFile {
    /// - Parameter owner: whose the file shall be; nil: this process's.
    static func write(_ bytes: [UInt8], to path: String, mode: mode_t, owner: (uid_t, gid_t)?) throws {
        let draft = "\(path).\(getpid())"
        unlink(draft)
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw CommandError("cannot write \(draft): \(errnoText())") }
        defer { close(descriptor) }
        // The process may be told to give others less than we want, but never more.
        let isReady = fchmod(descriptor, mode) == 0 && (owner.map { fchown(descriptor, $0.0, $0.1) == 0 } ?? true)
        guard isReady, Glibc.write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0,
            rename(draft, path) == 0
        else {
            let reason = errnoText()
            unlink(draft)
            throw CommandError("cannot write \(path): \(reason)")
        }
    }
}

extension Privileges {
    /// Whom smtp.ini lets the server be, if root asks; nil: whoever runs this.
    static func owner(of settings: SMTPSettings) throws -> (uid_t, gid_t)? {
        guard getuid() == 0, let user = settings.user else { return nil }
        guard let entry = UInt32(user).map({ getpwuid($0) }) ?? getpwnam(user) else {
            throw CommandError("smtp.ini: there is no user \(user)")
        }
        return (entry.pointee.pw_uid, entry.pointee.pw_gid)
    }
}
