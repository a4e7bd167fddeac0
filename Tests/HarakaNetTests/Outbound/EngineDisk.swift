// The disk under an engine, for tests: folders that can be copied, calls that fail or wait; and a log with values.

import Glibc
import Synchronization
import Testing

@testable import HarakaNet
@testable import HarakaSpool

/// What is logged, with its values: `5 U1.1 delivered file=U1 ...`.
final class Diary: SessionLog {
    private let kept = Mutex<[String]>([])
    var all: [String] { kept.withLock { $0 } }
    func with(_ words: String...) -> [String] { all.filter { line in words.allSatisfy { line.contains($0) } } }
    func isEnabled(_ level: Int32) -> Bool { true }
    func log(_ level: Int32, uuid: String, origin: String, _ message: String) {
        kept.withLock { $0.append("\(level) \(uuid) \(message)") }
    }
    func log(_ level: Int32, uuid: String, _ message: String, fields: [(String, String)]) {
        let values = fields.map { " \($0)=\($1)" }.joined()
        kept.withLock { $0.append("\(level) \(uuid) \(message)\(values)") }
    }
}

/// A folder for a queue. Copied, it is what a process would find that begins after another has died at that moment.
final class Scratch: Sendable {
    let path: String

    init() {
        path = "/tmp/haraka-engine-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
        mkdir(path, 0o700)
    }

    deinit {
        for name in all { unlink("\(path)/\(name)") }
        rmdir(path)
    }

    private var all: [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Files of mails, under whatever name.
    var names: [String] { all.filter { !$0.hasPrefix(".") } }

    func copy() -> Scratch {
        let copy = Scratch()
        for name in all { copy.write(name, bytes(name)) }
        return copy
    }

    func bytes(_ name: String) -> [UInt8] {
        guard let file = fopen("\(path)/\(name)", "re") else { return [] }
        defer { fclose(file) }
        var (bytes, piece): ([UInt8], [UInt8]) = ([], [UInt8](repeating: 0, count: 65_536))
        while true {
            let count = fread(&piece, 1, piece.count, file)
            if count == 0 { return bytes }
            bytes += piece[..<count]
        }
    }

    func write(_ name: String, _ bytes: [UInt8]) {
        let descriptor = open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0, Glibc.write(descriptor, bytes, bytes.count) == bytes.count else {
            Issue.record("\(name) cannot be written")
            return
        }
        close(descriptor)
    }
}

/// A step that fails or waits when a test says so. Any thread.
final class DiskFaults: Sendable {
    private let codes = Mutex<[QueueCall: Int32]>([:])
    private let gates = Mutex<[QueueCall: DispatchLatch]>([:])

    func fail(_ call: QueueCall, _ code: Int32?) { codes.withLock { $0[call] = code } }

    /// Until it is opened, whoever makes the call waits, on a thread of the folder's user.
    func stop(_ call: QueueCall) -> DispatchLatch {
        let latch = DispatchLatch()
        gates.withLock { $0[call] = latch }
        return latch
    }

    var calls: QueueCalls {
        QueueCalls { [self] call in
            gates.withLock { $0[call] }?.wait()
            return codes.withLock { $0[call] }.map { -Int($0) }
        }
    }
}

/// Opened once, for all who wait and will wait.
final class DispatchLatch: @unchecked Sendable {
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
    private let reached = Mutex(false)
    /// Somebody has come to it.
    var isReached: Bool { reached.withLock { $0 } }

    init() { sem_init(semaphore, 0, 0) }
    deinit { semaphore.deallocate() }
    func open() { sem_post(semaphore) }

    /// No longer than twenty seconds: a test that has failed must end.
    fileprivate func wait() {
        reached.withLock { $0 = true }
        var end = timespec()
        clock_gettime(CLOCK_REALTIME, &end)
        end.tv_sec += 20
        _ = sem_timedwait(semaphore, &end)
        sem_post(semaphore)
    }
}
