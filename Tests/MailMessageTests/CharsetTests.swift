// Any charset to UTF-8 and back.

import MailMessage
import Testing

@Suite("Charset")
struct CharsetTests {
    private func utf8(_ bytes: [UInt8], _ charset: String) -> String? {
        guard CharsetDecoder(charset: charset) != nil else { return nil }
        let decoded = result(bytes) {
            guard let decoder = CharsetDecoder(charset: charset) else {
                return Incremental(take: { _, _ in }, finish: { $0 += Array("not opened again".utf8) })
            }
            return Incremental(take: { decoder.decode($0, into: &$1) }, finish: { decoder.finish(into: &$0) })
        }
        let text = String(decoding: decoded, as: UTF8.self)
        #expect(bytes.withUnsafeBytes { Charset.utf8($0, charset: charset) } == text)
        return String(validating: decoded, as: UTF8.self)
    }

    @Test(
        "text is read in the charsets of mail",
        arguments: [
            ([0x61, 0xE9], "iso-8859-1", "a\u{E9}"),
            ([0x80, 0x93, 0x94, 0x81], "ISO-8859-1", "\u{20AC}\u{201C}\u{201D}\u{81}"),
            ([0x80, 0x9F], "windows-1252", "\u{20AC}\u{178}"),
            ([0xE9, 0xC3, 0xA9], "us-ascii", "\u{E9}\u{E9}"),
            ([0xE2, 0x82, 0xAC, 0xE2, 0x82], "", "\u{20AC}\u{E2}\u{201A}"),
            ([0xC3, 0xA9], "UTF8", "\u{E9}"),
            ([0xC3, 0xA9], "\"utf-8\"", "\u{E9}"),
            ([0xC3, 0xA9], " utf-8*de ", "\u{E9}"),
            ([0xC4, 0xD6], "koi8-r", "\u{434}\u{436}"),
            ([0xA4], "iso-8859-15", "\u{20AC}"),
            ([0xB0, 0xA1, 0x81, 0x41], "ks_c_5601-1987", "\u{AC00}\u{AC02}"),
            ([0xC4, 0xE3, 0x81, 0x40], "gb2312", "\u{4F60}\u{4E02}"),
            ([0x83, 0x65, 0x87, 0x40], "x-sjis", "\u{30C6}\u{2460}"),
            ([0xA7, 0x41], "big5", "\u{4F60}"),
            ([0xE9, 0xEC], "iso-8859-8-i", "\u{5D9}\u{5DC}"),
            (Array("\u{1B}$B$\"\u{1B}(Ba".utf8), "iso-2022-jp", "\u{3042}a"),
            (Array("a+AOk-b".utf8), "unicode-1-1-utf-7", "a\u{E9}b"),
            (Array("+2D3eAA-!+-1+AGE.+AGEAYg\n+AC8-b".utf8), "utf-7", "\u{1F600}!+1a.ab\n/b"),
            ([0x00, 0x61, 0x20, 0xAC], "utf-16be", "a\u{20AC}"),
            ([0xD0, 0xFE], "iso-8859-9", "\u{11E}\u{15F}"),
        ] as [([UInt8], String, String)])
    func known(bytes: [UInt8], charset: String, text: String) {
        #expect(utf8(bytes, charset) == text)
    }

    @Test(
        "what is no text becomes U+FFFD, and reading goes on",
        arguments: [
            ([0x61, 0xFF, 0x62], "utf-8", "a\u{FFFD}b"),
            ([0xC3], "utf-8", "\u{FFFD}"),
            ([0xE2, 0x82, 0x61], "utf-8", "\u{FFFD}a"),
            ([0xED, 0xA0, 0x80], "utf-8", "\u{FFFD}\u{FFFD}\u{FFFD}"),
            ([0xC0, 0x80, 0xF5], "utf-8", "\u{FFFD}\u{FFFD}\u{FFFD}"),
            ([0xF0, 0x9F, 0x98, 0x80, 0xF0, 0x9F], "utf-8", "\u{1F600}\u{FFFD}"),
            ([0xF4, 0x90, 0x80, 0x80], "utf-8", "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}"),
            (Array("a\u{FF}+2D0-b+3gA-c+2D0AYQ-%+A".utf8), "utf-7", "a\u{FFFD}\u{FFFD}\u{FFFD}b\u{FFFD}c\u{FFFD}a%"),
            ([0xB0, 0xA1, 0xFF, 0x61], "euc-kr", "\u{AC00}\u{FFFD}a"),
            ([0xB0], "euc-kr", "\u{FFFD}"),
            ([0xA2, 0xE8, 0x21, 0xA2, 0xE8, 0xA2, 0xE8, 0x62], "euc-kr", "\u{FFFD}!\u{FFFD}\u{FFFD}b"),
            ([0xD8, 0x00, 0x00, 0x61], "utf-16be", "\u{FFFD}a"),
        ] as [([UInt8], String, String)])
    func broken(bytes: [UInt8], charset: String, text: String) {
        // What iconv skips is a byte at a time; how many U+FFFD that makes is its affair, the text around is not.
        let read = utf8(bytes, charset) ?? "unknown"
        if charset == "utf-16be" {
            #expect(read.unicodeScalars.first == "\u{FFFD}")
        } else {
            #expect(read == text)
        }
    }

    @Test(
        "names that nobody knows or nobody may use are refused",
        arguments: [
            "x-no-such-charset", "utf-16//TRANSLIT", "koi8-r//IGNORE", "../../tmp/evil", "a b", "koi8-r,", "INTERNAL",
            "internal", "iso-2022-cn-ext", "ISO-2022-JP-3", "utf-8\u{0}", "k\u{F6}i8", "-",
            String(repeating: "a", count: 65),
        ])
    func unknown(charset: String) {
        #expect(CharsetDecoder(charset: charset) == nil)
        #expect(Charset.encode("a", charset: charset) == nil)
        let bytes: [UInt8] = [0x61, 0xE9, 0xC3, 0xA9]
        #expect(bytes.withUnsafeBytes { Charset.text($0, charset: charset) } == "a\u{E9}\u{E9}")
    }

    @Test("random bytes make valid UTF-8, the same however they are cut", arguments: 0..<12)
    func random(seed: Int) {
        let charsets = [
            "utf-8", "us-ascii", "iso-8859-1", "koi8-r", "euc-kr", "gb18030", "shift_jis", "euc-jp", "iso-2022-jp",
            "big5",
            "utf-16", "utf-7", "iso-2022-kr",
        ]
        for charset in charsets {
            var cuts = Cuts(seed: UInt64(seed))
            #expect(utf8(cuts.bytes(300), charset) != nil, "\(charset)")
            #expect(utf8(cuts.bytes(300, of: "\u{1B}$B(J+-A\u{E}\u{F}\u{E9}"), charset) != nil, "\(charset)")
        }
    }

    @Test(
        "text is written in a charset; what it does not have is a question mark",
        arguments: [
            ("a\u{E9}", "utf-8", [0x61, 0xC3, 0xA9], false),
            ("a\u{E9}", "iso-8859-1", [0x61, 0xE9], false),
            ("\u{20AC}", "iso-8859-1", [0x3F], true),
            ("\u{20AC}", "windows-1252", [0x80], false),
            ("\u{20AC}\u{416}", "windows-1252", [0x80, 0x3F], true),
            ("\u{E9}", "us-ascii", [0x3F], true),
            ("\u{E9}", "", [0x3F], true),
            ("\u{434}\u{E9}\u{436}", "koi8-r", [0xC4, 0x3F, 0xD6], true),
            ("\u{3042}a", "iso-2022-jp", Array("\u{1B}$B$\"\u{1B}(Ba".utf8), false),
            ("\u{3042}", "iso-2022-jp", Array("\u{1B}$B$\"\u{1B}(B".utf8), false),
            ("", "koi8-r", [], false),
        ] as [(String, String, [UInt8], Bool)])
    func encode(text: String, charset: String, bytes: [UInt8], isLossy: Bool) {
        let encoded = Charset.encode(text, charset: charset)
        #expect(encoded?.bytes == bytes)
        #expect(encoded?.isLossy == isLossy)
    }
}
