// What the file says, and what the client is told.
import HarakaPluginKit
import Testing

@testable import SMTPProxy

@Suite("Proxy")
struct SMTPProxyTests {
    private func settings(_ entries: [(String, Value)]) throws -> Settings {
        try Settings(.map([("main", .map(entries))]))
    }

    @Test("defaults are Haraka's: mail of clients that may relay is taken, too")
    func defaults() throws {
        let settings = try Settings(.null)
        #expect(
            (settings.host, settings.port, settings.timeout, settings.takesOutbound) == ("localhost", 25, 300, true))
    }

    @Test("every key is read")
    func keys() throws {
        let settings = try settings([
            ("host", .text("h")), ("port", .integer(26)), ("forwarding_host_pool", .text("a:1")),
            ("connect_timeout", .integer(1)),
            ("timeout", .integer(2)), ("dead_forwarding_host_retry_secs", .integer(3)), ("enable_tls", .text("yes")),
            ("require_tls", .boolean(true)), ("verify_tls", .integer(1)), ("auth_type", .text("PLAIN")),
            ("auth_user", .text("u")),
            ("auth_pass", .integer(12)), ("enable_outbound", .text("false")),
        ])
        #expect((settings.host, settings.port, settings.pool) == ("h", 26, "a:1"))
        #expect((settings.connectTimeout, settings.timeout, settings.deadRetry) == (1, 2, 3))
        #expect(settings.usesTLS && settings.requiresTLS && settings.verifiesTLS && !settings.takesOutbound)
        #expect((settings.authType, settings.user, settings.password) == ("PLAIN", "u", "12"))
    }

    @Test(
        "what makes no sense is named",
        arguments: [
            ("port", .integer(0), "port: expected 1 to 65535"),
            ("enable_tls", .text("maybe"), "enable_tls is neither true nor false"),
            ("host", .boolean(true), "host: expected a text"),
        ] as [(String, Value, String)])
    func mistakes(key: String, value: Value, why: String) {
        let error = #expect(throws: PluginError.self) { try settings([(key, value)]) }
        #expect(error?.cause == why)
    }

    @Test(
        "the client is told the backend's refusal, and never that all is well",
        arguments: [
            (550, nil, Code.deny, "no"), (450, nil, .denySoft, "no"),
            (250, nil, .denySoft, "Backend failure, try again later"),
            (354, nil, .denySoft, "Backend failure, try again later"),
            (0, .closed, .denySoft, "Backend failure, try again later"),
        ] as [(UInt32, SMTPReply.Trouble?, Code, String)])
    func refusals(code: UInt32, trouble: SMTPReply.Trouble?, answer: Code, text: String) {
        let refusal = refusal(SMTPReply(code, ["no"], trouble: trouble))
        #expect(refusal.code == answer)
        #expect(refusal.reply?.text == text)
    }

    @Test(
        "what the client said of its message is passed on to a backend that offers it",
        arguments: [
            (
                [("SIZE", .text("10")), ("BODY", .text("8bitmime"))], "SIZE 8BITMIME",
                "MAIL FROM:<a@b.c> SIZE=10 BODY=8BITMIME"
            ),
            ([("SIZE", .text("10")), ("BODY", .text("7BIT"))], "8BITMIME", "MAIL FROM:<a@b.c> BODY=7BIT"),
            ([("SIZE", .integer(10)), ("SMTPUTF8", .null)], "SIZE SMTPUTF8", "MAIL FROM:<a@b.c> SIZE=10 SMTPUTF8"),
            ([("SMTPUTF8", .null)], "", "MAIL FROM:<a@b.c>"),
            (
                [("SIZE", .text("1 X=2")), ("BODY", .text("BINARYMIME")), ("AUTH", .text("<>"))],
                "SIZE 8BITMIME AUTH", "MAIL FROM:<a@b.c>"
            ),
            ([("SIZE", .text("")), ("SIZE", .integer(-1))], "SIZE", "MAIL FROM:<a@b.c>"),
        ] as [([(String, Value)], String, String)])
    func announced(parameters: [(String, Value)], offers: String, command: String) {
        let sender = Sender(written: "a@b.c", ascii: "a@b.c", needsUTF8: false)
        let announced = Announced(.map(parameters.map { Value.Entry($0.0, $0.1) }))
        #expect(announced.command(from: sender) { offers.split(separator: " ").contains(Substring($0)) } == command)
    }

    @Test("a sender that needs SMTPUTF8 goes as it was written, with A-labels, or not at all")
    func senders() {
        let domain = Sender(written: "a@ö.example", ascii: "a@xn--nda.example", needsUTF8: true)
        let user = Sender(written: "ö@b.c", ascii: nil, needsUTF8: true)
        let announced = Announced(.null)
        #expect(announced.command(from: domain) { _ in true } == "MAIL FROM:<a@ö.example> SMTPUTF8")
        #expect(announced.command(from: domain) { _ in false } == "MAIL FROM:<a@xn--nda.example>")
        #expect(announced.command(from: user) { _ in true } == "MAIL FROM:<ö@b.c> SMTPUTF8")
        #expect(announced.command(from: user) { _ in false } == nil)
    }

    @Test("a connection is not kept while the backend waits for a message")
    func stages() {
        #expect([Stage.envelope, .data, .over].filter(\.canBeReleased) == [.envelope, .over])
    }
}
