// Plugin names: what is one, and which are retired.

import Testing

@testable import HarakaPluginHost

@Suite struct PluginNameTests {
    private func error(_ text: String) -> PluginNameError? {
        do throws(PluginNameError) {
            _ = try PluginName(text)
            return nil
        } catch {
            return error
        }
    }

    @Test(
        "a name keeps its slashes and dots, and loses the prefix",
        arguments: [
            ("limit", "limit", "limit"), ("rcpt_to.in_host_list", "rcpt_to.in_host_list", "rcpt_to.in_host_list"),
            ("auth/flat_file", "auth/flat_file", "flat_file"), ("haraka-plugin-limit", "limit", "limit"),
            ("haraka-plugin-a/haraka-plugin-b", "a/haraka-plugin-b", "haraka-plugin-b"),
            (".hidden", ".hidden", ".hidden"),
            ("ü/ñ", "ü/ñ", "ñ"), ("a b", "a b", "a b"),
        ])
    func valid(text: String, name: String, last: String) throws {
        let parsed = try PluginName(text)
        #expect(parsed.text == name)
        #expect(parsed.lastComponent == last)
    }

    @Test(
        "a name that could lead elsewhere is refused",
        arguments: [
            ("", PluginNameError.empty), ("haraka-plugin-", .empty), ("/etc/x", .badSlash), ("x/", .badSlash),
            ("a//b", .badSlash), ("/", .badSlash), ("haraka-plugin-/x", .badSlash), ("..", .badDots),
            ("../x", .badDots),
            ("a/../b", .badDots), ("a..b", .badDots), ("a/..", .badDots), ("haraka-plugin-../x", .badDots),
            (".", .badDots), ("./x", .badDots), ("a/./b", .badDots), ("a\0b", .badCharacter), ("a\nb", .badCharacter),
            ("a\\b", .badCharacter), ("a\u{7f}", .badCharacter), ("\u{85}a", .badCharacter), ("a\r\n", .badCharacter),
        ])
    func invalid(text: String, reason: PluginNameError) {
        #expect(error(text) == reason)
    }

    @Test("200 bytes are a name, 201 are too long, counted without the prefix")
    func length() {
        let longest = String(repeating: "a", count: 200)
        #expect(error(longest) == nil)
        #expect(error("haraka-plugin-" + longest) == nil)
        #expect(error(longest + "a") == .tooLong(201))
        #expect(error(String(repeating: "é", count: 101)) == .tooLong(202))
    }

    @Test(
        "every retired name has its replacement",
        arguments: [
            ("auth-ldap", "auth/auth_ldap"), ("dns-list", "backscatterer dnsbl dnswl"), ("asn", "connect.asn"),
            ("fcrdns", "connect.fcrdns"), ("geoip", "connect.geoip"), ("p0f", "connect.p0f"),
            (
                "access",
                "connect.rdns_access mail_from.access mail_from.blocklist rcpt_to.access rcpt_to.blocklist rdns.regexp"
            ),
            ("headers", "data.nomsgid data.noreceived data.rfc5322_header_checks data.headers"),
            ("dkim", "dkim_sign dkim_verify"), ("uribl", "data.uribl"), ("syslog", "log.syslog"),
            ("bounce", "mail_from.nobounces"), ("limit", "max_unrecognized_commands rate_limit rcpt_to.max_count"),
            ("rcpt-ldap", "rcpt_to.ldap"), ("qmail-deliverable", "rcpt_to.qmail_deliverable"),
            ("relay", "relay_acl relay_all relay_force_routing"),
        ])
    func replacements(new: String, old: String) {
        for name in old.split(separator: " ").map(String.init) {
            #expect(PluginName.replacement(for: name) == new)
            #expect(PluginName.replacement(for: "haraka-plugin-" + name) == new)
        }
        #expect(PluginName.replacement(for: new) == nil)
    }

    @Test("31 names are retired, and none of them has a retired replacement")
    func retired() {
        #expect(PluginName.retired.count == 31)
        for name in PluginName.retired {
            let new = PluginName.replacement(for: name)
            #expect(new.flatMap(PluginName.replacement) == nil)
        }
    }
}
