// The watch thread: who is warned of, who is ended, and who is left in peace.

import CHarakaFault
import Glibc
import Testing

@Suite(.timeLimit(.minutes(2))) struct WatchTests {
    @Test(
        "the watch thread is right about calls that end",
        arguments: [
            "busy",  // one call: one warning
            "many_calls",  // which are short: no warning
            "new_limits",  // which count at once
        ])
    func calls(name: String) throws {
        let ended = try FaultProgram.run(name)
        #expect(ended.errors == "")
        #expect(ended.exitStatus == 0)
    }

    @Test("a process that was stopped for longer than the limit goes on")
    func stopped() throws {
        let ended = try FaultProgram.run("stopped", stopTime: 900_000)
        #expect(ended.errors == "")
        #expect(ended.exitStatus == 0)
        #expect(ended.kind == HARAKA_FAULT_NONE)
    }

    @Test(
        "an endless loop is ended with a record and a backtrace",
        arguments: [
            "endless",
            "endless_with_handler",  // for SIGABRT
            "endless_calls",  // it calls back all the time
        ])
    func endless(name: String) throws {
        let ended = try FaultProgram.run(name)
        let record = ended.page.pointee.record
        #expect(ended.signal == SIGABRT)
        #expect(ended.kind == HARAKA_FAULT_WATCHDOG)
        #expect(record.signal == SIGABRT)
        #expect(ended.text(record.frame) == "villain rcpt 6F0C3A1E-0000-4000-8000-000000000001")
        #expect(record.held_ms >= 200)
        #expect(record.is_loop == 1)
        #expect(record.thread == ended.child)
        #expect(ended.addresses.contains { ended.isCode($0, of: "/plugin.so") })
    }

    @Test("an endless loop that takes no signals is killed, and the record has what the watch thread knows")
    func deaf() throws {
        let ended = try FaultProgram.run("endless_and_deaf")
        #expect(ended.signal == SIGKILL)
        #expect(ended.kind == HARAKA_FAULT_WATCHDOG)
        #expect(ended.text(ended.page.pointee.record.frame) == "villain rcpt 6F0C3A1E-0000-4000-8000-000000000001")
        #expect(ended.page.pointee.record.held_ms >= 200)
        #expect(ended.addresses.isEmpty)
        #expect(ended.map.contains("/plugin.so"))
    }
}
