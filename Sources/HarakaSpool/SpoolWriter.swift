// Appending to a spool file in pieces that are worth a system call.

import Glibc

/// Gathers small pieces and writes large ones from where they are. One owner, on its loop.
struct SpoolWriter {
    /// A client that sends a byte at a time costs one write for each of these, not one for each byte.
    static let worthwhile = 32 * 1024

    let file: SpoolFile
    /// Bytes appended, whether written yet or not.
    private(set) var size = 0
    private(set) var pending: [UInt8] = []

    init(_ file: SpoolFile) { self.file = file }

    mutating func append(_ bytes: UnsafeRawBufferPointer) throws(SpoolError) {
        if pending.count + bytes.count < SpoolWriter.worthwhile {
            if pending.isEmpty { pending.reserveCapacity(SpoolWriter.worthwhile) }
            pending.append(contentsOf: bytes)
        } else {
            try writePending()
            pending.removeAll(keepingCapacity: true)
            try file.append(bytes)
        }
        size += bytes.count
    }

    private func writePending() throws(SpoolError) {
        try pending.withUnsafeBufferPointer { pending throws(SpoolError) in
            try file.append(UnsafeRawBufferPointer(pending))
        }
    }

    /// All that was appended can be read from the file; the memory is given back.
    mutating func flush() throws(SpoolError) {
        try writePending()
        pending = []
    }
}
