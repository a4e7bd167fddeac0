// Properties and methods of connections, transactions and queued mails. plugin.h "connection, transaction".

import HarakaCore
import HarakaPluginABI

extension PluginHost {
    func fillObjects() {
        table.pointee.get = { object, property, out in
            guard let host = PluginHost.onLoop() else { return PluginHost.offLoop }
            guard let out else { return HARAKA_E_ARGUMENT }
            switch host.object(object) {
            case .connection(let state): return host.lend(state.property(property), out)
            case .transaction(let state): return host.lend(state.property(property, host), out)
            case .hmail(let state): return host.lend(state.property(property), out)
            case .server: return HARAKA_E_ABSENT
            case nil: return host.badObject(object)
            }
        }
        table.pointee.set = { object, property, value in
            PluginHost.write(object, value) { host, reference, value in
                switch reference {
                case .connection(let state): state.set(property, value)
                case .transaction(let state): state.set(property, value)
                case .hmail(let state): state.set(property, value)
                case .server: HARAKA_E_TYPE
                }
            }
        }
        table.pointee.append = { object, property, value in
            PluginHost.write(object, value) { host, reference, value in
                guard case .connection(let state) = reference, property == HARAKA_CONN_CAPABILITIES,
                    case .text(let line) = value
                else { return HARAKA_E_TYPE }
                guard state.connection.capabilities.count < 1000 else { return HARAKA_E_LIMIT }
                state.connection.capabilities.append(line)
                return HARAKA_SUCCESS
            }
        }
        table.pointee.transaction_of = { connection in
            guard let host = PluginHost.onLoop(), let state = host.connections.find(connection.bits),
                let transaction = state.connection.transaction
            else { return haraka_transaction() }
            return haraka_transaction(bits: TransactionState.of(transaction, host).handle.bits)
        }
        fillDriver()
    }

    /// Stores the value for the plugin; nil: no such property.
    func lend(_ value: Value?, _ out: UnsafeMutablePointer<haraka_value>) -> Int32 {
        out.pointee = value.map { arena.lend($0) } ?? haraka_value()
        return value == nil ? HARAKA_E_ABSENT : HARAKA_SUCCESS
    }

    static func write(
        _ object: haraka_object, _ value: UnsafePointer<haraka_value>?,
        _ body: (PluginHost, ObjectReference, Value) -> Int32
    ) -> Int32 {
        guard let host = onLoop() else { return offLoop }
        var copy = ValueCopy()
        guard let value, let value = copy.copy(value.pointee) else { return copy.status }
        guard let reference = host.object(object) else { return host.badObject(object) }
        return body(host, reference, value)
    }

    private func fillDriver() {
        table.pointee.respond = { connection, code, reply in
            PluginHost.withDriver(connection) { driver in
                guard (200...599).contains(code), let reply = PluginReply(reply) else { return HARAKA_E_ARGUMENT }
                driver.respond(Int(code), reply)
                return HARAKA_SUCCESS
            }
        }
        table.pointee.disconnect = { connection in
            PluginHost.withDriver(connection) { driver in
                driver.requestDisconnect()
                return HARAKA_SUCCESS
            }
        }
        table.pointee.pause = { connection in
            PluginHost.withDriver(connection) { driver in
                driver.pauseReading()
                return HARAKA_SUCCESS
            }
        }
        table.pointee.resume = { connection in
            PluginHost.withDriver(connection) { driver in
                driver.resumeReading()
                return HARAKA_SUCCESS
            }
        }
    }

    private static func withDriver(_ connection: haraka_connection, _ body: (any ConnectionDriver) -> Int32) -> Int32 {
        guard let host = onLoop() else { return offLoop }
        guard let state = host.connections.find(connection.bits) else { return host.badHandle("connection") }
        return body(state.driver)
    }
}
