// The first line behind the message of a queue's file: with it the file is whole. docs/outbound.md "The queue's files".

/// Says that all that was to be stored is there, by its checksums. `XXXXXXXX end HHHHHHHH WWWWWWWW` and a newline.
public struct QueueEndMark: Sendable, Equatable {
    /// Of any end mark.
    public static let byteCount = 31

    /// CRC-32C of the length and the head, for whoever reads the head only.
    public let head: UInt32
    /// CRC-32C of all before the mark.
    public let whole: UInt32

    public init(head: UInt32, whole: UInt32) {
        self.head = head
        self.whole = whole
    }

    public func encode() -> [UInt8] {
        var words = Array("end ".utf8)
        HexWord.append(head, to: &words)
        words.append(0x20)
        HexWord.append(whole, to: &words)
        return QueueRecordLine.line(words)
    }

    /// Nil unless it is exactly a mark, byte for byte.
    public init?(_ bytes: ArraySlice<UInt8>) {
        guard bytes.count == QueueEndMark.byteCount, bytes.last == 0x0A,
            let words = QueueRecordLine.words(bytes.dropLast()), words.starts(with: Array("end ".utf8))
        else { return nil }
        let sums = words.dropFirst(4)
        guard sums.dropFirst(8).first == 0x20, let head = HexWord.read(sums.prefix(8)),
            let whole = HexWord.read(sums.dropFirst(9))
        else { return nil }
        self.init(head: head, whole: whole)
    }
}
