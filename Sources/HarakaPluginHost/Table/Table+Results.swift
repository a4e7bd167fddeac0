// Results for plugins. plugin.h "results", docs/objects.md "Results".

import HarakaCore
import HarakaPluginABI

extension PluginHost {
    func fillResults() {
        table.pointee.result_add = { me, object, key, value, emit in
            PluginHost.record(me, object, key, value) { results, plugin, key, value in
                results.add(plugin, key, value)
                return emit != 0 || key == "err"
            }
        }
        table.pointee.result_push = { me, object, key, value in
            PluginHost.record(me, object, key, value) { results, plugin, key, value in
                results.push(plugin, key, value)
                return false
            }
        }
        table.pointee.result_incr = { me, object, key, amount in
            var value = haraka_value()
            guard amount.isFinite else { return HARAKA_E_ARGUMENT }
            return withUnsafePointer(to: &value) { value in
                PluginHost.record(me, object, key, value) { results, plugin, key, _ in
                    results.increment(plugin, key, by: amount)
                    return false
                }
            }
        }
        fillReadingResults()
    }

    /// Finds plugin and results, changes them, and logs the collated line if `change` says so.
    private static func record(
        _ me: haraka_self, _ object: haraka_object, _ key: haraka_str, _ value: UnsafePointer<haraka_value>?,
        _ change: (inout Results, String, String, Value) -> Bool
    ) -> Int32 {
        guard let host = onLoop() else { return offLoop }
        guard let plugin = host.view(me)?.plugin else { return host.badHandle("self") }
        guard let key = key.text, !key.isEmpty else { return HARAKA_E_ARGUMENT }
        return write(object, value) { host, reference, value in
            var isLogged = host.resultsShown[plugin.name]?.isEach ?? false
            let uuid: String
            switch reference {
            case .server: return HARAKA_E_TYPE
            case .connection(let state):
                isLogged = change(&state.connection.results, plugin.name, key, value) || isLogged
                uuid = isLogged ? state.connection.logUUID : ""
            case .transaction(let state):
                isLogged = change(&state.transaction.results, plugin.name, key, value) || isLogged
                uuid = state.transaction.uuid
            case .hmail(let state):
                isLogged = change(&state.mail.results, plugin.name, key, value) || isLogged
                uuid = state.mail.uuid
            }
            if isLogged {
                let level = key == "err" ? HARAKA_LOG_ERROR : HARAKA_LOG_INFO
                let text = key == "err" ? value.description : host.collated(reference, plugin.name)
                host.warn(level, plugin.name, uuid, text)
            }
            return HARAKA_SUCCESS
        }
    }

    private func collated(_ reference: ObjectReference, _ plugin: String) -> String {
        results(reference).map { collated($0, plugin) } ?? ""
    }

    private func collated(_ results: Results, _ plugin: String) -> String {
        let shown = resultsShown[plugin]
        return results.collate(plugin, order: shown?.order ?? [], hide: shown?.hide ?? [])
    }

    private func results(_ reference: ObjectReference) -> Results? {
        switch reference {
        case .server: nil
        case .connection(let state): state.connection.results
        case .transaction(let state): state.transaction.results
        case .hmail(let state): state.mail.results
        }
    }

    private static func read(
        _ object: haraka_object, _ plugin: haraka_str, _ body: (PluginHost, Results, String) -> Int32
    ) -> Int32 {
        guard let host = onLoop() else { return offLoop }
        guard let plugin = plugin.text else { return HARAKA_E_ARGUMENT }
        guard let reference = host.object(object) else { return host.badObject(object) }
        guard let results = host.results(reference) else { return HARAKA_E_TYPE }
        return body(host, results, plugin)
    }

    private func fillReadingResults() {
        table.pointee.result_get = { object, plugin, key, out in
            PluginHost.read(object, plugin) { host, results, plugin in
                guard let out, let key = key.text else { return HARAKA_E_ARGUMENT }
                let entry = results.get(plugin)
                let value = key.isEmpty ? entry.map(Value.map) : entry?[key]
                out.pointee = value.map { host.arena.lend($0) } ?? haraka_value()
                return value == nil ? HARAKA_E_ABSENT : HARAKA_SUCCESS
            }
        }
        table.pointee.result_has = { object, plugin, key, search in
            PluginHost.read(object, plugin) { host, results, plugin in
                guard let key = key.text, let search, let value = Value(search.pointee) else {
                    return HARAKA_E_ARGUMENT
                }
                return results.has(plugin, key, value) ? 1 : 0
            }
        }
        table.pointee.result_collate = { object, plugin, out in
            PluginHost.read(object, plugin) { host, results, plugin in
                guard let out else { return HARAKA_E_ARGUMENT }
                out.pointee = host.arena.lend(host.collated(results, plugin))
                return HARAKA_SUCCESS
            }
        }
    }
}
