// SHA-256 against the examples of NIST (FIPS 180-4 examples, and the byte-oriented test vectors of the CAVP).

import Testing

@testable import HarakaPluginHost

@Suite struct SHA256Tests {
    private func hash(_ bytes: [UInt8]) -> String { bytes.withUnsafeBytes { SHA256.hex($0) } }

    @Test(
        "the hashes of the published texts are right",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
            (
                "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrst"
                    + "nopqrstu",
                "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
            ),
        ])
    func texts(text: String, digits: String) {
        #expect(hash(Array(text.utf8)) == digits)
    }

    @Test("a million times a is right")
    func million() {
        let digits = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        #expect(hash([UInt8](repeating: 0x61, count: 1_000_000)) == digits)
    }

    @Test(
        "zeros around the size of a block are right",
        arguments: [
            (55, "02779466cdec163811d078815c633f21901413081449002f24aa3e80f0b88ef7"),
            (56, "d4817aa5497628e7c77e6b606107042bbba3130888c5f47a375e6179be789fbb"),
            (57, "65a16cb7861335d5ace3c60718b5052e44660726da4cd13bb745381b235a1785"),
            (64, "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b"),
            (1000, "541b3e9daa09b20bf85fa273e5cbd3e80185aa4ec298e765db87742b70138a53"),
            (0x20000, "fa43239bcee7b97ca62f007cc68487560a39e19f74f3dde7486db3f98df8e471"),
        ])
    func zeros(count: Int, digits: String) {
        #expect(hash([UInt8](repeating: 0, count: count)) == digits)
    }

    @Test("one byte of 0xbd and four bytes are right")
    func bytes() {
        #expect(hash([0xbd]) == "68325720aabd7c82f30f554b313d0570c95accbb7dc4b5aae11204c08ffe732b")
        #expect(
            hash([0xc9, 0x8c, 0x8e, 0x55]) == "7abc22c0ae5af26ce93dbb94433a0e0b2e119d014f8e7f65bd56c61ccccd9504")
    }
}
