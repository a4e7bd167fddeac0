// body/1: attachments, filters and banners while the message comes in.

import CHarakaFault
import HarakaCore
import HarakaPluginABI
import MailMessage
import Testing

@testable import HarakaPluginHost

/// Up to the middle of the first attachment.
private let firstHalf = """
    Subject: x\r
    Content-Type: multipart/mixed; boundary=b\r
    \r
    --b\r
    Content-Type: text/plain; charset=utf-8\r
    \r
    hello\r
    --b\r
    Content-Type: application/zip; name=a.zip\r
    Content-Transfer-Encoding: base64\r
    \r
    AAECA
    """
private let secondHalf = """
    wQ=\r
    --b\r
    Content-Type: image/png\r
    Content-Disposition: attachment; filename=no\r
    \r
    not this one\r
    --b--\r

    """
private let mailText = firstHalf + secondHalf
private let beginnings = [
    "reader begins 2 1 application/zip '' base64  'a.zip' 1 1",
    "reader begins 3 1 image/png '' 7bit attachment 'no' 1 1",
]
private let late = "late STATE STATE STATE STATE"

extension ZooTests {
    @Suite("body handlers") struct BodyHandlers {
        private func load(_ zoo: Zoo, _ commands: String...) throws -> ZooClient {
            try zoo.install("h", "handlers.c")
            try zoo.load("h")
            let client = zoo.connect()
            client.beginTransaction()
            for command in commands { client.command(command) }
            #expect(zoo.heard() == commands.map { _ in "h: SUCCESS" })
            return client
        }

        private func said(_ texts: [String]) -> [String] { texts.map { "h: \($0)" } }

        @Test(
            "attachments come decoded, begin and end once, and the context goes with the transaction",
            arguments: [1, 10_000])
        func attachments(pieces: Int) throws {
            try withZoo { zoo in
                let client = try load(zoo, "ATTACH")
                client.receive(mailText, pieces: pieces)
                let end = "reader ends 1 5: @\u{1}\u{2}\u{3}\u{4}"
                #expect(zoo.heard() == said([beginnings[0], end, beginnings[1], late]))
                client.endTransaction()
                #expect(zoo.heard() == said(["destroyed reader, 0 parts open"]))
            }
        }

        @Test("without its boundary an attachment ends unfinished")
        func unfinished() throws {
            try withZoo { zoo in
                let client = try load(zoo, "ATTACH")
                client.receive(mailText.replacing("--b--\r\n", with: "").replacing("=no", with: "=yes"))
                let all = zoo.heard()
                #expect(all.contains("h: reader ends 0 14: not this one\r\n"))
            }
        }

        @Test("whoever reads an attachment when the client goes is told at the loop's next turn, then the context goes")
        func clientGone() throws {
            try withZoo { zoo in
                let client = try load(zoo, "ATTACH")
                let sink = client.beginMessage()
                client.send(firstHalf, to: sink)
                #expect(zoo.heard() == said([beginnings[0]]))
                zoo.loop.run { sink.abort() }
                client.end()
                let heard = zoo.heard()
                #expect(heard == said(["reader ends -1 3: @\u{1}\u{2}", "destroyed reader, 0 parts open"]))
            }
        }

        @Test("a transaction that ends without a word to the sink ends its parts, too")
        func transactionGone() throws {
            try withZoo { zoo in
                let client = try load(zoo, "ATTACH", "UPPER")
                let sink = client.beginMessage()
                client.send(firstHalf, to: sink)
                _ = zoo.heard()
                client.endTransaction()
                let begins = ["h: reader ends -1", "h: destroyed read", "h: destroyed uppe"]
                #expect(zoo.heard().map { String($0.prefix(17)) } == begins)
                client.send(secondHalf, to: sink)
                zoo.loop.run { sink.end() }
                #expect(zoo.heard() == [])
            }
        }

        @Test("filters work one after the other, before anybody reads attachments; other parts stay as they are")
        func filters() throws {
            try withZoo { zoo in
                let client = try load(zoo, "UPPER", "HOLD", "ATTACH")
                let sink = client.receive(mailText, pieces: 50)
                let heard = zoo.heard()
                #expect(heard.contains("h: upper begins 1 1 text/plain 'utf-8' 7bit  '' 0 1"))
                #expect(heard.contains("h: upper last"))
                #expect(heard.contains("h: reader ends 1 5: @\u{1}\u{2}\u{3}\u{4}"))
                #expect(heard.filter { $0.hasSuffix(" ends") }.sorted() == said(["hold ends", "upper ends"]))
                let stored = try client.stored(sink)
                #expect(stored.contains("[HELLO"))
                #expect(stored.contains("AAECAwQ=\r\n--b\r\n"))
                client.endTransaction()
                let gone = ["upper", "hold", "reader"].map { "destroyed \($0), 0 parts open" }
                #expect(zoo.heard() == said(gone))
            }
        }

        @Test("a filter may have no end function")
        func endless() throws {
            try withZoo { zoo in
                let client = try load(zoo, "ENDLESS")
                let sink = client.receive(mailText)
                #expect(try client.stored(sink).contains("HELLO"))
                client.endTransaction()
                #expect(zoo.heard().last == "h: destroyed endless, 1 parts open")
            }
        }

        @Test("an output is good in its own call only, and a malformed text is refused")
        func stolenOutput() throws {
            try withZoo { zoo in
                let client = try load(zoo, "STEAL")
                let sink = client.receive(mailText, pieces: 3)
                let heard = zoo.heard()
                #expect(heard.contains("h: outside HANDLE"))
                #expect(heard.contains("h: malformed ARGUMENT"))
                #expect(!heard.contains("h: outside SUCCESS"))
                #expect(try client.stored(sink) == mailText)
                client.command("EMIT")
                #expect(zoo.heard() == ["h: HANDLE"])
                let errors = zoo.log.messages(HARAKA_LOG_ERROR)
                #expect(errors.contains("h used a filter output handle that names nothing (any more)"))
            }
        }

        @Test("a filter that makes far too much is named, and the message refused for now")
        func hugeOutput() throws {
            try withZoo { zoo in
                let client = try load(zoo, "HUGE")
                let sink = client.beginMessage()
                client.send(mailText, to: sink)
                zoo.loop.run { sink.end() }
                #expect(zoo.heard().contains("h: 64 emitted, then LIMIT"))
                let reason = "made more of a part than a filter may"
                #expect(zoo.log.messages(HARAKA_LOG_CRIT) == [reason])
                #expect(zoo.loop.run { sink.failure?.description } == "plugin h \(reason)")
                client.endTransaction()
                #expect(zoo.heard().last == "h: destroyed huge, 0 parts open")
            }
        }

        @Test("a banner stands in the message")
        func banner() throws {
            try withZoo { zoo in
                let client = try load(zoo, "BANNER")
                let sink = client.receive(mailText)
                #expect(try client.stored(sink).contains("our words"))
                #expect(zoo.heard() == ["h: \(late)"])
            }
        }

        @Test("to parse is a wish that can be read, and that handlers have")
        func parse() throws {
            try withZoo { zoo in
                let client = try load(zoo)
                client.command("PARSE")
                #expect(zoo.heard() == said(["false", "SUCCESS", "true"]))
                client.endTransaction()
                client.beginTransaction()
                client.command("ATTACH")
                #expect(zoo.loop.run { client.connection.transaction?.body.parses } == true)
            }
        }

        @Test("in the middle of the message it may be looked at and changed, and the client held back")
        func meddling() throws {
            try withZoo { zoo in
                let client = try load(zoo, "MEDDLE")
                let sink = client.beginMessage()
                client.send(String(firstHalf.dropLast(5)), to: sink)
                client.send(String(firstHalf.suffix(5)) + secondHalf, to: sink)
                let heard = zoo.heard()
                let within = ["root STATE", "late STATE", #"subject ["x"]"#, "parts 3", "retain SUCCESS", "size 1"]
                #expect(Array(heard.dropFirst().prefix(6)) == said(within))
                #expect(zoo.loop.run { sink.headerValues("X-Met") } == ["yes"])
                #expect(client.pauses == 0)
            }
        }

        @Test("a handler whose plugin's generation ends first hears it, and is never called again")
        func generationOver() throws {
            try withZoo { zoo in
                let client = try load(zoo, "ATTACH", "UPPER")
                let sink = client.beginMessage()
                client.send(String(mailText.prefix(100)), to: sink)
                #expect(zoo.stop())
                let heard = zoo.heard()
                #expect(heard.contains("h: destroyed reader, 1 parts open"))
                #expect(heard.last == "h: destroyed upper, 0 parts open")
                client.send(String(mailText.dropFirst(100)), to: sink)
                zoo.loop.run { sink.end() }
                #expect(zoo.heard() == [])
                #expect(zoo.loop.run { sink.failure?.description } == "plugin h was over while it rewrote a part")
                zoo.loop.run { #expect(zoo.host.doomed.isEmpty) }
            }
        }

        @Test("wrong sizes, missing functions and pointers are refused, and what is refused has taken nothing")
        func misuse() throws {
            try withZoo { zoo in
                let client = try load(zoo)
                client.command("MISUSE")
                let attachments = ["HANDLE", "HANDLE"] + Array(repeating: "ARGUMENT", count: 6)
                let filters = ["HANDLE", "HANDLE"] + Array(repeating: "ARGUMENT", count: 4)
                let banners = ["HANDLE", "ARGUMENT", "ARGUMENT", "LIMIT", "SUCCESS"]
                let rest = ["HANDLE", "100 taken, then LIMIT"]
                #expect(zoo.heard() == said(attachments + filters + banners + rest))
                client.endTransaction()
                #expect(zoo.heard() == Array(repeating: "h: destroyed x, 0 parts open", count: 100))
            }
        }

        @Test("each function runs in a frame that names the plugin and the connection that asked")
        func frames() throws {
            try withZoo { zoo in
                let client = try load(zoo, "ATTACH", "UPPER")
                let (loop, faults) = (zoo.loop, zoo.host.faults)
                let seen = FrameList()
                zoo.log.observe { said in
                    guard loop.isCurrent else { return }
                    let frame = faults.running.pointee
                    let names = [faults.pluginName(frame.plugin), faults.hookName(frame.hook)].map { $0 ?? "-" }
                    seen.add("\(said.prefix(12)): \(names.joined(separator: " ")) \(frame.connection)")
                }
                client.receive(mailText)
                let frames = seen.all
                #expect(frames.contains("reader begin: h attachment 1"))
                #expect(frames.contains("reader ends : h attachment 1"))
                #expect(frames.contains("upper begins: h filter 1"))
                #expect(frames.contains("upper last: h filter 1"))
                #expect(frames.contains("upper ends: h filter 1"))
            }
        }
    }
}

/// What was seen, in order.
private final class FrameList: @unchecked Sendable {
    private let lock = ZooLock()
    private var seen: [String] = []
    func add(_ text: String) { lock.with { seen.append(text) } }
    var all: [String] { lock.with { seen } }
}
