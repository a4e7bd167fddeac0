// What the handler tells the pipeline, and what goes wrong, in words.

public import HarakaCore

/// How the handshake ended. The inbound user event of a ``TLSHandler``; fired once.
public enum TLSEvent: Sendable {
    /// Bytes are protected from now on.
    case established(TLSFacts)
    /// One line for the log: why there is no TLS. The handler closes the channel right after it.
    case failed(String)
}

/// Why something about TLS does not work: one line that a person understands.
public struct TLSError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The whole line, the file's name in front where a file is at fault.
    public let description: String
    /// The file at fault; empty: none is.
    public let file: String

    init(_ message: String, file: String = "") {
        description = file.isEmpty ? message : "\(file): \(message)"
        self.file = file
    }
}
