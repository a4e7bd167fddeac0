// Where mail goes.
import HarakaPluginKit
import Testing

@testable import QueueLMTP

@Suite("LMTP")
struct HopsTests {
    private func hop(_ host: String, _ port: UInt32, path: String = "") -> MX {
        var mx = MX(host, port: port)
        (mx.isLMTP, mx.path) = (true, path)
        return mx
    }

    @Test("without a file it is this machine's port 24")
    func defaults() throws {
        #expect(try Hops(.null).mx(for: "example.com") == hop("127.0.0.1", 24))
    }

    @Test("a domain's section says all for its domain, in any case; a path stands for host and port")
    func sections() throws {
        let hops = try Hops(
            .map([
                ("main", .map([("host", .text("192.0.2.1")), ("port", .integer(2424))])),
                ("Example.COM", .map([("host", .text("192.0.2.2"))])),
                ("example.org", .map([("path", .text("/run/lmtp")), ("port", .integer(9))])),
            ]))
        #expect(hops.mx(for: "example.net") == hop("192.0.2.1", 2424))
        #expect(hops.mx(for: "example.com") == hop("192.0.2.2", 24))
        #expect(hops.mx(for: "example.org") == hop("", 0, path: "/run/lmtp"))
    }

    @Test(
        "what makes no sense is named",
        arguments: [
            ("port", .integer(0), "[main] port: expected 1 to 65535"),
            ("port", .text("x"), "[main] port: expected 1 to 65535"),
            ("path", .text("run/lmtp"), "[main] path: expected a path that begins with /"),
        ] as [(String, Value, String)])
    func mistakes(key: String, value: Value, why: String) {
        let error = #expect(throws: PluginError.self) { try Hops(.map([("main", .map([(key, value)]))])) }
        #expect(error?.cause == why)
    }

    @Test(
        "mail that another queue was named for is left alone",
        arguments: [("", true), ("lmtp", true), ("outbound", false)])
    func wishes(wish: String, isTaken: Bool) {
        Array(wish.utf8).withUnsafeBytes { #expect(takes(Text($0)) == isTaken) }
    }
}
