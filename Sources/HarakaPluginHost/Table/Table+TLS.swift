// The tls/1 service. plugin.h "tls/1", docs/encryption.md.

import HarakaCore
import HarakaPluginABI

/// The table of tls/1, made once. It is there without a certificate too: `available` says what can be done.
enum TLSService {
    nonisolated(unsafe) static let table: UnsafeMutablePointer<haraka_tls_1> = {
        let table = UnsafeMutablePointer<haraka_tls_1>.allocate(capacity: 1)
        table.initialize(to: haraka_tls_1())
        table.pointee.size = MemoryLayout<haraka_tls_1>.size
        table.pointee.available = { connection in
            TLSService.withState(connection) { _, state in state.driver.canStartTLS ? 1 : 0 }
        }
        table.pointee.start = { next, callback in
            PluginHost.withRun(next) { host, run in
                guard let callback = callback?.pointee, let function = callback.function else {
                    return HARAKA_E_ARGUMENT
                }
                return host.startTLS(run, function, callback.context, callback.destroy)
            }
        }
        table.pointee.channel_binding = { connection, type, out in
            TLSService.withState(connection) { host, state in
                guard let type = type.text, let out else { return HARAKA_E_ARGUMENT }
                guard let binding = state.driver.channelBinding(type) else {
                    out.pointee = haraka_str()
                    return HARAKA_E_ABSENT
                }
                out.pointee = binding.withUnsafeBytes { host.arena.lend($0) }
                return HARAKA_SUCCESS
            }
        }
        return table
    }()

    private static func withState(
        _ connection: haraka_connection, _ body: (PluginHost, ConnectionState) -> Int32
    ) -> Int32 {
        guard let host = PluginHost.onLoop() else { return PluginHost.offLoop }
        guard let state = host.connections.find(connection.bits) else { return host.badHandle("connection") }
        return body(host, state)
    }
}

extension PluginHost {
    /// Only where the core has asked `unrecognized_command` itself: the session machine knows then that it has to forget what
    /// the client has said.
    fileprivate func startTLS(
        _ run: HookRun, _ function: @escaping @convention(c) (UnsafeMutableRawPointer?, Int32) -> Void,
        _ context: UnsafeMutableRawPointer?, _ destroy: PluginDestroy?
    ) -> Int32 {
        guard let state = run.state, run.level == 0, state.isInUnrecognizedCommand, run.exchange == nil,
            let plugin = run.current?.plugin
        else { return HARAKA_E_STATE }
        guard !state.connection.remoteIsClosed else { return HARAKA_E_GONE }
        guard state.driver.canStartTLS else { return HARAKA_E_STATE }
        let exchange = Exchange(.handshake, plugin, context, destroy)
        run.begin(exchange)
        state.driver.startTLS { [self] isSecure in
            come(exchange, run) { function(exchange.context, isSecure ? HARAKA_SUCCESS : HARAKA_E_IO) }
        }
        return HARAKA_SUCCESS
    }
}
