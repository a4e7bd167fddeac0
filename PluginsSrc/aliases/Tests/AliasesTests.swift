// Which alias a recipient has, and what becomes of a list of recipients.
import HarakaPluginKit
import Testing

@testable import Aliases

private func target(_ text: String) throws -> AliasTarget { try #require(AliasTarget(text)) }

private func mailbox(_ text: String) -> Mailbox {
    let parts = text.split(separator: "@", omittingEmptySubsequences: false).map(String.init)
    return Mailbox(user: parts[0], host: parts.count > 1 ? parts[1] : "")
}

private func table(_ entries: KeyValuePairs<String, String>) throws -> AliasTable {
    var table = AliasTable()
    for (key, to) in entries {
        let targets = try to.split(separator: " ").map { try target(String($0)) }
        table.add(targets.isEmpty ? .drop : .alias(targets), for: key)
    }
    return table
}

@Suite("Aliases")
struct AliasesTests {
    @Test(
        "the key that says most counts",
        arguments: [
            ("joe-x@a.example", "1"), ("JOE-X@A.Example", "1"), ("joe-x@b.example", "2"), ("joe-y@a.example", "3"),
            ("joe+y@a.example", "3"), ("joe+y-z@b.example", "4"), ("joe@a.example", "3"), ("joe@b.example", "4"),
            ("ann@a.example", "5"), ("ann@b.example", "6"), ("joey@b.example", "6"), ("-joe@b.example", "6"),
            ("postmaster", "6"),
        ])
    func order(recipient: String, expected: String) throws {
        let table = try table([
            "*": "6", "@a.example": "5", "Joe": "4", "joe@A.example": "3", "joe-x": "2", "joe-x@a.example": "1",
        ])
        #expect(try table.action(for: mailbox(recipient)) == .alias([target(expected)]))
        #expect(table.count == 6)
    }

    @Test("no key, no alias", arguments: ["joe", "joex@a.example", "x-joe@a.example", "a.example@b.example"])
    func none(recipient: String) throws {
        #expect(try table(["joe@a.example": "x", "@c.example": "x"]).action(for: mailbox(recipient)) == nil)
        #expect(AliasTable().action(for: mailbox(recipient)) == nil)
    }

    @Test(
        "the prefix ends before the first mark, if there is anything before it",
        arguments: [("joe-x", "joe"), ("joe+x-y", "joe"), ("joe-", "joe"), ("joe", nil), ("-x", nil), ("", nil)]
            as [(String, String?)])
    func prefixes(user: String, expected: String?) {
        #expect(prefix(of: user) == expected)
    }

    @Test("a target is a mailbox, or a user at the recipient's host")
    func targets() throws {
        #expect(try target("ann@b.example").user == "ann")
        #expect(try target("ann@b.example").host == "b.example")
        #expect(try target("ann").host == nil)
        #expect(try target("\"a@b\"@c.example").host == "c.example")
        for text in ["", "@", "ann@", "@b.example", "a b@c.example", "<ann@b.example>", "a\r@b.example"] {
            #expect(AliasTarget(text) == nil, "\(text)")
        }
    }

    @Test("recipients are replaced, dropped or left, each occurs once, in order")
    func expansion() throws {
        let table = try table(["sales": "ann bob@b.example", "info": "ann@A.EXAMPLE", "spam": "", "postmaster": "root"])
        let mailboxes = ["joe@a.example", "sales@a.example", "info@c.example", "spam@a.example", "postmaster"].map(
            mailbox)
        let expansion = Expansion(of: mailboxes, by: table, localHost: "mx.example")
        #expect(
            expansion.recipients.map(\.text) == ["joe@a.example", "ann@a.example", "bob@b.example", "root@mx.example"])
        #expect(expansion.dropped.map(\.text) == ["spam@a.example"])
        #expect(expansion.replaced.map(\.from.text) == ["sales@a.example", "info@c.example", "postmaster"])
        #expect(expansion.isChange && !expansion.isDiscarded)
    }

    @Test("a message is discarded when nobody is left, and only then")
    func discarded() throws {
        let table = try table(["spam": ""])
        func expansion(_ recipients: String...) -> Expansion {
            Expansion(of: recipients.map(mailbox), by: table, localHost: "x")
        }
        #expect(expansion("spam@a.example", "spam@b.example").isDiscarded)
        #expect(!expansion("spam@a.example", "joe@b.example").isDiscarded)
        #expect(!expansion("joe@b.example").isChange)
        #expect(!expansion().isDiscarded)
    }

    @Test("an alias of an alias does not count")
    func chain() throws {
        let table = try table(["a": "b", "b": "c"])
        let expansion = Expansion(of: [mailbox("a@x.example")], by: table, localHost: "x")
        #expect(expansion.recipients.map(\.text) == ["b@x.example"])
    }
}

/// A map of the ABI's form, as the host lends configuration.
private struct Lent {
    static func json(_ entries: [(String, String?, [String])], _ body: (ValueView) -> Void) {
        var keep: [UnsafeMutablePointer<haraka_entry>] = []
        defer { keep.forEach { $0.deallocate() } }
        func text(_ string: String) -> haraka_str {
            let copy = UnsafeMutableBufferPointer<CChar>.allocate(capacity: max(1, string.utf8.count))
            for (index, byte) in string.utf8.enumerated() { copy[index] = CChar(bitPattern: byte) }
            return haraka_str(ptr: copy.baseAddress, len: string.utf8.count)
        }
        func map(_ pairs: [(String, haraka_value)]) -> haraka_value {
            let laid = UnsafeMutablePointer<haraka_entry>.allocate(capacity: max(1, pairs.count))
            keep.append(laid)
            for (index, pair) in pairs.enumerated() {
                (laid + index).initialize(to: haraka_entry(key: text(pair.0), value: pair.1))
            }
            var value = haraka_null()
            value.type = HARAKA_TYPE_MAP
            value.as.map = haraka_map(entries: laid, count: pairs.count)
            return value
        }
        let outer = map(
            entries.map { key, action, to in
                var pairs: [(String, haraka_value)] = []
                if let action { pairs.append(("action", haraka_text_value(text(action)))) }
                if to.count == 1 { pairs.append(("to", haraka_text_value(text(to[0])))) }
                let items = UnsafeMutablePointer<haraka_value>.allocate(capacity: max(1, to.count))
                for (index, item) in to.enumerated() { (items + index).initialize(to: haraka_text_value(text(item))) }
                if to.count > 1 { pairs.append(("to", haraka_list_value(items, to.count))) }
                return (key, map(pairs))
            })
        withUnsafePointer(to: outer) { body(ValueView($0)) }
    }
}

@Suite("aliases.json")
struct AliasFileTests {
    @Test("an entry with an action that is none, or without a mailbox, is named; the others count")
    func mistakes() {
        Lent.json([
            ("a", "drop", []), ("b", "Alias", ["x@y"]), ("c", "alias", ["x", "y@z"]), ("d", "move", ["x"]),
            ("e", nil, []),
            ("f", "alias", []), ("g", "alias", ["x", "<y>"]),
        ]) { json in
            let (table, mistakes) = readAliases(json)
            #expect(table.count == 3)
            #expect(
                mistakes == [
                    "d: action is neither drop nor alias", "e: action is neither drop nor alias",
                    "f: to is no mailbox, nor a list of mailboxes", "g: to is no mailbox, nor a list of mailboxes",
                ])
            #expect(table.action(for: mailbox("a@x")) == .drop)
        }
    }
}
