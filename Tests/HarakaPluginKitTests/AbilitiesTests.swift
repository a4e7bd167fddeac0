// Headers, connections, results, configuration for users, digests.
import HarakaPluginABI
import HarakaPluginKit
import Testing

extension KitTests {
    @Suite("Abilities of 0.3")
    struct AbilitiesTests {
        let host = FakeHost.shared

        @Test("decoded headers and header lines")
        func headers() {
            FakeHost.register { plugin in
                plugin.hook("data_post") { call in
                    #expect(call.transaction?.headers.getDecoded("Subject").string == "decoded Subject")
                    #expect(call.transaction?.headers.lines.string == "A: b")
                    return .ok
                }
            }
            #expect(host.run("data_post") == HARAKA_OK)
        }

        @Test("authentication results, collated results, the process title")
        func saying() {
            FakeHost.register { plugin in
                plugin.setProcessTitle("busy")
                plugin.hook("mail") { call in
                    #expect(call.connection.authResults("spf=pass") == "me; spf=pass")
                    #expect(call.connection.authResults() == "me; ")
                    #expect(call.connection.results.collate("spf") == "pass: spf")
                    return .ok
                }
            }
            #expect(host.run("mail") == HARAKA_OK)
            #expect(host.log == ["title busy"])
        }

        @Test("an answer with a value")
        func answerWithValue() {
            FakeHost.register { plugin in
                plugin.hook("helo_parse") { call in Answer(.ok, value: .text(call.text(0).string + "!")) }
            }
            #expect(host.run("helo_parse", "me") == HARAKA_PENDING)
            #expect(host.answers == [.init(code: HARAKA_OK, value: .text("me!"))])
        }

        /// Registers and lends an address to `body`.
        func withAddress(_ body: @escaping (Plugin, Address) -> Void) {
            var address = haraka_address()
            address.size = MemoryLayout<haraka_address>.size
            address.address = abi(lasting("a@b"))
            withUnsafePointer(to: address) { pointer in
                var value = haraka_address_value(pointer)
                FakeHost.register { plugin in
                    if let address = ValueView(&value).address { body(plugin, address) }
                }
            }
        }

        @Test("a file for one user is the common one while plugins need time")
        func userFile() {
            withAddress { plugin, address in
                #expect(plugin.config.user(address).ini("a.ini").integer(or: 0) == 1)
                #expect(plugin.config.ini("a.ini").integer(or: 0) == 2)
            }
            #expect(host.reads == ["a@b a.ini 4", "a.ini 4"])
        }

        @Test("whoever waits for a user's file gets it at once, or when it is known")
        func userFileLater() {
            var got: [Int64] = []
            withAddress { plugin, address in
                plugin.config.forUser(address, "a.ini", .ini) { got.append($0.integer(or: 0)) }
                FakeHost.shared.delays = 2
                plugin.config.forUser(address, "b.ini") { got.append($0.integer(or: 0)) }
            }
            #expect(got == [1])
            for _ in 0..<2 {
                let later = host.later
                later?.function?(later?.context)
                later?.destroy?(later?.context)
            }
            #expect(got == [1, 4])
            #expect(host.reads == ["a@b a.ini 4", "a@b b.ini 0", "a@b b.ini 0", "a@b b.ini 0"])
        }

        @Test("digests: at once, with a key, piece by piece")
        func digests() throws {
            FakeHost.register { _ in }
            #expect(try Digest.bytes(.md5, of: "ab") == Array("1-|ab".utf8))
            #expect(try Digest.hex(.sha256, of: [0x01, 0xFF] as [UInt8]).hasPrefix("332d7c01"))
            #expect(try Digest.hmac(.sha512, key: "k", "ab") == Array("4k|ab".utf8))
            #expect(try Digest.hmac(.sha512, key: "", "ab") == Array("4|ab".utf8))
            #expect(try Digest.equal("a", "a"))
            #expect(try !Digest.equal("a", "b"))
            let digest = try Digest(.sha256, key: "k")
            digest.update("a")
            digest.update([0x62] as [UInt8])
            #expect(try digest.finish() == Array("3k|ab".utf8))
            #expect(throws: PluginError.self) { try digest.finish() }
        }

        @Test("a digest that is not finished is dropped; one that there is not is an error")
        func droppedDigest() throws {
            FakeHost.register { _ in }
            #expect(FakeBody.shared.digests == 0)
            do {
                let digest = try Digest(.md5)
                digest.update("a")
                #expect(FakeBody.shared.digests == 1)
            }
            #expect(FakeBody.shared.digests == 0)
            #expect(throws: PluginError.self) { try Digest(.sha1) }
        }

        @Test("hexadecimal digits")
        func hexadecimal() { #expect(Digest.hex([0x00, 0x9F, 0xA0]) == "009fa0") }
    }
}
