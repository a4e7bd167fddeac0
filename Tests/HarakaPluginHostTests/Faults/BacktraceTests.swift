// Addresses as text.

import CHarakaFault
import Glibc
import Testing

@testable import HarakaPluginHost

@Suite struct BacktraceTests {
    /// The plugin "queue/maildir" of the page is mapped at 7f0000000000; its code begins a page later.
    private static let maps = """
        555500000000-555500001000 r--p 00000000 fe:01 77                         /usr/local/bin/haraka
        555500001000-555500009000 r-xp 00000800 fe:01 77                         /usr/local/bin/haraka
        7e0000000000-7e0000001000 r-xp 00000000 00:00 0 
        7efffe000000-7efffe001000 r--p 00000000 00:01 39                         /memfd:part.so (deleted)
        7efffe100000-7efffe101000 r-xp 00002000 00:01 40                         /memfd:part.so (deleted)
        7effff000000-7effff001000 r--p 00000000 00:01 41                         /memfd:maildir.so (deleted)
        7effff001000-7effff003000 r-xp 00001000 00:01 41                         /memfd:maildir.so (deleted)
        7f0000000000-7f0000001000 r--p 00000000 00:01 42                         /memfd:maildir.so (deleted)
        7f0000001000-7f0000004000 r-xp 00001000 00:01 42                         /memfd:maildir.so (deleted)
        7f1000000000-7f1000001000 r--p 00000000 fe:01 9                          /lib/a folder/libc.so.6
        7f1000001000-7f1000002000 r-xp 00001000 fe:01 9                          /lib/a folder/libc.so.6
        7ffe00000000-7ffe00002000 r-xp 00000000 00:00 0                          [vdso]

        """

    private let page: FaultPage

    init() throws { page = try FaultPage() }

    private func lines(_ addresses: [UInt64], _ maps: String = maps) -> [String] {
        page.setBacktrace(addresses, maps)
        return page.report(signal: SIGSEGV).backtrace
    }

    @Test(
        "an address is shown as file and offset from where the file begins in memory",
        arguments: [
            (0x5555_0000_1234, "/usr/local/bin/haraka+0x1234"),
            (0x7f10_0000_1500, "/lib/a folder/libc.so.6+0x1500"),
            (0x7f00_0000_1010, "queue/maildir+0x1010"),  // a plugin has its own name
            (0x7eff_ff00_1010, "maildir.so+0x1010"),  // a memory file of no plugin that is known
            (0x7eff_fe10_0010, "part.so+0x2010"),  // one whose beginning is not mapped
            (0x7ffe_0000_0010, "[vdso]+0x10"),
            (0x7e00_0000_0010, "0x7e0000000010"),  // no file
            (0x7f00_0000_0010, "0x7f0000000010"),  // not executable
            (0x7f00_0000_4000, "0x7f0000004000"),  // behind the last
            (0, "0x0"),
            (UInt64.max, "0xffffffffffffffff"),
        ])
    func places(address: UInt64, text: String) {
        #expect(lines([address]) == ["#0 \(text)"])
    }

    @Test("a return address belongs to the instruction before it")
    func returnAddresses() {
        #expect(
            lines([0x7f00_0000_1000, 0x7f00_0000_4000, 0x5555_0000_1000, 0])
                == ["#0 queue/maildir+0x1000", "#1 queue/maildir+0x4000", "#2 0x555500001000", "#3 0x0"])
    }

    @Test("plugin files get the name that a reader of their symbols finds, asked for the calling instruction")
    func symbols() {
        page.setBacktrace([0x7f00_0000_1010, 0x5555_0000_1234, 0x7f00_0000_1200], Self.maps)
        let report = CrashReport(page: page.pointer, status: SIGSEGV) { plugin, offset in
            offset == 0x1010 ? nil : "\(plugin)'s \(String(offset, radix: 16))"
        }
        #expect(
            report.backtrace == [
                "#0 queue/maildir+0x1010", "#1 /usr/local/bin/haraka+0x1234",
                "#2 queue/maildir+0x1200 queue/maildir's 11ff",
            ])
    }

    @Test(
        "a map that was cut or is none is no trap",
        arguments: [
            "", "\n\n", "x", "5555-", "-", "zz-zz r-xp 0 0 0 /x", "5555-6666 r-xp", "0-ffffffffffffffff r-xp 10 0 0 /x",
        ])
    func damaged(maps: String) {
        let expected = maps.hasSuffix("10 0 0 /x") ? "#0 /x+0x1244" : "#0 0x1234"
        #expect(lines([0x1234], maps) == [expected])
    }
}
