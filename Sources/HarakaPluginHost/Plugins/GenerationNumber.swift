// Numbers of generations: the supervisor gives them, so that all workers call the same set by the same number.

extension PluginHost {
    /// As `build`, with the number that the generation is to have. On the loop.
    public func build(
        _ prepared: PreparedPlugins, number: Int, then: @escaping (Result<Generation, PluginLoadError>) -> Void
    ) {
        lastNumber = number - 1
        build(prepared, then: then)
    }
}
