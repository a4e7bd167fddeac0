// Lists: lines with numbers, sets of names, expressions; and switches of ini files.
import HarakaPluginABI
import Testing

@testable import HarakaPluginKit

@Suite("Lines of a list")
struct ListLineTests {
    @Test("count if they are neither blank nor a comment, and keep their numbers")
    func numbers() {
        let lines = ListLine.counting(["# ours", "", " a ", ";b", "\tc", "  ", "d#e"].map(lasting))
        #expect(lines.map(\.number) == [3, 5, 7])
        #expect(lines.map(\.text.string) == ["a", "c", "d#e"])
        #expect(lines[1].mistake("why") == ListMistake(line: 5, why: "why"))
    }
}

@Suite("Texts of a set")
struct TextSetTests {
    @Test("are found without case, whole, and nothing beside them")
    func found() {
        let texts = TextSet(copying: ["Joe@Example.com", "", "x", "X"].map(lasting))
        #expect(texts.count == 2)
        #expect(texts.contains(lasting("joe@example.COM")))
        for other in ["", "joe@example.co", "oe@example.com", "joe@example.com ", "xx"] {
            #expect(!texts.contains(lasting(other)), "\(other)")
        }
    }

    @Test("outlive what they were copied from")
    func copied() {
        var bytes = Array("a@b".utf8)
        let texts = bytes.withUnsafeBytes { TextSet(copying: [Text($0)]) }
        bytes[0] = 0x58
        #expect(texts.contains(lasting("a@b")) && !texts.contains(lasting("X@b")))
    }

    @Test("are looked up and not searched, so that 100,000 of them answer 100,000 questions", .timeLimit(.minutes(1)))
    func many() {
        let names = (0..<100_000).map { lasting("user\($0)@example.com") }
        let texts = TextSet(copying: names)
        #expect(texts.count == 100_000)
        #expect(names.filter(texts.contains).count == 100_000)
        #expect(!texts.contains(lasting("user100000@example.com")))
    }
}

extension KitTests {
    @Suite("Lists of expressions")
    struct PatternListTests {
        private func read(_ lines: [String]) -> (list: PatternList, mistakes: [ListMistake]) {
            var found: (list: PatternList, mistakes: [ListMistake]) = (PatternList(), [])
            FakeHost.register { found = PatternList.read(ListLine.counting(lines.map(lasting)), $0) }
            return found
        }

        @Test("are asked as one; a bad line is named and left out")
        func joined() {
            let (list, mistakes) = read(["# x", "a", "[", "b"])
            #expect(list.count == 2)
            #expect(FakePatterns.shared.alive.values.map { $0 } == [["a", "b"]])
            #expect(mistakes == [ListMistake(line: 3, why: "[: no expression")])
            #expect(list.matches(lasting("A")) && list.matches(lasting("b")))
            for other in ["", "c", "ab"] { #expect(!list.matches(lasting(other))) }
        }

        @Test("are asked one by one if they disturb each other")
        func alone() {
            let (list, mistakes) = read(["a", "twice"])
            #expect(FakePatterns.shared.alive.values.map { $0 }.sorted { $0[0] < $1[0] } == [["a"], ["twice"]])
            #expect(mistakes.isEmpty && list.matches(lasting("twice")) && list.matches(lasting("a")))
        }

        @Test("are several if they are long, because a compiled expression has a largest size")
        func portions() {
            #expect(HarakaPluginKit.portions(of: []) == [])
            #expect(
                HarakaPluginKit.portions(of: ["aa", "bb", "c", "dddd"], bytes: 4) == [["aa", "bb"], ["c"], ["dddd"]])
            #expect(HarakaPluginKit.portions(of: ["aaaaaa", "b"], bytes: 4) == [["aaaaaa"], ["b"]])
            let names = (0..<1000).map { "host\($0).example" }
            let (list, _) = read(names)
            #expect(FakePatterns.shared.alive.count == 4)
            #expect(names.allSatisfy { list.matches(lasting($0)) })
        }

        @Test("become one in which groups are counted anew")
        func alternative() {
            #expect(alternatives(["a"]) == "(?|a)")
            #expect(alternatives(["(a)\\1", "b"]) == "(?|(a)\\1|b)")
        }

        @Test("nothing matches an empty list")
        func empty() { #expect(!PatternList().matches(lasting("a"))) }
    }

    @Suite("Recipients")
    struct RecipientsTests {
        @Test("are replaced as a whole; a list with one that is no address is refused")
        func replaced() {
            FakeHost.register { plugin in
                plugin.hook("data") { call throws(PluginError) in
                    try call.transaction?.setRecipients([("ann", "a.example"), ("", "b.example"), ("b\u{F6}b", "c")])
                    try call.transaction?.setRecipients([])
                    let error = #expect(throws: PluginError.self) {
                        try call.transaction?.setRecipients([("ann", "a.example"), ("bob", "")])
                    }
                    #expect(error?.status == HARAKA_E_ARGUMENT)
                    return .ok
                }
            }
            #expect(FakeHost.shared.run("data") == HARAKA_OK)
            #expect(FakeHost.shared.log == ["to ann@a.example", "to @b.example", "to b\u{F6}b@c"])
        }
    }
}

@Suite("Switches")
struct SwitchTests {
    @Test(
        "have Haraka's words, in any case",
        arguments: [
            ("true", true), ("Yes", true), ("ok", true), ("ENABLED", true), (" on\t", true), ("1", true),
            ("false", false),
            ("no", false), ("disabled", false), ("off", false), ("0", false), ("", nil), ("tru", nil), ("2", nil),
            ("on off", nil),
        ] as [(String, Bool?)])
    func words(word: String, on: Bool?) {
        var value = haraka_text_value(abi(lasting(word)))
        #expect(ValueView(&value).switch == on)
        #expect(lasting(word).switch == on)
    }

    @Test("numbers and booleans are switches, too; nothing else is")
    func others() {
        for (value, on) in [(haraka_integer(1), true), (haraka_boolean(1), true), (haraka_boolean(0), false)] {
            var value = value
            #expect(ValueView(&value).switch == on)
        }
        var (number, list) = (haraka_integer(2), haraka_list_value(nil, 0))
        #expect(ValueView(&number).switch == nil && ValueView(&list).switch == nil)
    }

    @Test("of a file are read one by one: what is missing or makes no sense leaves them as they were")
    func file() {
        var entries = [
            haraka_entry(key: abi(lasting("a")), value: haraka_text_value(abi(lasting("no")))),
            haraka_entry(key: abi(lasting("b")), value: haraka_text_value(abi(lasting("nö")))),
        ]
        entries.withUnsafeMutableBufferPointer { entries in
            var section = haraka_null()
            section.type = HARAKA_TYPE_MAP
            section.as.map = haraka_map(entries: entries.baseAddress, count: entries.count)
            var main = haraka_entry(key: abi(lasting("main")), value: section)
            var ini = haraka_null()
            ini.type = HARAKA_TYPE_MAP
            withUnsafePointer(to: &main) { main in
                ini.as.map = haraka_map(entries: main, count: 1)
                var reader = SwitchReader(ValueView(&ini))
                var (a, b, c, d) = (true, true, true, false)
                reader.read("main", "a", &a)
                reader.read("main", "b", &b)
                reader.read("main", "c", &c)
                reader.read("other", "a", &d)
                #expect((a, b, c, d) == (false, true, true, false))
                #expect(reader.mistakes == ["[main] b is neither true nor false"])
            }
        }
    }
}
