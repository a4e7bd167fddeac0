// Time limits of plugins: from seconds in a file to milliseconds, and anew when the file has changed.

extension Plugin {
    /// Milliseconds of so many seconds; 0 or less: no limit.
    ///
    /// Not a number means no limit that could be kept: the default. A tiny limit is not "none".
    static func milliseconds(_ seconds: Double) -> Int64 {
        let seconds = seconds.isNaN ? 30 : seconds
        return seconds <= 0 ? 0 : max(1, Int64(min(seconds, 1e9) * 1000))
    }
}

extension PluginHost {
    /// New limits, in seconds by plugin name, for every hook that is asked from now on. On the loop.
    public func changeTimeLimits(_ seconds: [String: Double]) {
        for generation in liveGenerations {
            for plugin in generation.plugins {
                if let limit = seconds[plugin.name] { plugin.timeout = Plugin.milliseconds(limit) }
            }
        }
    }
}
