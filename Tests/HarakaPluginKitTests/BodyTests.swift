// Bodies, streams, attachments and filters.
import HarakaPluginABI
import HarakaPluginKit
import Testing

extension KitTests {
    @Suite("Body")
    struct BodyTests {
        let host = FakeHost.shared
        let fake = FakeBody.shared

        /// Runs a closure in a hook with a transaction, and says what it threw.
        @discardableResult
        func inHook(_ body: @escaping (borrowing Call, Transaction) throws(PluginError) -> Void) -> String? {
            final class Cause { var text: String? }
            let cause = Cause()
            FakeHost.register { plugin in
                plugin.hook("data_post") { call in
                    guard let transaction = call.transaction else { return .continue }
                    do throws(PluginError) { try body(call, transaction) } catch { cause.text = error.cause }
                    return .continue
                }
            }
            fake.parts = [
                .init(type: "multipart/mixed", content: "whole", depth: 0, children: [1, 2]),
                .init(type: "text/html", content: "<p>"), .init(type: "image/png", content: "pixels"),
            ]
            _ = host.run("data_post")
            return cause.text
        }

        @Test("the parts are visited in order, until there is none")
        func parts() {
            var seen: [String] = []
            let cause = inHook { _, transaction throws(PluginError) in
                try transaction.body?.forEachPart { part throws(PluginError) in
                    seen.append("\(part.index) \(part.depth) \(part.contentType.string) \(part.size)")
                }
            }
            #expect(cause == nil)
            #expect(seen == ["0 0 multipart/mixed 5", "1 1 text/html 3", "2 1 image/png 6"])
        }

        @Test("a search ends with the part that was looked for")
        func search() {
            var seen: [Int] = []
            inHook { _, transaction throws(PluginError) in
                let isFound = try transaction.body?.searchParts { part throws(PluginError) in
                    seen.append(part.index)
                    return part.isText
                }
                #expect(isFound == true)
            }
            #expect(seen == [0, 1])
        }

        @Test("parents, children, headers and properties of a part")
        func relations() {
            inHook { _, transaction throws(PluginError) in
                guard let root = try transaction.body?.root else { return }
                #expect(root.parent?.index == nil)
                #expect(root.isMultipart && !root.isText)
                #expect(root.children.map(\.index) == [1, 2])
                #expect(root.child(2)?.index == nil)
                #expect(root.child(1)?.parent?.index == 0)
                #expect(root.header("Subject").string == "Subject 0")
                #expect(root.header("Subject", decoded: true).string == "Subject 1")
                #expect(root.isComplete && !root.isAttachment)
                #expect(root.filename.isEmpty)
            }
        }

        @Test("a part is read in the form that was asked for, and closed")
        func streams() {
            inHook { _, transaction throws(PluginError) in
                guard let part = try transaction.body?.part(2) else { return }
                var pieces: [String] = []
                try part.open(.text).forEachChunk(size: 4) { pieces.append(String(decoding: $0, as: UTF8.self)) }
                #expect(pieces == ["pixe", "ls"])
                #expect(try part.open(.raw).bytes(limit: 6) == Array("pixels".utf8))
                #expect(try part.open().bytes(limit: 5) == nil)
            }
            #expect(fake.said == ["form 2", "form 0", "form 1"])
            #expect(fake.streams.isEmpty)
        }

        @Test("a multipart has no text; the error says so")
        func noText() {
            let cause = inHook { _, transaction throws(PluginError) in _ = try transaction.body?.root.open(.text) }
            #expect(cause == "opening a part: has another type")
        }

        @Test("a host without bodies has none")
        func absent() {
            inHook { _, transaction throws(PluginError) in
                FakeBody.shared.parts = nil
                #expect(transaction.body?.part == nil)
            }
        }

        @Test("a message is streamed with the options that were asked for")
        func message() {
            inHook { _, transaction throws(PluginError) in
                let stream = try transaction.message().stream([.unixLineEnds, .clamd], chunkSize: 9)
                #expect(try stream.bytes(limit: 100) == Array("16 17 9".utf8))
            }
        }

        @Test("an attachment comes in pieces and ends once; then the reader is gone")
        func attachments() {
            var seen: [String] = []
            inHook { call, transaction throws(PluginError) in
                transaction.parseBody()
                let connection = call.connection
                try transaction.body?.attachments { part in
                    guard part.contentType == "image/png" else { return nil }
                    seen.append("\(part.index) \(part.filename.string) \(part.isAttachment)")
                    let counted = Counted()
                    return AttachmentReader { bytes in
                        counted.touch()
                        connection.pause()
                        seen.append(String(decoding: bytes, as: UTF8.self))
                        connection.resume()
                    } ended: {
                        seen.append("\($0)")
                    }
                }
            }
            #expect(host.log == ["set 1014 1"])
            #expect(fake.receive(attachment: "text/html", ["x"], complete: 1) == 0)
            #expect(fake.receive(attachment: "image/png", ["ab", "c"], complete: -1) == 1)
            #expect(seen == ["4 a.bin true", "ab", "c", "aborted"])
            #expect(host.log == ["set 1014 1", "pause", "resume", "pause", "resume"])
            #expect(Counted.alive == 0)
        }

        @Test("whoever comes too late gets an error, and what was given is let go")
        func late() {
            let cause = inHook { _, transaction throws(PluginError) in
                let counted = Counted()
                FakeHost.shared.status = HARAKA_E_STATE
                defer { FakeHost.shared.status = HARAKA_SUCCESS }
                try transaction.body?.attachments { _ in
                    counted.touch()
                    return nil
                }
            }
            #expect(cause == "attachments: not possible now")
            #expect(Counted.alive == 0)
        }

        @Test("a filter rewrites what it wants, piece by piece, and is let go after each part")
        func filters() {
            inHook { _, transaction throws(PluginError) in
                try transaction.body?.filter { part in
                    guard part.contentType == "text/plain" else { return nil }
                    let counted = Counted()
                    return { bytes, isLast, output in
                        counted.touch()
                        output.emit(bytes)
                        output.emit(isLast ? "." : "-")
                    }
                }
            }
            #expect(fake.rewrite("image/png", ["a"]) == nil)
            #expect(fake.rewrite("text/plain", ["ab", "c", ""]) == "ab-c-.")
            #expect(Counted.alive == 0)
        }

        @Test("a filter of whole parts sees each part whole, and leaves what is too long")
        func wholeParts() {
            inHook { _, transaction throws(PluginError) in
                let reverse = { (part: WholePart, all: [UInt8]) -> [UInt8]? in
                    all == Array("keep".utf8) ? nil : all.reversed() + Array(part.contentType.utf8)
                }
                let isText = { (part: PartInfo) in part.contentType.hasPrefix("text/") }
                try transaction.body?.filterWhole(limit: 4, isText, rewrite: reverse)
            }
            #expect(fake.rewrite("text/plain", ["ab", "c", ""]) == "cbatext/plain")
            #expect(fake.rewrite("text/plain", ["keep"]) == "keep")
            #expect(fake.rewrite("text/plain", ["abc", "de", "f"]) == "abcdef")
            #expect(fake.rewrite("image/png", ["a"]) == nil)
        }

        @Test("a banner is a text and its HTML")
        func banner() {
            inHook { _, transaction throws(PluginError) in try transaction.body?.setBanner(text: "a", html: "<b>") }
            #expect(fake.said == ["banner a <b>"])
        }
    }
}

/// Knows how many of its kind there are.
private final class Counted {
    nonisolated(unsafe) static var alive = 0
    init() { Counted.alive += 1 }
    deinit { Counted.alive -= 1 }
    func touch() {}
}
