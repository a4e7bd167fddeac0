// The message as plugins read it: header, then body, from memory or from the spool file.

import HarakaCore

/// An unchanging view. Safe on any thread; keeps memory and file alive.
final class StoredMessage: MessageView {
    private let head: [UInt8]
    /// Shared with the sink: no copy is made for a view.
    let memory: [UInt8]
    private let storedFrom: Int
    private let file: SpoolFile?
    let size: Int
    let bodyStart: Int

    /// - Parameters:
    ///   - memory: holds the rest of the message from `storedFrom` on, unless there is a file
    ///   - blankLine: bytes of the rest that are not body yet
    init(head: [UInt8], memory: [UInt8], storedFrom: Int, blankLine: Int, spooled: SpoolWriter?) {
        self.head = head
        self.memory = memory
        self.storedFrom = storedFrom
        file = spooled?.file
        size = head.count + (spooled?.size ?? memory.count - storedFrom)
        bodyStart = min(size, head.count + blankLine)
    }

    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard offset >= 0, offset < size, buffer.count > 0 else { return 0 }
        guard offset >= head.count else { return StoredMessage.copy(head, from: offset, into: buffer) }
        let inRest = offset - head.count
        guard let file else { return StoredMessage.copy(memory, from: storedFrom + inRest, into: buffer) }
        let room = UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(size - offset))
        return try file.read(at: inRest, into: room)
    }

    private static func copy(_ bytes: [UInt8], from start: Int, into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(bytes.count - start, buffer.count)
        bytes.withUnsafeBytes { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[start..<(start + count)])) }
        return count
    }
}
