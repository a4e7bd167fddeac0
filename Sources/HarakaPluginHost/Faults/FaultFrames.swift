// Which plugin runs at this moment, written where it survives the process. CHarakaFault has the page and what reads it.

public import CHarakaFault
import Glibc
import HarakaCore
import Synchronization

/// The fault page of this process, as the plugin host writes it: names, and the frame around every call of plugin code.
///
/// On the loop, but for what says otherwise. Setting a frame is a few plain stores: the page's other readers are a
/// signal handler of this thread, and threads and processes that are content with what they see a moment later.
public final class FaultFrames: @unchecked Sendable {
    /// Ways into plugin code that are no hooks. The names are what logs call them.
    enum Entrance: Int, CaseIterable {
        case load, register, shutdown, timer, post, job, work, config, cancel, destroy, unload, attachment, filter,
            lookup, outbound, dialogue
    }

    public let page: UnsafeMutablePointer<haraka_fault_page>
    /// The frame of the loop's thread.
    let running: UnsafeMutablePointer<haraka_fault_frame>
    private let last: UnsafeMutablePointer<haraka_fault_frame>
    private let isOwn: Bool

    /// Whether `haraka_fault_install` has been called with this page: then handlers and refused closes are looked at
    /// after each `haraka_register` and every second. Set it on any thread, before plugins are loaded.
    public var isInstalled: Bool {
        get { installed.load(ordering: .relaxed) }
        set {
            installed.store(newValue, ordering: .relaxed)
            if newValue { onInstall?() }
        }
    }
    private let installed = Atomic<Bool>(false)
    var onInstall: (@Sendable () -> Void)?

    private struct Names {
        var plugins: [UInt32: String] = [:]
        var hooks: [UInt32: String] = [:]
        var indices: [String: UInt32] = [:]
    }
    private let names = Mutex(Names())
    /// Of the hooks of the core, by raw value.
    private(set) var hooks: [UInt32] = []
    private(set) var entrances: [UInt32] = []
    /// The longest that a plugin has held the loop in a hook, in milliseconds, by plugin and hook; from the watch
    /// thread.
    private let held: UnsafeMutablePointer<Atomic<UInt32>>

    private static let hookCount = Int(HARAKA_FAULT_HOOKS) + 1
    private static let heldCount = (Int(HARAKA_FAULT_PLUGINS) + 1) * hookCount

    /// - Parameter page: shared with a supervisor; nil: one of its own.
    init(_ given: UnsafeMutablePointer<haraka_fault_page>?) {
        var descriptor: Int32 = -1
        guard let page = given ?? haraka_fault_page_create(&descriptor),
            // Pages of it that are never touched cost nothing.
            let held = calloc(FaultFrames.heldCount, MemoryLayout<Atomic<UInt32>>.stride)
        else { preconditionFailure("no memory for the fault page") }
        if descriptor >= 0 { close(descriptor) }
        self.page = page
        isOwn = given == nil
        running = withUnsafeMutablePointer(to: &page.pointee.loop) { $0 }
        last = withUnsafeMutablePointer(to: &page.pointee.last) { $0 }
        self.held = held.bindMemory(to: Atomic<UInt32>.self, capacity: FaultFrames.heldCount)
        hooks = Hook.allCases.map { hook($0.name) }
        entrances = Entrance.allCases.map { hook($0.rawName) }
    }

    deinit {
        free(held)
        if isOwn { haraka_fault_page_unmap(page) }
    }

    // MARK: names

    /// The index of a hook's name, interned; 0 if there are too many.
    func hook(_ name: String) -> UInt32 {
        if let known = names.withLock({ $0.indices[name] }) { return known }
        let index = haraka_fault_hook(page, name)
        names.withLock { names in
            names.indices[name] = index
            if index > 0 { names.hooks[index] = name }
        }
        return index
    }

    /// Gives an object of a generation its index; 0 if there are too many.
    func addPlugin(_ name: String, hash: String, generation: Int) -> UInt32 {
        let index = haraka_fault_add_plugin(page, name, hash, UInt32(truncatingIfNeeded: generation))
        guard index > 0 else { return 0 }
        names.withLock { $0.plugins[index] = name }
        for hook in 0..<FaultFrames.hookCount {
            let cell = held + (Int(index) * FaultFrames.hookCount + hook)
            if cell.pointee.load(ordering: .relaxed) != 0 { cell.pointee.store(0, ordering: .relaxed) }
        }
        return index
    }

    func setMapping(_ plugin: UInt32, _ start: UnsafeRawPointer, size: UInt64) {
        if plugin > 0 { haraka_fault_set_mapping(page, plugin, start, start + Int(clamping: size)) }
    }

    /// The object is not mapped any more.
    func removePlugin(_ plugin: UInt32) {
        guard plugin > 0 else { return }
        if last.pointee.plugin == plugin { last.pointee.plugin = 0 }
        haraka_fault_remove_plugin(page, plugin)
        names.withLock { $0.plugins[plugin] = nil }
    }

    /// The name of the plugin with that index of a frame. Any thread.
    public func pluginName(_ index: UInt32) -> String? { names.withLock { $0.plugins[index] } }

    /// The name of the hook, or other kind of call, with that index of a frame. Any thread.
    public func hookName(_ index: UInt32) -> String? { names.withLock { $0.hooks[index] } }

    /// Names a connection. Its index in frames; 0 if there are too many.
    func setConnection(_ slot: Int, _ connection: Connection) -> UInt32 {
        guard slot < Int(HARAKA_FAULT_CONNECTIONS) - 1 else { return 0 }
        haraka_fault_set_connection(page, UInt32(slot), connection.uuid, connection.remote.ip)
        return UInt32(slot) + 1
    }

    /// Names the queued mail that plugin code is about to run for, in the last place: one at a time is enough, since no
    /// plugin's code runs inside of another's. Its index in frames.
    func setMail(_ mail: HMail) -> UInt32 {
        haraka_fault_set_connection(page, UInt32(HARAKA_FAULT_CONNECTIONS) - 1, mail.uuid, mail.domain)
        return UInt32(HARAKA_FAULT_CONNECTIONS)
    }

    // MARK: the frame

    /// What `leave` needs.
    struct Outer {
        fileprivate let plugin: UInt32
        fileprivate let hook: UInt32
        fileprivate let connection: UInt32
    }

    /// Plugin code is about to run.
    @inline(__always)
    func enter(plugin: UInt32, hook: UInt32, connection: UInt32 = 0) -> Outer {
        let outer = Outer(
            plugin: running.pointee.plugin, hook: running.pointee.hook, connection: running.pointee.connection)
        running.pointee.hook = hook
        running.pointee.connection = connection
        running.pointee.calls &+= 1
        running.pointee.plugin = plugin
        return outer
    }

    @inline(__always)
    func enter(_ plugin: UInt32, _ entrance: Entrance) -> Outer {
        enter(plugin: plugin, hook: entrances[entrance.rawValue])
    }

    /// It has returned: the outer frame is in force again. What the outermost call was is kept for a fault of the host
    /// soon after it.
    @inline(__always)
    func leave(_ outer: Outer) {
        if outer.plugin == 0 { last.pointee = running.pointee }
        running.pointee.plugin = outer.plugin
        running.pointee.hook = outer.hook
        running.pointee.connection = outer.connection
    }

    // MARK: what the watch thread saw

    /// Any thread. Remembers for how long a call has held the loop, if it is the longest of that plugin and hook.
    func noteHeld(plugin: UInt32, hook: UInt32, milliseconds: UInt32) {
        guard plugin <= HARAKA_FAULT_PLUGINS, hook <= HARAKA_FAULT_HOOKS else { return }
        held[Int(plugin) * FaultFrames.hookCount + Int(hook)].max(milliseconds, ordering: .relaxed)
    }

    /// Milliseconds; 0: never long enough to be seen.
    func longestHeld(plugin: UInt32, hook: UInt32) -> UInt32 {
        guard plugin > 0, plugin <= HARAKA_FAULT_PLUGINS, hook <= HARAKA_FAULT_HOOKS else { return 0 }
        return held[Int(plugin) * FaultFrames.hookCount + Int(hook)].load(ordering: .relaxed)
    }
}

extension FaultFrames.Entrance {
    var rawName: String { "\(self)" }
}
