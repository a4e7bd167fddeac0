// outbound/1: plugin.h.

import HarakaCore
import HarakaPluginABI
import SMTPSyntax
import Testing

@testable import HarakaPluginHost

extension ZooTests {
    @Suite("the queue, for plugins") struct Outbound {
        /// A client of the plugin `q`, and its queue.
        func open(_ zoo: Zoo, isRash: Bool = true) throws -> (ZooClient, ZooOutbound) {
            let queue = ZooOutbound()
            queue.isRash = isRash
            zoo.loop.run { zoo.host.outbound = queue }
            try zoo.install("q", "queues.c", options: ["-pthread"])
            try zoo.load("q")
            return (zoo.connect(), queue)
        }

        @Test("a host without a queue does not offer it")
        func absent() throws {
            try withZoo { zoo in
                try zoo.install("q", "queues.c", options: ["-pthread"])
                #expect(
                    zoo.refusal("q")?.contains("outbound/1") == true
                        || zoo.refusal("q")?.contains("UNSUPPORTED") == true)
            }
        }

        @Test(
            "a mail is handed on with addresses and lines in order, and the answer is told once",
            arguments: [true, false])
        func sends(isRash: Bool) throws {
            try withZoo { zoo in
                let (client, queue) = try open(zoo, isRash: isRash)
                client.command("SEND")
                if !isRash {
                    #expect(zoo.heard() == ["q: SUCCESS"])
                    zoo.loop.run { queue.answer(times: 2) }
                }
                let told = ["q: mail: 906 'Message Queued (N.1)'", "q: destroyed mail"]
                #expect(zoo.heard() == (isRash ? ["q: SUCCESS"] : []) + told)
                let mail = try #require(zoo.loop.run { queue.mails.first })
                #expect(mail.plugin == "q")
                #expect(mail.from.formatted == "<a@example.com>")
                #expect(mail.recipients.map(\.formatted) == ["<b@example.org>", "<c@Example.NET>"])
                #expect(mail.recipients.map(\.host) == ["example.org", "example.net"])
                #expect(mail.contents == Array("Subject: x\r\n\r\nhello\r\n".utf8))
                #expect(!mail.removesMessageID && !mail.removesDate && mail.notes == Notes() && mail.originUUID == "-")
            }
        }

        @Test("flags, notes and origin come along")
        func full() throws {
            try withZoo { zoo in
                let (client, queue) = try open(zoo)
                client.command("FULL")
                let mail = try #require(zoo.loop.run { queue.mails.first })
                #expect(mail.removesMessageID && mail.removesDate)
                #expect(mail.notes.get("why") == .text("because"))
                #expect(mail.originUUID == "CLIENT")
            }
        }

        @Test("whether dots are doubled is the plugin's word")
        func dotFlag() throws {
            try withZoo { zoo in
                let (client, queue) = try open(zoo)
                client.command("CONTENTS", "..a\n")
                client.command("STUFFED", "..a\n")
                #expect(zoo.loop.run { queue.mails.map(\.contents) } == [Array("..a\r\n".utf8), Array(".a\r\n".utf8)])
            }
        }

        @Test("what makes no sense is refused, and takes nothing")
        func misuse() throws {
            try withZoo { zoo in
                let (client, queue) = try open(zoo)
                client.command("MISUSE")
                let statuses = [
                    "ARGUMENT", "ARGUMENT", "ARGUMENT", "ARGUMENT", "ARGUMENT", "ARGUMENT", "LIMIT", "TYPE", "HANDLE",
                    "ARGUMENT", "HANDLE", "HANDLE", "HANDLE",
                ]
                #expect(zoo.heard() == statuses.map { "q: \($0)" })
                client.command("MISUSE_QUEUE")
                client.command("NULL")
                #expect(
                    zoo.heard() == Array(repeating: "q: ARGUMENT", count: 6) + [
                        "q: SUCCESS", "q: SUCCESS", "q: ARGUMENT",
                    ]
                        + [
                            "q: stats: SUCCESS {in_progress:1,waiting:2,deferred:3,held:4,messages:5,recipients:6,bytes:7}",
                            "q: destroyed stats",
                            "q: list: SUCCESS [{file:\"U.1\",uuid:\"U.1.1\",queue_time:1000,domain:\"example.org\",from:<|>,"
                                + "to:[],size:8,attempts:2,next_attempt:3000,state:\"deferred\",error:\"busy\"}]",
                            "q: destroyed list",
                        ])
                #expect(zoo.loop.run { queue.mails.isEmpty && queue.actions.isEmpty })
                #expect(zoo.loop.run { zoo.host.generation?.plugins[0].requests.isEmpty } == true)
            }
        }

        @Test("the queue is asked with the whole filter")
        func queries() throws {
            try withZoo { zoo in
                let (client, queue) = try open(zoo)
                client.command("QUEUE")
                var query = QueueQuery()
                query.id = "U.1"
                query.domain = "example.org"
                query.sender = "@example.com"
                query.recipient = "b@example.org"
                query.olderThan = 60
                query.limit = 9
                #expect(zoo.loop.run { queue.queries } == [query, query])
                #expect(zoo.loop.run { queue.actions } == [.hold])
                #expect(zoo.heard().suffix(2) == ["q: act: SUCCESS 3", "q: destroyed act"])
            }
        }

        @Test(
            "a queue that does not answer",
            arguments: [(PluginQueueFailure.timedOut, "TIMED_OUT"), (.unavailable("no such process"), "IO")])
        func failures(failure: PluginQueueFailure, status: String) throws {
            try withZoo { zoo in
                let (client, queue) = try open(zoo)
                zoo.loop.run { queue.failure = failure }
                client.command("QUEUE")
                #expect(
                    zoo.heard().dropFirst(3) == [
                        "q: stats: \(status) null", "q: destroyed stats", "q: list: \(status) null",
                        "q: destroyed list",
                        "q: act: \(status) null", "q: destroyed act",
                    ])
                let reasons = zoo.log.messages(HARAKA_LOG_ERROR)
                #expect(reasons.count == (status == "IO" ? 3 : 0))
                #expect(reasons.allSatisfy { $0 == "the queue cannot be asked: no such process" })
            }
        }

        @Test("a transaction is sent once its message is there, with its client")
        func transaction() throws {
            try withZoo { zoo in
                let (client, queue) = try open(zoo)
                client.beginTransaction()
                zoo.loop.run { client.connection.transaction?.recipients = [Address(user: "b", host: "example.org")] }
                let sink = client.beginMessage()
                #expect(client.ask(.dataPost) == .cont)
                #expect(zoo.heard() == ["q: STATE"])
                client.send("A: b\r\n\r\nc\r\n", to: sink)
                zoo.loop.run { sink.end() }
                #expect(client.ask(.dataPost) == .cont)
                #expect(zoo.heard().last == "q: destroyed transaction")
                #expect(zoo.loop.run { queue.transactions.map(\.uuid) } == ["CLIENT.1"])
                #expect(zoo.loop.run { queue.transactions.map(\.client) } == ["CLIENT"])
                zoo.loop.run { client.connection.transaction?.recipients = [] }
                client.command("TRANSACTION")
                #expect(zoo.heard()[1] == "q: transaction: 902 'No recipients for email'")
                client.endTransaction()
                client.command("TRANSACTION")
                #expect(zoo.heard() == ["q: HANDLE"])
            }
        }

        @Test("the message of a queued mail can be read, and only while the mail is there")
        func message() throws {
            try withZoo { zoo in
                let (client, _) = try open(zoo)
                let box = zoo.queued()
                _ = zoo.ask(.sendEmail, box)
                #expect(zoo.heard() == ["q: SUCCESS", "q: 11 bytes of 11", "q: SUCCESS"])
                box.drop()
                client.command("MESSAGE")
                #expect(zoo.heard() == ["q: HANDLE"])
                _ = zoo.ask(.sendEmail, zoo.queued("B.1.1", nil))
                #expect(zoo.heard() == ["q: IO"])
                #expect(zoo.log.messages(HARAKA_LOG_ERROR).last == "the message cannot be read: no disk")
                client.command("MODE", "keeps")
                _ = zoo.ask(.sendEmail, zoo.queued("C.1.1"))
                client.end()
                #expect(zoo.stop())
                #expect(zoo.log.messages(HARAKA_LOG_WARN).contains("did not release 1 messages"))
            }
        }

        @Test("on another thread nothing is taken")
        func elsewhere() throws {
            try withZoo { zoo in
                let (client, queue) = try open(zoo)
                client.command("THREAD")
                #expect(zoo.heard() == Array(repeating: "q: WRONG_THREAD", count: 3))
                #expect(zoo.loop.run { queue.mails.isEmpty })
            }
        }

        @Test("the generation ends before the queue has answered: the mail goes, the callback does not run")
        func revoked() throws {
            try withZoo { zoo in
                let (client, queue) = try open(zoo, isRash: false)
                client.command("SEND")
                client.end()
                #expect(zoo.stop())
                #expect(zoo.heard() == ["q: SUCCESS", "q: destroyed mail"])
                zoo.loop.run { queue.answer() }
                #expect(zoo.heard().isEmpty)
            }
        }

        @Test("no plugin has more than ten thousand answers to come")
        func limit() throws {
            try withZoo { zoo in
                let (client, _) = try open(zoo, isRash: false)
                client.command("MANY")
                #expect(zoo.heard() == ["q: 5 refused"])
            }
        }

        @Test("the frame says that it is an answer of the queue")
        func frame() throws {
            try withZoo { zoo in
                let (client, _) = try open(zoo)
                let faults = zoo.host.faults
                nonisolated(unsafe) var seen: [String] = []
                zoo.log.observe { _ in seen.append(faults.hookName(faults.running.pointee.hook) ?? "-") }
                client.command("SEND")
                #expect(seen == ["unrecognized_command", "outbound", "destroy"])
            }
        }
    }
}
