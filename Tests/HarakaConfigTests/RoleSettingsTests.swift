// smtp.ini [mx], [submission], [lmtp].

import Testing

@testable import HarakaConfig

@Suite("RoleSettings")
struct RoleSettingsTests {
    private func read(_ text: String) -> (settings: SMTPSettings, findings: [String]) {
        let folder = TemporaryFolder()
        folder.write("smtp.ini", text)
        let (settings, diagnostics) = SMTPSettings.read(from: folder.directory)
        return (settings, diagnostics.brief)
    }

    @Test("a section that is not there is no role, and main listens as ever")
    func none() {
        let (settings, findings) = read("listen=127.0.0.1:2525\n")
        #expect(settings.roles == [])
        #expect(settings.listen.map(\.description) == ["127.0.0.1:2525"])
        #expect(findings == [])
    }

    @Test("with a role that listens, and no listen in main, only the role listens")
    func onlyRoles() {
        let (settings, findings) = read("[submission]\nlisten=127.0.0.1:587,[::1]:465\n")
        #expect(settings.listen == [])
        #expect(!settings.isListenDefault)
        #expect(settings.roles.map(\.name) == ["submission"])
        #expect(settings.roles.first?.listen.map(\.description) == ["127.0.0.1:587", "[::1]:465"])
        #expect(findings == [])
    }

    @Test("a role without listen leaves main as it is")
    func roleWithoutListen() {
        let (settings, _) = read("[mx]\ntls=off\n")
        #expect(settings.isListenDefault)
        #expect(settings.listen == [.tcp(host: "::0", port: 25)])
    }

    @Test("submission wants TLS and authentication if nothing is said; mx and lmtp do not")
    func defaults() {
        let (settings, _) = read("[lmtp]\nlisten=1\n[submission]\nlisten=2\n[mx]\nlisten=3\n")
        #expect(settings.roles.map(\.name) == ["mx", "submission", "lmtp"])
        #expect(settings.roles.map(\.tls) == [.offered, .required, .offered])
        #expect(settings.roles.map(\.requiresAuth) == [false, true, false])
        #expect(settings.roles.map(\.pluginsFile) == ["plugins", "plugins", "plugins"])
    }

    @Test("every key is read")
    func everyKey() {
        let (settings, findings) = read(
            """
            [mx]
            listen=127.0.0.1:25
            plugins=plugins.mx
            tls=IMPLICIT
            auth_required=true
            max_connections=7
            max_bytes=1000
            max_recipients=5
            inactivity_timeout=1.5
            """)
        var expected = RoleSettings("mx")
        expected.listen = [.tcp(host: "127.0.0.1", port: 25)]
        expected.pluginsFile = "plugins.mx"
        expected.tls = .implicit
        expected.requiresAuth = true
        expected.maxConnections = 7
        expected.maxBytes = 1000
        expected.maxRecipients = 5
        expected.inactivityTimeout = 1.5
        #expect(settings.roles == [expected])
        #expect(findings == [])
    }

    @Test(
        "mistakes have their place",
        arguments: [
            ("[mx]\ntls=maybe", "2:5: error: mx.tls is \"maybe\": expected off, offered, required, implicit"),
            ("[mx]\nplugins=../x", "2:9: error: mx.plugins is \"../x\": expected the name of a file in config/"),
            (
                "listen=25\n[mx]\nlisten=25",
                "3:8: error: mx.listen is \"25\": [::]:25 stands in smtp.ini twice"
            ),
            ("[mxx]\nlisten=25", "1:1: warning: [mxx] is no section of this file; did you mean [mx]?"),
            (
                "[mx]\nlisten=::1",
                "2:8: error: mx.listen is \"::1\": at \"::1\" expected an IPv6 address in brackets: [::1]:25"
            ),
        ])
    func mistakes(text: String, finding: String) {
        #expect(read(text).findings == [finding])
    }

    @Test("another listen of a role takes a restart")
    func restart() {
        let (old, _) = read("[mx]\nlisten=25\n")
        let (new, _) = read("[mx]\nlisten=26\n")
        #expect(new.restartDifferences(from: old) == ["listen"])
        #expect(old.restartDifferences(from: old) == [])
    }
}
