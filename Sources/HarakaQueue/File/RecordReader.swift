// The words of one record line, whose checksum was right.

import SMTPSyntax

struct RecordReader {
    private let words: UnsafeRawBufferPointer
    private var offset = 0

    init(_ words: UnsafeRawBufferPointer) { self.words = words }

    /// Nil: a kind that only a newer version knows.
    mutating func record() throws(QueueFileError) -> QueueRecord? {
        let record: QueueRecord
        switch word() {
        case "delivered": record = .delivered(try numbers())
        case "failed": record = .failed(try numbers())
        case "deferred": record = try deferred()
        case "held": record = .held(true)
        case "released": record = .held(false)
        default: return nil
        }
        guard offset >= words.count else { throw wrong }
        return record
    }

    private var wrong: QueueFileError { .damaged("a record that nobody wrote") }

    /// Up to the next blank, which is stepped over.
    private mutating func word() -> String {
        let rest = words[offset...]
        let end = rest.firstIndex(of: 0x20) ?? words.count
        defer { offset = end + 1 }
        return String(decoding: UnsafeRawBufferPointer(rebasing: words[offset..<end]), as: UTF8.self)
    }

    private mutating func nextWord() throws(QueueFileError) -> String {
        guard offset < words.count else { throw wrong }
        return word()
    }

    private mutating func numbers() throws(QueueFileError) -> [Int] {
        let text = try nextWord()
        var numbers: [Int] = []
        guard text != "-" else { return numbers }
        for piece in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = piece.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).map { Int($0) }
            guard let first = ends.first ?? nil, let last = ends.last ?? nil, 0 <= first, first <= last,
                last < QueueRecordLine.maximumNumber, numbers.count + (last - first) < QueueRecordLine.maximumNumber
            else { throw wrong }
            numbers.append(contentsOf: first...last)
        }
        return numbers
    }

    private mutating func integer() throws(QueueFileError) -> Int64 {
        guard let number = Int64(try nextWord()) else { throw wrong }
        return number
    }

    private mutating func deferred() throws(QueueFileError) -> QueueRecord {
        let numbers = try numbers()
        let next = try integer()
        let time = try integer()
        let code = Int(try integer())
        let status = try status()
        guard offset <= words.count else { throw wrong }
        var texts = JSONReader(UnsafeRawBufferPointer(rebasing: words[offset...]))
        let text = try texts.string()
        let remote = try texts.string()
        try texts.end()
        offset = words.count
        return .deferred(
            numbers, next: next,
            QueueRecord.Attempt(time: time, code: code, status: status, text: text, remote: remote))
    }

    /// Any three numbers: a status is written as it was given.
    private mutating func status() throws(QueueFileError) -> EnhancedStatus {
        let parts = try nextWord().split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let kind = UInt8(parts[0]), let subject = UInt16(parts[1]),
            let detail = UInt16(parts[2])
        else { throw wrong }
        return EnhancedStatus(class: kind, subject: subject, detail: detail)
    }
}
