// domains/1: plugin.h. The names are those of https://publicsuffix.org/ and RFC 5891.

import HarakaCore
import HarakaPluginABI
import Testing

@testable import HarakaPluginHost

extension ZooTests {
    @Suite("domains", .serialized) struct DomainTests {
        @Test(
            "what somebody has registered, what is a suffix, and which top level domains there are",
            arguments: [
                ("mail.example.co.uk", "SUCCESS example.co.uk suffix 0 top 1 SUCCESS mail.example.co.uk"),
                ("Example.COM.", "SUCCESS example.com suffix 0 top 1 SUCCESS example.com"),
                ("co.uk", "SUCCESS  suffix 1 top 1 SUCCESS co.uk"), ("com", "SUCCESS  suffix 1 top 1 SUCCESS com"),
                ("a.b.ck", "SUCCESS a.b.ck suffix 0 top 1 SUCCESS a.b.ck"),
                ("www.ck", "SUCCESS www.ck suffix 0 top 1 SUCCESS www.ck"),
                ("me.github.io", "SUCCESS me.github.io suffix 0 top 1 SUCCESS me.github.io"),
                ("a.example.invalid", "SUCCESS example.invalid suffix 0 top 0 SUCCESS a.example.invalid"),
                ("Bücher.example", "SUCCESS xn--bcher-kva.example suffix 0 top 0 SUCCESS xn--bcher-kva.example"),
                (
                    "www.食狮.公司.cn",
                    "SUCCESS xn--85x722f.xn--55qx5d.cn suffix 0 top 1 SUCCESS www.xn--85x722f.xn--55qx5d.cn"
                ),
                ("xn--55qx5d.cn", "SUCCESS  suffix 1 top 1 SUCCESS xn--55qx5d.cn"),
                ("192.0.2.1", "SUCCESS  suffix 0 top 0 SUCCESS 192.0.2.1"), ("", "SUCCESS  suffix 0 top 0 ARGUMENT ?"),
                ("a..b", "SUCCESS  suffix 0 top 0 ARGUMENT ?"), ("a b.com", "SUCCESS  suffix 0 top 0 ARGUMENT ?"),
                ("[192.0.2.1]", "SUCCESS  suffix 0 top 0 ARGUMENT ?"),
            ])
        func domains(name: String, shown: String) throws {
            try withZoo { zoo in
                zoo.loop.run { zoo.host.resolver = ZooResolver() }
                try zoo.install("n", "names.c", options: ["-pthread"])
                try zoo.load("n")
                zoo.connect().command("DOMAINS", name)
                #expect(zoo.heard() == ["n: \(shown)"])
            }
        }

        @Test("labels have 63 bytes, names 253, and nothing behind a NUL counts")
        func lengths() {
            func name(_ text: String, isHost: Bool = true) -> String? {
                Array(text.utf8).withUnsafeBytes { DomainName($0, isHost: isHost)?.text }
            }
            let label = String(repeating: "a", count: 63)
            #expect(name(label + ".com") == label + ".com")
            #expect(name(label + "a.com") == nil)
            let long = [label, label, label, String(repeating: "b", count: 61)].joined(separator: ".")
            #expect(name(long) == long)
            #expect(name(long + ".") == long)
            #expect(name(long + "b") == nil)
            #expect(name("a\u{0}.com") == nil)
            #expect(name("ä\u{0}.com") == nil)
            #expect(name("ä\u{0}.com", isHost: false) == nil)
            #expect(name("\u{ff0e}") == nil)
            #expect(name("_dmarc.Example") == "_dmarc.example")
            #expect(name("a/b.example") == nil)
            #expect(name("a/B.example", isHost: false) == "a/b.example")
            #expect([UInt8]([0xc3, 0x28, 46, 97]).withUnsafeBytes { DomainName($0, isHost: false) } == nil)
        }
    }
}
