// Records behind a mail, and files that are found again, torn ones among them.

import Foundation
import Glibc
import HarakaQueue
import SMTPSyntax
import Synchronization
import Testing

@testable import HarakaSpool

@Suite("Records and scans of the queue's folder")
struct QueueRecordsTests {
    private let queue = TemporaryQueue()

    private let attempt = QueueRecord.Attempt(
        time: 5, code: 450, status: EnhancedStatus(class: 4, subject: 2, detail: 1), text: "busy", remote: "mx")

    @Test("appended records are what the next opening and the next scan see")
    func append() throws {
        let folder = try queue.folder()
        try folder.store("AA.1")
        try folder.append([.deferred([0, 1], next: 99, attempt)], to: "AA.1", sync: false)
        try folder.append([.delivered([0]), .held(true)], to: "AA.1", sync: true)
        for states in [try folder.open("AA.1").states, try #require(try folder.found()["AA.1"]).states] {
            #expect(states.waiting == [1])
            #expect(states.next(of: 1) == 99)
            #expect(states.lastAttempt(of: 1) == attempt)
            #expect(states.isHeld)
        }
    }

    @Test("half a record is cut off before the next is written", arguments: [1, 8, 9, 17])
    func torn(_ count: Int) throws {
        let folder = try queue.folder()
        try folder.store("AA.1")
        try folder.append([.delivered([0])], to: "AA.1", sync: true)
        let before = try queue.bytes("AA.1")
        for tail in [
            Array(QueueRecordLine.encode(.failed([1])).prefix(count)), [UInt8](repeating: 0, count: count + 1),
        ] {
            try queue.write(before + tail, "AA.1")
            #expect(try folder.open("AA.1").states.waiting == [1])
            try folder.append([.held(true)], to: "AA.1", sync: true)
            #expect(try queue.bytes("AA.1") == before + QueueRecordLine.encode(.held(true)))
        }
    }

    @Test("a record of many bytes does not hide that the file ends whole")
    func longRecord() throws {
        let folder = try queue.folder()
        try folder.store("AA.1")
        var long = attempt
        long.text = String(repeating: "long ", count: 10_000)
        try folder.append([.deferred([0], next: 1, long)], to: "AA.1", sync: false)
        try folder.append([.delivered([1])], to: "AA.1", sync: false)
        let states = try folder.open("AA.1").states
        #expect(states.lastAttempt(of: 0) == long)
        #expect(states.waiting == [0])
    }

    @Test("nothing is appended to a damaged file")
    func damaged() throws {
        let folder = try queue.folder()
        try folder.store("AA.1")
        var bytes = try queue.bytes("AA.1")
        bytes[bytes.count - 5] ^= 1
        try queue.write(bytes, "AA.1")
        let error = #expect(throws: QueueFolderError.self) { try folder.append([.held(true)], to: "AA.1", sync: true) }
        #expect(error?.kind == .damaged)
        #expect(try queue.bytes("AA.1") == bytes)
    }

    @Test("records that several threads append to one mail at once are all there")
    func concurrent() async throws {
        let folder = try queue.folder()
        try folder.store("AA.1")
        let failures = Mutex(0)
        let writers = QueueWriters(threads: 4)
        for round in 0..<200 {
            writers.submit {
                do {
                    try folder.append(
                        [.deferred([round % 2], next: Int64(round), self.attempt)], to: "AA.1", sync: false)
                } catch {
                    failures.withLock { $0 += 1 }
                }
            }
        }
        writers.finish()
        #expect(failures.withLock { $0 } == 0)
        let states = try queue.folder().open("AA.1").states
        #expect(states.attempts(of: 0) == 100 && states.attempts(of: 1) == 100)
    }

    @Test(
        "a changed byte of the message is seen, but for a large one that the same process has written",
        arguments: [100, 64 * 1024])
    func changedMessage(_ size: Int) throws {
        let folder = try queue.folder()
        try folder.store("AA.1", String(repeating: "x", count: size))
        var bytes = try queue.bytes("AA.1")
        let start = try QueueFile.check(bytes).messageStart
        bytes[start + 3] ^= 4
        try queue.write(bytes, "AA.1")
        for other in try [queue.folder()] + (size == 100 ? [folder] : []) {
            let error = #expect(throws: QueueFolderError.self) { try other.open("AA.1") }
            #expect(error?.kind == .damaged)
            #expect(error?.reason == "the checksum of its message is wrong")
        }
        if size > 100 { #expect(try folder.open("AA.1").size == size) }
    }

    @Test("a look sees head and records, not the message, and like an opening leaves no trace in the file's times")
    func look() throws {
        let folder = try queue.folder()
        try folder.store("AA.1")
        try folder.append([.delivered([1])], to: "AA.1", sync: false)
        // Read last so long ago that file systems would note the next reading.
        let times = Array(repeating: timespec(tv_sec: 1_000_000_000, tv_nsec: 0), count: 2)
        #expect(utimensat(AT_FDCWD, "\(queue.path)/AA.1", times, 0) == 0)
        let found = try folder.look(at: "AA.1")
        #expect(found.mail == .sample("AA.1", size: 25))
        #expect(found.states.waiting == [0])
        _ = try folder.open("AA.1").text()
        #expect(try accessed("AA.1") == 1_000_000_000)
        var bytes = try queue.bytes("AA.1")
        bytes[try QueueFile.check(bytes).messageStart + 3] ^= 4
        try queue.write(bytes, "AA.1")
        #expect(try folder.look(at: "AA.1").mail.size == 25)
        #expect(throws: QueueFolderError.self) { try folder.look(at: "BB.1") }
    }

    /// The second in which it was read last.
    private func accessed(_ name: String) throws -> Int {
        var found = stat()
        if stat("\(queue.path)/\(name)", &found) != 0 { throw SpoolError("no status of \(name)") }
        return found.st_atim.tv_sec
    }

    @Test("a scan hands out good mails, sets torn and damaged ones aside and leaves the rest alone")
    func scan() throws {
        let folder = try queue.folder()
        for uuid in ["AA.1", "BB.1", "CC.1", "DD.1", "EE.1", "FF.1"] { try folder.store(uuid) }
        let whole = try queue.bytes("BB.1")
        try queue.write(Array(whole.dropLast()), "BB.1")
        try queue.write([], "CC.1")
        var changed = try queue.bytes("DD.1")
        changed[30] ^= 1
        try queue.write(changed, "DD.1")
        try queue.write(whole, "EE.1")
        try folder.setAside("FF.1", as: .quarantine, because: "it crashed \"us\"\n")
        try queue.write([1], "haraka_old_file")
        try queue.write([1], ".active")
        var found: [String] = []
        let report = try folder.scan {
            found.append($0.mail.uuid)
            return true
        }
        #expect(found == ["AA.1"])
        #expect(report.good == 1)
        #expect(report.bytes == (try queue.bytes("AA.1")).count)
        #expect(report.quarantined == 1)
        #expect(report.unknown == ["haraka_old_file"])
        #expect(report.unreadable.isEmpty)
        let torn = report.torn.sorted { $0.name < $1.name }
        #expect(torn.map(\.name) == ["BB.1", "CC.1", "DD.1", "EE.1"])
        #expect(torn[0].reason == "it has no end mark")
        #expect(torn[1].reason == "it is empty")
        #expect(torn[3].reason == "it is the file of another mail")
        #expect(
            queue.names == [
                ".active", "AA.1", "error.BB.1", "error.CC.1", "error.DD.1", "error.EE.1", "haraka_old_file",
                "quarantine.FF.1",
            ])
        let again = try folder.scan { _ in true }
        #expect(again.torn.isEmpty && again.setAside == 4 && again.good == 1)
        try folder.restore("FF.1", from: .quarantine)
        #expect(try folder.found().keys.sorted() == ["AA.1", "FF.1"])
    }

    @Test("a scan stops when it is told to")
    func stopped() throws {
        let folder = try queue.folder()
        for number in 0..<5 { try folder.store("AA.\(number)") }
        let report = try folder.scan { _ in false }
        #expect(report.good == 1 && report.wasStopped)
    }

    @Test("temporary files older than an hour are removed, younger ones are somebody's work")
    func temporaries() throws {
        let folder = try queue.folder()
        try queue.write([1], "__tmp__.AA.1")
        try queue.write([1], "__tmp__.BB.1")
        var times = [timespec(tv_sec: time(nil) - 3700, tv_nsec: 0), timespec(tv_sec: time(nil) - 3700, tv_nsec: 0)]
        utimensat(AT_FDCWD, "\(queue.path)/__tmp__.AA.1", &times, 0)
        let report = try folder.scan { _ in true }
        #expect(report.temporaries == 1)
        #expect(queue.names == ["__tmp__.BB.1"])
    }

    @Test("a mail with ten thousand recipients is found with all of them")
    func manyRecipients() throws {
        let folder = try queue.folder()
        try folder.store(.sample("AA.1", size: 2, recipients: 10_000), head: [], MemoryMessage("x\n"), from: 0)
        try folder.append([.delivered(Array(0..<9_999))], to: "AA.1", sync: true)
        #expect(try #require(try folder.found()["AA.1"]).states.waiting == [9_999])
        #expect(try folder.open("AA.1").mail.recipients.count == 10_000)
    }
}

@Suite("Threads that write")
struct QueueWritersTests {
    @Test("all that was submitted is done when finish returns, on threads of its own")
    func finish() {
        let done = Mutex<[Int]>([])
        let here = pthread_self()
        let others = Mutex(0)
        let writers = QueueWriters(threads: 3)
        for number in 0..<5000 {
            writers.submit {
                done.withLock { $0.append(number) }
                if pthread_equal(pthread_self(), here) == 0 { others.withLock { $0 += 1 } }
            }
        }
        writers.finish()
        #expect(done.withLock { $0.sorted() } == Array(0..<5000))
        #expect(others.withLock { $0 } == 5000)
        #expect(writers.waiting == 0)
        writers.finish()
    }

    @Test("one thread does it in the order in which it came, and after the end it is done at once")
    func order() {
        let done = Mutex<[Int]>([])
        let writers = QueueWriters(threads: 1)
        for number in 0..<3000 { writers.submit { done.withLock { $0.append(number) } } }
        writers.finish()
        #expect(done.withLock { $0 } == Array(0..<3000))
        writers.submit { done.withLock { $0 = [] } }
        #expect(done.withLock { $0.isEmpty })
    }
}
