// Which plugins a hook asks, in which order.

import HarakaCore
import HarakaPluginABI

/// The handlers of every hook of a generation. Filled while loading, then only read.
struct HookTable {
    private(set) var known = [[Handler]](repeating: [], count: Hook.count)
    private(set) var custom: [String: [Handler]] = [:]
    /// The hooks of the core's that anybody is on.
    private(set) var heard = HookSet.none

    /// Priority ascending, ties in order of registration.
    mutating func add(_ handler: Handler, to name: String) {
        if let hook = Hook(name: name) {
            HookTable.insert(handler, into: &known[Int(hook.rawValue)])
            heard.insert(hook)
        } else {
            HookTable.insert(handler, into: &custom[name, default: []])
        }
    }

    /// A plugin that is not to run after all.
    mutating func remove(_ plugin: Plugin) {
        for hook in Hook.allCases {
            known[Int(hook.rawValue)].removeAll { $0.plugin === plugin }
            if self[hook].isEmpty { heard.remove(hook) }
        }
        for name in Array(custom.keys) { custom[name]?.removeAll { $0.plugin === plugin } }
    }

    /// The same handlers, of these plugins only; within a priority in the order of `plugins`, then of registration.
    func only(_ plugins: [String]) -> HookTable {
        var places: [String: Int] = [:]
        for (index, name) in plugins.enumerated() { places[name] = index }
        var table = HookTable()
        for (hook, handlers) in all {
            let own = handlers.enumerated().compactMap { index, handler in
                places[handler.plugin.name].map { (handler, place: $0, index: index) }
            }
            for one in own.sorted(by: { ($0.place, $0.index) < ($1.place, $1.index) }) { table.add(one.0, to: hook) }
        }
        return table
    }

    private static func insert(_ handler: Handler, into list: inout [Handler]) {
        let index = list.firstIndex { $0.priority > handler.priority } ?? list.endIndex
        list.insert(handler, at: index)
    }

    /// Every hook with its handlers: those of the core first, then custom ones by name.
    var all: [(hook: String, handlers: [Handler])] {
        Hook.allCases.map { ($0.name, self[$0]) } + custom.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    subscript(_ hook: Hook) -> [Handler] { known[Int(hook.rawValue)] }

    func handlers(of question: Question) -> [Handler] {
        if let hook = question.hook { return self[hook] }
        switch question {
        case .named(let name, _, _), .custom(let name, _):
            return Hook(name: name).map { self[$0] } ?? custom[name] ?? []
        default: return []
        }
    }
}
