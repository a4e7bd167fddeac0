// Group `contract`: each hook with arguments of all kinds. The host itself says what is wrong with an answer.

import HarakaPluginABI
import HarakaPluginHost

enum ContractTests {
    static let all = [
        PluginTest(.contract, "normal", "answers each hook properly", with(.normal)),
        PluginTest(.contract, "empty", "copes with empty arguments", with(.empty)),
        PluginTest(.contract, "long", "copes with arguments of 64 KiB", with(.long)),
        PluginTest(.contract, "junk", "copes with junk as arguments", with(.junk)),
        PluginTest(.contract, "bare", "copes without a transaction, knowing nothing of the client", with(.bare)),
        PluginTest(.contract, "loop", "gives the loop back within 100 ms", isQuick),
        PluginTest(.contract, "log", "logs with measure", logsLittle),
        PluginTest(.contract, "many", "answers the hundredth client as the first", many),
    ]

    /// Milliseconds for which a plugin may hold the loop, as `loop_warn_ms` has it.
    private static let patience: Int64 = 100

    /// Every hook once, each with a client of its own, so that one that misbehaves is named by what was running.
    private static func with(_ style: ArgumentStyle) -> @Sendable (TestRun) throws -> Void {
        { run in
            let harness = Harness(run)
            // Junk that is handed on may be refused; the host's answer is not the plugin's fault.
            if style != .normal { harness.tolerated = [HARAKA_E_ARGUMENT] }
            let generation = try harness.load()
            guard harness.driveAll(generation, style) else { run.skip("registers on no hook of a client"); return }
            harness.loop.settle(atMost: 500)
            harness.finish(.process)
        }
    }

    /// The middle of three, because the machine may have been busy once.
    private static func isQuick(_ run: TestRun) throws {
        let harness = Harness(run)
        let generation = try harness.load()
        var times: [String: [Int64]] = [:]
        for _ in 0..<3 where harness.longest.values.allSatisfy({ $0 < 10 * patience }) {
            harness.forgetTimes()
            harness.driveAll(generation, .normal)
            for (hook, took) in harness.longest { times[hook, default: []].append(took) }
        }
        for (hook, list) in times.sorted(by: { $0.key < $1.key }) {
            let middle = list.sorted()[list.count / 2]
            guard middle > patience else { continue }
            run.fail(
                "held the loop for \(middle) ms in the hook \(hook)",
                "every client waits meanwhile: use haraka_offload for what takes long, a timer to wait")
        }
        harness.loop.settle(atMost: 500)
        let (place, took) = harness.loop.longestWork
        if took > patience { run.warn("held the loop for \(took) ms \(place)", "do it in a job (haraka_offload)") }
        harness.stop()
    }

    /// What one client can make a plugin write, many clients can fill a disk with.
    private static func logsLittle(_ run: TestRun) throws {
        let harness = Harness(run)
        let generation = try harness.load()
        guard harness.driveAll(generation, .normal) else { return run.skip("registers on no hook of a client") }
        let (hook, lines, bytes) = harness.loudest
        if lines > 100 || bytes > 65_536 {
            run.fail(
                "logged \(lines) lines (\(bytes) bytes) in one call of the hook \(hook)",
                "use HARAKA_LOG_DEBUG for details")
        }
        harness.stop()
    }

    /// Tables that fill up, counters that overflow, handles that are kept for too long.
    private static func many(_ run: TestRun) throws {
        let harness = Harness(run)
        let generation = try harness.load()
        let hooks = Harness.hooks(generation).filter { $0 != "init_master" && $0 != "init_child" }
        guard !hooks.isEmpty else { return run.skip("registers on no hook of a client") }
        if hooks.contains("deny") { Refuser.prepare(harness, generation) }
        let end = CheckLoop.now() + 3000
        var round = 0
        while round < 100, CheckLoop.now() < end {
            for hook in hooks { harness.drive(hook, .normal, generation) }
            round += 1
        }
        harness.finish()
    }
}
