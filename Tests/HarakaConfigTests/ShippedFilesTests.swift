// The files in config/: what they say and what they promise in their comments.

import Testing

@testable import HarakaConfig

@Suite("the files that ship")
struct ShippedFilesTests {
    private static let folder = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined() + "/config"
    private let shipped = ConfigDirectory(overrides: ShippedFilesTests.folder)

    @Test("they are read without a finding and say what is built in")
    func builtIn() {
        let (smtp, smtpFindings) = SMTPSettings.read(from: shipped)
        #expect(smtp == SMTPSettings())
        #expect(smtpFindings == [])
        let (connection, connectionFindings) = ConnectionSettings.read(from: shipped)
        #expect(connection == ConnectionSettings())
        #expect(connectionFindings == [])
        let (log, logFindings) = LogSettings.read(from: shipped)
        #expect(log == LogSettings())
        #expect(logFindings == [])
        let (plugins, pluginsFindings) = PluginsSettings.read(from: shipped)
        #expect(plugins == PluginsSettings())
        #expect(pluginsFindings == [])
        let (names, namesFindings) = DNSFile.read(from: shipped)
        #expect(names == DNSFile())
        #expect(namesFindings == [])
        let (outbound, outboundFindings) = OutboundFile.read(from: shipped) { _ in nil }
        #expect(outbound == OutboundFile())
        #expect(outboundFindings == [])
        #expect(readPluginTimeout(from: shipped) == (30, []))
    }

    @Test("mail for the domains in host_list goes to a Maildir, and no domain is in it")
    func plugins() {
        let (plugins, findings) = readPluginList(from: shipped)
        #expect(plugins.map(\.name) == ["rcpt_to.in_host_list", "queue/maildir"])
        #expect(findings == [])
        #expect(shipped.get("host_list", .list).value == .list([]))
        #expect(shipped.get("me").value == .null)
    }

    @Test(
        "each ;key=value shows the built-in default, and no key is missing",
        arguments: [
            (
                "smtp.ini",
                [
                    "listen", "smtps_port", "inactivity_timeout", "nodes", "ignore_bad_plugins", "daemonize",
                    "daemon_log_file", "daemon_pid_file", "graceful_shutdown", "force_shutdown_timeout",
                    "headers.add_received",
                ]
            ),
            (
                "connection.ini",
                [
                    "spool_dir", "spool_after", "strict_rfc1869", "smtputf8", "bare_newline", "enhanced_status_codes",
                    "fold_long_lines",
                    "headers.add_received", "headers.clean_auth_results", "headers.show_version", "headers.max_lines",
                    "headers.max_received", "max.bytes", "max.mime_parts", "max.mime_depth", "max.mime_header",
                    "max.line_length", "max.data_line_length",
                    "max.recipients", "max.connections", "max.connections_per_ip", "max.errors",
                    "max.refused_recipients",
                    "max.command_seconds", "max.message_seconds", "max.header_bytes", "pressure.min_free_disk",
                    "pressure.min_free_memory", "pressure.max_memory", "pressure.spare_descriptors", "message.helo",
                    "message.close", "uuid.banner_chars", "uuid.deny_chars",
                ]
            ),
            ("log.ini", ["level", "timestamps", "format"]),
            (
                "plugins.ini",
                [
                    "watch", "watch_settle", "crash_limit", "crash_window", "on_crash", "loop_warn_ms", "loop_kill_ms",
                    "config_limit", "config_cache",
                ]
            ),
            (
                "dns.ini",
                [
                    "timeout", "resolv_conf", "hosts", "recursion", "dnssec", "cache_entries", "max_queries",
                ]
            ),
            (
                "outbound.ini",
                [
                    "disabled", "always_split", "enable_tls", "local_mx_ok", "concurrency_max", "maxTempFailures",
                    "received_header", "connect_timeout", "inet_prefer", "max_received", "crash_limit",
                    "min_free_disk", "writers", "concurrency.start", "concurrency.max", "concurrency.rest",
                    "concurrency.rest_max", "connections.per_host", "connections.messages", "connections.idle",
                    "timeout.reply", "timeout.message", "bounce.full_message", "bounce.header", "bounce.delay_notice",
                    "tls.failure_memory",
                ]
            ),
        ])
    func documentedDefaults(file: String, keys: [String]) {
        let folder = TemporaryFolder()
        folder.write(file, uncommented(file, after: ";"))
        var (smtp, findings) = SMTPSettings.read(from: folder.directory)
        #expect(smtp.isListenDefault == (file != "smtp.ini"))
        smtp.isListenDefault = true
        #expect(smtp == SMTPSettings())
        let (connection, more) = ConnectionSettings.read(from: folder.directory)
        #expect(connection == ConnectionSettings())
        let (log, last) = LogSettings.read(from: folder.directory)
        #expect(log == LogSettings())
        let (plugins, rest) = PluginsSettings.read(from: folder.directory)
        #expect(plugins == PluginsSettings())
        let (names, others) = DNSFile.read(from: folder.directory)
        #expect(names == DNSFile())
        let (outbound, further) = OutboundFile.read(from: folder.directory) { _ in nil }
        #expect(outbound == OutboundFile())
        findings += more + last + rest + others + further
        #expect(findings == [])
        #expect(Set(keys.map { $0.contains(".") ? $0 : "main." + $0 }) == documented(folder.directory.get(file)))
    }

    @Test("each example is accepted when it is taken as it stands", arguments: ["smtp.ini", "connection.ini"])
    func examples(file: String) {
        let folder = TemporaryFolder()
        folder.write(file, uncommented(file, after: "; "))
        let (smtp, findings) = SMTPSettings.read(from: folder.directory)
        let (connection, more) = ConnectionSettings.read(from: folder.directory)
        #expect(findings + more == [])
        if file == "smtp.ini" {
            #expect([smtp.publicIP, smtp.user, smtp.group] == ["192.0.2.1", "haraka", "haraka"])
        } else {
            #expect(connection.haproxyHosts == ["192.0.2.10", "2001:db8:1::/64"])
            #expect(connection.message.greeting.count == 2)
        }
    }

    @Test("the examples of outbound.ini are accepted when they are taken as they stand")
    func outboundExamples() {
        let folder = TemporaryFolder()
        folder.write("outbound.ini", uncommented("outbound.ini", after: "; "))
        var checked: Set<String> = []
        let (outbound, findings) = OutboundFile.read(from: folder.directory) { text in
            checked.insert(text)
            return nil
        }
        #expect(findings == [])
        #expect(outbound.intervals == "1m, 5m*2, 15m, 1h*3, 6h*12")
        #expect(outbound.domainIntervals == ["example.com": "30s*10, 5m*12, 1h*24", "once.example.com": "none"])
        #expect(outbound.concurrency.sites == ["google.com": 10, "smarthost.example.com": 200])
        #expect(checked == ["1m, 5m*2, 15m, 1h*3, 6h*12", "30s*10, 5m*12, 1h*24", "none"])
    }

    @Test("the example of a plugin's section is accepted when it is taken as it stands")
    func pluginExample() {
        let folder = TemporaryFolder()
        let lines = shipped.get("plugins.ini", .data).value.texts ?? []
        let example = lines.drop { $0 != "; [queue/quarantine]" }.map { $0.dropFirst(2) }
        folder.write("plugins.ini", example.joined(separator: "\n"))
        folder.write("plugins", "queue/quarantine")
        let (settings, findings) = PluginsSettings.read(from: folder.directory)
        #expect(findings == [])
        #expect(settings.policy(for: "queue/quarantine").crashLimit == 1)
        #expect(settings.policy(for: "queue/quarantine").onCrash == .skip)
        #expect(settings.policy == PluginPolicy())
    }

    @Test(
        "no line is longer than 120 characters",
        arguments: [
            "smtp.ini", "connection.ini", "log.ini", "plugins.ini", "dns.ini", "outbound.ini", "plugins", "host_list",
            "plugin_timeout",
        ])
    func width(file: String) {
        let lines = shipped.get(file, .data).value.texts ?? []
        #expect(!lines.isEmpty)
        #expect(lines.allSatisfy { $0.count <= 120 })
    }

    /// The file with the mark removed wherever a key=value follows it directly.
    private func uncommented(_ file: String, after mark: String) -> String {
        let lines = shipped.get(file, .data).value.texts ?? []
        return lines.map { line in
            guard line.hasPrefix(mark) else { return line }
            let rest = line.dropFirst(mark.count)
            let key = rest.prefix { $0.isLetter || $0.isNumber || "_.[]".contains($0) }
            return !key.isEmpty && rest.dropFirst(key.count).first == "=" ? String(rest) : line
        }.joined(separator: "\n")
    }

    private func documented(_ parsed: Parsed) -> Set<String> {
        Set(parsed.sources.keys.filter { !$0.key.isEmpty }.map(\.description))
    }
}
