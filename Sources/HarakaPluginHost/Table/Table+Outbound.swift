// The service outbound/1: mails that plugins send, and the queue. plugin.h "outbound/1".

import HarakaCore
import HarakaPluginABI

/// The table of outbound/1, made once. Only hosts with a queue offer it.
enum OutboundService {
    nonisolated(unsafe) static let table: UnsafeMutablePointer<haraka_outbound_1> = {
        let table = UnsafeMutablePointer<haraka_outbound_1>.allocate(capacity: 1)
        table.initialize(to: haraka_outbound_1())
        table.pointee.size = MemoryLayout<haraka_outbound_1>.size
        table.pointee.send = { me, mail, callback in
            PluginHost.withOutbound(me) { host, plugin, outbound in
                guard let request = PluginRequest(host, plugin, callback) else { return HARAKA_E_ARGUMENT }
                return host.send(mail, of: plugin, outbound, request)
            }
        }
        table.pointee.send_transaction = { me, transaction, callback in
            PluginHost.withOutbound(me) { host, plugin, outbound in
                guard let state = host.transactions.find(transaction.bits) else { return host.badHandle("transaction") }
                guard let request = PluginRequest(host, plugin, callback) else { return HARAKA_E_ARGUMENT }
                return host.send(state.transaction, outbound, request)
            }
        }
        table.pointee.message = { hmail, out in
            guard let host = PluginHost.onLoop() else { return PluginHost.offLoop }
            guard let state = host.hmails.find(hmail.bits) else { return host.badHandle("mail") }
            guard let out, let plugin = host.frame?.plugin else { return HARAKA_E_ARGUMENT }
            return host.retainMessage(of: state.mail, for: plugin, out)
        }
        fillQueue(table)
        return table
    }()

    private static func fillQueue(_ table: UnsafeMutablePointer<haraka_outbound_1>) {
        table.pointee.stats = { me, callback in
            PluginHost.withOutbound(me) { host, plugin, outbound in
                guard let request = PluginRequest(host, plugin, callback) else { return HARAKA_E_ARGUMENT }
                outbound.stats { request.come($0.map(\.shown)) }
                return HARAKA_SUCCESS
            }
        }
        table.pointee.list = { me, filter, callback in
            PluginHost.withOutbound(me) { host, plugin, outbound in
                // No filter is one that matches everything.
                let query = filter == nil ? QueueQuery() : QueueQuery(filter)
                guard let query, let request = PluginRequest(host, plugin, callback) else { return HARAKA_E_ARGUMENT }
                outbound.list(query) { request.come($0.map { .list($0.map(\.shown)) }) }
                return HARAKA_SUCCESS
            }
        }
        table.pointee.act = { me, action, filter, callback in
            PluginHost.withOutbound(me) { host, plugin, outbound in
                // Nobody deletes everything by a NULL that came about by accident.
                guard let action = QueueAction(rawValue: action), let query = QueueQuery(filter),
                    let request = PluginRequest(host, plugin, callback)
                else { return HARAKA_E_ARGUMENT }
                outbound.act(action, query) { request.come($0.map { .integer(Int64($0)) }) }
                return HARAKA_SUCCESS
            }
        }
    }
}

extension PluginHost {
    /// Recipients of one mail, and bytes of it.
    private static let maximumRecipients: UInt32 = 100_000
    private static let maximumContents = 256 << 20

    fileprivate static func withOutbound(
        _ me: haraka_self, _ body: (PluginHost, Plugin, any PluginOutbound) -> Int32
    ) -> Int32 {
        withPlugin(me) { host, plugin in
            guard let outbound = host.outbound else { return HARAKA_E_UNSUPPORTED }
            guard plugin.requests.count < PluginRequest.maximum else { return HARAKA_E_LIMIT }
            return body(host, plugin, outbound)
        }
    }

    fileprivate func send(
        _ source: UnsafePointer<haraka_mail>?, of plugin: Plugin, _ outbound: any PluginOutbound,
        _ request: PluginRequest
    ) -> Int32 {
        guard let source, source.pointee.size >= MemoryLayout<haraka_mail>.size else {
            return request.refuse(HARAKA_E_ARGUMENT)
        }
        do {
            let mail = try plainMail(source.pointee, of: plugin)
            outbound.send(mail) { request.come($0) }
            return HARAKA_SUCCESS
        } catch let fault as MailFault {
            request.come(Verdict(.deny, PluginReply(fault.text)))
            return HARAKA_SUCCESS
        } catch {
            return request.refuse((error as? Refused)?.status ?? HARAKA_E_ARGUMENT)
        }
    }

    private struct Refused: Error {
        let status: Int32
        init(_ status: Int32) { self.status = status }
    }

    /// Throws `Refused` for what makes no sense, and `MailFault` for what is no mail.
    private func plainMail(_ source: haraka_mail, of plugin: Plugin) throws -> PluginMail {
        let known = HARAKA_MAIL_DOT_STUFFED | HARAKA_MAIL_REMOVE_MSGID | HARAKA_MAIL_REMOVE_DATE
        guard source.flags & ~known == 0, let from = source.from.text, let contents = source.contents.wholeBytes else {
            throw Refused(HARAKA_E_ARGUMENT)
        }
        guard contents.count <= PluginHost.maximumContents, source.recipient_count <= PluginHost.maximumRecipients
        else {
            throw Refused(HARAKA_E_LIMIT)
        }
        let recipients = try recipientTexts(source)
        let notes = try notes(source.notes)
        let origin = try originUUID(source.origin)
        var mail = PluginMail(
            plugin: plugin.name, from: try PluginMail.sender(from), recipients: try PluginMail.recipients(recipients),
            contents: PluginMail.contents(contents, isDotStuffed: source.flags & HARAKA_MAIL_DOT_STUFFED != 0))
        mail.removesMessageID = source.flags & HARAKA_MAIL_REMOVE_MSGID != 0
        mail.removesDate = source.flags & HARAKA_MAIL_REMOVE_DATE != 0
        mail.notes = notes
        mail.originUUID = origin
        return mail
    }

    private func recipientTexts(_ source: haraka_mail) throws -> [String] {
        guard source.recipient_count > 0 else { return [] }
        guard let recipients = source.recipients else { throw Refused(HARAKA_E_ARGUMENT) }
        return try (0..<Int(source.recipient_count)).map { index in
            guard let text = recipients[index].text else { throw Refused(HARAKA_E_ARGUMENT) }
            return text
        }
    }

    private func notes(_ source: UnsafePointer<haraka_value>?) throws -> Notes {
        var notes = Notes()
        guard let source else { return notes }
        var copy = ValueCopy()
        guard let value = copy.copy(source.pointee) else { throw Refused(copy.status) }
        guard case .map(let map) = value else { throw Refused(HARAKA_E_TYPE) }
        for entry in map.entries { notes.set(entry.key, entry.value) }
        return notes
    }

    private func originUUID(_ object: haraka_object) throws -> String {
        switch self.object(object) {
        case .server: return "-"
        case .connection(let state): return state.connection.logUUID
        case .transaction(let state): return state.transaction.uuid
        case .hmail(let state): return state.mail.uuid
        case nil: throw Refused(badObject(object))
        }
    }

    fileprivate func send(
        _ transaction: Transaction, _ outbound: any PluginOutbound, _ request: PluginRequest
    ) -> Int32 {
        guard transaction.content?.hasEnded == true else { return request.refuse(HARAKA_E_STATE) }
        guard !transaction.recipients.isEmpty else {
            request.come(Verdict(.deny, PluginReply("No recipients for email")))
            return HARAKA_SUCCESS
        }
        let connection = connections.objects.first { $0.connection.transaction === transaction }?.connection
        outbound.sendTransaction(transaction, connection) { request.come($0) }
        return HARAKA_SUCCESS
    }

    fileprivate func retainMessage(
        of mail: HMail, for plugin: Plugin, _ out: UnsafeMutablePointer<haraka_message>
    ) -> Int32 {
        // Nobody would release it any more.
        guard !plugin.isRevoked else { return HARAKA_E_REVOKED }
        do {
            out.pointee = haraka_message(bits: messages.retain(try mail.message(), for: plugin.handle.bits))
            return HARAKA_SUCCESS
        } catch {
            warn(HARAKA_LOG_ERROR, plugin.name, mail.uuid, "the message cannot be read: \(error)")
            return HARAKA_E_IO
        }
    }
}

extension QueueQuery {
    /// Nil: none is given, or it makes no sense.
    fileprivate init?(_ filter: UnsafePointer<haraka_queue_filter>?) {
        guard let filter, filter.pointee.size >= MemoryLayout<haraka_queue_filter>.size else { return nil }
        let source = filter.pointee
        guard let id = source.id.text, let domain = source.domain.text, let sender = source.sender.text,
            let recipient = source.recipient.text, source.older_than >= 0, source.reserved == 0
        else { return nil }
        self.init()
        self.id = id
        self.domain = domain
        self.sender = sender
        self.recipient = recipient
        olderThan = source.older_than
        limit = Int(source.limit)
    }
}

extension QueueFigures {
    fileprivate var shown: Value {
        let counts = [
            ("in_progress", inProgress), ("waiting", waiting), ("deferred", deferred), ("held", held),
            ("messages", messages),
            ("recipients", recipients),
        ]
        var map = ValueMap(counts.map { ValueMap.Entry($0.0, .integer(Int64($0.1))) })
        map["bytes"] = .integer(bytes)
        return .map(map)
    }
}

extension QueueEntry {
    fileprivate var shown: Value {
        .map(
            ValueMap([
                .init("file", .text(file)), .init("uuid", .text(uuid)), .init("queue_time", .integer(queueTime)),
                .init("domain", .text(domain)), .init("from", .address(from)),
                .init("to", .list(to.map(Value.address))),
                .init("size", .integer(size)), .init("attempts", .integer(Int64(attempts))),
                .init("next_attempt", .integer(nextAttempt)), .init("state", .text(state.rawValue)),
                .init("error", .text(error)),
            ]))
    }
}
