// Reports from pages that were written by hand: who is blamed, how surely, and in which words.

import CHarakaFault
import Glibc
import Testing

@testable import HarakaPluginHost

@Suite struct CrashReportTests {
    private let page: FaultPage
    private var record: haraka_fault_record { page.pointer.pointee.record }

    init() throws { page = try FaultPage() }

    private static let forClient = "for connection \(FaultPage.uuid) (192.0.2.7)"

    // MARK: the plugin is known

    @Test("a fault in a hook is the plugin's")
    func inHook() {
        page.record(SIGSEGV, frame: page.inMaildir)
        let report = page.report(signal: SIGSEGV)
        #expect(report.plugin == "queue/maildir")
        #expect(report.hash == FaultPage.hash)
        #expect(report.generation == 7)
        #expect(report.hook == "data_post")
        #expect(report.connection == FaultPage.uuid)
        #expect(report.remote == "192.0.2.7")
        #expect(report.cause == .signal(SIGSEGV, address: 0x10))
        #expect(report.blame == .frame)
        #expect(report.thread == .loop)
        #expect(report.isCertain)
        #expect(
            report.summary
                == "plugin queue/maildir (0123456789ab) crashed in hook data_post \(Self.forClient): SIGSEGV at 0x10"
        )
    }

    @Test("a fault in a hook about a queued mail names the mail")
    func inOutboundHook() {
        haraka_fault_set_connection(page.pointer, page.inMaildir.connection - 1, "U.1.1", "example.org")
        page.record(SIGSEGV, frame: page.inMaildir)
        #expect(page.report(signal: SIGSEGV).summary.contains(" for mail U.1.1 (example.org): SIGSEGV"))
    }

    @Test(
        "only a fault of the memory or of an instruction has an address",
        arguments: [
            (SIGBUS, 2, ": SIGBUS at 0x10"), (SIGABRT, -6, ": SIGABRT"), (SIGSEGV, 0, ": SIGSEGV"),
            (SIGSEGV, 0x80, ": SIGSEGV"), (77, 1, ": signal 77 at 0x10"),
        ] as [(Int32, Int32, String)])
    func addresses(signal: Int32, code: Int32, end: String) {
        page.record(signal, code: code, frame: page.inTarpit)
        #expect(page.report(signal: signal).summary == "plugin tarpit (fedcba987654) crashed in hook rcpt\(end)")
    }

    @Test("a fault in a job is the job's plugin's, whatever the loop was doing")
    func inJob() {
        page.pointer.pointee.loop = page.inTarpit
        page.record(SIGSEGV, frame: page.inMaildir, isLoop: false)
        let report = page.report(signal: SIGSEGV)
        #expect(report.plugin == "queue/maildir")
        #expect(report.thread == .job)
        #expect(report.isCertain)
        #expect(report.summary == "plugin queue/maildir (0123456789ab) crashed in a job: SIGSEGV at 0x10")
    }

    @Test("a fault without a frame is blamed by address")
    func byAddress() {
        page.pointer.pointee.last = page.inTarpit
        page.record(SIGSEGV, isLoop: false)
        page.pointer.pointee.record.blamed_by_address = page.maildir
        let report = page.report(signal: SIGSEGV)
        #expect(report.plugin == "queue/maildir")
        #expect(report.hook == nil)
        #expect(report.blame == .address)
        #expect(report.thread == .other)
        #expect(report.isCertain)
        #expect(report.summary == "plugin queue/maildir (0123456789ab) crashed in a thread of its own: SIGSEGV at 0x10")
        page.pointer.pointee.record.is_loop = 1
        #expect(
            page.report(signal: SIGSEGV).summary
                == "plugin queue/maildir (0123456789ab) crashed outside its hooks: SIGSEGV at 0x10")
    }

    @Test("a held loop is the plugin's, however the process was ended", arguments: [SIGABRT, SIGKILL])
    func held(signal: Int32) {
        page.record(SIGABRT, code: -6, frame: page.inMaildir)
        page.pointer.pointee.record.kind = UInt32(HARAKA_FAULT_WATCHDOG)
        page.pointer.pointee.record.held_ms = 10012
        let report = page.report(signal: signal)
        #expect(report.cause == .held(milliseconds: 10012))
        #expect(report.isCertain)
        #expect(
            report.summary
                == "plugin queue/maildir (0123456789ab) held the loop for 10012 ms in hook data_post \(Self.forClient)")
    }

    // MARK: the process ended without a record

    @Test("an exit in a hook is the plugin's", arguments: [0, 3, 255] as [Int32])
    func exits(status: Int32) {
        page.pointer.pointee.loop = page.inTarpit
        let report = page.report(exit: status)
        #expect(report.cause == .exited(status: status))
        #expect(report.isCertain)
        #expect(report.summary == "plugin tarpit (fedcba987654) exited with status \(status) in hook rcpt")
    }

    @Test("a signal from outside names who ran")
    func killed() {
        page.pointer.pointee.loop = page.inMaildir
        let report = page.report(signal: SIGKILL)
        #expect(report.cause == .killed(signal: SIGKILL))
        #expect(report.isCertain)
        #expect(
            report.summary
                == "plugin queue/maildir (0123456789ab) was killed by SIGKILL while hook data_post ran \(Self.forClient)"
        )
    }

    @Test("a fault that no handler saw is a fault, also with a core file")
    func unrecorded() {
        page.pointer.pointee.loop = page.inTarpit
        let report = page.report(signal: SIGSEGV | 0x80)
        #expect(report.cause == .signal(SIGSEGV, address: nil))
        #expect(report.summary == "plugin tarpit (fedcba987654) crashed in hook rcpt: SIGSEGV")
    }

    @Test("an exit while jobs of one plugin ran is that plugin's; while jobs of two ran it is not known whose")
    func exitInJob() {
        page.setJob(5, page.inTarpit)
        #expect(page.report(exit: 1).isCertain)
        #expect(page.report(exit: 1).summary == "plugin tarpit (fedcba987654) exited with status 1 in a job")
        page.setJob(60, page.inTarpit)
        #expect(page.report(exit: 1).isCertain)
        page.setJob(9, page.inMaildir)
        #expect(page.report(exit: 1).blame == .running)
        #expect(!page.report(exit: 1).isCertain)
    }

    @Test("a signal from outside while a job ran is not held against it")
    func killedInJob() {
        page.setJob(0, page.inTarpit)
        let report = page.report(signal: SIGKILL)
        #expect(report.blame == .running)
        #expect(!report.isCertain)
        #expect(report.summary == "the server was killed by SIGKILL, a job of plugin tarpit (fedcba987654) was running")
    }

    // MARK: the host

    @Test("a fault of the host mentions the last plugin and does not charge it")
    func last() {
        page.pointer.pointee.last = page.inTarpit
        page.record(SIGSEGV)
        let report = page.report(signal: SIGSEGV)
        #expect(report.plugin == "tarpit")
        #expect(report.blame == .last)
        #expect(!report.isCertain)
        #expect(
            report.summary
                == "the server crashed, no plugin was running; the last one was tarpit (fedcba987654) in hook rcpt"
                + ": SIGSEGV at 0x10")
    }

    @Test("where no plugin has run, none is named")
    func nobody() {
        let killed = page.report(signal: SIGKILL)
        #expect(killed.plugin == nil)
        #expect(killed.hash == nil)
        #expect(killed.hook == nil)
        #expect(killed.generation == 0)
        #expect(!killed.isCertain)
        #expect(killed.backtrace == [])
        #expect(killed.summary == "the server was killed by SIGKILL, no plugin was running")
        #expect(page.report(exit: 2).summary == "the server exited with status 2, no plugin was running")
    }

    // MARK: a page that was scribbled on

    @Test("numbers and texts that cannot be are no trap, and forge no line of a log")
    func scribbled() {
        let start = UnsafeMutableRawPointer(page.pointer)
        memset(start, 0xff, MemoryLayout<haraka_fault_page>.size)
        let report = page.report(signal: SIGSEGV)
        #expect(report.plugin == nil)
        #expect(report.backtrace.count == Int(HARAKA_FAULT_ADDRESSES))
        memset(start, 0x0a, MemoryLayout<haraka_fault_page>.size)
        page.pointer.pointee.loop = page.inMaildir
        page.pointer.pointee.record.kind = 0
        let forged = page.report(exit: 1)
        #expect(forged.plugin == String(repeating: "?", count: 96))
        #expect(forged.hash == String(repeating: "?", count: 65))
        #expect(!forged.summary.contains("\n"))
    }
}
