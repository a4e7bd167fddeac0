// Notes: values by dotted paths. docs/objects.md "Notes".

import HarakaCore
import Testing

@Suite("Notes")
struct NotesTests {
    @Test("a path makes the levels that are missing")
    func levels() {
        var notes = Notes()
        #expect(notes.set("queue.wants", .text("outbound")) == true)
        #expect(notes.set("queue.next_hop", .text("smtp://x")) == true)
        #expect(notes.get("queue.wants") == .text("outbound"))
        #expect(
            notes.get("queue")
                == .map(ValueMap([.init("wants", .text("outbound")), .init("next_hop", .text("smtp://x"))])))
        #expect(notes.get("queue.wants.more") == nil)
        #expect(notes.get("other") == nil)
    }

    @Test("the empty path is the whole tree for reading, and nothing for writing", arguments: ["", ".", "..."])
    func emptyPath(path: String) {
        var notes = Notes()
        #expect(notes.set(path, .boolean(true)) == false)
        #expect(notes.get(path) == .map(ValueMap()))
    }

    @Test("null changes nothing")
    func null() {
        var notes = Notes()
        notes.set("a", .integer(1))
        #expect(notes.set("a", .null) == true)
        #expect(notes.set("b.c", .null) == true)
        #expect(notes.get("a") == .integer(1))
        #expect(notes.get("b") == nil)
    }

    @Test("what stands in the way of a level is replaced, and a level by a value")
    func replaced() {
        var notes = Notes()
        notes.set("a", .integer(1))
        notes.set("a.b", .integer(2))
        #expect(notes.get("a.b") == .integer(2))
        notes.set("a", .text("flat"))
        #expect(notes.get("a.b") == nil)
        #expect(notes.root.entries.map(\.key) == ["a"])
    }

    @Test("more than 32 levels are refused")
    func depth() {
        var notes = Notes()
        let deep = Array(repeating: "x", count: 32).joined(separator: ".")
        #expect(notes.set(deep, .integer(1)) == true)
        #expect(notes.get(deep) == .integer(1))
        #expect(notes.set(deep + ".y", .integer(2)) == false)
        #expect(notes.get(deep + ".y") == nil)
        #expect(notes.get(deep) == .integer(1))
    }
}
