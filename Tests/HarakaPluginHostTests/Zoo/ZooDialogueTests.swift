// smtp_client/1: plugin.h.

import HarakaCore
import HarakaPluginABI
import SMTPSyntax
import Testing

@testable import HarakaPluginHost

extension ZooTests {
    @Suite("dialogues with other servers") struct Dialogues {
        /// A client of the plugin `d`, and the servers.
        func open(_ zoo: Zoo, _ mode: String = "", capabilities: [String] = []) throws -> (ZooClient, ZooSMTPClients) {
            let servers = ZooSMTPClients()
            servers.capabilities = capabilities
            zoo.loop.run { zoo.host.smtpClients = servers }
            try zoo.install("d", "dialogues.c", options: ["-pthread"])
            try zoo.load("d")
            let client = zoo.connect()
            client.command("MODE", mode)
            return (client, servers)
        }

        /// The same, with a dialogue that has begun.
        func begin(
            _ zoo: Zoo, _ mode: String = "", capabilities: [String] = [], with word: String = "OPEN"
        ) throws -> (ZooClient, ZooDialogue) {
            let (client, servers) = try open(zoo, capabilities: capabilities)
            client.command(word, "mx.example")
            let dialogue = try #require(zoo.loop.run { servers.dialogues.first })
            zoo.loop.run { dialogue.answer(250) }
            client.command("MODE", mode)
            _ = zoo.heard()
            return (client, dialogue)
        }

        func told(_ what: String, _ code: Int, _ text: String = "ok", _ status: String = "0.0.0") -> [String] {
            ["d: \(what): SUCCESS \(code) \(status) 1 '\(text)' mx:25", "d: destroyed \(what)"]
        }

        @Test("a host that cannot connect does not offer it")
        func absent() throws {
            try withZoo { zoo in
                try zoo.install("d", "dialogues.c", options: ["-pthread"])
                #expect(
                    zoo.refusal("d")?.contains("smtp_client/1") == true
                        || zoo.refusal("d")?.contains("UNSUPPORTED") == true)
            }
        }

        @Test("a whole dialogue, reply by reply, and the connection is kept for the next")
        func whole() throws {
            try withZoo { zoo in
                let (client, dialogue) = try begin(zoo, capabilities: ["SIZE 1000"])
                client.beginTransaction()
                client.receive("A: b\r\n\r\nc\r\n")
                _ = zoo.heard()
                client.command("CAPABILITIES")
                #expect(zoo.heard() == ["d: SUCCESS", "d: [\"SIZE 1000\"]"])
                client.command("MAIL", "a.example")
                zoo.loop.run {
                    dialogue.answer(
                        SMTPClientReply(Reply(250, "2.1.0 ok", status: EnhancedStatus(2, 1, 0)), from: "mx:25"))
                }
                #expect(zoo.heard() == ["d: SUCCESS"] + told("mail", 250, "2.1.0 ok", "2.1.0"))
                client.command("RCPT", "b.example")
                zoo.loop.run { dialogue.answer(550, "no") }
                client.command("SAY", "data")
                zoo.loop.run { dialogue.answer(354) }
                client.command("MESSAGE")
                zoo.loop.run { dialogue.answer(250, "queued") }
                #expect(
                    zoo.heard() == ["d: SUCCESS"] + told("rcpt", 550, "no") + ["d: SUCCESS"] + told("reply", 354)
                        + ["d: SUCCESS"] + told("message", 250, "queued"))
                client.command("RELEASE")
                client.command("RELEASE")
                #expect(zoo.heard() == ["d: SUCCESS", "d: HANDLE"])
                #expect(
                    zoo.loop.run { dialogue.heard } == [
                        "MAIL <user@a.example> CLIENT.1", "RCPT <user@b.example>", "data", "message of 11", "released",
                    ])
                #expect(zoo.log.messages(HARAKA_LOG_ERROR).isEmpty)
            }
        }

        @Test("options are read, and have defaults")
        func options() throws {
            try withZoo { zoo in
                let (client, servers) = try open(zoo)
                client.command("OPEN", "mx.example")
                client.command("LMTP", "lmtp.example")
                client.command("FULL")
                var plain = SMTPClientOptions()
                plain.host = "mx.example"
                plain.plugin = "d"
                var lmtp = plain
                lmtp.host = "lmtp.example"
                lmtp.isLMTP = true
                lmtp.port = 24
                var full = SMTPClientOptions()
                full.plugin = "d"
                full.isLMTP = true
                full.tls = .required
                full.verifiesTLS = true
                full.usesXCLIENT = true
                full.isFresh = true
                full.pool = "10.0.0.1:25, 10.0.0.2:25"
                full.port = 24
                full.helo = "me.example"
                full.user = "u"
                full.password = "p w"
                full.mechanism = "PLAIN"
                full.connectTimeout = 1
                full.idleTimeout = 3_600_000
                full.deadRetry = 3
                #expect(zoo.loop.run { servers.opened.map(\.options) } == [plain, lmtp, full])
                #expect(zoo.loop.run { servers.opened.map(\.client) } == [nil, nil, "CLIENT"])
            }
        }

        @Test("what makes no sense is refused, and takes nothing")
        func misuseOpen() throws {
            try withZoo { zoo in
                let (client, servers) = try open(zoo)
                client.command("MISUSE_OPEN")
                #expect(
                    zoo.heard() == Array(repeating: "d: ARGUMENT", count: 14) + ["d: HANDLE", "d: HANDLE"])
                zoo.loop.run { servers.isFull = true }
                client.command("OPEN", "mx.example")
                zoo.loop.run { servers.isRash = true }
                client.command("OPEN", "mx.example")
                #expect(zoo.heard() == ["d: LIMIT", "d: LIMIT"])
                #expect(zoo.loop.run { servers.dialogues.isEmpty && zoo.host.clients.objects.isEmpty })
            }
        }

        @Test("no line of a plugin's can hold two commands; forged handles name nothing")
        func misuse() throws {
            try withZoo { zoo in
                let (client, dialogue) = try begin(zoo)
                client.command("MISUSE")
                let statuses = [
                    "ARGUMENT", "ARGUMENT", "ARGUMENT", "ARGUMENT", "LIMIT", "ARGUMENT", "ARGUMENT", "ARGUMENT",
                    "ARGUMENT",
                    "HANDLE", "ARGUMENT", "HANDLE", "HANDLE", "HANDLE", "HANDLE",
                ]
                #expect(zoo.heard() == statuses.map { "d: \($0)" })
                #expect(zoo.loop.run { dialogue.heard.isEmpty })
            }
        }

        @Test("before the server has greeted, and behind DATA, nothing can be said")
        func moments() throws {
            try withZoo { zoo in
                let (client, servers) = try open(zoo, capabilities: ["pipelining"])
                client.command("OPEN", "mx.example")
                for word in ["SAY NOOP", "MESSAGE", "CAPABILITIES"] {
                    let parts = word.split(separator: " ").map(String.init)
                    client.command(parts[0], parts.count > 1 ? parts[1] : "")
                }
                #expect(zoo.heard() == ["d: SUCCESS", "d: STATE", "d: HANDLE", "d: STATE", "d: null"])
                let dialogue = try #require(zoo.loop.run { servers.dialogues.first })
                zoo.loop.run { dialogue.answer(250) }
                client.beginTransaction()
                client.receive("A: b\r\n\r\nc\r\n")
                _ = zoo.heard()
                client.command("MESSAGE")
                client.command("SAY", "DATA ")
                client.command("SAY", "NOOP")
                client.command("MESSAGE")
                #expect(zoo.heard() == ["d: STATE", "d: SUCCESS", "d: STATE", "d: STATE"])
                zoo.loop.run { dialogue.answer(354) }
                // It would be taken for the message.
                client.command("SAY", "NOOP")
                #expect(zoo.heard().last == "d: STATE")
                client.command("MESSAGE")
                client.command("SAY", "NOOP")
                #expect(zoo.heard() == ["d: SUCCESS", "d: STATE"])
                zoo.loop.run { dialogue.answer(451) }
                client.command("SAY", "NOOP")
                #expect(zoo.heard().last == "d: SUCCESS")
            }
        }

        @Test(
            "commands in a row only if the server offers PIPELINING; replies in their order", arguments: [true, false])
        func pipelining(isOffered: Bool) throws {
            try withZoo { zoo in
                let (client, dialogue) = try begin(zoo, capabilities: isOffered ? ["PIPELINING"] : ["8BITMIME"])
                client.command("MAIL", "a.example")
                client.command("RCPT", "b.example")
                #expect(zoo.heard() == ["d: SUCCESS", isOffered ? "d: SUCCESS" : "d: STATE"])
                zoo.loop.run {
                    dialogue.answer(250, "first")
                    dialogue.answer(251, "second")
                }
                #expect(zoo.heard() == told("mail", 250, "first") + (isOffered ? told("rcpt", 251, "second") : []))
            }
        }
    }
}
