// A whole file of the queue, without its message: head, end mark, records. docs/outbound.md "The queue's files".

/// What is known of a file once head and tail were read. The message lies between them and need not be read.
public struct QueueFile: Sendable {
    public let mail: QueuedMail
    public let states: RecipientStates
    /// Where the message begins; it has `mail.size` bytes.
    public let messageStart: Int
    /// Sum of length and head, which the message's bytes are added to for `mark.whole`.
    public let headSum: CRC32C
    public let mark: QueueEndMark
    /// Behind the last record that is whole.
    public let end: Int
    /// There is more behind `end`, which was never acknowledged.
    public let hasTornTail: Bool

    /// More than this behind a message is none of ours.
    static let maximumRecords = 64 * 1024 * 1024

    /// Reads head and records of a file and checks their sums. The message's bytes are not looked at: a sum over all, see
    /// ``headSum``, is for whoever reads it.
    /// - Parameters:
    ///   - size: bytes of the file
    ///   - read: gives exactly the bytes of a range inside the file, or nil if that fails
    public init(size: Int, read: (Range<Int>) -> ArraySlice<UInt8>?) throws(QueueFileError) {
        func bytes(_ range: Range<Int>) throws(QueueFileError) -> ArraySlice<UInt8> {
            guard let bytes = read(range), bytes.count == range.count else {
                throw QueueFileError(.unreadable, "it cannot be read")
            }
            return bytes
        }
        let start = try QueueFile.headRange(size, bytes)
        let head = try bytes(0..<start)
        var sum = CRC32C()
        head.withUnsafeBytes { sum.add($0) }
        let mail = try QueueFileHead.decode(head.dropFirst(QueueFileHead.lengthBytes))
        let tail = try QueueFile.tailStart(size, start, mail)
        guard let mark = QueueEndMark(try bytes(tail..<(tail + QueueEndMark.byteCount))) else {
            throw .damaged("it has no end mark where its message ends")
        }
        guard mark.head == sum.value else { throw .damaged("the checksum of its head is wrong") }
        (self.mail, messageStart, headSum, self.mark) = (mail, start, sum, mark)
        let recordsStart = tail + QueueEndMark.byteCount
        let found = try QueueRecordLine.decode(Array(try bytes(recordsStart..<size)))
        var states = RecipientStates(count: mail.recipients.count)
        for record in found.records { states.apply(record) }
        self.states = states
        end = recordsStart + found.used
        hasTornTail = found.tornTail
    }

    /// Where the message begins.
    private static func headRange(
        _ size: Int, _ bytes: (Range<Int>) throws(QueueFileError) -> ArraySlice<UInt8>
    ) throws(QueueFileError) -> Int {
        guard size >= QueueFileHead.lengthBytes else { throw QueueFileError(.torn, "it is empty") }
        let length = QueueFileHead.length(try bytes(0..<QueueFileHead.lengthBytes)) ?? 0
        guard length > 0, length <= QueueFileHead.maximumBytes else {
            throw .damaged("its head has no sensible length")
        }
        guard length <= size - QueueFileHead.lengthBytes else { throw QueueFileError(.torn, "it ends in its head") }
        return QueueFileHead.lengthBytes + length
    }

    /// Where the end mark begins.
    private static func tailStart(_ size: Int, _ start: Int, _ mail: QueuedMail) throws(QueueFileError) -> Int {
        guard mail.size <= size - start else { throw QueueFileError(.torn, "it ends in its message") }
        let tail = start + mail.size
        guard size - tail >= QueueEndMark.byteCount else { throw QueueFileError(.torn, "it has no end mark") }
        guard size - tail <= maximumRecords else { throw .damaged("it has too many records") }
        return tail
    }

    /// A file that is in memory as a whole, its message checked as well.
    public static func check(_ file: [UInt8]) throws(QueueFileError) -> QueueFile {
        let found = try QueueFile(size: file.count) { range in file[range] }
        var sum = found.headSum
        file[found.messageStart..<(found.messageStart + found.mail.size)].withUnsafeBytes { sum.add($0) }
        guard sum.value == found.mark.whole else { throw .damaged("the checksum of its message is wrong") }
        return found
    }
}
