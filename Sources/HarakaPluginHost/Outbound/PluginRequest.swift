// What a plugin has asked the queue: its callback, and how that ends. plugin.h "outbound/1".

import HarakaCore
import HarakaPluginABI

typealias PluginVerdictFunction = @convention(c) (UnsafeMutableRawPointer?, Int32, UnsafePointer<haraka_reply>?) -> Void
typealias PluginValueFunction = @convention(c) (UnsafeMutableRawPointer?, Int32, UnsafePointer<haraka_value>?) -> Void

/// One question to the queue that is under way. Its context is destroyed exactly once. On the loop.
final class PluginRequest {
    /// Of one plugin, at the same time.
    static let maximum = 10_000

    private enum Function {
        case verdict(PluginVerdictFunction)
        case value(PluginValueFunction)
    }
    private enum Answer {
        case verdict(Verdict)
        case value(Int32, Value)
    }

    private let host: PluginHost
    private let plugin: Plugin
    private let function: Function
    private let context: PendingDestroy
    private var hasCome = false
    private var isOver = false

    private init(_ host: PluginHost, _ plugin: Plugin, _ function: Function, _ context: PendingDestroy) {
        self.host = host
        self.plugin = plugin
        self.function = function
        self.context = context
        plugin.requests[ObjectIdentifier(self)] = self
    }

    /// Nil: there is no function.
    convenience init?(_ host: PluginHost, _ plugin: Plugin, _ callback: UnsafePointer<haraka_verdict_callback>?) {
        guard let callback = callback?.pointee, let function = callback.function else { return nil }
        let context = PendingDestroy(pointer: callback.context, destroy: callback.destroy, plugin: plugin)
        self.init(host, plugin, .verdict(function), context)
    }

    /// Nil: there is no function.
    convenience init?(_ host: PluginHost, _ plugin: Plugin, _ callback: UnsafePointer<haraka_value_callback>?) {
        guard let callback = callback?.pointee, let function = callback.function else { return nil }
        let context = PendingDestroy(pointer: callback.context, destroy: callback.destroy, plugin: plugin)
        self.init(host, plugin, .value(function), context)
    }

    func come(_ verdict: Verdict) { come(.verdict(verdict)) }

    func come(_ result: Result<Value, PluginQueueFailure>) {
        switch result {
        case .success(let value): come(.value(HARAKA_SUCCESS, value))
        case .failure(.timedOut): come(.value(HARAKA_E_TIMED_OUT, .null))
        case .failure(.unavailable(let reason)):
            host.warn(HARAKA_LOG_ERROR, plugin.name, "-", "the queue cannot be asked: \(reason)")
            come(.value(HARAKA_E_IO, .null))
        }
    }

    /// Perhaps while the plugin has yet to return. What comes twice is not told twice.
    private func come(_ answer: Answer) {
        guard !isOver, !hasCome else { return }
        hasCome = true
        host.afterReturn(of: plugin) { [self] in deliver(answer) }
        host.settleIfOutside()
    }

    private func deliver(_ answer: Answer) {
        guard !isOver else { return }
        end()
        guard !plugin.isRevoked else { return }
        host.enter(plugin, .outbound) { call(answer) }
    }

    private func call(_ answer: Answer) {
        switch (function, answer) {
        case (.verdict(let function), .verdict(let verdict)):
            var reply = host.arena.lend(verdict.reply)
            function(context.pointer, verdict.code.rawValue, &reply)
        case (.value(let function), .value(let status, let value)):
            var lent = host.arena.lend(value)
            function(context.pointer, status, &lent)
        default: break
        }
    }

    /// It is over, and its callback will not run (again).
    func end() {
        guard !isOver else { return }
        isOver = true
        plugin.requests[ObjectIdentifier(self)] = nil
        host.doom(context)
    }

    /// It was refused: the context stays the plugin's.
    func refuse(_ status: Int32) -> Int32 {
        isOver = true
        plugin.requests[ObjectIdentifier(self)] = nil
        return status
    }
}
