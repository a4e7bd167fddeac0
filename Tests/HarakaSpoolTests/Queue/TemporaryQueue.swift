// A queue's folder that lasts as long as its test, and mails to put into it.

import Foundation
import Glibc
import HarakaCore
import HarakaQueue
import SMTPSyntax
import Synchronization

@testable import HarakaSpool

/// Gone with its last owner.
final class TemporaryQueue: Sendable {
    let path: String

    init() {
        var template = Array((NSTemporaryDirectory() + "/haraka-queue-XXXXXX").utf8CString)
        precondition(mkdtemp(&template) != nil, "no temporary folder")
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self) + "/queue"
    }

    deinit { try? FileManager.default.removeItem(atPath: String(path.dropLast("/queue".count))) }

    func folder(_ calls: QueueCalls = QueueCalls()) throws -> QueueFolder { try QueueFolder(path, .init(), calls) }

    var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }

    func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)")))
    }

    /// Written without a sync, which Foundation would not leave out.
    func write(_ bytes: [UInt8], _ name: String) throws {
        let file = Glibc.open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        defer { close(file) }
        if Glibc.write(file, bytes, bytes.count) != bytes.count { throw SpoolError("cannot write \(name)") }
    }
}

/// A message in memory.
final class MemoryMessage: MessageView {
    let bytes: [UInt8]
    /// As many as a read gives at most.
    let most: Int

    init(_ text: String, most: Int = .max) { (bytes, self.most) = (Array(text.utf8), most) }

    var size: Int { bytes.count }

    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard offset < bytes.count else { return 0 }
        let count = min(bytes.count - offset, buffer.count, most)
        buffer.copyBytes(from: bytes[offset..<(offset + count)])
        return count
    }
}

extension QueuedMail {
    static func sample(_ uuid: String, size: Int, recipients: Int = 2) -> QueuedMail {
        var notes = Notes()
        notes.set("skip_plugins", .list([]))
        return QueuedMail(
            uuid: uuid, queueTime: 1_700_000_000_000, from: Address(user: "a", host: "b.example"),
            to: (0..<recipients).map { QueuedRecipient(Address(user: "r\($0)", host: "d.example")) }, notes: notes,
            size: size)
    }
}

extension QueueFolder {
    /// A mail of this text, its first ten bytes handed over as the head.
    func store(_ uuid: String, _ text: String = "Subject: hello\r\n\r\nworld\r\n") throws(QueueFolderError) {
        let mail = QueuedMail.sample(uuid, size: text.utf8.count)
        try store(mail, head: Array(text.utf8.prefix(10)), MemoryMessage("XX" + text.dropFirst(10)), from: 2)
    }

    func found() throws -> [String: FoundMail] {
        var found: [String: FoundMail] = [:]
        _ = try scan {
            found[$0.mail.uuid] = $0
            return true
        }
        return found
    }
}

extension StoredMail {
    func text() throws -> String {
        var bytes = [UInt8](repeating: 0, count: size + 10)
        let count = try bytes.withUnsafeMutableBytes { try read(at: 0, into: $0) }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}

/// The calls that were asked for, and which of them are to fail. Any thread.
final class CallScript: Sendable {
    struct State: Sendable {
        var made: [QueueCall] = []
        var results: [QueueCall: [Int]] = [:]
        /// From this number of calls on, nothing is done any more.
        var end = Int.max
    }

    private let state = Mutex(State())

    /// The next of these calls give these results, in turn.
    func next(_ call: QueueCall, _ results: Int...) { state.withLock { $0.results[call] = results } }

    /// After so many calls more the process is as good as dead.
    func die(after calls: Int) {
        state.withLock {
            $0.end = calls
            $0.made = []
        }
    }

    var made: [QueueCall] { state.withLock { $0.made } }

    var calls: QueueCalls {
        QueueCalls { call in
            self.state.withLock { state in
                if state.made.count >= state.end { return -Int(EIO) }
                state.made.append(call)
                guard var results = state.results[call], !results.isEmpty else { return nil }
                defer { state.results[call] = results }
                return results.removeFirst()
            }
        }
    }
}
