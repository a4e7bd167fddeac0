// Log lines for the hooks `log` and `logging`. docs/hooks.md "Server".

import HarakaCore

extension PluginHost {
    /// Shows a line to the `log` hook, and if nobody there takes it to `logging`. True: a plugin took it. Lines logged
    /// meanwhile go to the built-in writer. On the loop, outside of plugin code.
    /// - Parameter hook: the hook that the line is about, or ""
    public func runLogHook(
        level: Int32, levelName: String, uuid: String, origin: String, message: String, hook: String = ""
    ) -> Bool {
        guard let generation, hasLogHook, !isInLogHook, depth == 0 else { return false }
        isInLogHook = true
        defer { isInLogHook = false }
        var line = ValueMap()
        line["level"] = .text(levelName)
        line["priority"] = .integer(Int64(level))
        line["data"] = .text(message)
        line["uuid"] = .text(uuid)
        line["origin"] = .text(origin)
        logLine = line
        defer { logLine = nil }
        if takesLine(.log, generation) { return true }
        logLine?["hook"] = .text(hook)
        return takesLine(.logging, generation)
    }

    private func takesLine(_ hook: Hook, _ generation: Generation) -> Bool {
        guard generation.hooks.heard.contains(hook) else { return false }
        let run = HookRun(self, nil)
        defer {
            run.end()
            // The line may come from the middle of another run.
            settleSoon()
        }
        let verdict = run.start(.named(hook.name, word: "", rest: ""), generation.hooks[hook])
        return verdict.map { $0.code != .cont } ?? false
    }

    /// Whether any plugin wants to see log lines, and can now.
    public var hasLogHook: Bool {
        guard let heard = generation?.hooks.heard else { return false }
        return heard.contains(.log) || heard.contains(.logging)
    }
}
