// What the fake host offers of outbound mail: a queue, and dialogues with other servers. A test ends what is under way.
import HarakaPluginABI
import HarakaPluginKit

final class FakeQueue: @unchecked Sendable {
    static let shared = FakeQueue()

    /// What the functions below answer.
    var status = HARAKA_SUCCESS
    /// What it was asked, and what was ended.
    var said: [String] = []
    var told: [haraka_verdict_callback] = []
    var asked: [haraka_value_callback] = []
    /// Replies that are awaited.
    var awaited: [haraka_smtp_reply_callback] = []
    /// The connection's capabilities.
    var capabilities: [String] = []
    /// Asked for by the next open, before it returns.
    var early: UInt32?
    /// Properties of the queued mail.
    var properties: [Int32: Value] = [:]
    private let queue = UnsafeMutablePointer<haraka_outbound_1>.allocate(capacity: 1)
    private let clients = UnsafeMutablePointer<haraka_smtp_client_1>.allocate(capacity: 1)

    private init() {
        queue.initialize(to: haraka_outbound_1())
        clients.initialize(to: haraka_smtp_client_1())
        fillQueue()
        fillClients()
    }

    func service(_ name: String) -> UnsafeRawPointer? {
        switch name {
        case "outbound/1": UnsafeRawPointer(queue)
        case "smtp_client/1": UnsafeRawPointer(clients)
        default: nil
        }
    }

    /// Whoever waits is let go without a word.
    func forget() {
        let ended = told.map { ($0.destroy, $0.context) } + asked.map { ($0.destroy, $0.context) }
        let dialogues = awaited.map { ($0.destroy, $0.context) }
        (told, asked, awaited) = ([], [], [])
        for (destroy, context) in ended + dialogues { destroy?(context) }
        (status, said, capabilities, early, properties) = (HARAKA_SUCCESS, [], [], nil, [:])
    }

    /// The queue has the mail, or not.
    func tell(_ code: Int32, _ words: String) {
        let callback = told.removeFirst()
        var reply = haraka_no_reply()
        withUnsafePointer(to: abi(lasting(words))) { line in
            (reply.lines, reply.line_count) = (line, 1)
            callback.function?(callback.context, code, &reply)
        }
        callback.destroy?(callback.context)
    }

    /// The queue answers a question.
    func answer(_ value: Value, status: Int32 = HARAKA_SUCCESS) {
        let callback = asked.removeFirst()
        let view = FakeQueue.laid(value)
        withUnsafePointer(to: view) { callback.function?(callback.context, status, $0) }
        callback.destroy?(callback.context)
    }

    /// The other server says something; code 0: nothing came, and the status says why.
    func reply(_ code: UInt32, _ lines: [String] = [], status: Int32 = HARAKA_SUCCESS, isLast: Bool = true) {
        let callback = isLast ? awaited.removeFirst() : awaited[0]
        give(callback, code, lines, status)
        if isLast { callback.destroy?(callback.context) }
    }

    private func give(_ callback: haraka_smtp_reply_callback, _ code: UInt32, _ lines: [String], _ status: Int32) {
        let words = lines.map { abi(lasting($0)) }
        var reply = haraka_smtp_reply()
        reply.size = MemoryLayout<haraka_smtp_reply>.size
        reply.code = code
        if code > 0 { (reply.status_class, reply.status_subject, reply.status_detail) = (UInt8(code / 100), 1, 5) }
        reply.host = abi(lasting("mx.example.com:25"))
        words.withUnsafeBufferPointer { words in
            (reply.lines, reply.line_count) = (words.baseAddress, words.count)
            callback.function?(callback.context, status, &reply)
        }
    }

    private func take(_ words: String, _ callback: UnsafePointer<haraka_smtp_reply_callback>?) -> Int32 {
        guard status >= 0, let callback else { return status }
        said.append(words)
        awaited.append(callback.pointee)
        return HARAKA_SUCCESS
    }

    private func fillQueue() {
        queue.pointee.send = { _, mail, callback in
            let fake = FakeQueue.shared
            guard fake.status >= 0, let mail = mail?.pointee, let callback else { return fake.status }
            let to = (0..<Int(mail.recipient_count)).map { Text(mail.recipients[$0]).string }
            let notes = mail.notes.map { "\(Value(ValueView($0)))" } ?? "none"
            fake.said.append(
                "\(Text(mail.from).string) to \(to.joined(separator: ",")): \(Text(mail.contents).string) "
                    + "flags \(mail.flags) notes \(notes) origin \(mail.origin.bits) size \(mail.size)")
            fake.told.append(callback.pointee)
            return HARAKA_SUCCESS
        }
        queue.pointee.send_transaction = { _, transaction, callback in
            guard FakeQueue.shared.status >= 0, let callback else { return FakeQueue.shared.status }
            FakeQueue.shared.said.append("transaction \(transaction.bits)")
            FakeQueue.shared.told.append(callback.pointee)
            return HARAKA_SUCCESS
        }
        queue.pointee.message = { hmail, out in
            FakeQueue.shared.said.append("message of \(hmail.bits)")
            out?.pointee = haraka_message(bits: 8)
            return FakeQueue.shared.status
        }
        queue.pointee.stats = { _, callback in FakeQueue.shared.ask("stats", nil, callback) }
        queue.pointee.list = { _, filter, callback in FakeQueue.shared.ask("list", filter?.pointee, callback) }
        queue.pointee.act = { _, action, filter, callback in
            FakeQueue.shared.ask("act \(action)", filter?.pointee, callback)
        }
    }

    private func ask(
        _ what: String, _ filter: haraka_queue_filter?, _ callback: UnsafePointer<haraka_value_callback>?
    ) -> Int32 {
        guard status >= 0, let callback else { return status }
        let fields = filter.map { filter in
            [filter.id, filter.domain, filter.sender, filter.recipient].map { Text($0).string }
                + ["\(filter.older_than)", "\(filter.limit)"]
        }
        said.append(([what] + (fields ?? [])).joined(separator: "|"))
        asked.append(callback.pointee)
        return HARAKA_SUCCESS
    }

    private func fillClients() {
        clients.pointee.open = { _, options, callback, out in
            let fake = FakeQueue.shared
            let options = options?.pointee ?? haraka_smtp_client_options()
            let texts = [options.host, options.path, options.pool, options.helo].map { Text($0).string }
            let login = [options.auth_user, options.auth_pass, options.auth_type].map { Text($0).string }
            let times = "\(options.connect_timeout),\(options.idle_timeout),\(options.dead_retry)"
            out?.pointee = haraka_smtp_client(bits: 3)
            let words = (texts + login).joined(separator: "|")
            let head = "open \(options.flags) \(options.port) \(options.connection.bits) \(times) "
            let status = fake.take(head + words, callback)
            if status >= 0, let code = fake.early { fake.reply(code) }
            return status
        }
        clients.pointee.capabilities = { _, out in
            out?.pointee = FakeQueue.laid(.list(FakeQueue.shared.capabilities.map { .text($0) }))
            return HARAKA_SUCCESS
        }
        clients.pointee.command = { _, line, callback in FakeQueue.shared.take(Text(line).string, callback) }
        clients.pointee.mail = { _, from, transaction, callback in
            let from = from.map { Text($0.pointee.address).string } ?? ""
            return FakeQueue.shared.take("MAIL \(from) of \(transaction.bits)", callback)
        }
        clients.pointee.rcpt = { _, to, callback in
            FakeQueue.shared.take("RCPT \(to.map { Text($0.pointee.address).string } ?? "")", callback)
        }
        clients.pointee.message = { _, message, callback in
            FakeQueue.shared.take("message \(message.bits)", callback)
        }
        clients.pointee.release = { client in
            FakeQueue.shared.said.append("release \(client.bits)")
            return HARAKA_SUCCESS
        }
        clients.pointee.abort = { client in
            FakeQueue.shared.said.append("abort \(client.bits)")
            return HARAKA_SUCCESS
        }
    }

    /// A value in the ABI's form that lives as long as the test. A text that begins with `@` becomes an address.
    static func laid(_ value: Value) -> haraka_value {
        switch value {
        case .null, .mx: return haraka_null()
        case .boolean(let on): return haraka_boolean(on ? 1 : 0)
        case .integer(let integer): return haraka_integer(integer)
        case .number(let number): return haraka_number(number)
        case .text(let text) where text.hasPrefix("@"): return address(String(text.dropFirst()))
        case .text(let text): return haraka_text_value(abi(lasting(text)))
        case .list(let items):
            let room = UnsafeMutablePointer<haraka_value>.allocate(capacity: max(1, items.count))
            for (index, item) in items.enumerated() { (room + index).initialize(to: laid(item)) }
            return haraka_list_value(room, items.count)
        case .map(let entries):
            let room = UnsafeMutablePointer<haraka_entry>.allocate(capacity: max(1, entries.count))
            for (index, entry) in entries.enumerated() {
                let key = abi(lasting(entry.key))
                (room + index).initialize(to: haraka_entry(key: key, value: laid(entry.value)))
            }
            var map = haraka_null()
            map.type = HARAKA_TYPE_MAP
            map.as.map = haraka_map(entries: room, count: entries.count)
            return map
        }
    }

    private static func address(_ text: String) -> haraka_value {
        let room = UnsafeMutablePointer<haraka_address>.allocate(capacity: 1)
        room.initialize(to: haraka_address())
        room.pointee.size = MemoryLayout<haraka_address>.size
        room.pointee.address = abi(lasting(text))
        return haraka_address_value(room)
    }
}
