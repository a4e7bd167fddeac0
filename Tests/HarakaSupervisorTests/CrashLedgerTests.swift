// When a plugin has crashed too often, and what lifts the measure.

import HarakaSupervisor
import Testing

@Suite("CrashLedger")
struct CrashLedgerTests {
    private let policy = CrashPolicy(crashLimit: 3, crashWindow: 100, onCrash: .skip)

    /// Crashes of plugin `p` at these times; the last decision.
    private func crash(
        _ ledger: inout CrashLedger, _ hash: String = "bad", at times: [Double], _ policy: CrashPolicy
    ) -> CrashLedger.Decision? {
        var decision: CrashLedger.Decision?
        for time in times {
            decision = ledger.record(plugin: "p", hash: hash, reason: "SIGSEGV at \(time)", at: time, policy: policy)
        }
        return decision
    }

    @Test("the defaults are those of plugins.ini")
    func defaults() {
        #expect(CrashPolicy() == CrashPolicy(crashLimit: 3, crashWindow: 600, onCrash: .tempfail))
        #expect(OnCrash.allCases.map(\.rawValue) == ["tempfail", "skip", "previous", "stop"])
    }

    @Test("up to the limit the worker is restarted; at the limit the measure is taken and kept")
    func limit() throws {
        var ledger = CrashLedger()
        #expect(crash(&ledger, at: [10], policy) == .restart(crashes: 1, of: 3))
        #expect(crash(&ledger, at: [20], policy) == .restart(crashes: 2, of: 3))
        #expect(ledger.measures == [])
        guard case .take(let measure) = crash(&ledger, at: [30], policy) else { throw Missing() }
        #expect(measure.plugin == "p" && measure.hash == "bad" && measure.action == .skip)
        #expect(measure.reason == "SIGSEGV at 30.0" && measure.since == 30 && measure.crashes == 3)
        #expect(ledger.measures == [measure])
        #expect(ledger.measure(for: "p", hash: "bad") == measure)
    }

    @Test(
        "only crashes inside the window count",
        arguments: [
            ([0, 50, 100], 3), ([0, 50, 100.5], 2), ([0, 60, 120], 2), ([0, 200, 400], 1), ([0, 0, 0], 3),
        ] as [([Double], Int)])
    func window(times: [Double], crashes: Int) {
        var ledger = CrashLedger()
        let decision = crash(&ledger, at: times, policy)
        if crashes < 3 {
            #expect(decision == .restart(crashes: crashes, of: 3))
        } else {
            #expect(ledger.measure(for: "p", hash: "bad")?.crashes == crashes)
        }
    }

    @Test("each plugin and each hash has a count of its own, and a measure means only that hash of that plugin")
    func ownCounts() {
        var ledger = CrashLedger()
        _ = crash(&ledger, at: [1, 2], policy)
        #expect(crash(&ledger, "other", at: [3], policy) == .restart(crashes: 1, of: 3))
        let other = ledger.record(plugin: "q", hash: "bad", reason: "", at: 3, policy: policy)
        #expect(other == .restart(crashes: 1, of: 3))
        _ = crash(&ledger, at: [4], policy)
        #expect(ledger.measure(for: "p", hash: "bad") != nil)
        #expect(ledger.measure(for: "p", hash: "other") == nil)
        #expect(ledger.measure(for: "q", hash: "bad") == nil)
    }

    @Test("with a limit of 0 or less no number of crashes brings a measure", arguments: [0, -1])
    func noLimit(limit: Int) {
        var ledger = CrashLedger()
        let never = CrashPolicy(crashLimit: limit, crashWindow: 100, onCrash: .stop)
        #expect(crash(&ledger, at: Array(repeating: 5, count: 50), never) == .restart(crashes: 50, of: 0))
        #expect(ledger.measures == [])
    }

    @Test("with a limit of 1 the first crash brings the measure, whatever the window", arguments: [0, -1, Double.nan])
    func limitOfOne(window: Double) {
        var ledger = CrashLedger()
        _ = crash(&ledger, at: [5], CrashPolicy(crashLimit: 1, crashWindow: window, onCrash: .stop))
        #expect(ledger.measure(for: "p", hash: "bad")?.action == .stop)
    }

    @Test("a further crash of the same bytes gives the same measure, counted up, with its first reason and policy")
    func repeated() throws {
        var ledger = CrashLedger()
        _ = crash(&ledger, at: [1, 2, 3], policy)
        let other = CrashPolicy(crashLimit: 9, crashWindow: 1, onCrash: .stop)
        guard case .take(let measure) = crash(&ledger, at: [500], other) else { throw Missing() }
        #expect(measure.crashes == 4 && measure.since == 3 && measure.reason == "SIGSEGV at 3.0")
        #expect(measure.action == .skip)
        #expect(ledger.measures == [measure])
    }

    @Test("measures are listed by plugin, then by age")
    func order() {
        var ledger = CrashLedger()
        let first = CrashPolicy(crashLimit: 1, crashWindow: 1, onCrash: .skip)
        for (plugin, hash, time) in [("b", "x", 1.0), ("a", "y", 3), ("a", "z", 2), ("c", "u", 0)] {
            _ = ledger.record(plugin: plugin, hash: hash, reason: "", at: time, policy: first)
        }
        #expect(ledger.measures.map { $0.plugin + $0.hash } == ["az", "ay", "bx", "cu"])
    }

    // MARK: lifting

    @Test("a new hash in the file lifts the measure and the count of the old one")
    func newHash() {
        var ledger = CrashLedger()
        ledger.observe(plugin: "p", hash: "bad")
        _ = crash(&ledger, at: [1, 2, 3], policy)
        ledger.observe(plugin: "p", hash: "bad")
        #expect(ledger.measure(for: "p", hash: "bad") != nil)
        ledger.observe(plugin: "q", hash: "new")
        #expect(ledger.measure(for: "p", hash: "bad") != nil)
        ledger.observe(plugin: "p", hash: "new")
        #expect(ledger.measures == [])
        ledger.observe(plugin: "p", hash: "bad")
        #expect(crash(&ledger, at: [4], policy) == .restart(crashes: 1, of: 3))
    }

    @Test("the hash that is observed keeps its own count")
    func sameHashKeepsCount() {
        var ledger = CrashLedger()
        _ = crash(&ledger, at: [1, 2], policy)
        ledger.observe(plugin: "p", hash: "bad")
        #expect(crash(&ledger, at: [3], CrashPolicy(crashLimit: 9)) == .restart(crashes: 3, of: 9))
    }

    @Test("lift frees one plugin, liftAll every one, and both forget the counts")
    func lift() {
        var ledger = CrashLedger()
        _ = crash(&ledger, at: [1, 2, 3], policy)
        for time in [1.0, 2, 3] { _ = ledger.record(plugin: "q", hash: "h", reason: "", at: time, policy: policy) }
        ledger.lift(plugin: "p")
        #expect(ledger.measures.map(\.plugin) == ["q"])
        #expect(crash(&ledger, at: [4], policy) == .restart(crashes: 1, of: 3))
        ledger.liftAll()
        #expect(ledger.measures == [])
        #expect(crash(&ledger, at: [5], policy) == .restart(crashes: 1, of: 3))
    }

    @Test("what was lifted for a load that failed is in force again, and crashes of meanwhile count on")
    func reinstate() {
        var ledger = CrashLedger()
        ledger.observe(plugin: "p", hash: "bad")
        _ = crash(&ledger, at: [1, 2, 3], policy)
        _ = ledger.record(plugin: "q", hash: "h", reason: "", at: 3, policy: policy)
        let before = ledger
        ledger.liftAll()
        ledger.observe(plugin: "p", hash: "new")
        _ = ledger.record(plugin: "q", hash: "h", reason: "", at: 4, policy: policy)
        ledger.reinstate(before)
        #expect(ledger.measures.map(\.plugin) == ["p"])
        #expect(
            ledger.record(plugin: "q", hash: "h", reason: "", at: 5, policy: CrashPolicy(crashLimit: 9))
                == .restart(crashes: 3, of: 9))
        ledger.observe(plugin: "p", hash: "bad")
        #expect(ledger.measure(for: "p", hash: "bad") != nil)
    }

    // MARK: previous

    @Test("a crash of the bytes that run in place of others makes both tempfail at once")
    func previousCrashes() throws {
        var ledger = CrashLedger()
        let previous = CrashPolicy(crashLimit: 3, crashWindow: 100, onCrash: .previous)
        _ = crash(&ledger, at: [1, 2, 3], previous)
        #expect(ledger.measure(for: "p", hash: "bad")?.action == .previous)
        #expect(ledger.measure(for: "p", hash: "good") == nil)
        // The bytes known to be bad crash once more, in a worker that has not changed yet: still `previous`.
        _ = crash(&ledger, at: [4], previous)
        #expect(ledger.measure(for: "p", hash: "bad")?.action == .previous)
        guard case .take(let measure) = crash(&ledger, "good", at: [1000], previous) else { throw Missing() }
        #expect(measure.hash == "good" && measure.action == .tempfail && measure.crashes == 1)
        #expect(ledger.measures.map(\.hash) == ["bad", "good"])
        #expect(ledger.measures.map(\.action) == [.tempfail, .tempfail])
        #expect(ledger.measures.map(\.reason) == ["SIGSEGV at 3.0", "SIGSEGV at 1000.0"])
    }

    @Test("the same file seen again does not free the bytes that ran in its place; a new one frees both")
    func observedUnderPrevious() {
        var ledger = CrashLedger()
        let previous = CrashPolicy(crashLimit: 1, crashWindow: 100, onCrash: .previous)
        ledger.observe(plugin: "p", hash: "bad")
        _ = crash(&ledger, "bad", at: [1], previous)
        _ = crash(&ledger, "good", at: [2], previous)
        ledger.observe(plugin: "p", hash: "bad")
        #expect(ledger.measures.map(\.hash) == ["bad", "good"])
        ledger.observe(plugin: "p", hash: "new")
        #expect(ledger.measures == [])
    }

    @Test("previous of one plugin says nothing about another")
    func previousOfAnother() {
        var ledger = CrashLedger()
        _ = crash(&ledger, at: [1], CrashPolicy(crashLimit: 1, crashWindow: 1, onCrash: .previous))
        let other = ledger.record(plugin: "q", hash: "good", reason: "", at: 2, policy: policy)
        #expect(other == .restart(crashes: 1, of: 3))
        #expect(ledger.measure(for: "p", hash: "bad")?.action == .previous)
    }

    @Test("without last good bytes previous becomes tempfail, and nothing else changes")
    func previousIsMissing() {
        var ledger = CrashLedger()
        _ = crash(&ledger, at: [1], CrashPolicy(crashLimit: 1, crashWindow: 1, onCrash: .previous))
        #expect(ledger.previousIsMissing(plugin: "p", hash: "good") == nil)
        #expect(ledger.previousIsMissing(plugin: "p", hash: "bad")?.action == .tempfail)
        #expect(ledger.measure(for: "p", hash: "bad")?.action == .tempfail)
        #expect(ledger.previousIsMissing(plugin: "p", hash: "bad") == nil)
    }

    // MARK: the last crashes

    @Test("the last 20 crashes are kept, newest first, whatever is lifted")
    func recent() {
        var ledger = CrashLedger()
        for number in 1...25 {
            var entry = CrashEntry(time: Double(number), worker: "smtp worker 1", summary: "SIGSEGV")
            entry.plugin = "p"
            entry.backtrace = ["#0 hook_rcpt", "#1 main"]
            ledger.note(entry)
        }
        ledger.liftAll()
        #expect(ledger.recent.map(\.time) == (6...25).reversed().map { Double($0) })
        #expect(ledger.recent.first?.backtrace == ["#0 hook_rcpt", "#1 main"])
        #expect(ledger.recent.first?.hook == nil)
    }
}

/// A decision that should have been `.take`.
private struct Missing: Error {}
