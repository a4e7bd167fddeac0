// Results of plugins. docs/objects.md "Results".

import HarakaCore
import Testing

@Suite("Results")
struct ResultsTests {
    @Test("an entry has all five lists, in order, then what else was added")
    func entry() {
        var results = Results()
        #expect(results.get("spf") == nil)
        results.add("spf", "score", .integer(3))
        results.add("spf", "fail", .text("mfrom"))
        let entry = results.get("spf")
        #expect(entry?.entries.map(\.key) == ["pass", "fail", "msg", "err", "skip", "score"])
        #expect(entry?["pass"] == .list([]))
        #expect(entry?["fail"] == .list([.text("mfrom")]))
        #expect(results.get("other") == nil)
    }

    @Test("the five lists collect, one value or many", arguments: Results.lists)
    func lists(key: String) {
        var results = Results()
        results.add("p", key, .text("a"))
        results.add("p", key, .list([.text("b"), .integer(3)]))
        #expect(results.get("p")?[key] == .list([.text("a"), .text("b"), .integer(3)]))
    }

    @Test(
        "what is not true is not added to a list",
        arguments: [Value.null, .text(""), .boolean(false), .integer(0), .list([])])
    func nothing(value: Value) {
        var results = Results()
        results.add("p", "fail", value)
        #expect(results.get("p")?["fail"] == .list([]))
        #expect(results.collate("p") == "")
    }

    @Test("any other key holds the last value")
    func single() {
        var results = Results()
        results.add("p", "asn", .integer(1))
        results.add("p", "asn", .text("2"))
        #expect(results.get("p")?["asn"] == .text("2"))
    }

    @Test("push makes a list of any name")
    func push() {
        var results = Results()
        results.push("p", "recipient", .text("a"))
        results.push("p", "recipient", .list([.text("b"), .text("c")]))
        #expect(results.get("p")?["recipient"] == .list([.text("a"), .text("b"), .text("c")]))
        results.add("p", "x", .integer(1))
        results.push("p", "x", .integer(2))
        #expect(results.get("p")?["x"] == .list([.integer(1), .integer(2)]))
    }

    @Test("increment adds to a number, whole as long as all is whole")
    func increment() {
        var results = Results()
        results.increment("p", "n", by: 2)
        results.increment("p", "n", by: -5)
        #expect(results.get("p")?["n"] == .integer(-3))
        results.increment("p", "n", by: 0.5)
        #expect(results.get("p")?["n"] == .number(-2.5))
        results.increment("p", "n", by: 2.5)
        #expect(results.get("p")?["n"] == .integer(0) || results.get("p")?["n"] == .number(0))
    }

    @Test(
        "what is no number counts as 0, a text of digits as its number",
        arguments: [
            (Value.text("5"), Value.integer(6)), (.text("x"), .integer(1)), (.text("nan"), .integer(1)),
            (.null, .integer(1)), (.list([]), .integer(1)), (.boolean(true), .integer(1)),
            (.integer(.max), .integer(.min)),
        ])
    func incrementOther(old: Value, new: Value) {
        var results = Results()
        results.add("p", "n", old)
        results.increment("p", "n", by: 1)
        #expect(results.get("p")?["n"] == new)
    }

    @Test("amounts beyond all bounds trap nothing", arguments: [Double.nan, .infinity, -.infinity, 1e300, -1e16])
    func amounts(amount: Double) {
        var results = Results()
        results.increment("p", "n", by: amount)
        results.increment("p", "n", by: amount)
        #expect(results.get("p")?["n"] != nil)
        #expect(!amount.isNaN || results.get("p")?["n"] == .integer(0))
    }

    @Test("has looks for a value, or for one in a list")
    func has() {
        var results = Results()
        results.add("p", "pass", .list([.text("helo"), .integer(4)]))
        results.add("p", "score", .number(2))
        #expect(results.has("p", "pass", .text("helo")))
        #expect(!results.has("p", "pass", .text("hel")))
        #expect(results.has("p", "pass", .number(4)))
        #expect(results.has("p", "score", .integer(2)))
        #expect(!results.has("p", "score", .text("2")))
        #expect(!results.has("p", "fail", .text("helo")))
        #expect(!results.has("q", "pass", .text("helo")))
    }

    @Test("collate shows single values first, then lists that are not empty")
    func collate() {
        var results = Results()
        results.add("p", "skip", .text("private"))
        results.add("p", "pass", .list([.text("a"), .text("b")]))
        results.add("p", "asn", .integer(65536))
        results.add("p", "_seen", .boolean(true))
        results.add("p", "human", .text("no"))
        results.push("p", "ips", .list([]))
        #expect(results.collate("p") == "asn: 65536, pass:a, b, skip:private")
        #expect(results.collate("q") == "")
    }

    @Test("hide and order shape the text")
    func shaped() {
        var results = Results()
        results.add("p", "pass", .text("a"))
        results.add("p", "fail", .text("b"))
        results.add("p", "msg", .text("c"))
        results.add("p", "score", .integer(1))
        results.add("p", "hide", .list([.text("score"), .text("msg")]))
        #expect(results.collate("p") == "pass:a, fail:b")
        results.add("p", "order", .list([.text("msg"), .text("fail")]))
        #expect(results.collate("p") == "fail:b")
        results.add("p", "hide", .list([]))
        #expect(results.collate("p") == "score: 1, msg:c, fail:b")
    }
}
