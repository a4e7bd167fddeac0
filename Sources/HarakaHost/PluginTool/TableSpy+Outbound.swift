// The functions that the spy puts around outbound/1 and smtp_client/1. One line each; plugin.h says what they do.

import HarakaPluginABI

nonisolated(unsafe) private var queue = haraka_outbound_1()
nonisolated(unsafe) private var client = haraka_smtp_client_1()
private func noted(_ function: StaticString, _ body: () -> Int32) -> Int32 { TableSpy.note(function, body) }

extension TableSpy {
    /// Which plugins get in their place; for the life of the process, as the host's own.
    nonisolated(unsafe) private static let queueTable = UnsafeMutablePointer<haraka_outbound_1>.allocate(capacity: 1)
    nonisolated(unsafe) private static let clientTable =
        UnsafeMutablePointer<haraka_smtp_client_1>.allocate(capacity: 1)

    static func aroundServices(_ table: Table) {
        guard let own = original.service else { return }
        if let found = own(haraka_text("outbound/1")) {
            queue = found.assumingMemoryBound(to: haraka_outbound_1.self).pointee
            aroundQueue()
        }
        if let found = own(haraka_text("smtp_client/1")) {
            client = found.assumingMemoryBound(to: haraka_smtp_client_1.self).pointee
            aroundClient()
        }
        table.pointee.service = { name in
            guard let found = TableSpy.original.service(name) else { return nil }
            if haraka_equal(name, haraka_text("outbound/1")) != 0 { return UnsafeRawPointer(TableSpy.queueTable) }
            return haraka_equal(name, haraka_text("smtp_client/1")) != 0
                ? UnsafeRawPointer(TableSpy.clientTable) : found
        }
    }

    private static func aroundQueue() {
        queueTable.initialize(to: queue)
        queueTable.pointee.send = { a, b, c in noted("outbound/1 send") { queue.send(a, b, c) } }
        queueTable.pointee.send_transaction = { a, b, c in
            noted("outbound/1 send_transaction") { queue.send_transaction(a, b, c) }
        }
        queueTable.pointee.message = { a, b in
            let status = noted("outbound/1 message") { queue.message(a, b) }
            TableSpy.held(1, if: status)
            return status
        }
        queueTable.pointee.stats = { a, b in noted("outbound/1 stats") { queue.stats(a, b) } }
        queueTable.pointee.list = { a, b, c in noted("outbound/1 list") { queue.list(a, b, c) } }
        queueTable.pointee.act = { a, b, c, d in noted("outbound/1 act") { queue.act(a, b, c, d) } }
    }

    private static func aroundClient() {
        clientTable.initialize(to: client)
        clientTable.pointee.open = { a, b, c, d in noted("smtp_client/1 open") { client.open(a, b, c, d) } }
        clientTable.pointee.capabilities = { a, b in
            noted("smtp_client/1 capabilities") { client.capabilities(a, b) }
        }
        clientTable.pointee.command = { a, b, c in noted("smtp_client/1 command") { client.command(a, b, c) } }
        clientTable.pointee.mail = { a, b, c, d in noted("smtp_client/1 mail") { client.mail(a, b, c, d) } }
        clientTable.pointee.rcpt = { a, b, c in noted("smtp_client/1 rcpt") { client.rcpt(a, b, c) } }
        clientTable.pointee.message = { a, b, c in noted("smtp_client/1 message") { client.message(a, b, c) } }
        // Not noted: a dialogue that has ended by itself may be released all the same.
        clientTable.pointee.release = { a in TableSpy.quietly { client.release(a) } }
        clientTable.pointee.abort = { a in TableSpy.quietly { client.abort(a) } }
    }
}
