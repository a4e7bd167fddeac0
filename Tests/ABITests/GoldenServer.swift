// The rest of the server around one golden plugin: log, configuration, one client and its message.

import Foundation
import Glibc
import HarakaCore
import HarakaPluginABI
import SMTPSyntax
import Synchronization

@testable import HarakaPluginHost

struct GoldenFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

final class GoldenLog: PluginLog {
    struct Line: Equatable {
        let level: Int32
        let origin: String
        let message: String
        init(_ level: Int32, _ origin: String, _ message: String) {
            self.level = level
            self.origin = origin
            self.message = message
        }
    }

    private let collected = Mutex<[Line]>([])

    /// What a plugin said, or was said about it.
    func lines(of origin: String) -> [Line] { collected.withLock { $0.filter { $0.origin == origin } } }
    func isEnabled(_ level: Int32) -> Bool { level <= HARAKA_LOG_NOTICE }
    func log(_ level: Int32, uuid: String, origin: String, _ message: String) {
        collected.withLock { $0.append(Line(level, origin, message)) }
    }
}

struct GoldenConfiguration: PluginConfiguration {
    func get(_ name: String, type: Int32, booleans: String, package: String?) -> (value: Value, problems: [String]) {
        guard name == "golden.ini", type == HARAKA_CONFIG_INI else { return (.null, []) }
        return (.map(ValueMap([.init("main", .map(ValueMap([.init("words", .text("not here"))])))])), [])
    }
}

final class GoldenMessage: MessageContent {
    private final class View: MessageView {
        let bytes: [UInt8]
        init(_ bytes: [UInt8]) { self.bytes = bytes }
        var size: Int { bytes.count }
        func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) -> Int {
            let part = bytes.dropFirst(min(offset, bytes.count)).prefix(buffer.count)
            buffer.copyBytes(from: part)
            return part.count
        }
    }

    private(set) var edits: [HeaderEdit] = []

    func edit(_ edit: HeaderEdit) { edits.append(edit) }
    func headerValues(_ name: String) -> [String] { [] }
    func snapshot() -> any MessageView { View(Array("Subject: golden\r\n\r\nbody\r\n".utf8)) }
}

/// One client whose plugins are the golden one. On one thread, which is the loop.
final class GoldenServer: ConnectionDriver {
    let loop = GoldenLoop()
    let log = GoldenLog()
    let host: PluginHost
    let connection: Connection
    private let folder: String
    private var late: [Verdict] = []

    /// Loads the file under the name `golden`, from a folder that nobody else may write to.
    init(_ file: String) throws {
        folder = try GoldenServer.makeFolder()
        try FileManager.default.copyItem(atPath: file, toPath: "\(folder)/golden.so")
        guard chmod("\(folder)/golden.so", 0o644) == 0 else { throw GoldenFailure("chmod: errno \(errno)") }
        host = PluginHost(
            loop: loop, log: log, configuration: GoldenConfiguration(), roots: [folder], version: "golden 1.0")
        connection = Connection(
            uuid: "CLIENT", startTime: 1, remote: Connection.Endpoint(), local: Connection.Endpoint(),
            localAddresses: [])
        let prepared = try PluginLoader(roots: [folder]).prepare(["golden"]) { _ in 30 }
        host.commit(try host.build(prepared))
        loop.drain()
        host.begin(self)
        connection.transaction = Transaction(uuid: "CLIENT.1")
    }

    func respond(_ code: Int, _ reply: PluginReply) {}
    func requestDisconnect() {}
    func pauseReading() {}
    func resumeReading() {}
    func hooksCompleted(_ verdict: Verdict) { late.append(verdict) }

    /// Asks the plugin; nil: it needs time.
    func ask(_ question: Question) -> Verdict? {
        if let verdict = host.ask(question, connection) { return verdict }
        return late.popLast()
    }

    /// What came later.
    func lateVerdict(after milliseconds: Int64 = 0) -> Verdict? {
        loop.advance(milliseconds)
        return late.popLast()
    }

    /// The client goes and the plugin ends. False: it takes its time.
    func stop() -> Bool {
        connection.transaction = nil
        host.end(connection)
        let isDone = Mutex(false)
        host.stop(within: 5000) { isDone.withLock { $0 = true } }
        loop.drain()
        host.close()
        try? FileManager.default.removeItem(atPath: folder)
        return isDone.withLock { $0 }
    }

    /// Without symbolic links in its path.
    private static func makeFolder() throws -> String {
        var template = Array((NSTemporaryDirectory() + "/haraka-golden-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil, let real = realpath(template, nil) else {
            throw GoldenFailure("mkdtemp: errno \(errno)")
        }
        defer { free(real) }
        return String(cString: real)
    }
}
