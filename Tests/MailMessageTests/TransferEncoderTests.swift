// Transfer encodings made.

import MailMessage
import Testing

@Suite("TransferEncoder")
struct TransferEncoderTests {
    private func encoder(_ encoding: String) -> () -> Incremental {
        {
            var encoder = TransferEncoder(encoding: encoding)
            return Incremental(take: { encoder.encode($0, into: &$1) }, finish: { encoder.finish(into: &$0) })
        }
    }

    @Test(
        "groups are padded",
        arguments: [("", ""), ("a", "YQ=="), ("ab", "YWI="), ("abc", "YWJj"), ("abcd", "YWJjZA==")])
    func padding(text: String, encoded: String) {
        #expect(result(text, encoder("base64")) == encoded)
    }

    @Test("base64 has lines of 76 characters and no line end behind the last", arguments: [56, 57, 58, 114, 115])
    func lines(count: Int) {
        let encoded = result(String(repeating: "abc", count: 50).prefix(count).description, encoder("base64"))
        let lines = encoded.split(separator: "\r\n", omittingEmptySubsequences: false).map(\.utf8.count)
        let full = [Int](repeating: 76, count: count / 57)
        #expect(lines == full + (count % 57 == 0 ? [] : [(count % 57 + 2) / 3 * 4]))
    }

    @Test(
        "quoted-printable encodes what would not survive",
        arguments: [
            ("", ""),
            ("a b", "a b"),
            ("a=b", "a=3Db"),
            ("\u{E9}\u{0}\u{7F}", "=C3=A9=00=7F"),
            ("a\r\nb", "a\r\nb"),
            ("a\rb\nc", "a=0Db=0Ac"),
            ("a \r\nb\t\r\n", "a=20\r\nb=09\r\n"),
            ("a  ", "a =20"),
            ("a \rb", "a =0Db"),
            ("a\r", "a=0D"),
            ("a \r", "a =0D"),
            ("\r\r\n", "=0D\r\n"),
            (".\r\nFrom ", ".\r\nFrom=20"),
        ])
    func quotedPrintable(text: String, encoded: String) {
        #expect(result(text, encoder("quoted-printable")) == encoded)
    }

    @Test("long lines are broken at 76 characters with the = counted, and never inside an escape")
    func softBreaks() {
        let plain = String(repeating: "a", count: 75)
        #expect(result(plain, encoder("quoted-printable")) == plain)
        #expect(result(plain + "b", encoder("quoted-printable")) == plain + "=\r\nb")
        let almost = String(repeating: "a", count: 73)
        #expect(result(almost + "=", encoder("quoted-printable")) == almost + "=\r\n=3D")
        #expect(result(almost + "b c", encoder("quoted-printable")) == almost + "b =\r\nc")
    }

    @Test("other encodings are none")
    func identity() {
        #expect(result("a=\u{E9} \r\n", encoder("8bit")) == "a=\u{E9} \r\n")
    }

    @Test("what was encoded is decoded to the same", arguments: ["base64", "quoted-printable", "8bit"], 0..<40)
    func roundTrip(encoding: String, seed: Int) {
        var cuts = Cuts(seed: UInt64(seed))
        let alphabet = seed % 2 == 0 ? nil : "ab= \t\r\n\r\n."
        let content = cuts.bytes(Int.random(in: 0...900, using: &cuts), of: alphabet)
        let encoded = result(content, encoder(encoding))
        let decoded = result(encoded) {
            var decoder = TransferDecoder(encoding: encoding)
            return Incremental(take: { decoder.decode($0, into: &$1) }, finish: { decoder.finish(into: &$0) })
        }
        #expect(decoded == content)
        guard encoding != "8bit" else { return }
        #expect(encoded.allSatisfy { $0 < 0x80 })
        let text = String(decoding: encoded, as: UTF8.self)
        #expect(text.split(separator: "\r\n").allSatisfy { $0.utf8.count <= 76 })
        #expect(!text.utf8.elementsEqual([0x20]) && !text.contains(" \r\n"))
    }
}
