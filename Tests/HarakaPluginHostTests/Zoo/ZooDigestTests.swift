// digest/1: RFC 1321, FIPS 180-4, RFC 2202, RFC 4231, and what plugins do wrong with it.

import HarakaCore
import HarakaPluginABI
import Testing

extension ZooTests {
    @Suite("digests") struct Digests {
        private func said(_ command: String) throws -> [String] {
            var said: [String] = []
            try withZoo { zoo in
                try zoo.install("d", "digests.c", options: ["-pthread"])
                try zoo.load("d")
                zoo.connect().command(command)
                said = zoo.heard().map { String($0.dropFirst(3)) }
            }
            return said
        }

        @Test("plain digests are those of the standards, at once and byte by byte")
        func plain() throws {
            let abc = [
                "900150983cd24fb0d6963f7d28e17f72",
                "a9993e364706816aba3e25717850c26c9cd0d89d",
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                    + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
            ]
            #expect(try said("PLAIN") == abc)
            let empty = [
                "d41d8cd98f00b204e9800998ecf8427e",
                "da39a3ee5e6b4b0d3255bfef95601890afd80709",
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
                    + "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
            ]
            #expect(try said("EMPTY") == empty)
        }

        @Test("keyed digests are those of RFC 2202 and RFC 4231, also with a long key and with an empty one")
        func keyed() throws {
            let vectors = [
                "750c783e6ab0b503eaa86e310a5db738",
                "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
                "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
                    + "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
                "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad",
            ]
            #expect(try said("KEYED") == vectors)
        }

        @Test("keys from passwords are those of RFC 6070 and RFC 7914; what makes no sense is a status")
        func derive() throws {
            let vectors = [
                "4b007901b765489abead49d926f721d065a429c1",
                "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
                    + "49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783",
                "56fa6aa75548099dcc37d7f03425e0c3",
                "a422663fda8609a1e2fd53541260edf886ec636605814c2e17b4c78d8f9e2332"
                    + "66f223f65cb2b7440b12c099ce1aa3279e29aa848e29825103d2bc5a5f4f4ad3",
            ]
            #expect(try said("DERIVE") == vectors + Array(repeating: "ARGUMENT", count: 6))
        }

        @Test("random bytes fill the room and no more, and are others each time")
        func random() throws {
            #expect(try said("RANDOM") == ["0 0 1 1 0", "ARGUMENT", "ARGUMENT", "SUCCESS"])
        }

        @Test("unknown algorithms, missing pointers and too little room are statuses")
        func misuse() throws {
            let statuses = Array(repeating: "ARGUMENT", count: 6)
            #expect(try said("MISUSE") == statuses + ["begin 1 1"] + Array(repeating: "ARGUMENT", count: 4))
        }

        @Test("bytes are compared as a whole, and a length without a pointer equals nothing")
        func equal() throws {
            #expect(try said("EQUAL") == ["100100"])
        }

        @Test("it works on any thread")
        func thread() throws {
            let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
            #expect(try said("THREAD") == [abc])
        }
    }
}
