// haraka_shutdown, plugin after plugin. docs/plugin-abi.md item 22.

import HarakaCore
import HarakaPluginABI

/// One run of `haraka_shutdown` through a generation: child, then each parent, plugin after plugin. On the loop.
final class GenerationShutdown {
    private unowned let host: PluginHost
    private let generation: Generation
    private var views: [PluginView]
    private var deadline: Int64
    private let done: () -> Void
    private var run: HookRun?

    init(_ host: PluginHost, _ generation: Generation, within milliseconds: Int64, _ done: @escaping () -> Void) {
        self.host = host
        self.generation = generation
        views = generation.plugins.reversed().flatMap(\.views)
        deadline = Clock.monotonic() + milliseconds
        self.done = done
    }

    func next() {
        while !views.isEmpty {
            let view = views.removeFirst()
            guard let address = view.object.function("haraka_shutdown") else { continue }
            let method = PluginMethod(
                function: unsafeBitCast(address, to: PluginFunction.self), context: nil, view: view)
            let handler = Handler(method: method, methodName: "haraka_shutdown", priority: 0)
            let run = HookRun(host, nil)
            self.run = run
            let left = max(1, deadline - Clock.monotonic())
            run.limit = min(30_000, left)
            run.completion = { [self] _ in
                run.end()
                next()
            }
            guard run.start(.named("shutdown", word: "", rest: ""), [handler]) != nil else {
                return host.settleIfOutside()
            }
            run.end()
        }
        run = nil
        done()
    }

    /// The server stops: whoever still thinks has only so long.
    func hurry(_ milliseconds: Int64) {
        deadline = min(deadline, Clock.monotonic() + milliseconds)
        guard let run else { return }
        let bits = run.handle
        nonisolated(unsafe) let waiting = run
        _ = host.loop.schedule(after: milliseconds) { waiting.timedOut(bits) }
    }
}
