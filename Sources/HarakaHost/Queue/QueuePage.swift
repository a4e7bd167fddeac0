// `haraka queue show`: for each recipient why it is not delivered, when it is tried next, what the other server said.

import Glibc
import HarakaConfig
import HarakaCore
import HarakaQueue
import HarakaSpool
import SMTPSyntax

/// What the server says about a mail, and what its file says about each recipient.
struct QueuePage {
    enum Part { case message, header }

    private let queue: any QueueSource
    private let part: Part?
    private let json: Bool
    private let files: QueueFolder?
    private let now = QueueWords.now()

    init(_ queue: any QueueSource, part: Part?, json: Bool) throws {
        (self.queue, self.part, self.json) = (queue, part, json)
        files = access(queue.folder.queue, F_OK) == 0 ? try queue.folder.openQueue() : nil
    }

    /// Exit status 1: one of them is not there.
    func show(_ filters: [QueueFilter]) throws -> Int32 {
        var status: Int32 = 0
        var pages: [ConfigValue] = []
        for filter in filters {
            var rows: [ConfigValue] = []
            try queue.list(filter) { rows.append($0) }
            if rows.isEmpty, !filter.id.isEmpty {
                Terminal.error(missing(filter.id))
                status = 1
            }
            for (file, rows) in Self.byFile(rows) {
                if part != nil {
                    try print(message: file)
                } else if let page = page(file, rows) {
                    if json { pages.append(page) } else { print(page: page) }
                }
            }
        }
        if json, part == nil { Swift.print(ConfigValue.list(pages).json(pretty: true)) }
        return status
    }

    /// In the order of the rows.
    private static func byFile(_ rows: [ConfigValue]) -> [(String, [ConfigValue])] {
        var order: [String] = []
        var found: [String: [ConfigValue]] = [:]
        for row in rows {
            let file = row["file"]?.text ?? ""
            if found[file] == nil { order.append(file) }
            found[file, default: []].append(row)
        }
        return order.map { ($0, found[$0] ?? []) }
    }

    private func missing(_ id: String) -> String {
        let folder = queue.folder.queue
        let file = String(id.prefix { $0 != "/" })
        for prefix in ["error", "quarantine"] where access("\(folder)/\(prefix).\(file)", F_OK) == 0 {
            return "\(id): set aside as \(folder)/\(prefix).\(file); the log says why"
        }
        return "\(id): not in the queue (delivered, given up or removed; the log knows)"
    }

    // MARK: the message

    private func print(message file: String) throws {
        guard let stored = try files?.open(file) else { return }
        var offset = 0
        var tail: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = try buffer.withUnsafeMutableBytes { try stored.read(at: offset, into: $0) }
            guard count > 0 else { return }
            offset += count
            guard part == .header else {
                try write(buffer[..<count])
                continue
            }
            // The header ends with an empty line, which may lie across two pieces.
            tail += buffer[..<count]
            if let end = Self.headerEnd(tail) { return try write(tail[..<end]) }
        }
    }

    private static func headerEnd(_ bytes: [UInt8]) -> Int? {
        var start = 0
        while let end = bytes[start...].firstIndex(of: 0x0A) {
            if end - start <= 1 { return start }
            start = end + 1
        }
        return nil
    }

    private func write(_ bytes: ArraySlice<UInt8>) throws {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw QueueRefusal("cannot write: \(errnoText())") }
            rest = rest.dropFirst(count)
        }
    }

    // MARK: the page

    /// Nil: it was delivered meanwhile.
    private func page(_ file: String, _ rows: [ConfigValue]) -> ConfigValue? {
        guard let stored = try? files?.open(file) else { return nil }
        let mail = stored.mail
        var recipients: [ConfigValue] = []
        for (number, recipient) in mail.recipients.enumerated() {
            let row = rows.first { $0["to"]?.texts?.contains(recipient.address.address) ?? false }
            recipients.append(.map(Self.recipient(number, recipient.address, stored.states, row)))
        }
        return .map([
            "file": .string(file), "path": .string("\(queue.folder.queue)/\(file)"),
            "queue_time": .integer(mail.queueTime), "from": .string(mail.reversePath.address),
            "size": .integer(Int64(mail.size)), "origin": .string(mail.origin), "held": .bool(stored.states.isHeld),
            "recipients": .list(recipients),
        ])
    }

    private static func recipient(
        _ number: Int, _ address: Address, _ states: RecipientStates, _ row: ConfigValue?
    ) -> OrderedMap {
        var map: OrderedMap = ["address": .string(address.address)]
        switch states.standing(of: number) {
        case .delivered: map["state"] = .string("delivered")
        case .failed: map["state"] = .string("failed")
        case .waiting:
            map["state"] = .string(row?["state"]?.text ?? "other")
            map["next_attempt"] = row?["next_attempt"]
        }
        map["attempts"] = .integer(Int64(states.attempts(of: number)))
        if let last = states.lastAttempt(of: number) {
            map["last"] = .map([
                "time": .integer(last.time), "code": .integer(Int64(last.code)), "status": .string("\(last.status)"),
                "text": .string(last.text), "remote": .string(last.remote),
            ])
        }
        return map
    }

    private func print(page: ConfigValue) {
        let from = page["from"]?.text ?? ""
        let queued = page["queue_time"]?.integer ?? 0
        Swift.print(
            """
            \(page["file"]?.text ?? "")
                from <\(from)>, \(QueueWords.size(page["size"]?.integer ?? 0)), by \(page["origin"]?.text ?? "")
                queued \(QueueWords.clock(queued)), \(QueueWords.span(now - queued)) ago
                \(page["path"]?.text ?? "")
            """)
        for recipient in page["recipients"]?.list ?? [] { print(recipient: recipient) }
    }

    private func print(recipient: ConfigValue) {
        var text = "  <\(recipient["address"]?.text ?? "")>\n      "
        switch recipient["state"]?.text ?? "" {
        case "delivered": text += "delivered"
        case "failed": text += "given up"
        case "other": text += "waits, but was not asked about"
        default: text += "not delivered: \(QueueWords.state(recipient, now))"
        }
        if let last = recipient["last"] {
            let remote = last["remote"]?.text ?? ""
            let code = last["code"]?.integer ?? 0
            let who = remote.isEmpty ? "no server was reached" : code > 0 ? "\(remote) said" : remote
            let words = QueueWords.oneLine(last["text"]?.text ?? "")
            // The words of most failures hold the whole reply.
            let number = code > 0 && !words.hasPrefix("\(code)") ? "\(code) " : ""
            text += "\n      \(QueueWords.clock(last["time"]?.integer ?? 0)) \(who): \(number)\(words)"
        }
        Swift.print(text)
    }
}
