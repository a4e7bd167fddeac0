// Which files hold keys and certificates, and who may read them.

import Glibc
import Testing

@testable import HarakaConfig

@Suite("TLSMaterialFiles")
struct TLSMaterialFilesTests {
    private static let key = "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n"
    private static let certificate = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"

    private func read(_ folder: TemporaryFolder) -> (files: TLSMaterialFiles, findings: [String]) {
        let files = TLSMaterialFiles(TLSFile.read(from: folder.directory).settings, in: folder.directory)
        let findings = files.diagnostics.map {
            "\($0.file.dropFirst(folder.path.count + 1)): \($0.severity.rawValue): \($0.message)"
        }
        return (files, findings.map { $0.replacing(folder.path, with: "DIR") })
    }

    @Test("without any there is none, and no mistake")
    func none() {
        let folder = TemporaryFolder()
        let (files, findings) = read(folder)
        #expect(files.main.isEmpty && files.folder.isEmpty && findings.isEmpty)
        #expect(files.watched == ["tls.ini", "tls_key.pem", "tls_cert.pem", "tls"].map { "\(folder.path)/\($0)" })
    }

    @Test("the standard pair, and one without the other")
    func standard() {
        let folder = TemporaryFolder()
        folder.write("tls_key.pem", Self.key)
        #expect(
            read(folder).findings == ["tls_key.pem: error: tls_cert.pem is missing: a key and a certificate are needed"]
        )
        folder.write("tls_cert.pem", Self.certificate)
        let (files, findings) = read(folder)
        #expect(findings.isEmpty)
        #expect(files.main.map(\.key.path) == ["\(folder.path)/tls_key.pem"])
        #expect(files.main.first?.certificate.bytes == Array(Self.certificate.utf8))
        remove("\(folder.path)/tls_key.pem")
        #expect(
            read(folder).findings == ["tls_cert.pem: error: tls_key.pem is missing: a key and a certificate are needed"]
        )
    }

    @Test("what tls.ini names must be there")
    func named() {
        let folder = TemporaryFolder()
        folder.write("tls.ini", "key=k.pem\ncert=sub/c.pem\nca=ca.pem\n[a.example]\nkey=a.pem\ncert=a.pem")
        let (files, findings) = read(folder)
        #expect(files.main.isEmpty)
        #expect(
            findings == ["k.pem", "a.pem", "ca.pem"].map { "\($0): error: there is no such file; tls.ini names it" })
        folder.write("k.pem", Self.key)
        folder.write("sub/c.pem", Self.certificate)
        folder.write("ca.pem", Self.certificate)
        folder.write("a.pem", Self.key + Self.certificate)
        let (all, problems) = read(folder)
        #expect(problems.isEmpty && all.main.count == 1 && all.hosts["a.example"]?.count == 1)
        #expect(all.others["ca.pem"]?.path == "\(folder.path)/ca.pem")
        folder.write("tls.ini", "dhparam=dhparams.pem")
        #expect(
            read(folder).findings == [
                "dhparams.pem: warning: dhparam names it, and it is not used: those of RFC 7919 are, where any are needed"
            ])
    }

    @Test("the folder is read with the folders in it; what is no PEM, hidden or a copy is left")
    func walks() {
        let folder = TemporaryFolder()
        folder.write("tls/b.pem", Self.certificate)
        folder.write("tls/live/a/privkey.pem", Self.key)
        folder.write("tls/README", "nothing")
        folder.write("tls/.hidden.pem", Self.key)
        folder.write("tls/old.pem~", Self.key)
        symlink("live/a/privkey.pem", "\(folder.path)/tls/link.pem")
        symlink("nowhere", "\(folder.path)/tls/broken.pem")
        symlink(".", "\(folder.path)/tls/circle")
        let (files, findings) = read(folder)
        let names = Set(files.folder.map { $0.path.split(separator: "/").last.map(String.init) ?? "" })
        #expect(names == ["b.pem", "link.pem", "privkey.pem"])
        #expect(files.folder.count < 60)
        #expect(findings.contains("tls/broken.pem: error: the file cannot be read: it leads nowhere"))
        #expect(files.watched.contains("\(folder.path)/tls/live/a"))
    }

    @Test(
        "a key that others may read or replace is told",
        arguments: [
            (0o600, nil), (0o400, nil),
            (0o640, "warning: a group may read this private key: chmod 600 DIR/tls_key.pem"),
            (0o660, "warning: a group may replace this private key: chmod 600 DIR/tls_key.pem"),
            (0o644, "warning: anybody may read this private key: chmod 600 DIR/tls_key.pem"),
            (0o666, "error: anybody may replace this private key: chmod 600 DIR/tls_key.pem"),
        ] as [(mode_t, String?)])
    func access(mode: mode_t, expected: String?) {
        let folder = TemporaryFolder()
        folder.write("tls_cert.pem", Self.certificate)
        chmod(folder.write("tls_key.pem", Self.key), mode)
        #expect(read(folder).findings == (expected.map { ["tls_key.pem: \($0)"] } ?? []))
        // A certificate is for everybody.
        chmod("\(folder.path)/tls_key.pem", 0o600)
        chmod("\(folder.path)/tls_cert.pem", 0o666)
        #expect(read(folder).findings.isEmpty)
    }

    @Test("a finding of another room shows no line of the file")
    func noExcerpt() {
        let finding = Diagnostic(.error, file: "/x/k.pem", line: 3, message: "not base64")
        #expect(finding.description == "/x/k.pem:3: error: not base64")
    }
}
