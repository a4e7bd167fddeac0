// Values and texts, there and back.
import HarakaPluginABI
import HarakaPluginKit
import Testing

extension KitTests {
    @Suite("Values")
    struct ValueTests {
        let host = FakeHost.shared

        /// Sends a value through the host's memory and back.
        private func echo(_ value: Value) -> Value? {
            FakeHost.register { plugin in
                plugin.hook("mail") { call in
                    call.connection.notes.set("echo", value)
                    return .continue
                }
            }
            _ = host.run("mail")
            return host.notes["echo"]
        }

        @Test(
            "a value comes back as it went",
            arguments: [
                .null, .boolean(true), .boolean(false), .integer(.min), .number(2.5), .text(""),
                .text("long enough to need memory of its own \u{E9}"), .list([]), .map([Value.Entry]()),
                .list([.integer(1), .text("b"), .list([.null])]),
                .map([("a", .integer(1)), ("b", .map([("c", .list([.boolean(true)]))]))]),
            ] as [Value])
        func roundTrip(value: Value) {
            #expect(echo(value) == value)
        }

        @Test("results carry their key")
        func results() {
            FakeHost.register { plugin in
                plugin.hook("mail") { call in
                    call.transaction?.results.pass("rcpt_to")
                    return .continue
                }
            }
            _ = host.run("mail")
            #expect(host.notes == ["result.pass": .text("rcpt_to")])
        }

        @Test("what is not there, or has another type, is null or the fallback")
        func withoutSurprise() {
            var text = haraka_text_value(lent(lasting("12 ")))
            let view = ValueView(&text)
            #expect(view["a"]["b"][3].isNull)
            #expect(view[0].isNull)
            #expect(view.count == 0)
            #expect(view.address == nil)
            #expect(view.integer(or: 7) == 12)
            #expect(view.number(or: 7) == 12)
            #expect(ValueView(nil as UnsafePointer<haraka_value>?).integer(or: 7) == 7)
            #expect(ValueView(nil as UnsafePointer<haraka_value>?).string == nil)
        }

        @Test("numbers in text are whole texts", arguments: [("x", 7), ("1x", 7), ("", 7), (" 5\t", 5), ("-3", -3)])
        func integers(text: String, expected: Int64) {
            var value = haraka_text_value(lent(lasting(text)))
            #expect(ValueView(&value).integer(or: 7) == expected)
        }

        @Test("a list and a map are read by place and by key")
        func collections() {
            var items = [haraka_integer(1), haraka_integer(2)]
            items.withUnsafeMutableBufferPointer { items in
                var list = haraka_list_value(items.baseAddress, items.count)
                let view = ValueView(&list)
                #expect(view.count == 2)
                #expect(view[1].integer(or: 0) == 2)
                #expect(view[2].isNull)
                #expect(view[-1].isNull)
                #expect(view.isTrue)
            }
        }

        @Test("an entry of a map is there by its key; of anything else nothing is")
        func entries() {
            let ini = Value.map([("main", .map([("a", .integer(1)), ("b", .text("x"))])), ("c", .list([.null]))])
            #expect(ini["main"]["b"] == .text("x"))
            #expect(ini["main"]["c"] == .null)
            #expect(ini["c"]["main"]["a"] == .null)
            #expect(ini["main"].entries.map(\.key) == ["a", "b"])
            #expect(Value.text("main").entries.isEmpty)
        }

        @Test(
            "only ASCII letters are put into lower case",
            arguments: [("ABCxyz[]{}09", "abcxyz[]{}09"), ("\u{C4}Z", "\u{C4}z")])
        func lowerCase(text: String, expected: String) {
            #expect(text.asciiLowercased == expected)
            #expect(lasting(text).asciiLowercased == expected)
        }

        @Test(
            "a list in one line is divided by blanks, tabs, commas and semicolons",
            arguments: [("a, b;c\td", ["a", "b", "c", "d"]), (" ,;", []), ("", []), ("a.b:c", ["a.b:c"])])
        func words(text: String, expected: [String]) {
            #expect(text.words == expected)
            #expect(expected.joined(by: ", ").words == expected)
        }

        @Test("what is put between texts is between them only")
        func joined() {
            #expect(["a", "", "b"].joined(by: "--") == "a----b")
            #expect([String]().joined(by: ",") == "" && ["a"].joined(by: ",") == "a")
        }

        @Test("a log line below the level is not even built")
        func logLevel() {
            FakeHost.register { plugin in
                plugin.log(
                    .debug,
                    {
                        Issue.record("built"); return ""
                    }())
                plugin.log(.info, "written")
            }
            #expect(host.log == ["6 written"])
        }

        private func lent(_ text: Text) -> haraka_str {
            haraka_bytes(text.bytes.baseAddress, text.count)
        }
    }

    @Suite("Methods")
    struct MethodTests {
        let host = FakeHost.shared

        @Test("a method that another hook invokes sees its argument and leaves its result")
        func invoked() {
            FakeHost.register { plugin in
                plugin.method("is_local") { call in
                    call.setResult(call.text(0) == "example.com")
                    return .ok
                }
                let isLocal = LateMethod(plugin, "is_local")
                plugin.hook("rcpt") { call in isLocal.isTrue(call, about: call.text(0)) ? .ok : .continue }
            }
            #expect(host.run("rcpt", "example.com") == HARAKA_OK)
            #expect(host.run("rcpt", "example.org") == HARAKA_CONT)
        }

        @Test("a method that is missing is false, with a line in the log")
        func missing() {
            FakeHost.register { plugin in
                let isLocal = LateMethod(plugin, "is_local")
                plugin.hook("rcpt") { call in isLocal.isTrue(call, about: call.text(0)) ? .ok : .continue }
            }
            #expect(host.run("rcpt", "example.com") == HARAKA_CONT)
            #expect(host.log == ["3 no method is_local"])
        }

        @Test("a method may run while the plugin registers")
        func whileRegistering() {
            var code: Code?
            FakeHost.register { plugin in
                plugin.method("load") { _ in .ok }
                code = plugin.find("load")?.invoke().code
            }
            #expect(code == .ok)
        }
    }
}

@Suite("Texts")
struct TextTests {
    @Test("texts are compared byte by byte")
    func equality() {
        #expect(lasting("abc") == "abc")
        #expect(lasting("abc") != "abd")
        #expect(lasting("abc") != "ab")
        #expect(lasting("") == "")
        #expect(lasting("abc") == lasting("abc"))
        #expect(Set([lasting("abc")]).contains(lasting("abc")))
    }

    @Test("case is ignored for ASCII letters only")
    func caseless() {
        #expect(lasting("Abc-1").equalsCaseless(lasting("aBC-1")))
        #expect(!lasting("@").equalsCaseless(lasting("`")))
        #expect(!lasting("\u{C9}").equalsCaseless(lasting("\u{E9}")))
    }

    @Test("blanks and tabs go from the ends")
    func trimmed() {
        #expect(lasting(" \ta b\t ").trimmed == "a b")
        #expect(lasting("  ").trimmed.isEmpty)
    }
}
