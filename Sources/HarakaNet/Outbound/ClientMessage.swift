// A message on its way to another server: dots doubled, in pieces, with its end. RFC 5321 section 4.5.2.

import Glibc
import HarakaCore
import NIOCore

/// Doubles dots at the start of lines, piece by piece, and writes the end of the data.
///
/// A line begins behind any LF here. Behind a bare one nobody need double a dot, but a server that takes a bare LF for
/// a line's end would take `LF . LF` for the end of the message, and what follows for commands.
struct DotStuffer: Sendable {
    /// Of the bytes so far.
    private var last: UInt8 = 0x0A
    private var lastButOne: UInt8 = 0x0D

    /// Appends `bytes` with what transparency adds.
    mutating func stuff(_ bytes: UnsafeRawBufferPointer, into buffer: inout ByteBuffer) {
        guard let base = bytes.baseAddress, let end = bytes.last else { return }
        var (written, at) = (0, 0)
        // Dots are rarer than lines, and there are none at all in base64.
        while let found = memchr(base + at, 0x2E, bytes.count - at) {
            let dot = UnsafeRawPointer(found) - base
            at = dot + 1
            guard (dot == 0 ? last : bytes[dot - 1]) == 0x0A else { continue }
            // The dot itself comes again, as the first byte of the next run.
            buffer.writeBytes(UnsafeRawBufferPointer(rebasing: bytes[written...dot]))
            written = dot
        }
        buffer.writeBytes(UnsafeRawBufferPointer(rebasing: bytes[written...]))
        lastButOne = bytes.count > 1 ? bytes[bytes.count - 2] : last
        last = end
    }

    /// Appends the final dot, on a line of its own whatever the message ends with.
    func end(into buffer: inout ByteBuffer) {
        if last != 0x0A || lastButOne != 0x0D { buffer.writeStaticString("\r\n") }
        buffer.writeStaticString(".\r\n")
    }
}

/// Reads a message once, from its beginning to its end, as it goes over the wire.
struct MessageReader: Sendable {
    /// Why a message cannot be sent, whatever the server says: the fault is on this side.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// So much is read at once, and so much is in memory: this, and what the channel takes before it is full.
    static let pieceSize = 48 * 1024

    let view: any MessageView
    private var stuffer = DotStuffer()
    private(set) var offset = 0
    /// The final dot is in what was read last.
    private(set) var hasEnded = false

    init(_ view: any MessageView) { self.view = view }

    /// The next piece. Blocks as long as the disk takes.
    ///
    /// - Throws: the view's errors, and ``Failure`` for a message that has become shorter: what the server had then
    ///   would be another message.
    mutating func next(_ allocator: ByteBufferAllocator) throws -> ByteBuffer {
        let wanted = min(view.size - offset, MessageReader.pieceSize)
        var buffer = allocator.buffer(capacity: wanted + wanted / 64 + 16)
        try withUnsafeTemporaryAllocation(byteCount: max(1, wanted), alignment: 16) { room in
            let count = try fill(UnsafeMutableRawBufferPointer(rebasing: room[..<wanted]))
            stuffer.stuff(UnsafeRawBufferPointer(rebasing: room[..<count]), into: &buffer)
            offset += count
        }
        if offset >= view.size {
            stuffer.end(into: &buffer)
            hasEnded = true
        }
        return buffer
    }

    /// At least one byte, unless there is none.
    private func fill(_ room: UnsafeMutableRawBufferPointer) throws -> Int {
        guard room.count > 0 else { return 0 }
        let count = try view.read(at: offset, into: room)
        guard count > 0, count <= room.count else {
            throw Failure(description: "the message ends after \(offset) of \(view.size) bytes")
        }
        return count
    }
}
