// Every system call of the queue's folder fails once, in every way that is to be expected.

import Glibc
import HarakaCore
import HarakaQueue
import SMTPSyntax
import Synchronization
import Testing

@testable import HarakaSpool

/// One call of a run gives a result that was not asked for.
private final class OneFault: Sendable {
    private let count = Mutex(0)
    private let failed = Mutex<QueueCall?>(nil)
    private let place: Int
    private let result: Int

    init(at place: Int, _ result: Int) { (self.place, self.result) = (place, result) }

    /// The call that it hit.
    var hit: QueueCall? { failed.withLock { $0 } }
    var made: Int { count.withLock { $0 } }

    var calls: QueueCalls {
        QueueCalls { call in
            let number = self.count.withLock { count in
                defer { count += 1 }
                return count
            }
            // Syncs that are not to fail are not made: they take long and change nothing that is seen here.
            guard number == self.place else { return call == .syncFile || call == .syncFolder ? 0 : nil }
            self.failed.withLock { $0 = call }
            // Only bytes can be fewer.
            return self.result > 0 && call != .write && call != .read ? nil : self.result
        }
    }
}

@Suite("Faults of the disk")
struct QueueFaultTests {
    private let queue = TemporaryQueue()
    /// 1: a single byte is moved.
    private static let results = [ENOSPC, EIO, EMFILE, EDQUOT, EROFS, EINTR, ENOMEM].map { -Int($0) } + [1]

    /// A folder that waits for no disk.
    private func quick() throws -> QueueFolder { try queue.folder(OneFault(at: -1, 0).calls) }

    /// Descriptors of this process that lead into the folder.
    private func descriptors() -> Int {
        (0..<1024).filter { number in
            var target = [CChar](repeating: 0, count: 512)
            let count = readlink("/proc/self/fd/\(number)", &target, target.count)
            let name = target.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }
            return String(decoding: name, as: UTF8.self).hasPrefix(queue.path)
        }.count
    }

    /// Runs the work again and again, each time with another of its calls failing, until none is left to fail.
    ///
    /// - Parameter check: gets what was thrown, the call, and the result that it gave
    private func eachFault(
        _ result: Int, prepare: () throws -> Void, _ work: (QueueFolder) throws -> Void,
        check: (QueueFolderError?, QueueCall) throws -> Void
    ) throws {
        _ = try queue.folder()
        // Behind the calls that open the folder.
        let opening = OneFault(at: -1, 0)
        _ = try queue.folder(opening.calls)
        for place in opening.made..<200 {
            try prepare()
            let fault = OneFault(at: place, result)
            var thrown: QueueFolderError?
            do {
                let folder = try queue.folder(fault.calls)
                do { try work(folder) } catch { thrown = error as? QueueFolderError }
            }
            guard let call = fault.hit else {
                #expect(place > opening.made, "no call was tried")
                return
            }
            if let thrown, thrown.kind == .system {
                #expect(thrown.call == call.rawValue)
                #expect(thrown.code == Int32(-result))
                #expect(thrown.path.hasPrefix(queue.path))
            }
            #expect(descriptors() == 0, "a descriptor is left open after \(call.rawValue)")
            try check(thrown, call)
        }
        Issue.record("it never ends")
    }

    private func isSync(_ call: QueueCall) -> Bool { call == .syncFile || call == .syncFolder }

    /// What a good run must survive: interruptions and short moves, but for a sync, which is not to be repeated.
    private func isHarmless(_ result: Int, _ call: QueueCall) -> Bool {
        result > 0 || (result == -Int(EINTR) && !isSync(call))
    }

    @Test("a store that fails leaves nothing behind, one that returns has stored it all", arguments: results)
    func store(_ result: Int) throws {
        try eachFault(result) {
            if queue.names.contains("AA.1") { try queue.folder().remove("AA.1") }
        } _: {
            try $0.store("AA.1")
        } check: { error, call in
            #expect((error == nil) == isHarmless(result, call), "\(call.rawValue)")
            #expect(queue.names == (error == nil ? ["AA.1"] : []))
            guard error == nil else { return }
            let text = try queue.folder().open("AA.1").text()
            #expect(text == "Subject: hello\r\n\r\nworld\r\n")
        }
    }

    @Test("the same where files have temporary names", arguments: results)
    func storeNamed(_ result: Int) throws {
        try eachFault(result) {
            if queue.names.contains("AA.1") { try queue.folder().remove("AA.1") }
        } _: {
            $0.needsNames.store(true, ordering: .relaxed)
            try $0.store("AA.1")
        } check: { error, call in
            #expect((error == nil) == isHarmless(result, call), "\(call.rawValue)")
            #expect(queue.names == (error == nil ? ["AA.1"] : []))
            guard error == nil else { return }
            let text = try queue.folder().open("AA.1").text()
            #expect(text == "Subject: hello\r\n\r\nworld\r\n")
        }
    }

    @Test("an append that fails leaves the file as it was, and can be tried again", arguments: results, [true, false])
    func append(_ result: Int, isTorn: Bool) throws {
        try quick().store("AA.1")
        let whole = try queue.bytes("AA.1")
        let line = QueueRecordLine.encode(.delivered([0]))
        try eachFault(result) {
            try queue.write(whole + (isTorn ? [1, 2, 3] : []), "AA.1")
        } _: {
            try $0.append([.delivered([0])], to: "AA.1", sync: true)
        } check: { error, call in
            #expect((error == nil) == isHarmless(result, call), "\(call.rawValue)")
            let now = try queue.bytes("AA.1")
            #expect(error == nil ? now == whole + line : now == whole || now == whole + [1, 2, 3])
            try quick().append([.delivered([1])], to: "AA.1", sync: true)
            let waiting = try queue.folder().open("AA.1").states.waiting
            #expect(waiting == (error == nil ? [] : [0]))
        }
    }

    @Test("a mail that cannot be opened for once is as good as before", arguments: results)
    func open(_ result: Int) throws {
        let text = "Subject: x\r\n\r\n" + String(repeating: "0123456789\r\n", count: 3000)
        try quick().store("AA.1", text)
        try eachFault(result) {
        } _: {
            let found = try $0.open("AA.1").text()
            #expect(found == text)
        } check: { error, call in
            #expect((error == nil) == isHarmless(result, call), "\(call.rawValue)")
            #expect(error?.kind != .damaged)
        }
    }

    @Test("a scan that cannot read takes nothing for torn", arguments: results)
    func scan(_ result: Int) throws {
        let long = "Subject: x\r\n\r\n" + String(repeating: "0123456789\r\n", count: 3000)
        for uuid in ["AA.1", "BB.1"] { try quick().store(uuid, long) }
        var report = ScanReport()
        try eachFault(result) {
            report = ScanReport()
        } _: {
            report = try $0.scan { _ in true }
        } check: { error, call in
            #expect(queue.names == ["AA.1", "BB.1"])
            #expect(report.torn.isEmpty)
            #expect(error != nil || report.good + report.unreadable.count == 2)
            #expect(!isHarmless(result, call) || report.good == 2)
        }
    }

    @Test("a mail that cannot be removed or set aside stays where it is", arguments: results)
    func removeAndSetAside(_ result: Int) throws {
        try eachFault(result) {
            if !queue.names.contains("AA.1") { try quick().store("AA.1") }
        } _: {
            try $0.remove("AA.1")
        } check: { error, call in
            #expect(queue.names == (error == nil ? [] : ["AA.1"]))
            #expect((error == nil) == isHarmless(result, call))
        }
        try eachFault(result) {
            for name in queue.names { unlink("\(queue.path)/\(name)") }
            try quick().store("AA.1")
        } _: {
            try $0.setAside("AA.1", as: .quarantine, because: "x")
        } check: { error, call in
            #expect(queue.names == (error == nil ? ["quarantine.AA.1"] : ["AA.1"]))
        }
    }

    @Test(
        "a folder that cannot be opened or made safe says so and keeps nothing open",
        arguments: results.filter { $0 < 0 })
    func folder(_ result: Int) throws {
        for place in 0..<5 {
            rmdir(queue.path)
            let fault = OneFault(at: place, result)
            do {
                _ = try queue.folder(fault.calls)
                #expect(result == -Int(EINTR))
            } catch let error as QueueFolderError {
                #expect(error.call == fault.hit?.rawValue)
                #expect(error.code == Int32(-result))
            }
            #expect(fault.hit != nil)
            #expect(descriptors() == 0)
        }
    }
}
