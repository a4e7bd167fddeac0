// The way into the queue: on disk, or refused with a reason that says what to do.

import Glibc
import HarakaCore
import HarakaPluginHost
import HarakaQueue
import MailMessage
import NIOCore
import SMTPSyntax
import Testing

@testable import HarakaNet
@testable import HarakaSpool

@Suite("The outbox", .serialized)
struct OutboxTests {
    /// Nothing delivers: mails stay.
    private func bench() async throws -> EngineBench { try await EngineBench(nil) }

    @Test("whoever is told that a mail is queued finds it on disk, and who delivers hears of it first")
    func stored() async throws {
        let bench = try await bench()
        let told = Kept<[String]>([])
        await bench.run { [scratch = bench.scratch] in
            $0.outbox.queued = { mail in told.change { $0.append("\(mail.uuid) \(mail.size) \(scratch.names)") } }
        }
        let mail = EngineBench.mail("U1", from: Address(user: "me", host: "example.org"), to: ["a"])
        let before: [String]? = await bench.bench.ask { answer in
            bench.outbox.store(mail, TestMessage(EngineBench.text)) { answer($0 == nil ? told.value : []) }
        }
        #expect(before == ["U1 25 [\"U1\"]"])
        let stored = try bench.folder.open("U1")
        #expect(stored.mail.size == 25 && !stored.mail.is8Bit && !stored.mail.isUTF8 && stored.states.waiting == [0])
        #expect(try OutboundEngine.read(stored, stored.size) == Array(EngineBench.text.utf8))
        await bench.stop()
    }

    @Test(
        "the disk is full or broken: the client may try again, and hears no path",
        arguments: [(ENOSPC, 452, "4.3.1"), (EDQUOT, 452, "4.3.1"), (EIO, 451, "4.3.0")])
    func refused(code: Int32, reply: Int, status: String) async throws {
        let bench = try await bench()
        bench.disk.fail(.syncFile, code)
        let mail = EngineBench.mail("U1", from: .null, to: ["a"])
        let given: Reply? = await bench.bench.ask { answer in
            bench.outbox.store(mail, TestMessage(EngineBench.text)) { if let failure = $0 { answer(failure.reply) } }
        }
        #expect(given?.code == reply && given?.status.map { "\($0)" } == status && given?.text.contains("/") == false)
        #expect(bench.scratch.names.isEmpty && bench.log.with("2 U1 message not queued: ").count == 1)
        await bench.stop()
    }

    @Test("with too little room nothing is taken, and the log has one line when that begins and one when it ends")
    func short() async throws {
        let bench = try await bench()
        var options = QueueFolderOptions()
        options.minimumFreeBytes = .max
        bench.folder.change(options)
        #expect(try await bench.store("U1", to: "a")?.contains("are wanted") == true)
        #expect(try await bench.read { $0.outbox.isShort() && $0.outbox.isShort() })
        #expect(bench.log.with("mail for the queue is refused for now").count == 1)
        options.minimumFreeBytes = 0
        bench.folder.change(options)
        #expect(try await bench.read { !$0.outbox.isShort() })
        #expect(try await bench.store("U1", to: "a") == nil)
        #expect(bench.log.with("there is room for the queue again").count == 1)
        await bench.stop()
    }

    @Test("a message that cannot be read is not queued")
    func unreadable() async throws {
        let bench = try await bench()
        let mail = EngineBench.mail("U1", from: .null, to: ["a"])
        let message = TestMessage([UInt8](repeating: 0x41, count: 200_000), breaksAt: 100_000)
        let failure: String? = await bench.bench.ask { answer in
            bench.outbox.store(mail, message) { answer($0.map { "\($0)" } ?? "none") }
        }
        #expect(failure?.contains("the disk is broken") == true && bench.scratch.names.isEmpty)
        await bench.stop()
    }

    @Test("drain waits for what is on its way to the disk")
    func drained() async throws {
        let bench = try await bench()
        let latch = bench.disk.stop(.syncFile)
        let order = Kept<[String]>([])
        let mail = EngineBench.mail("U1", from: .null, to: ["a"])
        await bench.run { engine in
            engine.outbox.store(mail, TestMessage(EngineBench.text)) { _ in order.change { $0.append("stored") } }
            engine.outbox.drain { order.change { $0.append("drained") } }
        }
        #expect(order.value.isEmpty)
        latch.open()
        #expect(try await bench.eventually { _ in order.value.count == 2 })
        #expect(order.value == ["stored", "drained"])
        await bench.run { $0.outbox.drain { order.change { $0.append("at once") } } }
        #expect(order.value.count == 3)
        await bench.stop()
    }

    @Test("a mail knows whether it has bytes above 127, in the header or elsewhere")
    func bytes() throws {
        let far = String(repeating: "x", count: 70_000)
        for (text, is8Bit, isUTF8) in [
            ("Subject: x\r\n\r\ny\r\n", false, false), ("Subject: \u{e4}\r\n\r\ny\r\n", true, true),
            ("Subject: x\r\n\r\n\u{e4}\r\n", true, false), ("Subject: x\r\n\r\n\(far)\u{e4}\r\n", true, false),
            ("Subject: x\r\nX: \(far)\u{e4}\r\n\r\n", true, true), ("", false, false),
        ] {
            let found = try MessageBytes.look(at: Split(text))
            #expect(found.is8Bit == is8Bit && found.hasUTF8Header == isUTF8, "\(text.prefix(20))")
        }
    }

    /// A message that knows where its header ends, as those of clients do.
    private final class Split: MessageView {
        private let inner: TestMessage
        let bodyStart: Int
        var size: Int { inner.size }

        init(_ text: String) {
            inner = TestMessage(text)
            let bytes = Array(text.utf8)
            let end = bytes.indices.first { bytes[$0...].starts(with: [13, 10, 13, 10]) }
            bodyStart = end.map { $0 + 4 } ?? bytes.count
        }

        func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
            try inner.read(at: offset, into: buffer)
        }
    }

    // MARK: mail of plugins

    private func queue(_ bench: EngineBench) -> PluginQueue {
        PluginQueue(bench.outbox, host: bench.answers, spoolDirectory: "/tmp", asker: bench.engine)
    }

    private func send(_ bench: EngineBench, _ change: (inout PluginMail) -> Void = { _ in }) async throws -> Verdict {
        var mail = PluginMail(
            plugin: "tester", from: Address(user: "me", host: "example.org"),
            recipients: [Address(user: "a", host: "example.com")],
            contents: Array("Subject: x\r\nDate: then\r\nMessage-Id: <1>\r\n\r\nhello\r\n".utf8))
        change(&mail)
        let given = mail
        return try #require(
            await bench.bench.ask { answer in self.queue(bench).send(given) { answer($0) } } as Verdict?)
    }

    private func queued(_ bench: EngineBench) throws -> (mail: QueuedMail, text: String) {
        let name = try #require(bench.scratch.names.first)
        let stored = try bench.folder.open(name)
        return (stored.mail, String(decoding: try OutboundEngine.read(stored, stored.size), as: UTF8.self))
    }

    @Test("a plugin's mail is asked about, completed and queued under a uuid of its own")
    func sent() async throws {
        let bench = try await bench()
        let verdict = try await send(bench) { ($0.removesDate, $0.removesMessageID) = (true, true) }
        let (mail, text) = try queued(bench)
        #expect(verdict == Verdict(.ok, PluginReply("Message Queued (\(mail.uuid))")))
        #expect(
            mail.origin == "tester" && mail.reversePath.user == "me" && mail.recipients.map(\.address.user) == ["a"])
        #expect(text.contains("Message-Id: <\(mail.uuid)@me.example.org>\r\n") && !text.contains("<1>"))
        #expect(text.hasSuffix("\r\n\r\nhello\r\n") && text.contains("\r\nDate: ") && !text.contains("then"))
        #expect(bench.answers.heard == ["pre_send_trans_email \(mail.uuid)"])
        await bench.stop()
    }

    @Test("what its header has stays")
    func complete() async throws {
        let bench = try await bench()
        await bench.run { $0.outbox.receivedText = "outbound" }
        #expect(try await send(bench).code == .ok)
        let text = try queued(bench).text
        #expect(text.hasPrefix("Received: (outbound); ") && text.contains("Date: then\r\nMessage-Id: <1>\r\n\r\n"))
        await bench.stop()
    }

    @Test("a full disk is no time to send: DENYSOFT, and nothing is left behind")
    func soft() async throws {
        let bench = try await bench()
        bench.disk.fail(.write, ENOSPC)
        let verdict = try await send(bench)
        #expect(verdict.code == .denySoft && verdict.reply.text == "No room for the message, try again later")
        #expect(bench.scratch.names.isEmpty)
        await bench.stop()
    }

    @Test("a transaction's message is queued as it stands, beside the transaction; without one there is none")
    func transaction() async throws {
        let bench = try await bench()
        let codes: [HookCode]? = await bench.bench.ask { answer in
            let queue = self.queue(bench)
            let transaction = Transaction(uuid: "T.1")
            transaction.recipients = [Address(user: "a", host: "example.com")]
            queue.sendTransaction(transaction, nil) { first in
                let sink = MessageSink(
                    folder: SpoolFolder(in: "/tmp"), spoolAfter: 1 << 20, maxHeaderLines: 100, maxHeaderBytes: 1 << 20)
                transaction.begin(sink)
                sink.begin(transaction.body, limits: BodyLimits())
                Array(EngineBench.text.utf8).withUnsafeBytes { sink.append($0) }
                sink.end()
                queue.sendTransaction(transaction, nil) { answer([first.code, $0.code]) }
            }
        }
        #expect(codes == [.denySoft, .ok])
        let (mail, text) = try queued(bench)
        #expect(mail.uuid != "T.1" && mail.origin == "smtp" && text.contains("Subject: hello\r\n"))
        await bench.stop()
    }
}
