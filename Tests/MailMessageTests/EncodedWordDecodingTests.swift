// Encoded words read.

import Glibc
import MailMessage
import Testing

@Suite("EncodedWords, decoding")
struct EncodedWordDecodingTests {
    /// Of this thread alone: what else runs on the machine is no reason to fail.
    private var processorSeconds: Int {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return time.tv_sec
    }

    private func decoded(_ text: String) -> String { EncodedWords.decode(Array(text.utf8)) }

    @Test(
        "words are read, everything else stays",
        arguments: [
            ("", ""),
            ("plain text", "plain text"),
            ("  plain\r\n\ttext \r\n", "plain\ttext"),
            ("=?utf-8?Q?caf=C3=A9?=", "caf\u{E9}"),
            ("=?UTF-8?b?Y2Fmw6k=?=", "caf\u{E9}"),
            ("=?iso-8859-1?q?a_b=5F=e9?=", "a b_\u{E9}"),
            ("=?utf-8*en?q?a?=", "a"),
            ("a =?utf-8?q?b?= c", "a b c"),
            ("a=?utf-8?q?b?=c", "abc"),
            ("=?utf-8?q?a?= =?utf-8?q?b?=", "ab"),
            ("=?utf-8?q?a?=\r\n =?koi8-r?q?=C4?=", "a\u{434}"),
            ("=?utf-8?q?a?==?utf-8?q?b?=", "ab"),
            ("=?utf-8?q?a?= b =?utf-8?q?c?=", "a b c"),
            ("=?utf-8?q?=C3?= =?UTF-8?q?=A9?=", "\u{E9}"),
            ("=?utf-8?B?w6?= =?utf-8?Q?x?=", "\u{FFFD}x"),
            ("=?utf-8?B?w7w?= =?utf-8?B?w6k?=", "\u{FC}\u{E9}"),
            ("=?utf-8?B?4oI=?=\r\n =?utf-8?B?rA==?=", "\u{20AC}"),
            ("=?iso-2022-jp?B?GyRCJCIbKEI=?=", "\u{3042}"),
            ("=?utf-8?q?a b?c?=", "a b?c"),
            ("=?utf-8?q?=4g=?=", "=4g="),
            ("=?utf-8?q??=", ""),
            ("x =?utf-8?q??= y", "x  y"),
            ("=?x-no-such?q?=E9=C3=A9?=", "\u{E9}\u{E9}"),
            ("=?us-ascii?q?=C3=A9?=", "\u{E9}"),
            ("=?utf-8?x?a?=", "=?utf-8?x?a?="),
            ("=?utf-8?q?a", "=?utf-8?q?a"),
            ("=?utf-8?q", "=?utf-8?q"),
            ("=??q?a?=", "=??q?a?="),
            ("=?a b?q?a?=", "=?a b?q?a?="),
            ("=?=?utf-8?q?a?=", "=?a"),
            ("1 + 1 = 2", "1 + 1 = 2"),
            ("\"=?utf-8?q?a?=\" <b@c>", "\"a\" <b@c>"),
            ("caf\u{E9} =?utf-8?q?b?=", "caf\u{E9} b"),
        ])
    func table(value: String, text: String) {
        #expect(decoded(value) == text)
    }

    @Test("words of more than 75 characters are words")
    func longWord() {
        let text = String(repeating: "a", count: 500)
        #expect(decoded("=?utf-8?q?\(text)?=") == text)
    }

    @Test("bytes above 127 are UTF-8 if they are, else windows-1252")
    func raw() {
        #expect(EncodedWords.decode([0x61, 0xC3, 0xA9]) == "a\u{E9}")
        #expect(EncodedWords.decode([0x61, 0xE9, 0x80]) == "a\u{E9}\u{20AC}")
        #expect(EncodedWords.decode(Array("=?utf-8?q?=C3=A9?= ".utf8) + [0xE9]) == "\u{E9} \u{E9}")
    }

    @Test("a line of beginnings takes no longer than a line of letters")
    func beginnings() {
        let line = String(repeating: "=?a?q?x", count: 40_000)
        let begun = processorSeconds
        let text = decoded(line)
        #expect(processorSeconds - begun < 3)
        #expect(text == line)
    }
}
