// The record of a connection and of a transaction. docs/objects.md.

import HarakaCore
import HarakaTestKit
import SMTPSyntax
import Testing

@Suite("Connection and transaction")
struct ConnectionTests {
    @Test(
        "the client's address decides what it is",
        arguments: [
            ("8.8.8.8", false, false), ("10.0.0.1", false, true), ("127.0.0.1", true, true), ("", true, true),
            ("nonsense", false, false), ("198.18.0.9", true, true),
        ])
    func classes(ip: String, isLocal: Bool, isPrivate: Bool) throws {
        var remote = Connection.Endpoint()
        remote.ip = ip
        let own = try #require(IPAddress("198.18.0.9"))
        let connection = Connection(uuid: "U", startTime: 0, remote: remote, local: .init(), localAddresses: [own])
        #expect(connection.remoteIsLocal == isLocal)
        #expect(connection.remoteIsPrivate == isPrivate)
    }

    @Test("an address that a plugin sets is looked at anew")
    func changed() {
        let connection = SessionDriver(remote: "127.0.0.1").connection
        connection.remote.ip = "8.8.8.8"
        #expect(!connection.remoteIsLocal)
        #expect(!connection.remoteIsPrivate)
        connection.remote.ip = "10.0.0.1"
        #expect(connection.remoteIsPrivate)
        connection.remote.ip = ""
        #expect(connection.remoteIsLocal)
    }

    @Test("relaying is set on the transaction while there is one, and ends with it")
    func relaying() {
        let driver = SessionDriver.greeted()
        let connection = driver.connection
        #expect(!connection.isRelaying)
        driver.say("MAIL FROM:<a@example.com>")
        connection.isRelaying = true
        #expect(connection.transaction?.isRelaying == true)
        #expect(connection.isRelaying)
        driver.say("RSET")
        #expect(!connection.isRelaying)
        connection.isRelaying = true
        driver.say("MAIL FROM:<a@example.com>")
        #expect(connection.transaction?.isRelaying == nil)
        #expect(connection.isRelaying)
        connection.isRelaying = false
        #expect(!connection.isRelaying)
        driver.say("RSET")
        #expect(connection.isRelaying)
    }

    @Test("a session begins with nothing")
    func fresh() {
        let connection = SessionDriver().connection
        #expect(connection.lastResponse == "")
        #expect(connection.lastReject == "")
        #expect(connection.state == .command)
        #expect(connection.logUUID == connection.uuid)
        #expect(connection.transaction == nil)
        #expect(connection.remoteDescription == "[192.0.2.7]")
    }

    @Test("states have Haraka's numbers")
    func states() {
        let states: [Connection.State] = [.command, .loop, .data, .disconnecting, .disconnected]
        #expect(states.map(\.rawValue) == [1, 2, 3, 99, 100])
    }

    final class Content: MessageContent {
        var edits: [HeaderEdit] = []
        func edit(_ edit: HeaderEdit) { edits.append(edit) }
        func headerValues(_ name: String) -> [String] { [] }
        func snapshot() throws -> any MessageView { throw SyntaxError(message: "none") }
    }

    @Test("headers that were added before there is a message reach it, in order and once")
    func headers() {
        let transaction = Transaction(uuid: "U.1")
        let edits: [HeaderEdit] = [
            .addLeading(name: "X-A", value: "1"), .addEnd(name: "X-B", value: "2"), .remove(name: "X-A"),
        ]
        transaction.edit(edits[0])
        transaction.edit(edits[1])
        #expect(transaction.waitingHeaders == Array(edits[..<2]))
        let content = Content()
        transaction.begin(content)
        #expect(content.edits == Array(edits[..<2]))
        #expect(transaction.waitingHeaders == [])
        transaction.edit(edits[2])
        #expect(content.edits == edits)
    }

    @Test("skip_plugins names plugins that have no say")
    func skips() {
        let transaction = Transaction(uuid: "U.1")
        #expect(!transaction.skips("spf"))
        transaction.notes.set("skip_plugins", .list([.text("spf"), .integer(1)]))
        #expect(transaction.skips("spf"))
        #expect(!transaction.skips("sp"))
        transaction.notes.set("skip_plugins", .text("spf"))
        #expect(!transaction.skips("spf"))
    }
}
