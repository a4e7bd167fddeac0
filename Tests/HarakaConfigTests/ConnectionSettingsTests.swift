// connection.ini key by key.

import Testing

@testable import HarakaConfig

@Suite("ConnectionSettings")
struct ConnectionSettingsTests {
    private func read(_ text: String) -> (settings: ConnectionSettings, findings: [String]) {
        let folder = TemporaryFolder()
        folder.write("connection.ini", text)
        let (settings, diagnostics) = ConnectionSettings.read(from: folder.directory)
        return (settings, diagnostics.brief)
    }

    @Test("without the file all is as built in")
    func defaults() {
        let (settings, diagnostics) = ConnectionSettings.read(from: TemporaryFolder().directory)
        #expect(settings == ConnectionSettings())
        #expect(diagnostics.isEmpty)
        #expect(settings.spoolAfter == 262_144)
        #expect(settings.bareNewline == .reject)
        #expect(settings.max.bytes == 26_214_400)
    }

    @Test("the depth of multiparts may stand in Haraka's own file, but connection.ini counts first")
    func oldDepth() {
        let folder = TemporaryFolder()
        folder.write("mailparser.max_mime_depth", "7")
        #expect(ConnectionSettings.read(from: folder.directory).settings.max.mimeDepth == 7)
        folder.write("connection.ini", "[max]\nmime_depth=9\nmime_header=2048\n[main]\nfold_long_lines=true")
        let (settings, findings) = ConnectionSettings.read(from: folder.directory)
        #expect(settings.max.mimeDepth == 9 && settings.max.mimeHeader == 2048 && settings.foldsLongLines)
        #expect(findings.isEmpty)
        folder.write("connection.ini", "")
        folder.write("mailparser.max_mime_depth", "0")
        #expect(ConnectionSettings.read(from: folder.directory).settings.max.mimeDepth == 100)
    }

    @Test("every key is read")
    func everyKey() {
        let (settings, findings) = read(
            """
            spool_dir=/var/spool/x
            spool_after=-1
            strict_rfc1869=true
            smtputf8=no
            bare_newline=Replace
            [haproxy]
            hosts[]=192.0.2.0/24
            hosts[]=2001:db8::1
            [headers]
            add_received=false
            clean_auth_results=false
            show_version=false
            max_lines=10
            max_received=5
            [max]
            bytes=0
            mime_parts=7
            line_length=1024
            data_line_length=2000
            recipients=3
            [message]
            greeting[]=a
            greeting[]=007
            helo=hello
            close=bye
            [uuid]
            banner_chars=0
            deny_chars=36
            """)
        var expected = ConnectionSettings()
        expected.spoolDir = "/var/spool/x"
        expected.spoolAfter = -1
        expected.strictRFC1869 = true
        expected.smtputf8 = false
        expected.bareNewline = .replace
        expected.haproxyHosts = ["192.0.2.0/24", "2001:db8::1"]
        expected.headers.addReceived = false
        expected.headers.cleanAuthResults = false
        expected.headers.showVersion = false
        expected.headers.maxLines = 10
        expected.headers.maxReceived = 5
        expected.max.bytes = 0
        expected.max.mimeParts = 7
        expected.max.lineLength = 1024
        expected.max.dataLineLength = 2000
        expected.max.recipients = 3
        expected.message.greeting = ["a", "007"]
        expected.message.helo = "hello"
        expected.message.close = "bye"
        expected.uuid.bannerChars = 0
        expected.uuid.denyChars = 36
        #expect(settings == expected)
        #expect(findings.isEmpty)
    }

    @Test(
        "a wrong value is an error that says what was expected, and the default stays",
        arguments: [
            ("spool_after=-2", "1:13: error: main.spool_after is \"-2\": expected a whole number, -1 or more"),
            (
                "spool_after=99999999999999999999",
                "1:13: error: main.spool_after is \"99999999999999999999\": expected a whole number, -1 or more"
            ),
            ("bare_newline=keep", "1:14: error: main.bare_newline is \"keep\": expected reject, replace, accept"),
            (
                "[max]\nline_length=511",
                "2:13: error: max.line_length is \"511\": expected a whole number, 512 to 1048576"
            ),
            ("[max]\nrecipients=0", "2:12: error: max.recipients is \"0\": expected a whole number, 1 to 1000000"),
            ("[uuid]\ndeny_chars=37", "2:12: error: uuid.deny_chars is \"37\": expected a whole number, 0 to 36"),
            (
                "[haproxy]\nhosts[]=::1/64/2",
                "2:9: error: haproxy.hosts is \"::1/64/2\": expected an address or a network such as 192.0.2.0/24"
            ),
            ("smtputf8=perhaps", "1:10: error: main.smtputf8 is \"perhaps\": expected true or false"),
        ])
    func wrongValues(text: String, finding: String) {
        let (settings, findings) = read(text)
        #expect(settings == ConnectionSettings())
        #expect(findings == [finding])
    }

    @Test("of a list the wrong element is named, with its line, and the others are kept")
    func wrongElement() {
        let (settings, findings) = read("[haproxy]\nhosts[]=10.0.0.0/8\nhosts[]=example.com\nhosts[]=::1")
        #expect(settings.haproxyHosts == ["10.0.0.0/8", "::1"])
        let expected = "expected an address or a network such as 192.0.2.0/24"
        #expect(findings == ["3:9: error: haproxy.hosts is \"example.com\": \(expected)"])
    }

    @Test("a single value where a list may stand is a list of one")
    func singleValue() {
        #expect(read("[message]\ngreeting=one line").settings.message.greeting == ["one line"])
    }

    @Test("misspelt keys are found in every section")
    func unknownKeys() {
        let (_, findings) = read("spol_after=1\n[heders]\n[max]\nbyte=1")
        #expect(
            findings == [
                "1:1: warning: spol_after is no key of [main]; did you mean spool_after?",
                "2:1: warning: [heders] is no section of this file; did you mean [headers]?",
                "4:1: warning: byte is no key of [max]; did you mean bytes?",
            ])
    }
}
