// PROXY headers of version 2.

import SMTPSyntax
import Testing

@Suite("ProxyHeader, version 2")
struct ProxyHeaderBinaryTests {
    private func header(_ bytes: [UInt8]) throws -> ProxyHeader {
        guard case .header(let header, let consumed) = ProxyHeaderTests.parse(bytes + [69, 72]) else {
            throw Unexpected(progress: ProxyHeaderTests.parse(bytes))
        }
        #expect(consumed == bytes.count)
        return header
    }

    private struct Unexpected: Error { let progress: ProxyHeader.Progress }

    @Test(
        "all families are read; sockets with a path, and none, leave the connection's own addresses",
        arguments: [
            (0x11, Binary.v4, "2 192.0.2.1 56324 198.51.100.1 25"),
            (0x12, Binary.v4, "2 192.0.2.1 56324 198.51.100.1 25"),
            (0x21, Binary.v6, "2 2001:db8::1 56324 2001:db8::2 25"),
            (0x22, Binary.v6, "2 2001:db8::1 56324 2001:db8::2 25"),
            (0x31, [UInt8](repeating: 47, count: 216), "2 - -"), (0x32, [UInt8](repeating: 0, count: 216), "2 - -"),
            (0x00, [], "2 - -"),
        ] as [(UInt8, [UInt8], String)])
    func families(family: UInt8, addresses: [UInt8], expected: String) throws {
        let bytes = Binary.header(0x21, family, addresses)
        #expect(ProxyHeaderTests.words(ProxyHeaderTests.parse(bytes)) == expected)
        let local = try header(Binary.header(0x20, family, addresses))
        #expect(local.source == nil && local.destination == nil)
    }

    @Test("a LOCAL header may be without the addresses of its family")
    func local() throws {
        #expect(try header(Binary.header(0x20, 0x00, [])).source == nil)
        #expect(try header(Binary.header(0x20, 0x11, [])).source == nil)
    }

    @Test("an IPv4-mapped client is an IPv4 client")
    func mapped() throws {
        let from = [UInt8](repeating: 0, count: 10) + [255, 255, 192, 0, 2, 1]
        let body = from + from + [0xDC, 0x04, 0, 25]
        #expect(try header(Binary.header(0x21, 0x21, body)).source == .init(address: "192.0.2.1", port: 56324))
    }

    @Test("extras are kept in order, and the server knows those of TLS, authority and ALPN")
    func extras() throws {
        let tls = Binary.extra(0x20, [1, 0, 0, 0, 0] + Binary.extra(0x21, Array("TLSv1.3".utf8)))
        let more =
            Binary.extra(0x01, Array("smtp".utf8)) + Binary.extra(0x02, Array("mx.example.com".utf8)) + tls
            + Binary.extra(0x04, []) + Binary.extra(0xEA, [1, 2])
        let found = try header(Binary.header(0x21, 0x11, Binary.v4 + more))
        #expect(found.extras.map(\.type) == [0x01, 0x02, 0x20, 0x04, 0xEA])
        #expect(found.extras.last?.value == [1, 2])
        #expect(found.isTLS && found.authority == "mx.example.com" && found.alpn == "smtp")
        let clear = Binary.extra(0x20, [2, 0, 0, 0, 1])
        #expect(try header(Binary.header(0x21, 0x11, Binary.v4 + clear)).isTLS == false)
    }

    @Test("a checksum is checked if it is there")
    func checksum() throws {
        let more = Binary.extra(0x01, Array("smtp".utf8)) + Binary.extra(0x02, Array("mx.example.com".utf8))
        // CRC32C by another program.
        let sum: [UInt8] = [0xC7, 0x74, 0x81, 0xD3]
        let right = Binary.header(0x21, 0x11, Binary.v4 + more + Binary.extra(0x03, sum))
        #expect(try header(right).source?.port == 56324)
        for index in [16, 20, 27, 33, right.count - 1] {
            var wrong = right
            wrong[index] ^= 1
            #expect(ProxyHeaderTests.isMalformed(ProxyHeaderTests.parse(wrong)), "\(index)")
        }
        let short = Binary.header(0x21, 0x11, Binary.v4 + Binary.extra(0x03, [1, 2, 3]))
        #expect(ProxyHeaderTests.isMalformed(ProxyHeaderTests.parse(short)))
    }

    @Test("a header is whole with its last byte and not before")
    func cuts() {
        for bytes in [
            Binary.header(), Binary.header(0x21, 0x21, Binary.v6), Binary.header(0x20, 0x00, []),
            Binary.header(0x21, 0x11, Binary.v4 + Binary.extra(0x05, [UInt8](repeating: 7, count: 300))),
        ] {
            for count in 0..<bytes.count {
                #expect(ProxyHeaderTests.parse(Array(bytes[..<count])) == .needMore, "\(count) of \(bytes.count)")
            }
        }
    }

    @Test(
        "another version, command or family, and lengths that do not fit, are malformed",
        arguments: [
            Binary.header(0x11), Binary.header(0x31), Binary.header(0x22), Binary.header(0x21, 0x13),
            Binary.header(0x21, 0x10), Binary.header(0x21, 0x01), Binary.header(0x21, 0x41),
            Binary.header(0x21, 0x11, Array(Binary.v4.dropLast())), Binary.header(0x21, 0x21, Binary.v4),
            Binary.header(0x21, 0x31, Binary.v6), Binary.header(0x21, 0x11, Binary.v4 + [1]),
            Binary.header(0x21, 0x11, Binary.v4 + [1, 0]), Binary.header(0x21, 0x11, Binary.v4 + [1, 0, 1]),
            Binary.header(0x21, 0x11, Binary.v4 + Binary.extra(0x20, [1, 0, 0, 0])),
        ])
    func malformed(bytes: [UInt8]) {
        #expect(ProxyHeaderTests.isMalformed(ProxyHeaderTests.parse(bytes)))
    }

    @Test("a wrong command or family is malformed before the rest has come, and so is too great a length")
    func early() {
        #expect(ProxyHeaderTests.isMalformed(ProxyHeaderTests.parse(Binary.signature + [0x22])))
        #expect(ProxyHeaderTests.isMalformed(ProxyHeaderTests.parse(Binary.signature + [0x21, 0x13])))
        #expect(ProxyHeaderTests.parse(Binary.signature + [0x21, 0x11, 0x3F, 0xF0]) == .needMore)
        #expect(ProxyHeaderTests.isMalformed(ProxyHeaderTests.parse(Binary.signature + [0x21, 0x11, 0x3F, 0xF1])))
    }
}
