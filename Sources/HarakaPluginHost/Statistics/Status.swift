// The snapshot for `haraka status`.

import HarakaCore

extension PluginHost {
    /// What the plugins of this process are and have cost. On the loop; made when asked, so it may take its time.
    public func status() -> HostStatus {
        HostStatus(
            generations: generationStates, plugins: generation.map(pluginStates) ?? [], unloaded: unloadedCount,
            inert: inertCount)
    }

    private var generationStates: [HostStatus.Generation] {
        var states = unloads.filter { $0.hasEnded && $0.shutdown == nil }.map { state($0, .ended) }
        let draining = liveGenerations + endingGenerations.filter { one in !liveGenerations.contains { $0 === one } }
        for one in draining { states.append(state(one, one === generation && !one.hasEnded ? .current : .draining)) }
        if let builder { states.append(state(builder.generation, .building)) }
        return states.sorted { $0.number < $1.number }
    }

    private func state(_ generation: Generation, _ state: HostStatus.Generation.State) -> HostStatus.Generation {
        HostStatus.Generation(number: generation.number, state: state, connections: generation.connectionCount)
    }

    private func pluginStates(_ generation: Generation) -> [HostStatus.Plugin] {
        let hooks = generation.hooks.all
        return generation.plugins.map { plugin in
            let mine = hooks.flatMap { hook, handlers in
                handlers.filter { $0.plugin === plugin }.map { state($0, hook) }
            }
            return state(plugin, mine)
        }
    }

    private func state(_ plugin: Plugin, _ hooks: [HostStatus.Hook]) -> HostStatus.Plugin {
        let object = plugin.object
        return HostStatus.Plugin(
            name: plugin.name, version: object.file?.verified.note.version ?? "", hash: object.file?.hash ?? "",
            file: object.file?.location.path ?? object.standIn?.reason ?? "",
            state: object.standIn == nil ? .loaded : .tempfail,
            parents: plugin.views.dropFirst().map(\.object.name), timeoutSeconds: Double(plugin.timeout) / 1000,
            unloading: object.verdict.text, timers: plugin.work.values.count { $0.kind == .timer },
            jobs: plugin.work.values.count { $0.kind == .job }, hooks: hooks)
    }

    private func state(_ handler: Handler, _ hook: String) -> HostStatus.Hook {
        let counters = handler.counters
        let microseconds = { (nanoseconds: UInt64) in Double(nanoseconds) / 1000 }
        let milliseconds = { (nanoseconds: UInt64) in Double(nanoseconds) / 1_000_000 }
        let durations = counters.durations
        let pending = counters.pending
        let held = Double(faults.longestHeld(plugin: handler.faultIndex, hook: faults.hook(hook))) * 1000
        return HostStatus.Hook(
            hook: hook, method: handler.methodName, priority: Int(handler.priority), calls: counters.calls,
            sampled: durations?.count ?? 0, p50: microseconds(durations?.quantile(0.5) ?? 0),
            p99: microseconds(durations?.quantile(0.99) ?? 0), max: max(held, microseconds(durations?.longest ?? 0)),
            pendingCount: pending?.count ?? 0, pendingP50: milliseconds(pending?.quantile(0.5) ?? 0),
            pendingP99: milliseconds(pending?.quantile(0.99) ?? 0), pendingMax: milliseconds(pending?.longest ?? 0))
    }
}

extension UnloadVerdict {
    /// In one line.
    public var text: String {
        switch self {
        case .safe: "can be unmapped"
        case .unsafe(let reasons): "stays mapped: it " + reasons.map(\.description).joined(separator: ", ")
        }
    }
}
