// The plugin itself: registration, hooks, methods, inheritance.
import CHarakaPluginKit

/// A plugin on the side of its author. Copy it freely; it is a handle.
///
/// A whole plugin:
///
///     public import HarakaPluginKit
///
///     #if hasFeature(Embedded)
///         @c(haraka_register)
///         public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
///             Plugin.register(host, handle, register)
///         }
///     #endif
///
///     public func register(_ plugin: Plugin) {
///         let limit = plugin.config.ini("small.ini")["main"]["limit"].integer(or: 10)
///         plugin.hook("mail") { call in
///             call.connection.property(HARAKA_CONN_TRAN_COUNT).integer(or: 0) > limit ? .denySoft("later") : .continue
///         }
///     }
///
/// The entry point is only there in Embedded mode, so that tests can link several plugins into one binary.
/// One thread runs all hooks and timers of a process, so a plugin needs no lock.
public struct Plugin: Sendable {
    let handle: haraka_self

    init(handle: haraka_self) { self.handle = handle }

    /// What `haraka_register` does: takes the host's table and runs `body`. Returns what the host wants to know; the
    /// plugin is refused if `body` throws, or if a hook, method or parent could not be registered.
    public static func register(
        _ host: UnsafePointer<haraka_host>?, _ handle: haraka_self, _ body: (Plugin) throws(PluginError) -> Void
    ) -> Int32 {
        let attached = haraka_attach(host)
        guard attached >= 0 else { return attached }
        let plugin = Plugin(handle: handle)
        let outer = haraka_kit_swap_status(HARAKA_SUCCESS)
        do throws(PluginError) {
            try body(plugin)
        } catch {
            plugin.log(.crit, "not registered: \(error.cause)")
            haraka_kit_note_status(error.status < 0 ? error.status : HARAKA_E_STATE)
        }
        return haraka_kit_swap_status(outer)
    }

    /// The name as in config/plugins.
    public var name: Text { Text(haraka_kit_host().pointee.plugin_name(handle)) }
    public var config: Config { Config(owner: handle) }
    /// Free data of this process that every plugin sees.
    public var serverNotes: Notes { Notes(object: Object(handle: haraka_of_server(), owner: handle)) }

    /// Milliseconds since 1970. Any thread.
    public static var wallClock: Int64 { haraka_kit_host().pointee.wall_clock() }
    /// Milliseconds on a clock that never goes back. Any thread.
    public static var monotonicClock: Int64 { haraka_kit_host().pointee.monotonic_clock() }

    /// Answers a hook at once. This is the cheapest form: the code goes back as the function's value.
    /// Priority -100 (first) to 100 (last); 0 is the order of config/plugins.
    public func hook(_ name: String, priority: Int32 = 0, _ body: @escaping AnswerBody) {
        add(hook: name, priority, Unmanaged.passRetained(AnswerBox(body)).toOpaque(), answerTrampoline)
    }

    /// Answers a hook at once or later, through `next`.
    ///
    ///     plugin.hook("connect") { call, next in next.after(milliseconds: 500) { next in next.continue() } }
    public func hook(_ name: String, priority: Int32 = 0, _ body: @escaping NextBody) {
        add(hook: name, priority, Unmanaged.passRetained(NextBox(body)).toOpaque(), nextTrampoline)
    }

    /// Runs a method by its name, so that a child's method of that name takes its place.
    public func hook(_ name: String, method: String, priority: Int32 = 0) {
        let status = name.lent { name in
            method.lent { haraka_kit_host().pointee.register_hook(handle, name, $0, priority) }
        }
        report(status, "hook \(name), method \(method)")
    }

    /// Adds a method for children, for ``find(_:)`` and for ``hook(_:method:priority:)``.
    public func method(_ name: String, _ body: @escaping AnswerBody) {
        add(method: name, Unmanaged.passRetained(AnswerBox(body)).toOpaque(), answerTrampoline)
    }

    /// The same for one that may answer later.
    public func method(_ name: String, _ body: @escaping NextBody) {
        add(method: name, Unmanaged.passRetained(NextBox(body)).toOpaque(), nextTrampoline)
    }

    /// Takes over the methods and hooks of a parent, which is loaded if need be.
    public func inherits(_ parent: String) {
        report(parent.lent { haraka_kit_host().pointee.inherits(handle, $0) }, "parent \(parent)")
    }

    private func add(
        hook name: String, _ priority: Int32, _ box: UnsafeMutableRawPointer, _ function: haraka_function
    ) {
        let status = name.lent {
            haraka_kit_host().pointee.register_function(handle, $0, function, box, releaseKept, priority)
        }
        report(status, "hook \(name)", releasing: box)
    }

    private func add(method name: String, _ box: UnsafeMutableRawPointer, _ function: haraka_function) {
        let status = name.lent {
            haraka_kit_host().pointee.add_method(handle, $0, function, box, releaseKept)
        }
        report(status, "method \(name)", releasing: box)
    }

    /// Remembers and logs a registration that failed. What a failed call was given stays the caller's.
    private func report(
        _ status: Int32, _ what: @autoclosure () -> String, releasing box: UnsafeMutableRawPointer? = nil
    ) {
        guard status < 0 else { return }
        if let box { releaseKept(box) }
        haraka_kit_note_status(status)
        log(.error, "\(what()): \(PluginError.name(ofStatus: status))")
    }
}
