// Record lines: what happened is read as it was written; half a line is torn, a changed one damaged.

import HarakaQueue
import SMTPSyntax
import Testing

@Suite("Records of a queue's file")
struct QueueRecordLineTests {
    private static let records: [QueueRecord] = [
        .delivered([0, 1, 2, 5]), .failed([3]), .failed([]), .held(true), .held(false), .delivered([7, 6, 6]),
        .deferred([4, 5], next: -5, QueueFileSamples.attempt()),
        .deferred(
            [999_999], next: .max,
            QueueRecord.Attempt(
                time: .min, code: -1, status: EnhancedStatus(class: 255, subject: 65_535, detail: 0),
                text: "ü\u{0} \\ \"", remote: "")),
    ]

    @Test("every record comes back equal", arguments: records)
    func roundTrip(_ record: QueueRecord) throws {
        let line = QueueRecordLine.encode(record)
        let read = try QueueRecordLine.decode(line)
        #expect(read.records == [record])
        #expect(read.used == line.count)
        #expect(!read.tornTail)
        #expect(line.last == 0x0A && !line.dropLast().contains(0x0A) && !line.contains(0))
    }

    @Test("a line is a checksum, a blank and words that people can read")
    func layout() {
        let delivered = String(decoding: QueueRecordLine.encode(.delivered([0, 1, 2, 5])), as: UTF8.self)
        #expect(delivered == "214384e3 delivered 0-2,5\n")
        let text = String(
            decoding: QueueRecordLine.encode(.deferred([1], next: 9, QueueFileSamples.attempt())), as: UTF8.self)
        #expect(
            text.dropFirst(9)
                == "deferred 1 9 1700000001000 450 4.2.1 \"450 4.2.1 \\\"busy\\\"\\r\\n\" \"mx.example\"\n")
    }

    @Test("the checksum is CRC-32C: the examples of RFC 3720 appendix B.4, whole and in pieces")
    func checksum() {
        #expect(CRC32C.of([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
        #expect(CRC32C.of([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
        #expect(CRC32C.of(Array(0..<32)) == 0x46DD_794E)
        #expect(CRC32C.of([]) == 0)
        for cut in 0...32 {
            var sum = CRC32C()
            sum.add(Array(0..<UInt8(cut)))
            sum.add(Array(UInt8(cut)..<32))
            #expect(sum.value == 0x46DD_794E)
        }
    }

    @Test("a tail that ends too early, or holds zeros, is torn; what stands before it counts")
    func torn() throws {
        let good = QueueRecordLine.encode(.delivered([0]))
        let next = QueueRecordLine.encode(.failed([1]))
        for cut in 1..<next.count {
            let read = try QueueRecordLine.decode(good + next[..<cut])
            #expect(read.records == [.delivered([0])])
            #expect(read.used == good.count)
            #expect(read.tornTail)
        }
        let zeros = try QueueRecordLine.decode(good + [UInt8](repeating: 0, count: 40) + next)
        #expect(zeros.records == [.delivered([0])])
        #expect(zeros.tornTail)
    }

    @Test("a line that was whole once and was changed is damage, wherever it stands")
    func damaged() {
        var bytes = QueueRecordLine.encode(.delivered([0])) + QueueRecordLine.encode(.failed([1]))
        bytes[12] ^= 1
        #expect(throws: QueueFileError.self) { try QueueRecordLine.decode(bytes) }
        bytes = QueueRecordLine.encode(.delivered([0]))
        bytes[10] ^= 0x20
        #expect(throws: QueueFileError.self) { try QueueRecordLine.decode(bytes) }
    }

    private func line(_ words: String) -> [UInt8] {
        let sum = String(CRC32C.of(words.utf8), radix: 16)
        return Array((String(repeating: "0", count: 8 - sum.count) + sum + " " + words + "\n").utf8)
    }

    @Test("a kind that only a newer version knows is stepped over")
    func newer() throws {
        let read = try QueueRecordLine.decode(line("moved 1 2") + QueueRecordLine.encode(.held(true)) + line(""))
        #expect(read.records == [.held(true)])
        #expect(!read.tornTail)
    }

    @Test(
        "words with a right checksum that nobody writes are damage, never a trap",
        arguments: [
            "delivered", "delivered x", "delivered 1,", "delivered 2-1", "delivered -1", "delivered 1-2-3",
            "delivered 0-99999999999999999999", "delivered 1000000", "delivered 0-999999,0-999999", "delivered 1 2",
            "failed ", "held 1", "deferred 1", "deferred 1 2 3 4 5.6 \"\" \"\"", "deferred 1 2 3 4 5.6.7 \"\"",
            "deferred 1 2 3 4 5.6.7 \"\" \"\" x", "deferred 1 2 3 4 256.6.7 \"\" \"\"", "deferred 1 2 3 4 5.6.7",
            "deferred 1 99999999999999999999 3 4 5.6.7 \"\" \"\"", "deferred 1 2 3 4 5.6.7 x \"\"",
        ])
    func nonsense(_ words: String) {
        let error = #expect(throws: QueueFileError.self) { try QueueRecordLine.decode(line(words)) }
        #expect(error?.kind == .damaged)
    }

    @Test("numbers that no recipient can have are not written")
    func impossible() throws {
        let read = try QueueRecordLine.decode(QueueRecordLine.encode(.delivered([-1, 2, 1_000_000, .max])))
        #expect(read.records == [.delivered([2])])
    }

    @Test("the end mark is 31 bytes and nothing else is taken for it")
    func endMark() {
        let mark = QueueEndMark(head: 0x0123_4567, whole: 0x89AB_CDEF)
        let bytes = mark.encode()
        #expect(bytes.count == QueueEndMark.byteCount)
        #expect(String(decoding: bytes.dropFirst(9), as: UTF8.self) == "end 01234567 89abcdef\n")
        #expect(QueueEndMark(bytes[...]) == mark)
        for place in bytes.indices {
            #expect(QueueEndMark(bytes[..<place]) == nil)
            for bit in 0..<8 {
                var changed = bytes
                changed[place] ^= 1 << UInt8(bit)
                #expect(QueueEndMark(changed[...]) == nil)
            }
        }
    }
}
