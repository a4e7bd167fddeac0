// `haraka plugin check`: runs each test in a process of its own, as many at a time as there are processors.

import Glibc
import HarakaPluginHost

/// What became of one test.
struct Outcome {
    let test: PluginTest
    let findings: [Finding]
    let seconds: Double

    var status: TestStatus { findings.map(\.status).max() ?? .passed }
}

/// Everything that was found out about a file.
struct Checked {
    let file: PluginFile
    let outcomes: [Outcome]

    func count(_ status: TestStatus) -> Int { outcomes.count { $0.status == status } }
    var isFit: Bool { count(.failed) == 0 }
}

/// One thread; the tests are other processes.
struct Checker {
    /// Seconds that a test may take before it is killed.
    static let limit = 10.0

    /// So many tests may hang; what follows would take long and say nothing new.
    private static let patience = 4
    private static let enough = Finding(
        status: .skipped, text: "not run, because \(patience) tests had to be killed before")

    private let file: PluginFile
    private let folder: TemporaryFolder

    init(file given: String) throws {
        file = try PluginFile(given)
        folder = try TemporaryFolder()
    }

    /// In the order of `tests`.
    func run(_ tests: [PluginTest]) throws -> [Outcome] {
        defer { folder.remove() }
        var refusal = refusal()
        var outcomes: [Int: Outcome] = [:]
        var hanging = 0
        var waiting = Array(tests.enumerated())
        var running: [Int: RunningTest] = [:]
        while !waiting.isEmpty || !running.isEmpty {
            while !waiting.isEmpty, running.count < Checker.processors {
                let (index, test) = waiting.removeFirst()
                if test.group != .static, let refusal {
                    outcomes[index] = Outcome(test: test, findings: [refusal], seconds: 0)
                } else {
                    running[index] = try RunningTest(test, file, folder: "\(folder.path)/\(index)")
                }
            }
            for (index, test) in running {
                guard let outcome = test.outcome() else { continue }
                outcomes[index] = outcome
                running[index] = nil
                hanging += test.isKilled ? 1 : 0
                if hanging == Checker.patience { refusal = Checker.enough }
            }
            if !running.isEmpty { poll(nil, 0, 5) }
        }
        return tests.indices.compactMap { outcomes[$0] }
    }

    private static var processors: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// Why nothing but the static tests can be run.
    private func refusal() -> Finding? {
        do throws(PluginLoadError) {
            _ = try file.inspect()
            return nil
        } catch {
            return Finding(status: .skipped, text: "not run, because no server would load the file")
        }
    }
}

/// A folder below the system's folder for such things, for this user only.
struct TemporaryFolder {
    let path: String

    init() throws {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/haraka-check-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw CommandError("cannot make a folder in \(parent): \(errnoText())") }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    func remove() { TemporaryFolder.remove(path) }

    private static func remove(_ path: String) {
        for name in (try? FileNames.of(path)) ?? [] {
            let child = "\(path)/\(name)"
            var status = stat()
            if lstat(child, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { remove(child) } else { unlink(child) }
        }
        rmdir(path)
    }
}
