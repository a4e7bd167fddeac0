// What a plugin shares with the server without being asked: descriptors, threads, signals, the working directory ...

import Glibc

/// The process at one moment. Taken on the loop's thread.
struct ProcessState {
    /// Number to what it is, as /proc shows it.
    private let descriptors: [Int32: String]
    private let threads: Int
    private let signals: [Int32: UInt]
    private let mask: [Int32]
    private let folder: String
    private let fileMask: mode_t
    private let variables: [String]
    private let locale: String
    private let output: Int

    init() {
        descriptors = ProcessState.openDescriptors()
        threads = ProcessState.threadCount()
        signals = ProcessState.handlers()
        mask = ProcessState.blockedSignals()
        folder = ProcessState.workingFolder()
        let fileMask = umask(0)
        _ = umask(fileMask)
        self.fileMask = fileMask
        variables = ProcessState.environment()
        locale = setlocale(LC_ALL, nil).map { String(cString: $0) } ?? ""
        output = ProcessState.written()
    }

    // MARK: what has changed

    /// What no plugin may do to the server it is in.
    func damage(since before: ProcessState) -> [Finding] {
        let lost = before.descriptors.filter { descriptors[$0.key] != $0.value }.sorted { $0.key < $1.key }
        var found: [Finding] = []
        func add(_ text: String, _ advice: String) {
            found.append(Finding(status: .failed, text: text, advice: advice))
        }
        if let first = lost.first {
            add(
                "closed or replaced a descriptor that is not its own (\(first.key): \(first.value))",
                "close only what you opened, once")
        }
        let changed = signals.filter { before.signals[$0.key] != $0.value }.map(\.key).sorted()
        if !changed.isEmpty {
            let names = changed.prefix(3).map(SignalName.of).joined(separator: ", ")
            add("changed the handling of \(names)", "signals are the server's")
        }
        if mask != before.mask { add("changed which signals are blocked on the loop's thread", "put the mask back") }
        if folder != before.folder { add("changed the working directory to \(folder)", "use absolute paths or openat") }
        if fileMask != before.fileMask {
            add("changed the umask", "give open and mkdir the mode you need, then fchmod")
        }
        if variables != before.variables { add("changed the environment", "other threads read it at the same time") }
        if locale != before.locale { add("changed the locale to \(locale)", "use newlocale and the ..._l functions") }
        return found + noise(since: before)
    }

    /// A warning: a library may be talkative once. The server's log is on standard output, where no line must be torn.
    private func noise(since before: ProcessState) -> [Finding] {
        guard output > before.output else { return [] }
        let text = "wrote \(output - before.output) bytes to standard output or error"
        return [Finding(status: .warning, text: text, advice: "use haraka_log: the server's output is its log")]
    }

    /// What was opened or started and is still there.
    func remains(since before: ProcessState) -> [(text: String, advice: String)] {
        var left: [(String, String)] = []
        let opened = descriptors.filter { before.descriptors[$0.key] == nil }.sorted { $0.key < $1.key }
        if let first = opened.first {
            let more = opened.count > 1 ? " and \(opened.count - 1) more" : ""
            left.append(
                ("left the descriptor \(first.key) open (\(first.value))\(more)", "close it in haraka_shutdown"))
        }
        let more = ProcessState.threadsAbove(before.threads)
        if more > 0 {
            left.append(("left \(more) thread\(more == 1 ? "" : "s") behind", "join them in haraka_shutdown"))
        }
        return left
    }

    var openCount: Int { descriptors.count }

    // MARK: looking

    /// Without sealed plugins, which the host holds open.
    private static func openDescriptors() -> [Int32: String] {
        var found: [Int32: String] = [:]
        for name in (try? FileNames.of("/proc/self/fd")) ?? [] {
            guard let number = Int32(name), fcntl(number, F_GETFD) >= 0 else { continue }
            var buffer = [CChar](repeating: 0, count: 512)
            let count = max(0, readlink("/proc/self/fd/\(number)", &buffer, buffer.count - 1))
            let target = String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
            if !target.hasPrefix("/memfd:"), !target.hasPrefix("/proc/") { found[number] = target }
        }
        return found
    }

    static func threadCount() -> Int { ((try? FileNames.of("/proc/self/task")) ?? []).count }

    /// A thread that was joined may be seen for a moment longer.
    private static func threadsAbove(_ count: Int) -> Int {
        for _ in 0..<50 where threadCount() > count { poll(nil, 0, 10) }
        return max(0, threadCount() - count)
    }

    /// By address: who puts the same handler back has changed nothing.
    private static func handlers() -> [Int32: UInt] {
        var found: [Int32: UInt] = [:]
        for signal in 1...Int32(64) where signal != SIGKILL && signal != SIGSTOP {
            var action = sigaction()
            guard sigaction(signal, nil, &action) == 0 else { continue }
            found[signal] = unsafeBitCast(action.__sigaction_handler.sa_handler, to: UInt.self)
        }
        return found
    }

    /// Of this thread; others of the server have masks of their own, which plugins do not run on.
    private static func blockedSignals() -> [Int32] {
        var set = sigset_t()
        pthread_sigmask(SIG_BLOCK, nil, &set)
        return (1...Int32(64)).filter { sigismember(&set, $0) == 1 }
    }

    private static func workingFolder() -> String {
        guard let path = getcwd(nil, 0) else { return "a folder that is gone" }
        defer { free(path) }
        return String(cString: path)
    }

    /// Through the loader, because the C variable is not safe to name in Swift.
    private static func environment() -> [String] {
        guard let symbol = dlsym(nil, "environ") else { return [] }
        typealias Texts = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
        guard var next = symbol.assumingMemoryBound(to: Texts?.self).pointee else { return [] }
        var found: [String] = []
        while let text = next.pointee {
            found.append(String(cString: text))
            next += 1
        }
        return found
    }

    /// Bytes in the files that stand for standard output and error.
    private static func written() -> Int {
        fflush(nil)
        var bytes = 0
        for descriptor in [Int32(1), 2] {
            var status = stat()
            if fstat(descriptor, &status) == 0 { bytes += status.st_size }
        }
        return bytes
    }
}

/// Memory of this process.
enum ProcessMemory {
    /// Bytes that are in memory and belong to no file: what was allocated.
    static var resident: Int {
        let lines = TextFile.read("/proc/self/status")?.split(separator: "\n") ?? []
        guard let line = lines.first(where: { $0.hasPrefix("RssAnon:") }) else { return 0 }
        return (line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int($0) } ?? 0)
            << 10
    }

    /// Sealed plugins that are mapped.
    static var mappedPlugins: Int {
        let lines = TextFile.read("/proc/self/maps")?.split(separator: "\n") ?? []
        let files = lines.filter { $0.contains("/memfd:") && $0.contains(" r-xp ") }
        return files.count
    }
}
