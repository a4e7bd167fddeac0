// A message of the zoo's clients, kept as servers keep them.

import HarakaCore
import HarakaSpool
import MailMessage

@testable import HarakaPluginHost

extension ZooClient {
    /// DATA: what plugins have asked for by now counts.
    func beginMessage(spoolAfter: Int = 262_144, limits: BodyLimits = BodyLimits()) -> MessageSink {
        zoo.loop.run {
            let sink = MessageSink(
                folder: SpoolFolder(in: zoo.folder), spoolAfter: spoolAfter, maxHeaderLines: 1000)
            connection.transaction?.begin(sink)
            sink.begin(connection.transaction?.body ?? BodyWishes(), limits: limits)
            return sink
        }
    }

    /// Content in pieces of so many bytes.
    func send(_ text: String, to sink: MessageSink, pieces: Int = .max) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let piece = rest.prefix(pieces)
            zoo.loop.run { piece.withUnsafeBytes { sink.append($0) } }
            rest = rest.dropFirst(pieces)
        }
    }

    /// A whole message, and what plugins say to it.
    @discardableResult
    func receive(_ text: String, spoolAfter: Int = 262_144, pieces: Int = .max) -> MessageSink {
        let sink = beginMessage(spoolAfter: spoolAfter)
        send(text, to: sink, pieces: pieces)
        zoo.loop.run { sink.end() }
        _ = answer(.dataPost)
        return sink
    }

    /// The message as it is stored.
    func stored(_ sink: MessageSink) throws -> String {
        let view = try zoo.loop.run { try sink.snapshot() }
        var bytes = [UInt8](repeating: 0, count: view.size)
        var done = 0
        while done < bytes.count {
            let count = try bytes.withUnsafeMutableBytes {
                try view.read(at: done, into: UnsafeMutableRawBufferPointer(rebasing: $0[done...]))
            }
            guard count > 0 else { break }
            done += count
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
