// The process ends, or the power goes, between any two system calls: what was acknowledged is whole, nothing else counts.

import Glibc
import HarakaQueue
import SMTPSyntax
import Synchronization
import Testing

@testable import HarakaSpool

@Suite("Crashes while mails are stored")
struct QueueCrashTests {
    private let queue = TemporaryQueue()

    /// What a process that begins now finds.
    private func afterwards() throws -> (found: [String], report: ScanReport) {
        let folder = try queue.folder()
        var found: [String] = []
        let report = try folder.scan {
            found.append($0.mail.uuid)
            return true
        }
        // Whole to the last byte.
        for uuid in found { _ = try folder.open(uuid) }
        return (found.sorted(), report)
    }

    /// Nothing is done any more after so many calls, not even cleaning up. Syncs are not made: what is in question is what a
    /// process leaves, not a disk.
    private func dying(after calls: Int, _ script: CallScript) throws -> QueueFolder {
        let folder = try queue.folder(
            QueueCalls { call in
                let result = script.calls.fault?(call)
                return result ?? (call == .syncFile || call == .syncFolder ? 0 : nil)
            })
        script.die(after: calls)
        return folder
    }

    @Test("a process that dies behind any call of a store leaves a whole mail or none", arguments: [false, true])
    func everyCall(needsNames: Bool) throws {
        var outcomes: Set<String> = []
        for calls in 0...6 {
            let folder = try dying(after: calls, CallScript())
            folder.needsNames.store(needsNames, ordering: .relaxed)
            let isStored = (try? folder.store("AA.1")) != nil
            let (found, report) = try afterwards()
            #expect(!isStored || found == ["AA.1"])
            #expect(report.torn.isEmpty && report.unknown.isEmpty && report.unreadable.isEmpty)
            outcomes.insert("\(isStored) \(found.count)")
            for name in queue.names { unlink("\(queue.path)/\(name)") }
        }
        // None, one that nobody was told of, and one that was acknowledged.
        #expect(outcomes == ["false 0", "false 1", "true 1"])
    }

    @Test(
        "several threads that store when the process dies: each acknowledged mail is found, none is torn",
        arguments: 0..<30)
    func threads(_ round: Int) throws {
        let script = CallScript()
        let folder = try dying(after: round * 6 + 1, script)
        let acknowledged = Mutex<[String]>([])
        let writers = QueueWriters(threads: 4)
        for number in 0..<40 {
            writers.submit {
                if (try? folder.store("R\(round).\(number)")) != nil {
                    acknowledged.withLock { $0.append("R\(round).\(number)") }
                }
            }
        }
        writers.finish()
        let (found, report) = try afterwards()
        #expect(Set(found).isSuperset(of: acknowledged.withLock { $0 }))
        #expect(report.torn.isEmpty && report.unreadable.isEmpty)
        #expect(round < 5 || !found.isEmpty)
    }

    @Test("when the power goes before the sync, any part of the file may be there: only the whole is taken for a mail")
    func powerCut() throws {
        let script = CallScript()
        // nameless, write, name: the sync is never reached.
        #expect(throws: QueueFolderError.self) { try dying(after: 3, script).store("AA.1") }
        #expect(script.made == [.nameless, .write, .name])
        let whole = try queue.bytes("AA.1")
        // Every place is tried where no disk is needed: QueueFileTests.
        for count in Array(stride(from: 0, to: whole.count, by: 9)) + [whole.count - 1] {
            // The rest is missing, or was never filled.
            for rest in [[], [UInt8](repeating: 0, count: whole.count - count)] {
                try queue.write(Array(whole[..<count]) + rest, "AA.1")
                let (found, report) = try afterwards()
                #expect(found.isEmpty)
                #expect(report.torn.map(\.name) == ["AA.1"])
                unlink("\(queue.path)/error.AA.1")
            }
        }
        try queue.write(whole, "AA.1")
        #expect(try afterwards().found == ["AA.1"])
    }

    @Test("a process that dies behind any call of an append leaves all of its record or what can be repaired")
    func append() throws {
        try queue.folder().store("AA.1")
        try queue.folder().append([.deferred([0], next: 1, Self.attempt)], to: "AA.1", sync: true)
        let before = try queue.bytes("AA.1")
        let line = QueueRecordLine.encode(.delivered([0]))
        for calls in 0...5 {
            try queue.write(before, "AA.1")
            let isWritten =
                (try? dying(after: calls, CallScript()).append([.delivered([0])], to: "AA.1", sync: true)) != nil
            let states = try queue.folder().open("AA.1").states
            #expect(!isWritten || states.waiting == [1])
            #expect(states.attempts(of: 0) == 1)
        }
        for count in 0...line.count {
            try queue.write(before + line.prefix(count), "AA.1")
            let folder = try queue.folder()
            #expect(try folder.open("AA.1").states.waiting == (count == line.count ? [1] : [0, 1]))
            try folder.append([.delivered([1])], to: "AA.1", sync: true)
            #expect(try folder.open("AA.1").states.waiting == (count == line.count ? [] : [0]))
        }
    }

    private static let attempt = QueueRecord.Attempt(
        time: 5, code: 450, status: EnhancedStatus(class: 4, subject: 2, detail: 1), text: "busy", remote: "mx")
}
