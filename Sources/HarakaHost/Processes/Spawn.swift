// Starting this binary again: as a worker, or as the server that leaves the terminal.

import CHarakaProcess
import Glibc

/// A program that is started with exactly the descriptors it is given, besides 0, 1 and 2.
struct Spawn {
    var arguments: [String]
    var environment: [String]
    /// Descriptors of this process, which the new one finds at 3, 4, 5 ...
    var descriptors: [Int32] = []
    /// What the new process finds at 0, 1 and 2; nil: what this one has.
    var standard: (input: Int32, output: Int32)?
    /// In a session of its own, without a terminal.
    var leavesTerminal = false

    /// This very binary, even if the file has been replaced since: workers always are of their supervisor's version.
    private static let binary = haraka_open_path("/proc/self/exe")

    /// The environment of this process without some variables.
    static func environment(without names: [String], adding: [String] = []) -> [String] {
        var all: [String] = []
        var entry = environ
        while let text = entry.pointee {
            all.append(String(cString: text))
            entry += 1
        }
        return all.filter { line in !names.contains { line.hasPrefix("\($0)=") } } + adding
    }

    func start() throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        // Out of the way first: a target may be the number of another source.
        let given = (standard.map { [$0.input, $0.output] } ?? []) + descriptors
        let sources = given.map { fcntl($0, F_DUPFD_CLOEXEC, 512) }
        defer { for one in sources where one >= 0 { close(one) } }
        guard !sources.contains(where: { $0 < 0 }) else { throw CommandError("too few descriptors: \(errnoText())") }
        for (index, source) in sources.suffix(descriptors.count).enumerated() {
            posix_spawn_file_actions_adddup2(&actions, source, Int32(3 + index))
        }
        if standard != nil {
            posix_spawn_file_actions_adddup2(&actions, sources[0], 0)
            posix_spawn_file_actions_adddup2(&actions, sources[1], 1)
            posix_spawn_file_actions_adddup2(&actions, sources[1], 2)
        }
        if leavesTerminal { posix_spawnattr_setflags(&attributes, haraka_spawn_new_session()) }
        var process: pid_t = 0
        let status = withCStrings(arguments) { arguments in
            withCStrings(environment) { environment in
                posix_spawn(&process, "/proc/self/fd/\(Spawn.binary)", &actions, &attributes, arguments, environment)
            }
        }
        guard status == 0 else { throw CommandError("cannot start a process: \(String(cString: strerror(status)))") }
        return process
    }

    private func withCStrings<Result>(
        _ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let copies = texts.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        return body(copies + [nil])
    }
}
