// Configuration, log, headers and messages, as plugins see them.

import HarakaCore
import HarakaPluginABI
import Testing

extension ZooTests {
    @Suite("services") struct Services {
        private func load(_ zoo: Zoo, _ source: String) throws -> ZooClient {
            try zoo.install("s", source)
            try zoo.load("s")
            let client = zoo.connect()
            client.beginTransaction()
            return client
        }

        @Test("configuration is asked for with type and booleans; problems go to the log; junk is refused")
        func configuration() throws {
            try withZoo { zoo in
                let client = try load(zoo, "config.c")
                #expect(client.ask(mail) == .cont)
                let said = [
                    "SUCCESS {main:{on:true,n:5,ratio:1.5},empty:{}}", #"SUCCESS ["a","b"]"#, "SUCCESS null",
                    "SUCCESS {}", "ARGUMENT null", "ARGUMENT null", "ARGUMENT null", "ARGUMENT",
                ]
                #expect(zoo.heard() == said.map { "s: \($0)" })
                let asked = ["x.ini 4 'main.on'", "list 2 ''", "missing 0 ''", "broken.ini 0 ''"]
                #expect(zoo.configuration.questions == asked)
                #expect(zoo.log.messages(HARAKA_LOG_ERROR) == ["broken.ini:1: what is this?"])
            }
        }

        @Test("ten levels are logged with name and uuid, others are not")
        func levels() throws {
            try withZoo { zoo in
                zoo.log.level = HARAKA_LOG_DATA
                let client = try load(zoo, "logs.c")
                #expect(client.ask(mail) == .cont)
                let lines = zoo.log.lines.filter { $0.message.hasPrefix("level ") }
                #expect(lines.map(\.message) == (0...9).map { "level \($0)" })
                #expect(lines.map(\.level) == (0...9).map { Int32($0) })
                #expect(lines.allSatisfy { $0.origin == "s" && $0.uuid == "CLIENT.1" })
            }
        }

        @Test("a very long line is cut, and says how long it was")
        func longLine() throws {
            try withZoo { zoo in
                let client = try load(zoo, "logs.c")
                client.command("LONG")
                let full = String(repeating: "x", count: 8192)
                #expect(zoo.log.messages(HARAKA_LOG_EMERG) == ["\(full) ... (1048576 bytes)", full])
            }
        }

        @Test("lines of nobody, about nothing, or without text are no trap")
        func strangeLines() throws {
            try withZoo { zoo in
                let client = try load(zoo, "logs.c")
                client.command("STRANGE")
                let lines = zoo.log.lines.filter { $0.level == HARAKA_LOG_EMERG || $0.level == HARAKA_LOG_ERROR }
                #expect(lines.map(\.origin) == ["plugin", "s", "s"])
                #expect(lines.map(\.uuid) == ["-", "-", "CLIENT.1"])
                #expect(lines.map(\.message) == ["strange", "logged a malformed text", "\u{FFFD}\n\0"])
            }
        }

        @Test("log_enabled says what is written")
        func logEnabled() throws {
            try withZoo { zoo in
                let client = try load(zoo, "logs.c")
                zoo.log.level = 8
                client.command("ENABLED")
                #expect(zoo.heard() == ["s: 1 1 0 0"])
            }
        }

        @Test("a message is read from another thread, and stays after its transaction until it is released")
        func message() throws {
            try withZoo { zoo in
                let client = try load(zoo, "messages.c")
                let content = ZooMessage("Subject: one\r\nX-Gone: 1\r\nSubject: two\r\n\r\nbody\r\n")
                zoo.loop.run { client.connection.transaction?.begin(content) }
                #expect(client.ask(.dataPost) == .cont)
                let read = "s: size 47, read 7 'bject: ', at the end 0"
                let lookup = ["no name ARGUMENT", "SUCCESS", #"["one","two"]"#, "ABSENT"].map { "s: \($0)" }
                #expect(zoo.heard() == ["s: retain SUCCESS", read] + lookup)
                let edits: [HeaderEdit] = [
                    .addEnd(name: "X-End", value: "end"), .addLeading(name: "X-First", value: "first"),
                    .remove(name: "X-Gone"),
                ]
                #expect(zoo.loop.run { content.edits } == edits)
                client.endTransaction()
                client.command("READ")
                #expect(zoo.heard() == [read])
                client.command("RELEASE")
                #expect(zoo.heard() == ["s: SUCCESS", "s: HANDLE", "s: HANDLE", "s: HANDLE"])
            }
        }

        @Test("reading without a buffer, beyond everything, or with an absurd count is no trap")
        func readingMisused() throws {
            try withZoo { zoo in
                let client = try load(zoo, "messages.c")
                let content = ZooMessage("x")
                zoo.loop.run { client.connection.transaction?.begin(content) }
                _ = client.ask(.dataPost)
                _ = zoo.heard()
                client.command("MISUSE")
                #expect(zoo.heard() == ["ARGUMENT", "ARGUMENT", "ARGUMENT", "SUCCESS", "ARGUMENT"].map { "s: \($0)" })
            }
        }

        @Test("before there is a message it cannot be retained; a message left behind is released and named")
        func leftBehind() throws {
            try withZoo { zoo in
                let client = try load(zoo, "messages.c")
                _ = client.ask(.dataPost)
                #expect(zoo.heard().first == "s: retain STATE")
                let content = ZooMessage("x")
                zoo.loop.run { client.connection.transaction?.begin(content) }
                _ = client.ask(.dataPost)
                client.end()
                #expect(zoo.stop())
                #expect(zoo.log.messages(HARAKA_LOG_WARN) == ["did not release 1 messages"])
            }
        }
    }
}

/// A message in memory, with fields that are found without looking at case or folding.
private final class ZooMessage: MessageContent {
    private final class View: MessageView {
        let bytes: [UInt8]
        init(_ bytes: [UInt8]) { self.bytes = bytes }
        var size: Int { bytes.count }
        func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) -> Int {
            let part = bytes.dropFirst(min(offset, bytes.count)).prefix(buffer.count)
            buffer.copyBytes(from: part)
            return part.count
        }
    }

    private let text: String
    private(set) var edits: [HeaderEdit] = []

    init(_ text: String) { self.text = text }

    func edit(_ edit: HeaderEdit) { edits.append(edit) }

    func headerValues(_ name: String) -> [String] {
        text.split(separator: "\r\n").filter { $0.hasPrefix("\(name): ") }.map { String($0.dropFirst(name.count + 2)) }
    }

    func snapshot() -> any MessageView { View(Array(text.utf8)) }
}
