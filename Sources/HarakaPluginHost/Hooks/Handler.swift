// One plugin's place in a hook.

import HarakaPluginABI

/// A method that is registered on a hook.
///
/// One plain word: copying it counts no reference and moves nothing, which is most of what a hook would cost. The view
/// owns what it points to, and the generation the view.
struct Handler {
    private let record: UnsafeMutablePointer<HandlerRecord>

    init(method: PluginMethod, methodName: String, priority: Int32) {
        record = method.view.keep(HandlerRecord(method, methodName, priority))
    }

    var method: PluginMethod { record.pointee.method }
    var heldPlugin: Unmanaged<Plugin> { record.pointee.heldPlugin }
    var plugin: Plugin { record.pointee.heldPlugin.takeUnretainedValue() }
    var methodName: String { record.pointee.heldName.takeUnretainedValue().text }
    var selfHandle: haraka_self { record.pointee.selfHandle }
    var priority: Int32 { record.pointee.priority }
    /// The plugin in the fault page.
    var faultIndex: UInt32 { record.pointee.faultIndex }
    var counters: HookCounters { record.pointee.counters }

    var isRevoked: Bool {
        @inline(__always) get { record.pointee.heldPlugin._withUnsafeGuaranteedRef { $0.isRevoked } }
    }
    var data: UnsafeMutableRawPointer? {
        @inline(__always) get { record.pointee.heldView._withUnsafeGuaranteedRef { $0.data } }
    }

    /// Calls the function. Every call is counted, some are timed.
    @inline(__always)
    func run(_ call: UnsafePointer<haraka_call>) -> Int32 {
        record.pointee.counters.calls &+= 1
        return record.pointee.counters.isDue ? runTimed(call) : record.pointee.method.function(call)
    }

    @inline(never)
    private func runTimed(_ call: UnsafePointer<haraka_call>) -> Int32 {
        let start = Clock.nanoseconds()
        let code = method.function(call)
        record.pointee.counters.timed(Clock.nanoseconds() &- start)
        return code
    }

    /// The answer has come so long after the function had returned.
    func answered(after nanoseconds: UInt64) { record.pointee.counters.answered(after: nanoseconds) }
}

/// What a handler points to.
struct HandlerRecord {
    let method: PluginMethod
    /// Objects whose use counts nothing.
    let heldPlugin: Unmanaged<Plugin>
    let heldView: Unmanaged<PluginView>
    let heldName: Unmanaged<MethodName>
    let selfHandle: haraka_self
    let priority: Int32
    let faultIndex: UInt32
    var counters: HookCounters

    fileprivate init(_ method: PluginMethod, _ name: String, _ priority: Int32) {
        self.method = method
        heldPlugin = .passUnretained(method.view.plugin)
        heldView = .passUnretained(method.view)
        heldName = .passUnretained(method.view.keep(name))
        selfHandle = method.view.selfHandle
        self.priority = priority
        faultIndex = method.view.plugin.faultIndex
        counters = HookCounters()
    }
}

/// The name of a registered method, owned by its view.
final class MethodName {
    let text: String
    init(_ text: String) { self.text = text }
}
