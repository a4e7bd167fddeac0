// Where mail goes, and as whose.
import HarakaPluginKit
import Testing

@testable import SMTPBridge

@Suite("Bridge")
struct SMTPBridgeTests {
    private func settings(_ entries: [(String, Value)]) throws -> Settings {
        try Settings(.map([("main", .map(entries))]))
    }

    @Test("mail goes to the host with the client's user and password")
    func login() throws {
        let settings = try settings([
            ("host", .text("h")), ("port", .integer(587)), ("priority", .integer(5)), ("auth_type", .text("LOGIN")),
        ])
        let mx = try #require(settings.mx(Login(user: "u", password: "p")))
        #expect((mx.exchange, mx.port, mx.priority) == ("h", 587, 5))
        #expect((mx.user, mx.password, mx.authType) == ("u", "p", "LOGIN"))
    }

    @Test("mail of nobody goes there without a login, and so does that of a user whose password is not known")
    func noLogin() throws {
        let settings = try settings([("host", .text("h"))])
        for login in [Login(), Login(user: "u", password: "")] {
            let mx = try #require(settings.mx(login))
            #expect((mx.exchange, mx.port, mx.priority, mx.user) == ("h", 0, 10, ""))
        }
    }

    @Test("without a host nothing is bridged")
    func off() throws {
        #expect(try Settings(.null).mx(Login(user: "u", password: "p")) == nil)
    }

    @Test("what makes no sense is named")
    func mistakes() {
        let error = #expect(throws: PluginError.self) { try settings([("port", .text("smtp"))]) }
        #expect(error?.cause == "port: expected 0 to 65535")
    }
}
