// Connections come and go.

public import HarakaCore

extension PluginHost {
    /// A connection begins with the current generation.
    public func begin(_ driver: any ConnectionDriver) {
        guard let generation else { return }
        generation.connectionCount += 1
        driver.connection.pluginState = ConnectionState(self, driver, generation)
    }

    /// The same for a client that there is not: all plugins of all lists are asked, as about queued mails.
    func beginAlone(_ driver: any ConnectionDriver) {
        guard let generation else { return }
        generation.connectionCount += 1
        driver.connection.pluginState = ConnectionState(self, driver, generation, hooks: generation.hooks)
    }

    /// A connection is over: its handle, pointers and answers are.
    public func end(_ connection: Connection) {
        guard let state = connection.pluginState as? ConnectionState else { return }
        connection.pluginState = nil
        state.end()
        let generation = state.generation
        generation.connectionCount -= 1
        endIfDone(generation)
    }

    /// The generation that this connection began with.
    public func generation(of connection: Connection) -> Generation? {
        (connection.pluginState as? ConnectionState)?.generation
    }
}
