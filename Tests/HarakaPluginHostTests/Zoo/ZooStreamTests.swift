// message_stream: forms, threads, and what plugins do wrong with it.

import HarakaCore
import HarakaPluginABI
import Testing

@testable import HarakaPluginHost

private let mailText = "Subject: x\r\n\r\none\r\n.two\r\n"

extension ZooTests {
    @Suite("streams") struct Streams {
        /// A client whose plugin holds that message.
        private func load(_ zoo: Zoo, _ text: String = mailText, spoolAfter: Int = 262_144) throws -> ZooClient {
            try zoo.install("s", "streams.c", options: ["-pthread"])
            try zoo.load("s")
            let client = zoo.connect()
            client.beginTransaction()
            client.receive(text, spoolAfter: spoolAfter)
            return client
        }

        @Test(
            "a stream gives the message in the form that is asked for", arguments: [262_144, 0],
            [
                ("0 0 3", mailText), ("1 0 3", "Subject: x\n\none\n.two\n"),
                ("2 0 3", "Subject: x\r\n\r\none\r\n..two\r\n"), ("4 0 3", mailText + ".\r\n"),
                ("8 0 3", "one\r\n.two\r\n"), ("15 0 1", "one\n..two\n.\n"),
                ("24 5 3", "\0\0\0\u{5}one\r\n\0\0\0\u{5}.two\r\0\0\0\u{1}\n\0\0\0\0"),
                ("16 0 100", "\0\0\0\u{19}\(mailText)\0\0\0\0"),
            ])
        func forms(spoolAfter: Int, form: (asked: String, text: String)) throws {
            try withZoo { zoo in
                let client = try load(zoo, spoolAfter: spoolAfter)
                client.command("READ", form.asked)
                let visible = form.text.replacing("\0", with: "@")
                #expect(zoo.heard() == ["s: SUCCESS", "s: \(form.text.utf8.count): \(visible)"])
            }
        }

        @Test("no options: as it stands")
        func plain() throws {
            try withZoo { zoo in
                let client = try load(zoo)
                client.command("PLAIN")
                #expect(zoo.heard() == ["s: \(mailText.utf8.count): \(mailText)"])
            }
        }

        @Test("a stream outlives the handle of its message, and its transaction")
        func outlives() throws {
            try withZoo { zoo in
                let client = try load(zoo)
                client.endTransaction()
                client.command("OUTLIVE")
                #expect(zoo.heard() == ["s: 11: one\r\n.two\r\n"])
            }
        }

        @Test("two threads that read one stream get each byte once", arguments: ["0", "2"])
        func race(flags: String) throws {
            try withZoo { zoo in
                let body = String(repeating: "a line of text\r\n", count: 40_000)
                let client = try load(zoo, "S: x\r\n\r\n" + body, spoolAfter: 100_000)
                client.command("RACE", flags)
                #expect(zoo.heard() == ["s: together \(body.utf8.count + 8)", "s: SUCCESS"])
            }
        }

        @Test("forged, stale and foreign handles, unknown flags, wrong sizes and missing pointers are statuses")
        func misuse() throws {
            try withZoo { zoo in
                let client = try load(zoo)
                client.command("MISUSE")
                let opening = ["HANDLE", "ARGUMENT", "ARGUMENT", "ARGUMENT", "ARGUMENT", "ARGUMENT", "LIMIT"]
                let reading = ["untouched 1", "SUCCESS", "HANDLE", "HANDLE", "HANDLE", "-2", "ARGUMENT"]
                // SIZE_MAX is negative here, and a read of nothing gives nothing.
                let ends = ["SUCCESS", "SUCCESS", "ARGUMENT", "1", "SUCCESS", "HANDLE", "HANDLE", "HANDLE"]
                let many = ["10000 open, then LIMIT"]
                #expect(zoo.heard() == (opening + reading + ends + many).map { "s: \($0)" })
                let errors = zoo.log.messages(HARAKA_LOG_ERROR)
                #expect(errors.contains("s used a stream handle that names nothing (any more)"))
                #expect(
                    errors.contains("a plugin's thread used a stream handle that names nothing (any more)"))
                client.end()
                #expect(zoo.stop())
                let warnings = zoo.log.messages(HARAKA_LOG_WARN)
                #expect(warnings == ["did not release 1 messages", "did not close 10000 streams"])
                zoo.loop.run { #expect(zoo.host.streams.count == 0) }
            }
        }
    }
}
