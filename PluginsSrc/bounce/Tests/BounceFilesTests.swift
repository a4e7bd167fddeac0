// What the files of bounce say.
import HarakaPluginKit
import Testing

@testable import Bounce

/// A value in the ABI's form, which lives as long as the process.
private indirect enum Item {
    case text(String), number(Int64), list([Item]), map([(String, Item)])

    var lent: ValueView {
        let pointer = UnsafeMutablePointer<haraka_value>.allocate(capacity: 1)
        pointer.initialize(to: laid)
        return ValueView(pointer)
    }

    private static func lay(_ string: String) -> haraka_str {
        let copy = UnsafeMutableBufferPointer<CChar>.allocate(capacity: max(1, string.utf8.count))
        for (index, byte) in string.utf8.enumerated() { copy[index] = CChar(bitPattern: byte) }
        return haraka_str(ptr: copy.baseAddress, len: string.utf8.count)
    }

    private var laid: haraka_value {
        switch self {
        case .text(let string): return haraka_text_value(Self.lay(string))
        case .number(let number): return haraka_integer(number)
        case .list(let items):
            let copy = UnsafeMutablePointer<haraka_value>.allocate(capacity: max(1, items.count))
            for (index, item) in items.enumerated() { (copy + index).initialize(to: item.laid) }
            return haraka_list_value(copy, items.count)
        case .map(let pairs):
            let copy = UnsafeMutablePointer<haraka_entry>.allocate(capacity: max(1, pairs.count))
            for (index, pair) in pairs.enumerated() {
                (copy + index).initialize(to: haraka_entry(key: Self.lay(pair.0), value: pair.1.laid))
            }
            var value = haraka_null()
            value.type = HARAKA_TYPE_MAP
            value.as.map = haraka_map(entries: copy, count: pairs.count)
            return value
        }
    }
}

@Suite("Files of bounce")
struct BounceFilesTests {
    private func settings(_ sections: [(String, [(String, Item)])]) -> BounceSettings {
        BounceSettings(ini: Item.map(sections.map { ($0, .map($1)) }).lent)
    }

    @Test("bounce.ini has Haraka's defaults")
    func defaults() {
        let settings = settings([])
        #expect(settings.checksRecipients && settings.rejectsRecipients && settings.rejectsBadRecipient)
        #expect(settings.checksDate && !settings.checksReturnPath && !settings.rejectsReturnPath)
        #expect(!settings.rejectsAll && !settings.rejectsHash && !settings.rejectsDate && !settings.skipsOthers)
        #expect(settings.validation == nil && !settings.wantsSPF && settings.mistakes.isEmpty)
    }

    @Test("hash_validation takes a secret of 32 characters")
    func validation() {
        let secret = String(repeating: "s", count: 32)
        let good = settings([
            ("check", [("hash_validation", .text("true"))]),
            (
                "validation",
                [("secret", .text(secret)), ("hash_algorithm", .text("SHA512")), ("max_hash_age_days", .number(3))]
            ),
        ])
        #expect(good.validation?.secret == secret && good.validation?.maximumAgeDays == 3)
        #expect(good.validation?.algorithm == .sha512 && good.mistakes.isEmpty)
        let bad = settings([
            ("check", [("hash_validation", .number(1)), ("bounce_spf", .text("yes"))]),
            ("reject", [("hash_date", .text("?"))]),
            (
                "validation",
                [
                    ("secret", .text("hidden")), ("hash_algorithm", .text("md5")), ("max_hash_age_days", .text("x")),
                ]
            ),
        ])
        #expect(bad.validation == nil && bad.wantsSPF)
        #expect(
            bad.mistakes == [
                "[reject] hash_date is neither true nor false", "[validation] secret has less than 32 characters",
                "[validation] hash_algorithm is none of sha1, sha256, sha512",
                "[validation] max_hash_age_days is no number of days",
            ])
        #expect(settings([("validation", [("secret", .text(secret))])]).validation == nil)
        let short = settings([
            ("check", [("hash_validation", .text("true"))]),
            ("validation", [("secret", .text(String(secret.dropLast())))]),
        ])
        #expect(short.validation == nil && short.mistakes.count == 1)
    }

    @Test("bounce_bad_rcpt has addresses, in any case")
    func badRecipients() {
        let lines = ["# x", "No-Reply@example.com ", "", "example.com", "a b@example.com"].map {
            Item.text($0).lent.text
        }
        let (recipients, mistakes) = readBadRecipients(ListLine.counting(lines))
        #expect(recipients.count == 1 && recipients.contains(Item.text("no-reply@Example.com").lent.text))
        #expect(mistakes.map(\.line) == [4, 5])
    }

    @Test("bounce_whitelist.json has lists of addresses")
    func whitelist() {
        let json = Item.map([
            ("a@x", .list([.text("b@y")])), ("c@x", .text("b@y")), ("d@x", .list([])), ("e@x", .list([.text("y")])),
            ("f@x", .list([.text("b@y"), .number(1)])),
        ])
        let (whitelist, mistakes) = readWhitelist(json.lent)
        #expect(whitelist.count == 1 && whitelist.expects("a@x", from: "b@y"))
        #expect(mistakes == ["c@x", "d@x", "e@x", "f@x"].map { "\($0): no list of addresses" })
    }
}
