// (function, context, destroy): work that a plugin asked for. Its destroy runs exactly once.

import HarakaPluginABI

typealias PluginProcedure = @convention(c) (UnsafeMutableRawPointer?) -> Void

/// A copy of a haraka_callback. `@unchecked Sendable`: the context is the plugin's, who hands it to us for the loop.
struct PluginCallback: @unchecked Sendable {
    let function: PluginProcedure
    let context: UnsafeMutableRawPointer?
    let destroy: PluginDestroy?

    init?(_ callback: UnsafePointer<haraka_callback>?) {
        guard let callback = callback?.pointee, let function = callback.function else { return nil }
        self.function = function
        context = callback.context
        destroy = callback.destroy
    }

    func run() { function(context) }

    func pendingDestroy(of plugin: Plugin) -> PendingDestroy {
        PendingDestroy(pointer: context, destroy: destroy, plugin: plugin)
    }
}
