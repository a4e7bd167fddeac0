// pre_send_trans_email, about the mails of clients and about those that plugins send: docs/hooks.md "Outbound".

import HarakaCore
import HarakaPluginABI
import Testing

@testable import HarakaPluginHost

/// A connection without a client, and its mail. Of the loop.
private final class Bare: @unchecked Sendable {
    let connection = Connection(
        uuid: "BARE", startTime: 1, remote: Connection.Endpoint(), local: Connection.Endpoint(), localAddresses: [])
    let transaction = Transaction(uuid: "BARE.1")
}

extension ZooTests {
    @Suite("before a mail is queued") struct Lone {
        /// A client of the plugin `p`.
        private func open(_ zoo: Zoo, _ mode: String = "") throws -> ZooClient {
            try zoo.install("p", "pre_sends.c")
            try zoo.load("p")
            let client = zoo.connect()
            client.command("MODE", mode)
            return client
        }

        private func ask(_ zoo: Zoo, _ connection: Connection, _ transaction: Transaction) -> ZooVerdicts {
            let verdicts = ZooVerdicts()
            nonisolated(unsafe) let (connection, transaction) = (connection, transaction)
            zoo.loop.run { zoo.host.askAlone(.preSendTransEmail, connection, transaction) { verdicts.add($0) } }
            zoo.loop.drain()
            return verdicts
        }

        private let said = ["p: pre_send_trans_email \"pre_send_trans_email\" 0 SUCCESS", "p: SUCCESS", "p: SUCCESS"]

        @Test("a client's mail: the hook is asked as every other of its connection")
        func client() throws {
            try withZoo { zoo in
                let client = try open(zoo)
                client.beginTransaction()
                #expect(client.ask(.preSendTransEmail) == Verdict(.ok))
                #expect(zoo.heard() == said)
                #expect(client.replies.count == 1)
                #expect(
                    zoo.loop.run { client.connection.transaction?.waitingHeaders }
                        == [.addEnd(name: "X-Zoo", value: "seen")])
            }
        }

        @Test(
            "nobody's mail: the connection is one for the time of the question, and nothing of it is left",
            arguments: ["", "pending"])
        func bare(mode: String) throws {
            try withZoo { zoo in
                let client = try open(zoo, mode)
                let bare = Bare()
                let verdicts = ask(zoo, bare.connection, bare.transaction)
                #expect(zoo.heard() == said)
                #expect(zoo.loop.run { zoo.host.generation?.connectionCount } == (mode.isEmpty ? 1 : 2))
                if !mode.isEmpty {
                    #expect(verdicts.all.isEmpty)
                    client.command("ANSWER")
                    #expect(zoo.heard() == ["p: SUCCESS", "p: destroyed pre_send"])
                }
                #expect(verdicts.all == [Verdict(mode.isEmpty ? .ok : .deny)])
                #expect(zoo.loop.run { zoo.host.generation?.connectionCount } == 1)
                #expect(zoo.loop.run { bare.connection.pluginState == nil })
                #expect(zoo.loop.run { bare.transaction.notes.get("zoo") } == .text("seen"))
                #expect(zoo.loop.run { zoo.host.connections.objects.count } == 1)
            }
        }

        @Test("a live connection that is in the middle of a hook is asked beside it")
        func beside() throws {
            try withZoo { zoo in
                let client = try open(zoo, "pending")
                client.beginTransaction()
                #expect(client.ask(.queueOutbound) == nil)
                let transaction = Transaction(uuid: "OTHER.1")
                let verdicts = ask(zoo, client.connection, transaction)
                #expect(verdicts.all.isEmpty)
                #expect(
                    zoo.loop.run { (client.connection.pluginState as? ConnectionState)?.currentHook }
                        == "pre_send_trans_email")
                let other = zoo.connect("OTHER")
                other.command("ANSWER")
                #expect(verdicts.all == [Verdict(.deny)])
                #expect(
                    zoo.loop.run { (client.connection.pluginState as? ConnectionState)?.currentHook }
                        == "queue_outbound")
                #expect(client.lateVerdicts.isEmpty)
                #expect(zoo.loop.run { transaction.notes.get("zoo") } == .text("seen"))
                other.command("OUTER")
                #expect(client.lateVerdicts == [Verdict(.ok)])
                #expect(zoo.heard().suffix(3) == ["p: SUCCESS", "p: destroyed pre_send", "p: SUCCESS"])
            }
        }

        @Test("a client that has left does not keep its mail from being looked at; the end of the connection answers")
        func left() throws {
            try withZoo { zoo in
                let client = try open(zoo, "pending")
                client.beginTransaction()
                client.leave()
                let verdicts = ask(zoo, client.connection, Transaction(uuid: "OTHER.1"))
                #expect(verdicts.all.isEmpty)
                #expect(zoo.heard() == said)
                client.end()
                #expect(verdicts.all == [.cont])
                #expect(zoo.heard() == ["p: cancelled pre_send", "p: destroyed pre_send"])
            }
        }

        @Test("the server stops, or nobody listens: the answer is CONT")
        func ends() throws {
            try withZoo { zoo in
                let client = try open(zoo, "pending")
                client.end()
                let bare = Bare()
                let verdicts = ask(zoo, bare.connection, bare.transaction)
                #expect(zoo.stop())
                #expect(verdicts.all == [.cont])
                #expect(ask(zoo, bare.connection, bare.transaction).all == [.cont])
                #expect(zoo.loop.run { zoo.host.connections.objects.isEmpty })
            }
        }
    }
}
