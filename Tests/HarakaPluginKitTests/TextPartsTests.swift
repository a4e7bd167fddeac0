// The texts of a message, looked through.
import HarakaPluginABI
import HarakaPluginKit
import Testing

extension KitTests {
    @Suite("Texts of a message")
    struct TextPartsTests {
        let host = FakeHost.shared
        let fake = FakeBody.shared

        /// Searches texts of these contents for `needle`; what the hook function returned.
        func search(_ contents: [String], _ needle: String, type: String = "text/plain") -> Int32 {
            FakeHost.register { plugin in
                plugin.hook("data_post") { call, next in
                    guard let transaction = call.transaction else { return next.continue() }
                    let search = ByteSearch([needle])
                    next.searchTexts(of: transaction) { text throws(PluginError) -> Bool? in
                        var place = ByteSearch.Place()
                        let isFound = try text.searchChunks { search.finds(in: $0, from: &place) != nil }
                        return isFound ? true : nil
                    } then: { found, next in
                        if found == nil { next.continue() } else { next.deny() }
                    }
                }
            }
            fake.parts =
                [.init(type: "multipart/mixed", content: needle, depth: 0)]
                + contents.map { .init(type: type, content: $0) }
            return host.run("data_post")
        }

        @Test("little text is searched at once, and every stream is closed")
        func little() {
            #expect(search(["a", "needle"], "needle") == HARAKA_DENY)
            #expect(search(["a", "b"], "needle") == HARAKA_CONT)
            #expect(fake.streams.isEmpty)
            #expect(fake.said == ["form 2", "form 2"])
        }

        @Test("a message inside the message is text, an image is none")
        func types() {
            #expect(search(["needle"], "needle", type: "message/rfc822") == HARAKA_DENY)
            #expect(search(["needle"], "needle", type: "image/png") == HARAKA_CONT)
        }

        @Test("many parts are opened some at a time, and none is left out")
        func many() {
            let contents = (0..<100).map { "part \($0)." }
            #expect(search(contents, "part 99.") == HARAKA_PENDING)
            host.drain()
            #expect(host.answers == [.init(code: HARAKA_DENY)])
            #expect(search(contents, "part 100.") == HARAKA_PENDING)
            host.drain()
            #expect(host.answers == [.init(code: HARAKA_CONT)])
            #expect(fake.mostStreams <= 64)
        }

        @Test("much text is searched on a thread, part after part")
        func much() {
            let large = String(repeating: "x", count: 200_000)
            #expect(search([large, large, "needle"], "needle") == HARAKA_PENDING)
            #expect(host.answers == [])
            host.drain()
            #expect(host.answers == [.init(code: HARAKA_DENY)])
            #expect(search([large, "a"], "needle") == HARAKA_PENDING)
            host.drain()
            #expect(host.answers == [.init(code: HARAKA_CONT)])
            #expect(fake.streams.isEmpty)
        }

        @Test("a host without bodies refuses for now")
        func absent() {
            FakeHost.register { plugin in
                plugin.hook("data_post") { call, next in
                    FakeBody.shared.parts = nil
                    guard let transaction = call.transaction else { return next.continue() }
                    next.searchTexts(of: transaction) { _ -> Bool? in
                        nil
                    } then: { _, next in
                        next.ok()
                    }
                }
            }
            #expect(host.run("data_post") == HARAKA_PENDING)
            #expect(host.answers == [.init(code: HARAKA_DENYSOFT, lines: ["plugin failed"])])
        }
    }
}
