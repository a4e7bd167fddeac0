// A test's process, seen from outside: started, watched, and judged by how it ended.

import CHarakaFault
import Glibc
import HarakaPluginHost

/// One process that runs one test.
final class RunningTest {
    private let test: PluginTest
    private let folder: String
    private let report: TestReport
    private let file: PluginFile
    /// Who ran, kept where it survives the process.
    private let faults: UnsafeMutablePointer<haraka_fault_page>
    private let began = RunningTest.now()
    private var process: pid_t = 0
    private(set) var isKilled = false

    /// Makes the folder and starts the process.
    init(_ test: PluginTest, _ file: PluginFile, folder: String) throws {
        self.test = test
        self.file = file
        self.folder = folder
        var faultDescriptor: Int32 = -1
        guard let page = haraka_fault_page_create(&faultDescriptor) else {
            throw CommandError("cannot make a page for faults: \(errnoText())")
        }
        defer { close(faultDescriptor) }
        faults = page
        guard mkdir(folder, 0o700) == 0, mkdir("\(folder)/config", 0o700) == 0 else {
            throw CommandError("cannot make \(folder): \(errnoText())")
        }
        let descriptor = open("\(folder)/report", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(descriptor) }
        guard descriptor >= 0, ftruncate(descriptor, TestReport.size) == 0, let report = TestReport(descriptor) else {
            throw CommandError("cannot make \(folder)/report: \(errnoText())")
        }
        self.report = report
        try spawn(["haraka", "plugin", "run-test", test.id, file.path, folder], descriptor, faultDescriptor)
    }

    deinit { haraka_fault_page_unmap(faults) }

    /// Few variables, so that a test finds the same everywhere.
    private var environment: [String] {
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
        return ["PATH=\(path)", "HOME=\(folder)", "TMPDIR=\(folder)", "LANG=C", "TZ=UTC"]
    }

    private func spawn(_ words: [String], _ report: Int32, _ faults: Int32) throws {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        let write = O_WRONLY | O_CREAT | O_APPEND
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, "\(folder)/output", write, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, "\(folder)/errors", write, 0o600)
        // Far up first, so that neither takes the place of the other.
        for (from, to) in [
            (report, 100), (faults, 101), (100, TestProcess.reportDescriptor), (101, TestProcess.faultDescriptor),
        ] {
            posix_spawn_file_actions_adddup2(&actions, from, to)
        }
        for number: Int32 in [100, 101] { posix_spawn_file_actions_addclose(&actions, number) }
        // A group of its own: what the plugin has started is ended with it.
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        posix_spawnattr_setpgroup(&attributes, 0)
        var arguments = words.map { strdup($0) } + [nil]
        var variables = environment.map { strdup($0) } + [nil]
        defer { for text in arguments + variables { free(text) } }
        let code = posix_spawn(&process, "/proc/self/exe", &actions, &attributes, &arguments, &variables)
        guard code == 0 else { throw CommandError("cannot start a test: \(String(cString: strerror(code)))") }
    }

    /// Nil: it still runs. Kills it when its time is over.
    func outcome() -> Outcome? {
        let seconds = RunningTest.now() - began
        guard hasEnded else {
            if seconds > Checker.limit, !isKilled {
                isKilled = true
                kill(-process, SIGKILL)
            }
            return nil
        }
        // Whom it left behind, before its number may be given to another.
        kill(-process, SIGKILL)
        var status: Int32 = 0
        waitpid(process, &status, 0)
        var findings = report.findings
        if let death = death(status) { findings.append(death) }
        return Outcome(test: test, findings: findings, seconds: seconds)
    }

    /// Without reaping it, so that its number stays its own.
    private var hasEnded: Bool {
        var info = siginfo_t()
        let flags = WEXITED | WNOHANG | WNOWAIT
        return waitid(P_PID, id_t(process), &info, flags) == 0 && info.si_signo == SIGCHLD
    }

    /// Why the process ended, unless the test came to its end.
    private func death(_ status: Int32) -> Finding? {
        let death = Death(
            faults, status: status, said: report.place, exports: file.summary?.exports ?? [], plugin: file.name)
        if isKilled {
            return Finding(
                status: .failed, text: "did not come back within \(Int(Checker.limit)) s \(death.place)",
                advice: "a hook must return at once: use haraka_offload for what takes long, and a timer to wait")
        }
        let signal = status & 0x7f
        if signal != 0 {
            let text = "crashed with \(SignalName.of(signal)) \(death.place)"
            return Finding(
                status: .failed, text: text, advice: death.calls.isEmpty ? RunningTest.crashAdvice : death.calls)
        }
        let code = status >> 8 & 0xff
        guard code != 0 || !report.isDone else { return nil }
        let said = code == 255 ? firstError() : ""
        return Finding(
            status: .failed, text: "ended the whole process (status \(code)) \(death.place)\(said)",
            advice: "a plugin must never call exit, _exit or quick_exit: refuse with a negative status instead")
    }

    /// Where no backtrace was left: the handlers were taken away, or the stack is broken.
    private static let crashAdvice =
        "compile it with -g -fsanitize=address,undefined and call that function in a test program"

    /// The last thing that the process said: why the test itself could not begin.
    private func firstError() -> String {
        guard let line = TextFile.read("\(folder)/errors")?.split(separator: "\n").last else { return "" }
        return ": \(line.prefix(200))"
    }

    private static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}

enum SignalName {
    static func of(_ signal: Int32) -> String {
        let names: [Int32: String] = [
            SIGSEGV: "SIGSEGV", SIGABRT: "SIGABRT", SIGBUS: "SIGBUS", SIGFPE: "SIGFPE", SIGILL: "SIGILL",
            SIGTRAP: "SIGTRAP", SIGKILL: "SIGKILL", SIGTERM: "SIGTERM", SIGPIPE: "SIGPIPE", SIGALRM: "SIGALRM",
            SIGHUP: "SIGHUP", SIGINT: "SIGINT", SIGUSR1: "SIGUSR1", SIGUSR2: "SIGUSR2", SIGXCPU: "SIGXCPU",
            SIGSYS: "SIGSYS", SIGQUIT: "SIGQUIT", SIGCHLD: "SIGCHLD",
        ]
        return names[signal] ?? "signal \(signal)"
    }
}
