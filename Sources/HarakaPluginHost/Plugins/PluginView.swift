// One object's code acting for a plugin: "Haraka's `this`, seen from one file". docs/plugin-abi.md item 9.

import HarakaPluginABI

typealias PluginFunction = @convention(c) (UnsafePointer<haraka_call>?) -> Int32
typealias PluginDestroy = @convention(c) (UnsafeMutableRawPointer?) -> Void

/// A function of a plugin and what it was registered with.
struct PluginMethod {
    let function: PluginFunction
    let context: UnsafeMutableRawPointer?
    /// Whose code it is: decides `self` and `data` of the call.
    unowned(unsafe) let view: PluginView
}

/// The plugin's own object, or that of a parent.
final class PluginView {
    unowned(unsafe) let plugin: Plugin
    let object: PluginObject
    let index: Int
    /// The view whose code inherited this one; nil for the plugin's own.
    let child: PluginView?
    var methods: [String: PluginMethod] = [:]
    var data: UnsafeMutableRawPointer?
    var destroyData: PluginDestroy?
    private(set) var selfHandle = haraka_self()
    private var names: [MethodName] = []
    private var records: [UnsafeMutablePointer<HandlerRecord>] = []

    init(_ plugin: Plugin, _ object: PluginObject, index: Int, child: PluginView?) {
        self.plugin = plugin
        self.object = object
        self.index = index
        self.child = child
        let own = plugin.handle
        selfHandle = haraka_self(bits: Handle(.plugin, view: index, slot: own.slot, sequence: own.sequence).bits)
    }

    /// Owns the name of a registered method.
    func keep(_ name: String) -> MethodName {
        let kept = MethodName(name)
        names.append(kept)
        return kept
    }

    /// Owns what a handler points to.
    func keep(_ record: HandlerRecord) -> UnsafeMutablePointer<HandlerRecord> {
        let kept = UnsafeMutablePointer<HandlerRecord>.allocate(capacity: 1)
        kept.initialize(to: record)
        records.append(kept)
        return kept
    }

    deinit {
        for record in records {
            record.pointee.counters.deallocate()
            record.deallocate()
        }
    }

    /// A method of this object's: added by name, or exported.
    func method(_ name: String) -> PluginMethod? {
        if let method = methods[name] { return method }
        guard let address = object.function(name) else { return nil }
        let method = PluginMethod(
            function: unsafeBitCast(address, to: PluginFunction.self), context: nil, view: self)
        methods[name] = method
        return method
    }

    /// What is to become of its data.
    var pendingDestroy: PendingDestroy { PendingDestroy(pointer: data, destroy: destroyData, plugin: plugin) }

    /// The names from here up to the plugin: what a parent may not repeat.
    var lineage: [String] { [object.name] + (child?.lineage ?? []) }
}
