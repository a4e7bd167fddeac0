// Group `reload`: registering, shutting down, unmapping.

import HarakaPluginABI
import HarakaPluginHost

enum ReloadTests {
    static let all = [
        PluginTest(.reload, "many", "leaves nothing behind after 50 reloads", many),
        PluginTest(.reload, "generations", "two generations work side by side", generations),
        PluginTest(.reload, "live", "shuts down while clients are connected", live),
        PluginTest(.reload, "refused", "shuts down when its generation is never used", refused),
        PluginTest(.reload, "shutdown", "answers haraka_shutdown in time", shutdown),
        PluginTest(.reload, "left", "leaves no timer and no job behind", left),
        PluginTest(.reload, "unmapped", "is unmapped at the end, if its file allows it", unmapped),
    ]

    /// One reload: the generation before has no client any more, so it ends.
    private static func reload(_ harness: Harness) throws(PluginLoadError) {
        try harness.load()
        let client = harness.connect()
        var delivery = Delivery(client, Messages.small(client.token))
        delivery.whole()
        client.leave()
        harness.loop.run(atMost: 1000) { harness.loop.isIdle }
    }

    /// Each generation handles a message, ends, and is unmapped where that is safe: 5 to warm up, 45 that count.
    private static func many(_ run: TestRun) throws {
        let harness = Harness(run)
        for _ in 0..<5 { try reload(harness) }
        let (before, memory) = (ProcessState(), ProcessMemory.resident)
        let end = CheckLoop.now() + 5000
        var count = 0
        while count < 45, CheckLoop.now() < end {
            try reload(harness)
            count += 1
        }
        harness.loop.settle(atMost: 500)
        let growth = (ProcessMemory.resident - memory) / max(1, count)
        for (text, advice) in ProcessState().remains(since: before) {
            run.fail("\(text) after \(count) reloads", advice)
        }
        // An object that stays mapped costs its data, and the host's books.
        if growth > 131_072 {
            run.warn(
                "grows by \(growth >> 10) KiB with each reload", "free in haraka_shutdown what HARAKA_REGISTER made")
        }
        harness.finish(.process)
    }

    /// Both are mapped from files of their own, so they share nothing; the older one ends in the middle.
    private static func generations(_ run: TestRun) throws {
        let harness = Harness(run)
        try harness.load()
        let old = harness.connect()
        try harness.load()
        let new = harness.connect()
        var deliveries = [Delivery(old, Messages.small(old.token)), Delivery(new, Messages.small(new.token))]
        for step in 0..<Delivery.stepCount { for index in deliveries.indices { deliveries[index].step(step) } }
        run.at("in haraka_shutdown of the older generation")
        old.leave()
        harness.loop.settle(atMost: 300)
        let later = harness.connect()
        var delivery = Delivery(later, Messages.small(later.token))
        delivery.whole()
        later.leave()
        harness.finish(.process)
    }

    /// A plain stop does not wait for clients: the connection outlives the plugin that it has notes of.
    private static func live(_ run: TestRun) throws {
        let harness = Harness(run)
        try harness.load()
        let client = harness.connect()
        var delivery = Delivery(client, Messages.small(client.token))
        for step in 0..<4 { delivery.step(step) }
        run.at("in haraka_shutdown, with a client connected")
        var isDone = false
        harness.host.stop(within: Harness.shutdownLimit) { isDone = true }
        harness.loop.run(atMost: Harness.shutdownLimit + 500) { isDone }
        run.at("when the client left, after haraka_shutdown")
        client.leave()
        harness.loop.settle(atMost: 300)
        harness.report(.process)
    }

    /// Another plugin of the set did not load: this one registered, served nobody, and is shut down.
    private static func refused(_ run: TestRun) throws {
        let harness = Harness(run)
        let generation = try harness.build()
        run.at("in haraka_shutdown, of a generation that was not used")
        var isDone = false
        harness.host.discard(generation) { isDone = true }
        if !harness.loop.run(atMost: Harness.shutdownLimit, until: { isDone }) {
            run.fail("did not answer haraka_shutdown of a generation that was not used")
        }
        harness.loop.settle(atMost: 300)
        harness.report(.process)
    }

    /// A stop of the server has 5 s for all of its plugins.
    private static func shutdown(_ run: TestRun) throws {
        let harness = Harness(run)
        try reload(harness)
        let began = CheckLoop.now()
        guard harness.stop() else { return }
        let took = CheckLoop.now() - began
        if took > 2000 { run.warn("took \(took) ms to shut down", "a stop of the server waits for 5 s in all") }
        harness.report(.process)
    }

    /// Timers may run until the end. A job or a post that is under way then is cut off.
    private static func left(_ run: TestRun) throws {
        let harness = Harness(run)
        let generation = try harness.load()
        harness.driveAll(generation, .normal)
        harness.log.level = HARAKA_LOG_DEBUG
        harness.stop()
        for line in harness.log.lines(HARAKA_LOG_WARN) where line.contains("left behind") {
            run.warn(
                "the host says: \(line)", "wait for jobs in haraka_shutdown: complete call->next when the last is done")
        }
        for line in harness.log.lines(HARAKA_LOG_DEBUG) where line.hasPrefix("timers stopped") {
            run.note("the host stops its timers at the end, which is all right")
        }
    }

    /// The proof of the verdict: nothing of two generations is left in /proc/self/maps.
    private static func unmapped(_ run: TestRun) throws {
        guard case .safe = UnloadVerdict(try run.summary()) else {
            return run.skip("its file does not allow it: haraka plugin info says why")
        }
        let harness = Harness(run)
        try reload(harness)
        try reload(harness)
        harness.finish(.process)
        harness.loop.run(atMost: 2500) { ProcessMemory.mappedPlugins == 0 }
        let count = ProcessMemory.mappedPlugins
        guard count > 0 else { return }
        run.warn(
            "is mapped still after its end (\(count) object\(count == 1 ? "" : "s"))",
            "the host could not show that nobody is inside any more")
    }
}
