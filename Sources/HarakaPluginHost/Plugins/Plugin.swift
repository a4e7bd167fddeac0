// A plugin of one generation: its methods, its parents, what it owns. docs/plugin-abi.md items 8, 9.

import Glibc
import HarakaPluginABI
import Synchronization

typealias PluginFunction = @convention(c) (UnsafePointer<haraka_call>?) -> Int32
typealias PluginDestroy = @convention(c) (UnsafeMutableRawPointer?) -> Void

/// A function of a plugin and what it was registered with.
struct PluginMethod {
    let function: PluginFunction
    let context: UnsafeMutableRawPointer?
    /// Whose code it is: decides `self` and `data` of the call.
    unowned(unsafe) let view: PluginView
}

/// One object's code acting for a plugin: the plugin's own, or that of a parent. "Haraka's `this`, seen from one file."
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

    /// A method of this object's: added by name, or exported.
    func method(_ name: String) -> PluginMethod? {
        if let method = methods[name] { return method }
        guard let address = object.function(name) else { return nil }
        let method = PluginMethod(
            function: unsafeBitCast(address, to: PluginFunction.self), context: nil, view: self)
        methods[name] = method
        return method
    }

    /// The names from here up to the plugin: what a parent may not repeat.
    var lineage: [String] { [object.name] + (child?.lineage ?? []) }
}

/// What other threads may know of a plugin: its name, and whether it is over.
final class PluginIdentity: Sendable {
    let name: String
    /// The name where C can read it, for as long as this lives.
    nonisolated(unsafe) let nameText: haraka_str
    let isRevoked = Atomic<Bool>(false)

    init(_ name: String) {
        self.name = name
        nameText = haraka_str(ptr: strdup(name), len: name.utf8.count)
    }

    deinit { free(UnsafeMutablePointer(mutating: nameText.ptr)) }
}

/// A plugin as listed in config/plugins, in one generation. On the loop.
final class Plugin {
    let name: String
    let identity: PluginIdentity
    unowned let generation: Generation
    private(set) var handle = Handle(bits: 0)
    /// Own code first, then each parent in the order of `inherits`.
    private(set) var views: [PluginView] = []
    /// Milliseconds; 0: no limit.
    let timeout: Int64
    var isRegistering = false
    /// Its `haraka_register` succeeded and all its methods were found.
    var hasRegistered = false
    /// Registrations that were made while registering, resolved when it is over.
    var registrations: [Registration] = []
    /// The first thing that must stop the load although the plugin may have ignored the status.
    var loadError: String?
    /// Contexts whose destroy runs at the end of the generation.
    var contexts: [(pointer: UnsafeMutableRawPointer?, destroy: PluginDestroy)] = []
    /// Timers, posts and jobs that are under way.
    var work: [ObjectIdentifier: PluginWork] = [:]
    var regexes: [Regex] = []
    /// Pointers of its own on the server, by name.
    var serverPointers = PointerNotes()

    enum Target {
        case named(String)
        case function(PluginMethod)
    }
    struct Registration {
        let hook: String
        let target: Target
        let priority: Int32
    }

    init(_ object: PluginObject, generation: Generation, handle: (Plugin) -> Handle?, timeout: Int64)
        throws(PluginLoadError)
    {
        name = object.name
        identity = PluginIdentity(object.name)
        self.generation = generation
        self.timeout = timeout
        guard let handle = handle(self) else { throw PluginLoadError(object.name, "too many plugins are loaded") }
        self.handle = handle
        views = [PluginView(self, object, index: 0, child: nil)]
    }

    var isRevoked: Bool { identity.isRevoked.load(ordering: .relaxed) }

    /// The view of a `haraka_self`.
    func view(_ bits: UInt64) -> PluginView? {
        let index = Handle(bits: bits).view
        return index < views.count ? views[index] : nil
    }

    /// Adds a parent's code. The caller has checked depth and circles.
    func addView(_ object: PluginObject, child: PluginView) -> PluginView {
        let view = PluginView(self, object, index: views.count, child: child)
        views.append(view)
        return view
    }

    /// What `this.name` would be: the plugin's own, then each parent's in order.
    func method(_ name: String) -> PluginMethod? {
        for view in views { if let method = view.method(name) { return method } }
        return nil
    }

    /// The super call: what that parent provides, or its parents.
    func parentMethod(_ parent: String, _ name: String) -> PluginMethod? {
        guard let first = views.first(where: { $0.index > 0 && $0.object.name == parent }) else { return nil }
        for view in views[first.index...] where view === first || view.lineage.contains(parent) {
            if let method = view.method(name) { return method }
        }
        return nil
    }
}

/// The most views that a plugin can have: its own code and 16 levels or branches of parents.
let maximumViews = 17
