// A plugin of one generation: its methods, its parents, what it owns. docs/plugin-abi.md items 8, 9.

import HarakaPluginABI
import Synchronization

/// A plugin as listed in config/plugins, in one generation. On the loop.
final class Plugin {
    let name: String
    let identity: PluginIdentity
    unowned let generation: Generation
    private(set) var handle = Handle(bits: 0)
    /// In the fault page: that of its own object, also where a parent's code runs on its behalf.
    let faultIndex: UInt32
    /// Own code first, then each parent in the order of `inherits`.
    private(set) var views: [PluginView] = []
    /// Milliseconds; 0: no limit.
    var timeout: Int64
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
    /// Lookups that are under way.
    var queries: [ObjectIdentifier: PluginQuery] = [:]
    /// What it has asked the queue.
    var requests: [ObjectIdentifier: PluginRequest] = [:]
    /// With other servers.
    var dialogues: [ObjectIdentifier: PluginDialogue] = [:]
    /// Jobs that are with a pool thread, also those of a plugin that is over: its code must stay until they are back.
    var jobsInside = 0
    var regexes: [Regex] = []
    /// Pointers of its own on the server, by name.
    var serverPointers = PointerNotes()
    /// What runs when a file of the configuration has changed, by the file's name.
    var watches: [String: PluginCallback] = [:]
    /// Files of the configuration that it read while it registered.
    var filesRead: Set<String> = []
    /// How it has read each file, to look before it is told of a change whether it can be read that way at all.
    var fileForms: [String: (type: Int32, package: String?)] = [:]

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
        faultIndex = object.faultIndex
        self.generation = generation
        self.timeout = timeout
        guard let handle = handle(self) else { throw PluginLoadError(object.name, "too many plugins are loaded") }
        self.handle = handle
        views = [PluginView(self, object, index: 0, child: nil)]
    }

    var isRevoked: Bool { identity.isRevoked.load(ordering: .relaxed) }

    /// Its own object.
    var object: PluginObject { views[0].object }

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
