// Every hook with every code: what the session machine makes of it must stand in the table, and the other way round.

import HarakaCore
import HarakaTestKit
import Testing

@Suite("The table of answers")
struct AnswerTableTests {
    /// Hooks that no session waits for, or that other hooks ask: their rules are HookRules and HookChain.
    static let elsewhere: [Hook] = [
        .initMaster, .initChild, .postFork, .log, .logging, .config, .userConfig, .authParse, .auth, .authPlain,
        .authLogin, .authCRAMMD5, .deny, .ok, .preSendTransEmail, .sendEmail, .getMX, .delivered, .deferred, .bounce,
    ]

    static let inSessions = Hook.allCases.filter { !elsewhere.contains($0) }

    @Test("does what the table says", arguments: inSessions)
    func table(hook: Hook) {
        let found = AnswerTableTests.lines(hook)
        let written = answerTable.split(separator: "\n").map(String.init).filter { $0.hasPrefix("\(hook.name) | ") }
        #expect(found == written)
    }

    @Test("has no other hooks")
    func complete() {
        let names = answerTable.split(separator: "\n").map { String($0.prefix { $0 != " " }) }
        #expect(Set(names) == Set(AnswerTableTests.inSessions.map(\.name)))
    }

    static func lines(_ hook: Hook) -> [String] {
        var rows: [(codes: String, rest: String)] = []
        for code in HookCode.allCases {
            let (silent, talking) = (Trial(hook, Verdict(code)), Trial(hook, Verdict(code, PluginReply("words"))))
            let words = talking.reply == silent.reply ? "=" : talking.reply
            let rest = "\(silent.reply) | \(words) | \(silent.then)"
            if let index = rows.firstIndex(where: { $0.rest == rest }) {
                if index > 0 { rows[index].codes += " \(code.name)" }
            } else {
                rows.append((code == .cont ? "others" : code.name, rest))
            }
        }
        return rows.map { "\(hook.name) | \($0.codes) | \($0.rest)" }
    }
}

/// One hook is answered with one code; what comes of it until the next hook that could say something.
private struct Trial {
    private(set) var reply = ""
    private(set) var then = ""

    init(_ hook: Hook, _ verdict: Verdict) {
        let driver = Trial.driver(before: hook)
        for next in [
            Hook.connectInit, .connect, .helo, .ehlo, .capabilities, .mail, .rcpt, .rcptOK, .data, .dataPost,
            .queue, .queueOutbound, .queueOK,
        ] where next != hook && Trial.isAfter(next, hook) {
            driver.plugins.add(.later, to: next.name)
        }
        driver.plugins.add(.now(verdict), to: hook.name)
        driver.forget()
        Trial.trigger(hook, driver)
        let said = driver.replies.map { "\($0.code) \($0.lines.joined(separator: " / "))" }.joined(separator: ", then ")
        reply = said.isEmpty ? "-" : Trial.shortened(said)
        let asked = driver.asked.firstIndex(of: hook.name).map { driver.asked[($0 + 1)...] } ?? []
        var follows = asked.map { $0 == "reset_transaction" ? "reset" : $0 }.filter { $0 != "disconnect" }
        if driver.isClosed { follows.append("close") }
        if driver.connection.state == .loop { follows.append("LOOP") }
        if driver.connection.state == .data { follows.append("message") }
        then = follows.isEmpty ? "-" : follows.joined(separator: " ")
    }

    /// As docs/hooks.md writes it: H our name, C the client's, U the transaction.
    private static func shortened(_ text: String) -> String {
        let names = [
            ("mx.example.com", "H"), ("client.example.net [192.0.2.7]", "C"),
            ("0A1B2C3D-0000-4000-8000-000000000001.1", "U"),
        ]
        return names.reduce(text) { text, name in
            text.split(separator: name.0, omittingEmptySubsequences: false).joined(separator: name.1)
        }
    }

    /// Of two hooks that one command asks, the later one waits.
    private static func isAfter(_ next: Hook, _ hook: Hook) -> Bool {
        guard let one = Hook.allCases.firstIndex(of: hook), let other = Hook.allCases.firstIndex(of: next) else {
            return false
        }
        return one < other
    }

    private static func driver(before hook: Hook) -> SessionDriver {
        switch hook {
        case .preConnection, .connectInit, .lookupRDNS, .connect: return SessionDriver()
        case .heloParse, .helo, .ehloParse, .ehlo, .capabilities, .quit, .noop, .help, .unrecognizedCommand,
            .mailParse, .mailPre, .mail, .disconnect, .postConnection:
            return .greeted()
        case .rcptParse, .rcptPre, .rcpt, .rcptOK:
            let driver = SessionDriver.greeted()
            driver.say("MAIL FROM:<a@example.com>")
            return driver
        case .vrfy, .rset, .resetTransaction, .receivedLine, .data: return .addressed()
        default:
            var settings = SessionSettings.test
            if hook == .maxDataExceeded { settings.maxBytes = 3 }
            let driver = DataTests.receiving(settings)
            if hook == .queueOutbound {
                driver.connection.isRelaying = true
                driver.hasQueue = true
            }
            if hook == .queueOK || hook == .queuePost { driver.plugins.add(.now(Verdict(.ok)), to: "queue") }
            return driver
        }
    }

    private static func trigger(_ hook: Hook, _ driver: SessionDriver) {
        switch hook {
        case .preConnection, .connectInit, .lookupRDNS, .connect: driver.connect()
        case .heloParse, .helo: driver.say("HELO c.example")
        case .ehloParse, .ehlo, .capabilities: driver.say("EHLO c.example")
        case .quit, .disconnect, .postConnection: driver.say("QUIT")
        case .vrfy: driver.say("VRFY bob")
        case .noop: driver.say("NOOP bob")
        case .help: driver.say("HELP bob")
        case .rset, .resetTransaction: driver.say("RSET")
        case .unrecognizedCommand: driver.say("XFOO bob")
        case .mailParse, .mailPre, .mail: driver.say("MAIL FROM:<a@example.com>")
        case .rcptParse, .rcptPre, .rcpt: driver.say("RCPT TO:<b@example.net>")
        case .rcptOK:
            driver.plugins.add(.now(Verdict(.ok)), to: "rcpt")
            driver.say("RCPT TO:<b@example.net>")
        case .receivedLine, .data: driver.say("DATA")
        default: for line in ["Subject: x", "", "x", "."] { driver.say(line) }
        }
    }
}
