// `haraka status --json`: the whole server as one value. docs/command-line.md "Status".

import Glibc
import HarakaConfig
import HarakaPluginHost
import HarakaSupervisor

/// Put together by the supervisor from what it knows and what its workers have answered.
struct ServerStatus {
    let value: ConfigValue

    init(_ server: Supervisor, _ answers: [ObjectIdentifier: ConfigValue]) {
        let parts = server.workers.compactMap { answers[ObjectIdentifier($0)] }
        value = .map([
            "version": .string(Version.number), "pid": .integer(Int64(getpid())),
            "folder": .string(server.folder.path), "uptime": .double((PollLoop.now() - server.startedAt).rounded()),
            "nodes": .integer(server.isInProcess ? 0 : Int64(server.workers.count { $0.id.role == .smtp })),
            "generation": .integer(Int64(server.current?.number ?? 0)),
            "listening": .list(server.listeners.map { .string($0.place) }),
            "workers": .list(server.workers.map { ServerStatus.worker($0, answers[ObjectIdentifier($0)]) }),
            "plugins": .list(ServerStatus.plugins(server, parts)),
            "crashes": .list(server.ledger.recent.map(ServerStatus.crash)),
        ])
    }

    /// A worker's answer.
    static func parse(_ text: String) -> ConfigValue { JSONParser.parse(Array(text.utf8), file: "status").value }

    private static func worker(_ worker: WorkerHandle, _ answer: ConfigValue?) -> ConfigValue {
        var map: OrderedMap = [
            "role": .string(worker.id.role.rawValue), "slot": .integer(Int64(worker.id.slot)),
            "pid": .integer(Int64(worker.process == 0 ? getpid() : worker.process)),
            "state": .string(worker.state.rawValue), "generation": .integer(Int64(worker.generation ?? 0)),
            "uptime": .double((PollLoop.now() - worker.startedAt).rounded()),
        ]
        for (key, value) in answer?.map?.entries ?? OrderedMap().entries { map[key] = value }
        return .map(map)
    }

    private static func crash(_ entry: CrashEntry) -> ConfigValue {
        .map([
            "time": .integer(Int64(entry.time)), "worker": .string(entry.worker), "summary": .string(entry.summary),
            "plugin": entry.plugin.map { .string($0) } ?? .null, "hash": entry.hash.map { .string($0) } ?? .null,
            "hook": entry.hook.map { .string($0) } ?? .null, "backtrace": .list(entry.backtrace.map { .string($0) }),
        ])
    }

    // MARK: plugins, over all workers

    private static func plugins(_ server: Supervisor, _ workers: [ConfigValue]) -> [ConfigValue] {
        let listed = server.current?.listed.plugins ?? []
        return listed.map { plugin in
            let rows = workers.compactMap { worker in
                worker["plugins"]?.list?.first { $0["name"]?.text == plugin.name }
            }
            let measure = server.ledger.measure(for: plugin.name, hash: plugin.verified.hash)
            var map = rows.first?.map ?? ["name": .string(plugin.name)]
            map["hash"] = .string(rows.first?["hash"]?.text.flatMap { $0.isEmpty ? nil : $0 } ?? plugin.verified.hash)
            // Without a measure in the ledger a stand-in may still be in force: a reload that lifted it has failed.
            map["state"] = .string(measure?.action.rawValue ?? rows.first?["state"]?.text ?? "loaded")
            map["reason"] = measure.map { .string($0.reason) } ?? .null
            map["crashes"] = .integer(Int64(server.ledger.recent.count { $0.plugin == plugin.name }))
            map["hooks"] = .list(merged(rows.flatMap { $0["hooks"]?.list ?? [] }))
            return .map(map)
        }
    }

    /// One row per hook and method: calls are added up; of the times, the worst of any worker, since percentiles cannot be
    /// added.
    private static func merged(_ rows: [ConfigValue]) -> [ConfigValue] {
        var order: [String] = []
        var found: [String: OrderedMap] = [:]
        for row in rows {
            let key = "\(row["hook"]?.text ?? "") \(row["method"]?.text ?? "")"
            guard var known = found[key] else {
                order.append(key)
                found[key] = row.map ?? [:]
                continue
            }
            for name in ["calls", "sampled", "pending"] {
                known[name] = .integer((known[name]?.integer ?? 0) &+ (row[name]?.integer ?? 0))
            }
            for name in ["p50_us", "p99_us", "max_us", "pending_p50_ms", "pending_p99_ms", "pending_max_ms"] {
                known[name] = .double(max(known[name]?.number ?? 0, row[name]?.number ?? 0))
            }
            found[key] = known
        }
        return order.compactMap { found[$0].map { .map($0) } }
    }
}
