// Who is listed, and what becomes of a recipient.
import HarakaPluginKit
import Testing

@testable import Relay

private func lend<Result>(_ string: String, _ body: (Text) -> Result) -> Result {
    let bytes = Array(string.utf8)
    return bytes.withUnsafeBytes { body(Text($0)) }
}

private func route(_ json: String) -> Route? { lend(json) { Route(json: $0) } }

@Suite("Relaying")
struct RelayTests {
    @Test("networks are read line by line, and a line that is none is named")
    func networks() {
        let file = "# ours\n192.0.2.0/24\n\n 2001:db8::/32\n10.0.0.0/40\n;x\nexample.com\n198.51.100.7"
        let (networks, mistakes) = lend(file) { text in
            readNetworks(
                ListLine.counting(
                    text.bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
                        .map { Text(UnsafeRawBufferPointer(rebasing: $0)) }))
        }
        #expect(mistakes.map(\.line) == [5, 7])
        #expect(mistakes.first?.why == "10.0.0.0/40: no network")
        #expect(networks.count == 3)
        #expect(lend("192.0.2.200", networks.contains))
        #expect(lend("2001:db8:1::1", networks.contains))
        #expect(lend("198.51.100.7", networks.contains))
        #expect(!lend("10.0.0.1", networks.contains))
    }

    @Test(
        "an entry has an action and perhaps a next hop",
        arguments: [
            ("{\"action\":\"accept\"}", .accept, nil), (" { \"action\" : \"continue\" } ", .continue, nil),
            ("{\"nexthop\":\"192.0.2.1:2525\",\"action\":\"deny\"}", .deny, "192.0.2.1:2525"),
            ("{\"action\":\"Accept\"}", .unknown, nil), ("{\"nexthop\":\"\"}", .unknown, nil),
            ("{\"nexthop\":\"x\"}", .unknown, "x"), ("{}", .unknown, nil),
            ("{\"action\":\"deny\",\"action\":\"accept\"}", .accept, nil), ("{\"priority\":10}", .unknown, nil),
            ("{\"a\\\"\\/\\\\\":\"b\",\"action\":\"accept\"}", .accept, nil), ("{\"action\":null}", .unknown, nil),
        ] as [(String, RouteVerdict, String?)])
    func entries(json: String, verdict: RouteVerdict, nextHop: String?) {
        #expect(route(json)?.verdict == verdict)
        #expect(route(json)?.nextHop == nextHop)
    }

    @Test(
        "what is no object of plain values is no entry",
        arguments: [
            "", "accept", "{", "{\"action\"}", "{\"action\":}", "{\"action\":\"accept\"", "{\"action\":\"accept\",}",
            "{\"action\":\"accept\"} x", "{\"action\":{}}", "{\"action\":[\"accept\"]}", "{action:\"accept\"}",
            "{\"action\":\"acc", "{\"action\":\"a\\", "{\"action\":\"\\u0061\"}", "{\"action\":\"a\u{1}\"}", "[]",
            "\"x\"",
        ])
    func noEntries(json: String) {
        #expect(route(json) == nil)
    }

    @Test("a domain that is not listed is as any says, and refused without any")
    func table() throws {
        var table = RouteTable()
        let accept = try #require(route("{\"action\":\"accept\"}"))
        lend("Example.COM") { table.add(accept, for: $0) }
        #expect(lend("example.com", table.verdict) == .accept)
        #expect(lend("sub.example.com", table.verdict) == .deny)
        #expect(lend("example.com", table.nextHop) == nil)
        let any = try #require(route("{\"action\":\"continue\",\"nexthop\":\"x\"}"))
        lend("any") { table.add(any, for: $0) }
        #expect(lend("sub.example.com", table.verdict) == .continue)
        #expect(lend("", table.verdict) == .continue)
        #expect(table.count == 2)
        #expect(lend("sub.example.com", table.nextHop) == "x")
        #expect(lend("example.com", table.nextHop) == nil)
    }

    @Test("only what is accepted or left to others may relay")
    func allowed() {
        #expect([RouteVerdict.accept, .continue, .deny, .unknown].filter(\.isAllowed) == [.accept, .continue])
    }
}
