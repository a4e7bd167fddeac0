// smtp.ini key by key.

import Testing

@testable import HarakaConfig

@Suite("SMTPSettings")
struct SMTPSettingsTests {
    private func read(_ text: String) -> (settings: SMTPSettings, findings: [String]) {
        let folder = TemporaryFolder()
        folder.write("smtp.ini", text)
        let (settings, diagnostics) = SMTPSettings.read(from: folder.directory)
        return (settings, diagnostics.brief)
    }

    @Test("without the file, and with an empty one, all is as built in")
    func defaults() {
        let (settings, diagnostics) = SMTPSettings.read(from: TemporaryFolder().directory)
        #expect(settings == SMTPSettings())
        #expect(diagnostics.isEmpty)
        #expect(read("").settings == SMTPSettings())
        #expect(SMTPSettings().listen == [.tcp(host: "::0", port: 25)])
        #expect(SMTPSettings().nodes == .cpus)
    }

    @Test("every key is read")
    func everyKey() {
        let (settings, findings) = read(
            """
            listen=127.0.0.1:2525, [::1]:2525 ,/run/smtp:660
            smtps_port=2465
            public_ip=192.0.2.1
            inactivity_timeout=1.5
            nodes=4
            user=1000
            group=mail
            ignore_bad_plugins=1
            daemonize=true
            daemon_log_file=/a
            daemon_pid_file=/b
            graceful_shutdown=yes
            force_shutdown_timeout=5
            [headers]
            add_received=false
            """)
        var expected = SMTPSettings()
        expected.listen = [
            .tcp(host: "127.0.0.1", port: 2525), .tcp(host: "::1", port: 2525), .unix(path: "/run/smtp", mode: 0o660),
        ]
        expected.isListenDefault = false
        expected.smtpsPort = 2465
        expected.publicIP = "192.0.2.1"
        expected.inactivityTimeout = 1.5
        expected.nodes = .count(4)
        expected.user = "1000"
        expected.group = "mail"
        expected.ignoreBadPlugins = true
        expected.daemonize = true
        expected.daemonLogFile = "/a"
        expected.daemonPIDFile = "/b"
        expected.gracefulShutdown = true
        expected.forceShutdownTimeout = 5
        expected.addReceived = false
        #expect(settings == expected)
        #expect(findings.isEmpty)
    }

    @Test(
        "nodes is a number of workers, 0 for none, or cpus",
        arguments: [
            ("0", SMTPSettings.Nodes.inProcess), ("1", .count(1)), ("16", .count(16)), ("cpus", .cpus), ("", .cpus),
        ])
    func nodes(text: String, nodes: SMTPSettings.Nodes) {
        let (settings, findings) = read("nodes=\(text)")
        #expect(settings.nodes == nodes)
        #expect(findings.isEmpty)
    }

    @Test(
        "port and listen_host of older releases come before listen",
        arguments: [
            ("port=2525", ["[::0]:2525"]), ("port=25\nlisten_host=127.0.0.1", ["127.0.0.1:25"]),
            ("port=25\nlisten_host=::1\nlisten=[::1]:26", ["[::1]:25", "[::1]:26"]),
            ("listen_host=127.0.0.1", ["[::0]:25"]),
        ])
    func legacyListener(text: String, addresses: [String]) {
        let (settings, findings) = read(text)
        #expect(settings.listen.map(\.description) == addresses)
        #expect(findings.isEmpty)
    }

    @Test(
        "a wrong value is an error that says what was expected, and the default stays",
        arguments: [
            (
                "inactivity_timeout=soon",
                "1:20: error: main.inactivity_timeout is \"soon\": expected seconds, 0.001 to 604800"
            ),
            (
                "inactivity_timeout=0",
                "1:20: error: main.inactivity_timeout is \"0\": expected seconds, 0.001 to 604800"
            ),
            (
                "inactivity_timeout=nan",
                "1:20: error: main.inactivity_timeout is \"nan\": expected seconds, 0.001 to 604800"
            ),
            ("nodes = -1", "1:9: error: main.nodes is \"-1\": expected a number of processes, 0 to 1024, or cpus"),
            ("smtps_port=65536", "1:12: error: main.smtps_port is \"65536\": expected a whole number, 0 to 65535"),
            ("smtps_port", "1:1: error: main.smtps_port has no single value: expected smtps_port=value"),
            ("smtps_port[]=1", "1:14: error: main.smtps_port is \"1\": expected smtps_port=value"),
            ("ignore_bad_plugins=treu", "1:20: error: main.ignore_bad_plugins is \"treu\": expected true or false"),
            ("public_ip=here", "1:11: error: main.public_ip is \"here\": expected an IPv4 or IPv6 address"),
            (
                "listen=::1",
                "1:8: error: main.listen is \"::1\": at \"::1\" expected an IPv6 address in brackets: [::1]:25"
            ),
            (
                "force_shutdown_timeout=",
                "1:24: error: main.force_shutdown_timeout is \"\": expected seconds, 0 to 86400"
            ),
            ("port=x", "1:6: error: main.port is \"x\": expected a whole number, 0 to 65535"),
        ])
    func wrongValues(text: String, finding: String) {
        let (settings, findings) = read(text)
        #expect(findings == [finding])
        if text != "port=x" { #expect(settings == SMTPSettings()) }
    }

    @Test("of several addresses the good ones are kept, and doubles are dropped with a warning")
    func someAddresses() {
        let (settings, findings) = read("listen=2525,,nowhere:x,[::]:2525")
        #expect(settings.listen == [.tcp(host: "::", port: 2525)])
        #expect(
            findings == [
                "1:8: error: main.listen is \"2525,,nowhere:x,[::]:2525\": "
                    + "at \"nowhere:x\" expected a port, 0 to 65535",
                "1:1: warning: [::]:2525 stands in main.listen twice",
            ])
    }

    @Test("unknown keys and sections are warnings that suggest the nearest name")
    func unknownNames() {
        let (settings, findings) = read(
            "inactivity_timeut=5\nwhatever=1\n[header]\nadd_received=no\n[zzz]\n[headers]\nadd=1")
        #expect(settings == SMTPSettings())
        #expect(
            findings == [
                "1:1: warning: inactivity_timeut is no key of [main]; did you mean inactivity_timeout?",
                "2:1: warning: whatever is no key of [main]",
                "3:1: warning: [header] is no section of this file; did you mean [headers]?",
                "5:1: warning: [zzz] is no section of this file",
                "7:1: warning: add is no key of [headers]",
            ])
    }

    @Test("keys that have moved say where to")
    func movedKeys() {
        let expected = "1:1: warning: main.spool_dir is not used: it is now spool_dir in connection.ini"
        #expect(read("spool_dir=/x").findings == [expected])
    }

    @Test("smtp.json may hold smtp.ini; its findings name smtp.json")
    func fromJSON() {
        let folder = TemporaryFolder()
        folder.write(
            "smtp.json", #"{"!smtp.ini":{"main":{"listen":["2525"],"nodes":0,"user":7,"daemonize":true,"x":1},"y":2}}"#)
        let (settings, diagnostics) = SMTPSettings.read(from: folder.directory)
        #expect(settings.listen == [.tcp(host: "::", port: 2525)])
        #expect(settings.nodes == .inProcess)
        #expect(settings.user == "7")
        #expect(settings.daemonize)
        #expect(
            diagnostics.brief == [
                "warning: x is no key of [main]", "warning: y is not used: expected a section, a map of keys",
            ])
        #expect(diagnostics.allSatisfy { $0.file == folder.path + "/smtp.json" })
    }

    // MARK: Changes

    @Test(
        "a change that needs a restart is named, and no other is",
        arguments: [
            ("", []), ("listen=[::0]:25", []), ("listen=2525", ["listen"]), ("nodes=0", ["nodes"]),
            ("nodes=cpus", []), ("user=a", ["user"]), ("group=a", ["group"]), ("daemonize=1", ["daemonize"]),
            ("daemon_log_file=/a", ["daemon_log_file"]), ("daemon_pid_file=/a", ["daemon_pid_file"]),
            ("daemon_pid_file=/a\nuser=b\nnodes=1\nlisten=26", ["listen", "nodes", "user", "daemon_pid_file"]),
            (
                "inactivity_timeout=5\npublic_ip=192.0.2.1\nignore_bad_plugins=1\ngraceful_shutdown=1\n"
                    + "force_shutdown_timeout=5\n[headers]\nadd_received=no", []
            ),
        ])
    func restartDifferences(text: String, keys: [String]) {
        let settings = read(text).settings
        #expect(settings.restartDifferences(from: SMTPSettings()) == keys)
        #expect(SMTPSettings().restartDifferences(from: settings) == keys)
        #expect(settings.restartDifferences(from: settings) == [])
    }
}
