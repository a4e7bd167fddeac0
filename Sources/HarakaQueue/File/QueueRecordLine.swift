// The lines behind the message of a queue's file. docs/outbound.md "The queue's files".

/// One line for each ``QueueRecord``: the CRC-32C of its words in eight hexadecimal digits, a blank, the words, a newline.
///
/// `delivered 0-2,5`, `failed 3`, `deferred 4 NEXT TIME CODE STATUS "text" "remote"`, `held`, `released`. Words that are not
/// known come from a newer version and are stepped over, if their checksum fits.
public enum QueueRecordLine {
    /// Numbers of recipients from here on are not written: no head has so many.
    static let maximumNumber = 1_000_000

    /// The line, newline and all.
    public static func encode(_ record: QueueRecord) -> [UInt8] {
        var words = JSONWriter(capacity: 96)
        switch record {
        case .delivered(let numbers):
            words.raw("delivered ")
            words.numbers(numbers)
        case .failed(let numbers):
            words.raw("failed ")
            words.numbers(numbers)
        case .deferred(let numbers, let next, let attempt):
            words.raw("deferred ")
            words.numbers(numbers)
            words.attempt(attempt, next: next)
        case .held(let isHeld): isHeld ? words.raw("held") : words.raw("released")
        }
        return line(words.bytes)
    }

    /// Words that nobody needs to know: they are stepped over when records are read.
    public static func remark(_ kind: StaticString, _ text: String) -> [UInt8] {
        var words = JSONWriter(capacity: 64)
        words.raw("remark ")
        words.raw(kind)
        words.raw(" ")
        words.string(text)
        return line(words.bytes)
    }

    /// Whether these bytes end with a line that is whole. False says nothing: it may be longer than they are.
    public static func endsWhole(_ tail: [UInt8]) -> Bool {
        guard tail.last == 0x0A else { return false }
        let lines = tail.dropLast()
        guard let before = lines.lastIndex(of: 0x0A) else { return false }
        return words(lines[(before + 1)...]) != nil
    }

    /// Words with their checksum.
    static func line(_ words: [UInt8]) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(words.count + 10)
        HexWord.append(CRC32C.of(words), to: &line)
        line.append(0x20)
        line.append(contentsOf: words)
        line.append(0x0A)
        return line
    }

    /// The words of a line without its newline; nil: its checksum says no.
    static func words(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard line.count >= 9, line[line.startIndex + 8] == 0x20 else { return nil }
        let words = line.dropFirst(9)
        guard let sum = HexWord.read(line.prefix(8)), CRC32C.of(words) == sum else { return nil }
        return words
    }

    /// All records from the first byte behind the end mark to the end of the file.
    ///
    /// - Returns: `used`: bytes of lines that are whole. With `tornTail` something is behind them that was written when the
    ///   power went: no newline at its end, or zeros in it. Nobody was told that it was written.
    /// - Throws: `damaged` if a line was whole once and is not what was written: an end that was told may be lost.
    public static func decode(
        _ bytes: [UInt8]
    ) throws(QueueFileError) -> (records: [QueueRecord], used: Int, tornTail: Bool) {
        var records: [QueueRecord] = []
        var used = 0
        while used < bytes.count {
            guard let end = bytes[used...].firstIndex(of: 0x0A), let words = words(bytes[used..<end]) else {
                guard isTorn(bytes[used...]) else { throw .damaged("a record's checksum is wrong at byte \(used)") }
                return (records, used, true)
            }
            if let record = try record(words) { records.append(record) }
            used = end + 1
        }
        return (records, used, false)
    }

    /// What an append leaves that did not end. A single zero may be a blank with one bit turned over: that is damage.
    private static func isTorn(_ tail: ArraySlice<UInt8>) -> Bool {
        tail.last != 0x0A || zip(tail, tail.dropFirst()).contains { $0 == 0 && $1 == 0 }
    }

    private static func record(_ words: ArraySlice<UInt8>) throws(QueueFileError) -> QueueRecord? {
        try words.withUnsafeBytes { words in
            Result { () throws(QueueFileError) in
                var reader = RecordReader(words)
                return try reader.record()
            }
        }.get()
    }
}

extension JSONWriter {
    /// `0-2,5`; `-`: none.
    fileprivate mutating func numbers(_ numbers: [Int]) {
        let numbers = numbers.filter { (0..<QueueRecordLine.maximumNumber).contains($0) }
        if numbers.isEmpty { raw("-") }
        var place = 0
        while place < numbers.count {
            let first = place
            while place + 1 < numbers.count, numbers[place + 1] == numbers[place] + 1 { place += 1 }
            if first > 0 { raw(",") }
            integer(Int64(numbers[first]))
            if place > first {
                raw("-")
                integer(Int64(numbers[place]))
            }
            place += 1
        }
    }

    fileprivate mutating func attempt(_ attempt: QueueRecord.Attempt, next: Int64) {
        for number in [next, attempt.time, Int64(attempt.code)] {
            raw(" ")
            integer(number)
        }
        raw(" ")
        verbatim(Array(attempt.status.description.utf8))
        raw(" ")
        string(attempt.text)
        raw(" ")
        string(attempt.remote)
    }
}
