// A message for servers that take seven bits only. RFC 6152 section 3.

public import HarakaCore
import MailMessage

/// Makes the seven-bit form of a message, in memory or in the spool folder.
public enum SevenBitMessage {
    /// Larger ones go to a file.
    private static let inMemory = 1 << 20
    private static let piece = 64 * 1024

    /// Reads the message twice. Blocks; any thread. Throws `SevenBitObstacle` for one that cannot be changed, or what reading
    /// and writing throw.
    public static func make(of message: any MessageView, in folder: SpoolFolder) throws -> any MessageView {
        let survey = SevenBitSurvey()
        try read(message) { survey.append($0) }
        let plan = try survey.finish()
        guard !plan.isEmpty else { return message }
        let form = SevenBitForm(plan)
        var writer = message.size > inMemory ? SpoolWriter(try folder.open()) : nil
        var bytes: [UInt8] = []
        func take() throws {
            guard writer != nil else { return }
            try bytes.withUnsafeBytes { try writer?.append($0) }
            bytes.removeAll(keepingCapacity: true)
        }
        try read(message) { piece in
            form.append(piece, into: &bytes)
            try take()
        }
        form.finish(into: &bytes)
        try take()
        try writer?.flush()
        return StoredMessage(head: [], memory: bytes, storedFrom: 0, blankLine: 0, spooled: writer)
    }

    private static func read(_ message: any MessageView, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: piece, alignment: 16)
        defer { buffer.deallocate() }
        var offset = 0
        while offset < message.size {
            let count = try message.read(at: offset, into: buffer)
            guard count > 0 else { return }
            try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            offset += count
        }
    }
}
