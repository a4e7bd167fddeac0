// Which plugins a hook asks, in which order.

import HarakaCore
import HarakaPluginABI

/// One plugin's place in a hook.
///
/// Plain words: copying one counts no reference, which is most of what a hook would cost. The view keeps what is named here
/// alive, and the generation the view.
struct Handler {
    let method: PluginMethod
    /// The same as objects whose use counts nothing.
    let heldPlugin: Unmanaged<Plugin>
    let heldView: Unmanaged<PluginView>
    let selfHandle: haraka_self
    private unowned(unsafe) let name: MethodName
    let priority: Int32

    init(method: PluginMethod, methodName: String, priority: Int32) {
        self.method = method
        heldPlugin = .passUnretained(method.view.plugin)
        heldView = .passUnretained(method.view)
        selfHandle = method.view.selfHandle
        name = method.view.keep(methodName)
        self.priority = priority
    }

    var plugin: Plugin { heldPlugin.takeUnretainedValue() }
    var methodName: String { name.text }

    var isRevoked: Bool {
        @inline(__always) get { heldPlugin._withUnsafeGuaranteedRef { $0.isRevoked } }
    }
    var data: UnsafeMutableRawPointer? {
        @inline(__always) get { heldView._withUnsafeGuaranteedRef { $0.data } }
    }
}

/// The name of a registered method, owned by its view.
final class MethodName {
    let text: String
    init(_ text: String) { self.text = text }
}

/// The handlers of every hook of a generation. Filled while loading, then only read.
struct HookTable {
    private(set) var known = [[Handler]](repeating: [], count: Hook.count)
    private(set) var custom: [String: [Handler]] = [:]

    /// Priority ascending, ties in order of registration.
    mutating func add(_ handler: Handler, to name: String) {
        if let hook = Hook(name: name) {
            HookTable.insert(handler, into: &known[Int(hook.rawValue)])
        } else {
            HookTable.insert(handler, into: &custom[name, default: []])
        }
    }

    /// A plugin that is not to run after all.
    mutating func remove(_ plugin: Plugin) {
        for index in known.indices { known[index].removeAll { $0.plugin === plugin } }
        for name in Array(custom.keys) { custom[name]?.removeAll { $0.plugin === plugin } }
    }

    private static func insert(_ handler: Handler, into list: inout [Handler]) {
        let index = list.firstIndex { $0.priority > handler.priority } ?? list.endIndex
        list.insert(handler, at: index)
    }

    subscript(_ hook: Hook) -> [Handler] { known[Int(hook.rawValue)] }

    func handlers(of question: Question) -> [Handler] {
        if let hook = question.hook { return self[hook] }
        if case .named(let name, _, _) = question {
            return Hook(name: name).map { self[$0] } ?? custom[name] ?? []
        }
        return []
    }
}
