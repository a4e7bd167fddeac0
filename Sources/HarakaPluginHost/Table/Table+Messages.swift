// Headers and the message view. plugin.h "headers and message".

import HarakaCore
import HarakaPluginABI

extension PluginHost {
    /// One entry of Authentication-Results.
    static let maximumAuthResult = 8192

    func fillMessages() {
        table.pointee.header_add = { transaction, name, value, place in
            PluginHost.withTransaction(transaction) { host, transaction in
                guard let name = name.text, let value = value.text, !name.isEmpty else { return HARAKA_E_ARGUMENT }
                guard value.utf8.count <= 1 << 20 else { return HARAKA_E_LIMIT }
                let isLeading = place == HARAKA_HEADER_LEADING
                transaction.edit(isLeading ? .addLeading(name: name, value: value) : .addEnd(name: name, value: value))
                return HARAKA_SUCCESS
            }
        }
        table.pointee.header_remove = { transaction, name in
            PluginHost.withTransaction(transaction) { host, transaction in
                guard let name = name.text, !name.isEmpty else { return HARAKA_E_ARGUMENT }
                transaction.edit(.remove(name: name))
                return HARAKA_SUCCESS
            }
        }
        table.pointee.header_get = { transaction, name, out in
            PluginHost.withTransaction(transaction) { host, transaction in
                guard let name = name.text, let out else { return HARAKA_E_ARGUMENT }
                let values = transaction.content?.headerValues(name) ?? []
                out.pointee = host.arena.lend(Value.list(values.map(Value.text)))
                return values.isEmpty ? HARAKA_E_ABSENT : HARAKA_SUCCESS
            }
        }
        table.pointee.message_retain = { transaction, out in
            PluginHost.withTransaction(transaction) { host, transaction in
                guard let out, let plugin = host.frame?.plugin else { return HARAKA_E_ARGUMENT }
                // Nobody would release it any more.
                guard !plugin.isRevoked else { return HARAKA_E_REVOKED }
                guard let content = transaction.content else { return HARAKA_E_STATE }
                do {
                    let view = try content.snapshot()
                    out.pointee = haraka_message(bits: host.messages.retain(view, for: plugin.handle.bits))
                    return HARAKA_SUCCESS
                } catch {
                    host.warn(HARAKA_LOG_ERROR, plugin.name, transaction.uuid, "the message cannot be read: \(error)")
                    return HARAKA_E_IO
                }
            }
        }
        fillReadingHeaders()
        fillReadingMessages()
    }

    private func fillReadingHeaders() {
        table.pointee.header_get_decoded = { transaction, name, out in
            PluginHost.withTransaction(transaction) { host, transaction in
                guard let name = name.text, let out else { return HARAKA_E_ARGUMENT }
                let values = transaction.content?.decodedHeaderValues(name) ?? []
                out.pointee = host.arena.lend(Value.list(values.map(Value.text)))
                return values.isEmpty ? HARAKA_E_ABSENT : HARAKA_SUCCESS
            }
        }
        table.pointee.header_lines = { transaction, out in
            PluginHost.withTransaction(transaction) { host, transaction in
                guard let out else { return HARAKA_E_ARGUMENT }
                guard let content = transaction.content else { return HARAKA_E_STATE }
                out.pointee = host.arena.lend(Value.list(content.headerLines().map(Value.text)))
                return HARAKA_SUCCESS
            }
        }
        table.pointee.auth_results = { connection, text, out in
            guard let host = PluginHost.onLoop() else { return PluginHost.offLoop }
            guard let state = host.connections.find(connection.bits) else { return host.badHandle("connection") }
            guard let text = text.text else { return HARAKA_E_ARGUMENT }
            guard text.utf8.count <= PluginHost.maximumAuthResult else { return HARAKA_E_LIMIT }
            let field = state.connection.authResults(text)
            out?.pointee = host.arena.lend(field)
            return HARAKA_SUCCESS
        }
    }

    private static func withTransaction(
        _ transaction: haraka_transaction, _ body: (PluginHost, Transaction) -> Int32
    ) -> Int32 {
        guard let host = onLoop() else { return offLoop }
        guard let state = host.transactions.find(transaction.bits) else { return host.badHandle("transaction") }
        return body(host, state.transaction)
    }

    private func fillReadingMessages() {
        table.pointee.message_release = { message in
            guard let host = PluginHost.shared else { return HARAKA_E_REVOKED }
            return host.messages.release(message.bits) ? HARAKA_SUCCESS : HARAKA_E_HANDLE
        }
        table.pointee.message_size = { message in
            guard let view = PluginHost.shared?.messages.find(message.bits) else { return Int64(HARAKA_E_HANDLE) }
            return Int64(view.size)
        }
        table.pointee.message_read = { message, offset, buffer, count in
            guard let host = PluginHost.shared, let view = host.messages.find(message.bits) else {
                return Int64(HARAKA_E_HANDLE)
            }
            guard let buffer, count >= 0, let offset = Int(exactly: offset) else {
                return count == 0 ? 0 : Int64(HARAKA_E_ARGUMENT)
            }
            do {
                let room = UnsafeMutableRawBufferPointer(start: buffer, count: min(count, Int(Int32.max)))
                return Int64(try view.read(at: offset, into: room))
            } catch {
                host.warn(HARAKA_LOG_ERROR, "core", "-", "the message cannot be read: \(error)")
                return Int64(HARAKA_E_IO)
            }
        }
    }
}
