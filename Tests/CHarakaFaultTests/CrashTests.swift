// What a crash leaves on the page, whatever the crash and wherever it happens.

import CHarakaFault
import Glibc
import Testing

@Suite(.timeLimit(.minutes(2))) struct CrashTests {
    private static let inHook = "villain rcpt 6F0C3A1E-0000-4000-8000-000000000001"

    @Test(
        "a fault in a hook names plugin, hook and connection, and the process dies of its signal",
        arguments: [
            ("segv", SIGSEGV), ("abort", SIGABRT), ("fpe", SIGFPE), ("double_free", SIGABRT), ("overflow", SIGSEGV),
            ("nowhere", SIGSEGV),
        ])
    func inHook(name: String, signal: Int32) throws {
        let ended = try FaultProgram.run(name)
        let record = ended.page.pointee.record
        #expect(ended.signal == signal)
        #expect(ended.kind == HARAKA_FAULT_SIGNAL)
        #expect(record.signal == signal)
        #expect(ended.text(record.frame) == Self.inHook)
        #expect(record.is_loop == 1)
        #expect(record.thread == ended.child)
        #expect(record.blamed_by_address == 0)
        #expect(ended.addresses.contains { ended.isCode($0, of: "/plugin.so") })
    }

    @Test("a trap is recorded with the signal of the processor")
    func trap() throws {
        let ended = try FaultProgram.run("trap")
        #expect([SIGILL, SIGTRAP].contains(ended.signal))
        #expect(ended.page.pointee.record.signal == ended.signal)
        #expect(ended.text(ended.page.pointee.record.frame) == Self.inHook)
    }

    @Test("the backtrace begins at the instruction that faulted, and the address is the one it could not use")
    func beginning() throws {
        let ended = try FaultProgram.run("segv")
        #expect(ended.page.pointee.record.address == 16)
        #expect(ended.page.pointee.record.code == 1)
        let first = try #require(ended.addresses.first)
        #expect(ended.isCode(first, of: "/plugin.so"))
        #expect(ended.addresses.contains { ended.isCode($0, of: "/cases") })
        #expect(ended.addresses.allSatisfy { $0 != 0 })
    }

    @Test("a jump to nowhere shows where it came from")
    func nowhere() throws {
        let ended = try FaultProgram.run("nowhere")
        #expect(ended.addresses.first == 0)
        #expect(ended.addresses.count >= 2)
        #expect(ended.isCode(ended.addresses[1], of: "/plugin.so"))
    }

    @Test("an overflowing stack gives a full backtrace")
    func overflow() throws {
        let ended = try FaultProgram.run("overflow")
        #expect(ended.addresses.count == Int(HARAKA_FAULT_ADDRESSES))
        #expect(ended.addresses.allSatisfy { ended.isCode($0, of: "/plugin.so") })
    }

    @Test("the saved map keeps executable lines, and those where files begin")
    func map() throws {
        let lines = try FaultProgram.run("segv").map.split(separator: "\n")
        #expect(lines.contains { $0.contains(" r-xp ") && $0.hasSuffix("/plugin.so") })
        #expect(lines.contains { $0.contains(" 00000000 ") && $0.hasSuffix("/plugin.so") })
        #expect(lines.contains { $0.contains(" r-xp ") && $0.hasSuffix("/cases") })
        #expect(!lines.contains { $0.hasSuffix("[stack]") || $0.hasSuffix("[heap]") })
    }

    @Test(
        "an end without fault leaves the frame",
        arguments: [("exit_at_once", 3 << 8), ("exit", 0), ("kill", SIGKILL)] as [(String, Int32)])
    func withoutFault(name: String, status: Int32) throws {
        let ended = try FaultProgram.run(name)
        #expect(ended.status == status)
        #expect(ended.kind == HARAKA_FAULT_NONE)
        #expect(ended.text(ended.page.pointee.loop) == Self.inHook)
    }

    @Test("a fault of the host blames nobody and tells who ran last")
    func host() throws {
        let ended = try FaultProgram.run("host_segv")
        #expect(ended.signal == SIGSEGV)
        #expect(ended.kind == HARAKA_FAULT_SIGNAL)
        #expect(ended.page.pointee.record.frame.plugin == 0)
        #expect(ended.page.pointee.record.blamed_by_address == 0)
        #expect(ended.text(ended.page.pointee.last) == Self.inHook)
    }

    @Test(
        "a fault in a job names the job's plugin, also if its small stack is full",
        arguments: ["job_segv", "job_overflow"])
    func job(name: String) throws {
        let ended = try FaultProgram.run(name)
        let record = ended.page.pointee.record
        #expect(ended.signal == SIGSEGV)
        #expect(ended.text(record.frame) == "villain rcpt -")
        #expect(record.is_loop == 0)
        #expect(record.thread != ended.child)
        #expect(ended.isCode(try #require(ended.addresses.first), of: "/plugin.so"))
    }

    @Test("a job that has ended leaves its entry free")
    func jobEnds() throws {
        let ended = try FaultProgram.run("job_ends")
        #expect(ended.errors == "")
        #expect(ended.exitStatus == 0)
    }

    @Test(
        "a thread that a plugin has started is known by its code, also when the instruction is a library's",
        arguments: [("foreign_segv", SIGSEGV), ("foreign_abort", SIGABRT)])
    func foreignThread(name: String, signal: Int32) throws {
        let ended = try FaultProgram.run(name)
        #expect(ended.signal == signal)
        #expect(ended.page.pointee.record.frame.plugin == 0)
        #expect(ended.plugin(ended.page.pointee.record.blamed_by_address) == "villain")
        #expect(ended.page.pointee.record.is_loop == 0)
    }

    @Test("two threads that fault at once leave one record", arguments: 0..<10)
    func twoAtOnce(_: Int) throws {
        let ended = try FaultProgram.run("two_at_once")
        #expect(ended.signal == SIGSEGV)
        #expect(ended.text(ended.page.pointee.record.frame) == "villain rcpt -")
        #expect(ended.isCode(try #require(ended.addresses.first), of: "/plugin.so"))
        #expect(ended.addresses.count > 1)
    }

    @Test("a thread that faults while another one is recorded changes nothing of it")
    func secondWhileRecording() throws {
        let ended = try FaultProgram.run("second_while_recording")
        #expect(ended.signal == SIGABRT)
        #expect(ended.page.pointee.record.signal == SIGABRT)
        #expect(ended.text(ended.page.pointee.record.frame) == Self.inHook)
        #expect(ended.page.pointee.record.is_loop == 1)
    }

    @Test(
        "a backtrace that faults or never ends costs nothing but the backtrace",
        arguments: ["backtrace_faults", "backtrace_hangs"])
    func brokenBacktrace(name: String) throws {
        let ended = try FaultProgram.run(name)
        #expect(ended.signal == SIGABRT)
        #expect(ended.page.pointee.record.signal == SIGABRT)
        #expect(ended.text(ended.page.pointee.record.frame) == Self.inHook)
        #expect(ended.addresses.count == 1)
        #expect(ended.map.contains("/plugin.so"))
    }

    @Test("handlers that a plugin replaces are found, named and put back")
    func changedHandler() throws {
        let ended = try FaultProgram.run("changed_handler")
        #expect(ended.errors == "")
        #expect(ended.signal == SIGSEGV)
        #expect(ended.text(ended.page.pointee.record.frame) == Self.inHook)
    }

    @Test("a process that a plugin forks off crashes without a word on the page")
    func forked() throws {
        let ended = try FaultProgram.run("forked_crash")
        #expect(ended.errors == "")
        #expect(ended.exitStatus == 0)
    }
}
