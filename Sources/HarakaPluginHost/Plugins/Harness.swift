// For programs that try a plugin out, such as `haraka plugin check`: a look at the table, and a refusal of their own.

public import HarakaPluginABI

extension PluginHost {
    /// The table that plugins get. A harness may put functions of its own around those in it before the first plugin is
    /// loaded, to see what a plugin asks for. On the loop.
    public var hostTable: UnsafeMutablePointer<haraka_host> { table }

    /// Puts `function` in front of all others on that hook, in the name of the generation's first plugin: so a harness can
    /// refuse, which is what the `deny` hook hears of. On the loop.
    public func addFirst(
        _ function: @escaping @convention(c) (UnsafePointer<haraka_call>?) -> Int32, to hook: String,
        of generation: Generation
    ) {
        guard let view = generation.plugins.first?.views.first else { return }
        let method = PluginMethod(function: function, context: nil, view: view)
        generation.hooks.add(Handler(method: method, methodName: "(harness)", priority: .min), to: hook)
    }
}

extension PluginHost {
    /// Streams of messages and parts that plugins have not closed. Any thread.
    public var openStreams: Int { streams.count }
}
