// The message as plugins read it: header, then body, from memory or from the spool file.

import HarakaCore

/// An unchanging view. Safe on any thread; keeps memory and file alive.
final class StoredMessage: MessageView {
    private let head: [UInt8]
    private let memory: [UInt8]
    private let bodyStart: Int
    private let file: SpoolFile?
    private let fileSize: Int

    /// - Parameters:
    ///   - memory: holds the body from `bodyStart` on, unless there is a file
    init(head: [UInt8], memory: [UInt8], bodyStart: Int, file: SpoolFile?, fileSize: Int) {
        self.head = head
        self.memory = memory
        self.bodyStart = bodyStart
        self.file = file
        self.fileSize = fileSize
    }

    var size: Int { head.count + (file == nil ? memory.count - bodyStart : fileSize) }

    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard offset >= 0, offset < size, buffer.count > 0 else { return 0 }
        guard offset >= head.count else { return StoredMessage.copy(head[offset...], into: buffer) }
        let inBody = offset - head.count
        if let file {
            let room = UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(fileSize - inBody))
            return try file.read(at: inBody, into: room)
        }
        return StoredMessage.copy(memory[(bodyStart + inBody)...], into: buffer)
    }

    private static func copy(_ bytes: ArraySlice<UInt8>, into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(bytes.count, buffer.count)
        bytes.withUnsafeBytes { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0.prefix(count))) }
        return count
    }
}
