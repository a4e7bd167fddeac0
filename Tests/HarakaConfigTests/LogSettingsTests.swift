// log.ini, loglevel, log_timestamps; me, plugins and time limits.

import Glibc
import Testing

@testable import HarakaConfig

@Suite("LogSettings")
struct LogSettingsTests {
    private let folder = TemporaryFolder()

    @Test("without files the level is info, without time, in the default format")
    func defaults() {
        let (settings, diagnostics) = LogSettings.read(from: folder.directory)
        #expect(settings == LogSettings())
        #expect(settings.level == 6)
        #expect(diagnostics.isEmpty)
    }

    @Test(
        "a level is a name in any case or a number",
        arguments: [
            ("data", 9), ("PROTOCOL", 8), ("Debug", 7), ("info", 6), ("notice", 5), ("warn", 4), ("error", 3),
            ("crit", 2),
            ("alert", 1), ("emerg", 0), ("0", 0), ("9", 9),
        ])
    func levels(name: String, number: Int) {
        folder.write("log.ini", "level=\(name)\nformat=JSON\ntimestamps=yes")
        let (settings, diagnostics) = LogSettings.read(from: folder.directory)
        #expect(settings.level == number)
        #expect(settings.format == .json)
        #expect(settings.timestamps)
        #expect(diagnostics.isEmpty)
    }

    @Test("loglevel wins over log.ini, and the time is shown if either asks for it")
    func singleValueFiles() {
        folder.write("log.ini", "level=error\ntimestamps=true")
        folder.write("loglevel", "DEBUG\n")
        folder.write("log_timestamps", "false")
        let settings = LogSettings.read(from: folder.directory).settings
        #expect(settings.level == 7)
        #expect(settings.timestamps)
        folder.write("log.ini", "timestamps=false")
        folder.write("log_timestamps", "1")
        #expect(LogSettings.read(from: folder.directory).settings.timestamps)
    }

    @Test("wrong levels, formats and words are errors in each file")
    func wrongValues() {
        folder.write("log.ini", "level=loud\nformat=xml\nlevl=1")
        folder.write("loglevel", "10")
        folder.write("log_timestamps", "# c\nmaybe")
        let (settings, diagnostics) = LogSettings.read(from: folder.directory)
        #expect(settings == LogSettings())
        let names =
            "expected a level: data, protocol, debug, info, notice, warn, error, crit, alert, emerg, "
            + "or its number, 9 to 0"
        #expect(
            diagnostics.brief == [
                "1:7: error: main.level is \"loud\": \(names)",
                "2:8: error: main.format is \"xml\": expected default, logfmt, json",
                "3:1: warning: levl is no key of [main]; did you mean level?", "1:1: error: this is \"10\": \(names)",
                "2:1: error: this is \"maybe\": expected true or false",
            ])
    }
}

@Suite("single-value and list files")
struct SingleValueTests {
    private let folder = TemporaryFolder()

    @Test("me is the server's name, as written", arguments: ["mail.example.com", "007", "mx1"])
    func me(name: String) {
        folder.write("me", "# our name\n \(name) \n")
        #expect(readMe(from: folder.directory).name == name)
    }

    @Test("without me the name is this machine's", arguments: [nil, "", "# only a comment\n"])
    func hostname(content: String?) {
        if let content { folder.write("me", content) }
        var buffer = [CChar](repeating: 0, count: 256)
        gethostname(&buffer, 255)
        let (name, diagnostics) = readMe(from: folder.directory)
        #expect(name == String(decoding: buffer.prefix { $0 != 0 }.map { UInt8($0) }, as: UTF8.self))
        #expect(diagnostics.isEmpty)
    }

    @Test(
        "a name that could end a line or a word is not taken",
        arguments: ["a b", "a\u{7}b", String(repeating: "x", count: 256)])
    func wrongName(content: String) {
        folder.write("me", content)
        let (name, diagnostics) = readMe(from: folder.directory)
        #expect(name != content)
        #expect(diagnostics.map(\.severity) == [.error])
    }

    @Test("plugins are listed in order with their places")
    func plugins() {
        folder.write("plugins", "# c\nqueue/maildir\n\n  haraka-plugin-spf  \nqueue/maildir\n")
        let (plugins, diagnostics) = readPluginList(from: folder.directory)
        #expect(
            plugins == [
                PluginEntry(name: "queue/maildir", line: 2, column: 1),
                PluginEntry(name: "haraka-plugin-spf", line: 4, column: 3),
                PluginEntry(name: "queue/maildir", line: 5, column: 1),
            ])
        #expect(diagnostics.isEmpty)
    }

    @Test(
        "names that lead elsewhere are errors and left out",
        arguments: ["/etc/passwd", "../x", "a/../../x", "a b", "tls # c"])
    func wrongPlugins(name: String) {
        folder.write("plugins", "good\n\(name)\n")
        let (plugins, diagnostics) = readPluginList(from: folder.directory)
        #expect(plugins.map(\.name) == ["good"])
        let expected = "expected a plugin's name, one a line, such as queue/discard"
        #expect(diagnostics.brief == ["2:1: error: \"\(name)\" is left out: \(expected)"])
    }

    @Test("without the file there are no plugins; smtp.json may list them, without lines")
    func pluginsElsewhere() {
        #expect(readPluginList(from: folder.directory).plugins.isEmpty)
        folder.write("smtp.json", #"{"!plugins":["a","b"]}"#)
        #expect(
            readPluginList(from: folder.directory).plugins == [
                PluginEntry(name: "a", line: 0), PluginEntry(name: "b", line: 0),
            ])
    }

    @Test("a plugin's own time limit wins over plugin_timeout, that over 30 seconds")
    func timeouts() {
        #expect(readPluginTimeout(from: folder.directory, plugin: "auth/x").seconds == 30)
        folder.write("plugin_timeout", "10")
        #expect(readPluginTimeout(from: folder.directory, plugin: "auth/x").seconds == 10)
        folder.write("auth/x.timeout", "0")
        #expect(readPluginTimeout(from: folder.directory, plugin: "auth/x").seconds == 0)
        #expect(readPluginTimeout(from: folder.directory).seconds == 10)
    }

    @Test("a wrong time limit is an error, and the next one counts", arguments: ["soon", "-1", "86401", "inf"])
    func wrongTimeout(text: String) {
        folder.write("x.timeout", text)
        folder.write("plugin_timeout", "2.5")
        let (seconds, diagnostics) = readPluginTimeout(from: folder.directory, plugin: "x")
        #expect(seconds == 2.5)
        #expect(diagnostics.brief == ["1:1: error: this is \"\(text)\": expected seconds, 0 (no limit) to 86400"])
    }
}
