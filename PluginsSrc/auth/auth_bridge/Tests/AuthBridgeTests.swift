// Who is asked, and what the parent is told.
import HarakaPluginKit
import Testing

@testable import AuthBridge

@Suite("Bridge of passwords")
struct AuthBridgeTests {
    private func settings(_ entries: [(String, Value)]) throws -> Settings {
        try Settings(.map([("main", .map(entries))]))
    }

    @Test("without a host nobody is asked")
    func off() throws {
        #expect(try Settings(.null).server == nil)
    }

    @Test("TLS is used if it is offered, and demanded if that is wanted")
    func server() throws {
        let plain = try #require(try settings([("host", .text("h")), ("port", .integer(26))]).server)
        #expect((plain.host, plain.port, plain.usesTLS, plain.requiresTLS) == ("h", 26, true, false))
        let strict = try #require(try settings([("host", .text("h")), ("require_tls", .text("yes"))]).server)
        #expect(strict.requiresTLS && strict.verifiesTLS)
    }

    @Test("what makes no sense is named", arguments: [("port", Value.text("x")), ("require_tls", .text("maybe"))])
    func mistakes(key: String, value: Value) {
        #expect(throws: PluginError.self) { try settings([(key, value)]) }
    }

    @Test("a server that does not answer has not said that the password is wrong")
    func answers() {
        #expect(answer(to: .right).code == .ok)
        #expect(answer(to: .wrong(SMTPReply(535))).code == .deny)
        #expect(answer(to: .unknown(SMTPReply(0, trouble: .closed))).code == .denySoft)
    }
}
