// Plugins as they were built once, loaded and asked by the server of today. What they do: Golden/README.md.

import Foundation
import HarakaCore
import HarakaPluginABI
import SMTPSyntax
import Testing

@testable import HarakaPluginHost

@Suite("golden plugins") struct GoldenTests {
    @Test(
        "answers as on the day it was built", .enabled(if: Golden.fitsMachine, "the files are for x86-64"),
        arguments: Golden.selfContained,
        Golden.versions)
    func exercised(golden: Golden, version: String) async {
        await tried(golden, version)
    }

    /// Apart from the others, so that the reason is printed when it cannot be tried.
    @Test(
        "in ordinary Swift too, where the Swift library is here that it was built for",
        .enabled(if: Golden.fitsMachine, "the files are for x86-64"))
    func ordinarySwift() async throws {
        for version in Golden.versions {
            if let why = try Golden.swift.missing(version) { try Test.cancel("\(why)") }
            await tried(.swift, version)
        }
    }

    /// In a process of its own: there is one plugin host per process, and a file that crashes is to fail one test.
    private func tried(_ golden: Golden, _ version: String) async {
        await #expect(processExitsWith: .success) { [golden = golden as Golden, version = version as String] in
            try exercise(golden, version)
        }
    }

    @Test("the table of hashes is that of the files, and no file is without its line", arguments: Golden.versions)
    func hashes(version: String) throws {
        let page = try String(contentsOfFile: "\(Golden.folder)/README.md", encoding: .utf8)
        let lines = page.split(separator: "\n").filter { $0.hasPrefix("| `") && $0.contains(".so") }
        for golden in Golden.allCases {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: golden.file(version)))
            let hash = bytes.withUnsafeBytes { SHA256.hex($0) }
            let line = lines.first { $0.hasPrefix("| `\(golden.rawValue)-\(version).so` | \(bytes.count) | ") }
            #expect(line?.hasSuffix("| `\(hash)` |") == true, "\(golden.rawValue): \(hash)")
        }
        let files = try FileManager.default.contentsOfDirectory(atPath: Golden.folder).filter { $0.hasSuffix(".so") }
        #expect(lines.count == files.count)
    }
}

private func path(_ user: String) -> PathArguments {
    PathArguments(address: Address(user: user, host: "example.com"), parameters: [])
}

/// Asks everything. The same for each language.
private func exercise(_ golden: Golden, _ version: String) throws {
    let server = try GoldenServer(golden.file(version))
    let message = GoldenMessage()
    server.connection.transaction?.begin(message)
    envelope(server)
    later(server)

    #expect(server.ask(.dataPost) == .cont)
    #expect(server.connection.transaction?.notes.get("golden.first") == .text("Subject"))
    #expect(server.ask(.queue) == Verdict(.ok))
    #expect(message.edits == [.addEnd(name: "X-Golden", value: "yes")])
    #expect(server.stop())
    let lines = server.log.lines(of: "golden")
    #expect(lines.count == 2)
    // Rust says where it panicked, too.
    #expect(lines.first?.level == HARAKA_LOG_CRIT && lines.first?.message.hasPrefix("failed: out of luck") == true)
    #expect(lines.last == GoldenLog.Line(HARAKA_LOG_NOTICE, "golden", "asked 3 times"))
}

private func envelope(_ server: GoldenServer) {
    #expect(server.ask(.connect) == .cont)
    #expect(server.connection.notes.get("golden.seen") == .boolean(true))
    #expect(server.ask(.mail(path("joe"))) == .cont)
    #expect(server.ask(.rcpt(path("denied"))) == Verdict(.deny, PluginReply("not here")))
    #expect(server.ask(.rcpt(path("jane"))) == Verdict(.ok))
    #expect(server.ask(.rcpt(path("fails"))) == Verdict(.denySoft, PluginReply("plugin failed")))
    let transaction = server.connection.transaction
    #expect(transaction?.notes.get("golden.asked") == .integer(3))
    #expect(transaction?.results.get("golden")?["fail"] == .list([.text("denied")]))
    #expect(transaction?.results.get("golden")?["pass"] == .list([.text("rcpt")]))
}

/// Answers from a timer and from another thread.
private func later(_ server: GoldenServer) {
    #expect(server.ask(.mail(path("later"))) == nil)
    #expect(server.lateVerdict(after: 24) == nil)
    #expect(server.lateVerdict(after: 1) == Verdict(.denySoft, PluginReply("later")))
    #expect(server.ask(.mail(path("work"))) == nil)
    #expect(server.lateVerdict() == Verdict(.deny, PluginReply("worked: 42")))
}
