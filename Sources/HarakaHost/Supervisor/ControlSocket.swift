// The control socket: a line in, lines out, then the end. The command line talks to the running server through it.

import CHarakaProcess
import Glibc

/// What the control socket was asked; answered with lines, the last of which is `OK` or `ERROR`.
typealias ControlCommand = (_ words: [String], _ answer: @escaping ([String]) -> Void) -> Void

/// A unix socket with mode 0600 in a folder that is private too. On the supervisor's loop.
final class ControlSocket {
    /// The longest command line.
    static let maximumLine = 4096

    private let path: String
    private let descriptor: Int32
    private let loop: PollLoop
    private let command: ControlCommand
    private var callers: [Int32: ControlCaller] = [:]

    init(_ path: String, _ loop: PollLoop, _ command: @escaping ControlCommand) throws {
        self.path = path
        self.loop = loop
        self.command = command
        guard var address = UnixAddress(path) else { throw CommandError("\(path): the path is too long for a socket") }
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        descriptor = socket(AF_UNIX, type, 0)
        unlink(path)
        let before = umask(0o177)
        let status = address.withPointer { bind(descriptor, $0, $1) }
        umask(before)
        guard status == 0, listen(descriptor, 16) == 0 else {
            throw CommandError("cannot open the control socket \(path): \(errnoText())")
        }
        loop.watch(descriptor) { [unowned self] in accept() }
    }

    private func accept() {
        while case let caller = haraka_accept(descriptor), caller >= 0 {
            callers[caller] = ControlCaller(caller, loop, command) { [unowned self] in callers[caller] = nil }
        }
    }

    func close() {
        loop.unwatch(descriptor)
        Glibc.close(descriptor)
        unlink(path)
        // Those who wait for an answer get what is there, and the end.
        callers = [:]
    }
}

/// One caller.
private final class ControlCaller {
    private let descriptor: Int32
    private let loop: PollLoop
    private let command: ControlCommand
    private let over: () -> Void
    private var input: [UInt8] = []
    private var output: [UInt8] = []
    private var isAnswering = false

    init(_ descriptor: Int32, _ loop: PollLoop, _ command: @escaping ControlCommand, _ over: @escaping () -> Void) {
        self.descriptor = descriptor
        self.loop = loop
        self.command = command
        self.over = over
        loop.watch(descriptor) { [unowned self] in read() }
    }

    deinit {
        loop.unwatch(descriptor)
        close(descriptor)
    }

    private func read() {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = Glibc.read(descriptor, &buffer, buffer.count)
        if count < 0, errno == EAGAIN || errno == EINTR { return }
        guard count > 0 else { return isAnswering ? loop.unwatch(descriptor) : over() }
        guard !isAnswering else { return }
        input += buffer[..<count]
        guard let end = input.firstIndex(of: 10) else {
            if input.count > ControlSocket.maximumLine { answer(["the command is too long", "ERROR"]) }
            return
        }
        isAnswering = true
        let line = String(decoding: input[..<end], as: UTF8.self)
        command(line.split(separator: " ").map(String.init)) { [weak self] in self?.answer($0) }
    }

    private func answer(_ lines: [String]) {
        isAnswering = true
        output = Array(lines.map { $0 + "\n" }.joined().utf8)
        write()
    }

    /// Waits where the caller is slow; ends when all is written.
    private func write() {
        while !output.isEmpty {
            let count = send(descriptor, output, output.count, Int32(MSG_NOSIGNAL))
            if count < 0, errno == EAGAIN {
                return loop.watch(descriptor, events: POLLOUT) { [unowned self] in write() }
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return over() }
            output.removeFirst(count)
        }
        // What it still says is read and thrown away: closing with input unread would destroy the answer on its way.
        shutdown(descriptor, Int32(SHUT_WR))
        loop.watch(descriptor) { [unowned self] in drain() }
        loop.after(5) { [weak self] in self?.over() }
    }

    private func drain() {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = Glibc.read(descriptor, &buffer, buffer.count)
        if count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR) { over() }
    }
}
