// A worker's part of `haraka status`, as the value that the supervisor gets. docs/command-line.md "Status".

import HarakaConfig
import HarakaPluginHost

struct WorkerStatus {
    let value: ConfigValue

    init(_ host: HostStatus, connections: Int) {
        value = .map([
            "connections": .integer(Int64(connections)),
            "generations": .list(host.generations.map(WorkerStatus.generation)),
            "unloaded": .integer(Int64(host.unloaded)),
            "inert": .integer(Int64(host.inert)),
            "plugins": .list(host.plugins.map(WorkerStatus.plugin)),
        ])
    }

    private static func generation(_ one: HostStatus.Generation) -> ConfigValue {
        .map([
            "number": .integer(Int64(one.number)), "state": .string(one.state.rawValue),
            "connections": .integer(Int64(one.connections)),
        ])
    }

    private static func plugin(_ one: HostStatus.Plugin) -> ConfigValue {
        .map([
            "name": .string(one.name), "version": .string(one.version), "hash": .string(one.hash),
            "file": .string(one.file), "state": .string(one.state.rawValue),
            "parents": .list(one.parents.map { .string($0) }), "timeout": .double(one.timeoutSeconds),
            "unloading": .string(one.unloading), "timers": .integer(Int64(one.timers)),
            "jobs": .integer(Int64(one.jobs)), "hooks": .list(one.hooks.map(hook)),
        ])
    }

    private static func hook(_ one: HostStatus.Hook) -> ConfigValue {
        .map([
            "hook": .string(one.hook), "method": .string(one.method), "priority": .integer(Int64(one.priority)),
            "calls": .integer(Int64(clamping: one.calls)), "sampled": .integer(Int64(clamping: one.sampled)),
            "p50_us": .double(one.p50), "p99_us": .double(one.p99), "max_us": .double(one.max),
            "pending": .integer(Int64(clamping: one.pendingCount)), "pending_p50_ms": .double(one.pendingP50),
            "pending_p99_ms": .double(one.pendingP99), "pending_max_ms": .double(one.pendingMax),
        ])
    }
}
