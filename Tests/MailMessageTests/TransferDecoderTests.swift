// Transfer encodings undone, as mail readers do it.

import MailMessage
import Testing

@Suite("TransferDecoder")
struct TransferDecoderTests {
    private func decoder(_ encoding: String) -> () -> Incremental {
        {
            var decoder = TransferDecoder(encoding: encoding)
            return Incremental(take: { decoder.decode($0, into: &$1) }, finish: { decoder.finish(into: &$0) })
        }
    }

    @Test(
        "base64 is read as mail readers read it",
        arguments: [
            ("", ""),
            ("aGVsbG8=", "hello"),
            ("aGVsbG8", "hello"),
            ("aGVs\r\nbG8=\r\n", "hello"),
            ("a G*V-s!b_G8=", "hello"),
            ("aGVsbG8=d29ybGQ=", "helloworld"),
            ("aA==aA==", "hh"),
            ("aA=aA=", "hh"),
            ("=aGVs=", "hel"),
            ("aGVsb", "hel"),
            ("a", ""),
            ("a=aGVs", "hel"),
            ("\u{E9}aGVs", "hel"),
        ])
    func base64(encoded: String, decoded: String) {
        #expect(result(encoded, decoder("base64")) == decoded)
    }

    @Test("all 64 characters of the alphabet have their value")
    func alphabet() {
        let text = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        let bytes = result(Array(text.utf8), decoder("BASE64"))
        #expect(bytes.count == 48)
        let bits = bytes.flatMap { octet in (0..<8).map { octet >> (7 - $0) & 1 } }
        for value in 0..<64 {
            #expect(bits[(value * 6)..<(value * 6 + 6)].reduce(0) { $0 << 1 | Int($1) } == value)
        }
    }

    @Test(
        "quoted-printable is read as mail readers read it",
        arguments: [
            ("", ""),
            ("a=3Db", "a=b"),
            ("=c3=A9", "\u{E9}"),
            ("a=\r\nb", "ab"),
            ("a=\nb", "ab"),
            ("a= \t\r\nb", "ab"),
            ("a =\r\n b", "a  b"),
            ("a \t\r\nb", "a\r\nb"),
            ("a \nb", "a\nb"),
            ("a \r\n \r\nb ", "a\r\n\r\nb"),
            ("a  b", "a  b"),
            ("a \rb", "a \rb"),
            ("a \r", "a \r"),
            ("a=", "a"),
            ("a= ", "a"),
            ("a=\r", "a"),
            ("a=4", "a=4"),
            ("a=4g", "a=4g"),
            ("a==41", "a=A"),
            ("a=4=41", "a=4A"),
            ("a= 41", "a= 41"),
            ("a= \rb", "a= \rb"),
            ("=20\r\n", " \r\n"),
            ("=\r\n=\r\n", ""),
            ("a=\r\n\r\nb", "a\r\nb"),
        ])
    func quotedPrintable(encoded: String, decoded: String) {
        #expect(result(encoded, decoder("Quoted-Printable")) == decoded)
    }

    @Test("blanks without end are not held back without end", arguments: [999, 1000, 1001, 2500])
    func manyBlanks(count: Int) {
        let blanks = String(repeating: " ", count: count)
        let kept = String(repeating: " ", count: count / 1000 * 1000)
        #expect(result("a\(blanks)\r\nb", decoder("quoted-printable")) == "a\(kept)\r\nb")
        #expect(result("a\(blanks)b", decoder("quoted-printable")) == "a\(blanks)b")
        #expect(result("a=\(blanks)\r\nb", decoder("quoted-printable")) == (count < 1000 ? "ab" : "a=\(kept)\r\nb"))
    }

    @Test(
        "what is not encoded passes, and so does what nobody knows",
        arguments: ["7bit", "8BIT", "binary", "", "x-uuencode"])
    func identity(encoding: String) {
        let text = "a=3D \r\nYQ==\r\n"
        #expect(result(text, decoder(encoding)) == text)
        #expect(TransferDecoder(encoding: encoding).isIdentity)
    }

    @Test("random text is read the same however it is cut", arguments: 0..<60)
    func random(seed: Int) {
        var cuts = Cuts(seed: UInt64(seed))
        _ = result(cuts.bytes(400, of: "= \t\r\n4aAf=g"), decoder("quoted-printable"))
        _ = result(cuts.bytes(400, of: "ABab01+/==\r\n*"), decoder("base64"))
    }
}
