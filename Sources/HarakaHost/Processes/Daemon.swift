// `daemonize`: the server goes on without the terminal, and the command ends when it is ready. docs/processes.md.

import CHarakaProcess
import Glibc
import HarakaConfig

/// As in Haraka, the server is started a second time with `__daemon` set, in a session of its own.
enum Daemon {
    private static let mark = "__daemon"

    /// This process is the one that stays.
    static var isDaemon: Bool { getenv(mark) != nil }

    /// Starts the server that stays and waits until it serves or has given up. The exit status of the command.
    static func start(_ folder: Folder, _ smtp: SMTPSettings) throws -> Int32 {
        let log = open(smtp.daemonLogFile, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o640)
        guard log >= 0 else { throw CommandError("cannot open daemon_log_file \(smtp.daemonLogFile): \(errnoText())") }
        let nothing = open("/dev/null", O_RDWR | O_CLOEXEC)
        var ends: [Int32] = [0, 0]
        guard haraka_pipe(&ends) == 0 else { throw CommandError("cannot make a pipe: \(errnoText())") }
        var spawn = Spawn(
            arguments: CommandLine.arguments, environment: Spawn.environment(without: [mark], adding: ["\(mark)=1"]))
        spawn.descriptors = [ends[1]]
        spawn.standard = (nothing, log)
        spawn.leavesTerminal = true
        let process = try spawn.start()
        for one in [log, nothing, ends[1]] { close(one) }
        defer { close(ends[0]) }
        guard sawReady(ends[0]) else {
            throw CommandError(
                "the server did not start; \(smtp.daemonLogFile) says why:\n\(lastLines(smtp.daemonLogFile))")
        }
        print("Haraka runs as process \(process); its log is \(smtp.daemonLogFile)")
        return 0
    }

    /// The end of the pipe that `start` waits at. Only in the process that stays.
    private static let readyDescriptor: Int32 = 3

    /// The server serves: whoever started it may go.
    static func tellReady() {
        guard isDaemon else { return }
        Terminal.write("R", to: readyDescriptor)
        close(readyDescriptor)
        unsetenv(mark)
    }

    /// Before anything else is opened.
    static func prepare() {
        if isDaemon { _ = fcntl(readyDescriptor, F_SETFD, FD_CLOEXEC) }
    }

    private static func sawReady(_ descriptor: Int32) -> Bool {
        var byte: UInt8 = 0
        var count = read(descriptor, &byte, 1)
        while count < 0, errno == EINTR { count = read(descriptor, &byte, 1) }
        return count == 1
    }

    private static func lastLines(_ path: String) -> String {
        (TextFile.read(path) ?? "").split(separator: "\n").suffix(5).map { "  \($0)" }.joined(separator: "\n")
    }
}
