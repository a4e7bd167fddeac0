// One test as it runs, and the process that it runs in.

import CHarakaFault
import Glibc
import HarakaPluginHost

/// What a test has at hand, and where it says what it found. On the loop's thread, which is the main thread.
final class TestRun {
    let file: PluginFile
    /// Of the test: `contract`, `next`, `data` ...
    var group = ""
    /// Empty but for what the tool put there; the working directory.
    let folder: String
    let report: TestReport
    /// Where the plugin host says which call runs.
    let faults: UnsafeMutablePointer<haraka_fault_page>

    init(_ file: PluginFile, folder: String, _ report: TestReport, _ faults: UnsafeMutablePointer<haraka_fault_page>) {
        self.file = file
        self.folder = folder
        self.report = report
        self.faults = faults
    }

    /// Says what comes next, for the case that it ends the process.
    func at(_ place: String) { report.place = place }

    func fail(_ text: String, _ advice: String = "") {
        report.add(Finding(status: .failed, text: text, advice: advice))
    }
    func warn(_ text: String, _ advice: String = "") {
        report.add(Finding(status: .warning, text: text, advice: advice))
    }
    func skip(_ text: String) { report.add(Finding(status: .skipped, text: text)) }
    /// Something worth knowing about a test that passed.
    func note(_ text: String) { report.add(Finding(status: .passed, text: text)) }

    /// The shared object as ELF; a test that needs it fails where it is none.
    func summary() throws -> ELFSummary {
        guard let summary = file.summary else { throw TestFailure("is no shared object for this machine") }
        return summary
    }
}

/// Ends a test at once.
struct TestFailure: Error {
    let text: String
    let advice: String

    init(_ text: String, _ advice: String = "") {
        self.text = text
        self.advice = advice
    }
}

enum TestProcess {
    /// The descriptor of the report, as the tool hands it over.
    static let reportDescriptor: Int32 = 3
    static let faultDescriptor: Int32 = 4

    /// Runs one test in this process. Exit status 0 if it came to its end, whatever it found.
    static func run(_ id: String, file path: String, folder: String) throws -> Int32 {
        guard let test = TestCatalogue.all.first(where: { $0.id == id }) else {
            throw CommandError("there is no test \(id)")
        }
        guard let report = TestReport(reportDescriptor), let faults = haraka_fault_page_map(faultDescriptor) else {
            throw CommandError("run-test is not for people")
        }
        close(reportDescriptor)
        close(faultDescriptor)
        // A crash leaves a backtrace then.
        guard haraka_fault_install(faults) == 0 else { throw CommandError("no signal handlers: \(errnoText())") }
        guard chdir(folder) == 0 else { throw CommandError("cannot enter \(folder): \(errnoText())") }
        let run = TestRun(try PluginFile(path), folder: folder, report, faults)
        run.group = test.group.rawValue
        do { try test.body(run) } catch let failure as TestFailure {
            run.fail(failure.text, failure.advice)
        } catch let error as PluginLoadError {
            run.fail("is not loaded: \(error.message)")
        }
        run.at("while the process ended")
        report.isDone = true
        // Exit handlers run: those of the plugin are part of the test.
        return 0
    }
}
