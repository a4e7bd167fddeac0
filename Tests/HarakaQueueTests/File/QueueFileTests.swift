// Whole files: cut at every byte and with every bit turned over, they are never taken for another mail.

import HarakaQueue
import SMTPSyntax
import Testing

@Suite("Files of the queue")
struct QueueFileTests {
    private let message = "Subject: x\r\n\r\nend\r\n"
    private let records: [QueueRecord] = [.delivered([0]), .held(true)]

    private func sample() throws -> [UInt8] {
        QueueFileSamples.file(try QueueFileSamples.mail(message: message), message, records)
    }

    @Test("head, place of the message and records are found")
    func whole() throws {
        let file = try sample()
        let found = try QueueFile.check(file)
        #expect(found.mail == (try QueueFileSamples.mail(message: message)))
        #expect(Array(file[found.messageStart..<(found.messageStart + found.mail.size)]) == Array(message.utf8))
        #expect(found.states.standing(of: 0) == .delivered)
        #expect(found.states.isHeld)
        #expect(found.end == file.count)
        #expect(!found.hasTornTail)
    }

    @Test("a file cut before the end of its end mark is torn; cut later, its last record is")
    func truncations() throws {
        let file = try sample()
        let tail = records.reduce(0) { $0 + QueueRecordLine.encode($1).count }
        for count in 0..<file.count {
            let cut = Array(file[..<count])
            guard count >= file.count - tail else {
                let error = #expect(throws: QueueFileError.self) { try QueueFile.check(cut) }
                #expect(error?.kind == .torn)
                continue
            }
            let found = try QueueFile.check(cut)
            #expect(found.mail.uuid == "A1.1")
            let isBetween =
                count == file.count - tail || count == file.count - QueueRecordLine.encode(.held(true)).count
            #expect(found.hasTornTail == !isBetween)
            #expect(!found.states.isHeld)
        }
    }

    @Test("no bit can be turned over unseen, and a turned one never traps")
    func flips() throws {
        let file = try sample()
        let whole = try QueueFile.check(file)
        for place in file.indices {
            for bit in 0..<8 {
                var changed = file
                changed[place] ^= 1 << UInt8(bit)
                guard let found = try? QueueFile.check(changed) else { continue }
                // Only the last newline: half a record, as an append leaves it.
                #expect(place == file.count - 1)
                #expect(found.hasTornTail)
                #expect(found.mail == whole.mail)
                #expect(found.states.standing(of: 0) == .delivered)
            }
        }
    }

    @Test("a reader of head and records alone sees every turned bit outside the message")
    func flipsWithoutMessage() throws {
        let file = try sample()
        let whole = try QueueFile.check(file)
        for place in file.indices.dropLast() {
            var changed = file
            changed[place] ^= 1
            let found = try? QueueFile(size: changed.count) { changed[$0] }
            let isMessage = (whole.messageStart..<(whole.messageStart + message.utf8.count)).contains(place)
            #expect((found != nil) == isMessage)
        }
    }

    @Test("a length or a size that is not true leads nowhere", arguments: [0, 1, 0x7F, 0xFF] as [UInt8])
    func lengths(_ octet: UInt8) throws {
        let whole = try sample()
        for place in 0..<3 where whole[place] != octet {
            var file = whole
            file[place] = octet
            #expect((try? QueueFile.check(file)) == nil)
        }
    }

    @Test("a file that cannot be read is neither torn nor damaged")
    func unreadable() throws {
        let error = #expect(throws: QueueFileError.self) { try QueueFile(size: 100) { _ in nil } }
        #expect(error?.kind == .unreadable)
    }
}
