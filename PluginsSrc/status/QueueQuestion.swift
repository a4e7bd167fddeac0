// STATUS QUEUE: what the queue is asked, and what it says as JSON.
import HarakaPluginKit

enum QueueQuestion: Equatable {
    case stats, list, inspect
    /// With the name of a file or the uuid of a mail.
    case discard(String), push(String)

    /// nil: there is no such question, or the file is missing.
    init?(_ verb: String, file: String) {
        switch (verb, file.isEmpty) {
        case ("stats", _): self = .stats
        case ("list", _): self = .list
        case ("inspect", _): self = .inspect
        case ("discard", false): self = .discard(file)
        case ("push", false): self = .push(file)
        default: return nil
        }
    }

    /// As many rows as one reply can hold; the oldest.
    static let most: UInt32 = 1000

    /// Asks it; nil for a file that is not there.
    func ask(
        _ outbound: Outbound, _ next: consuming Next,
        then body: @escaping (_ json: String?, _ next: consuming Next) throws(PluginError) -> Void
    ) throws(PluginError) {
        var filter = QueueFilter()
        filter.limit = Self.most
        switch self {
        case .stats:
            try outbound.stats(for: next) { stats, next throws(PluginError) in try body(json(try stats.get()), next) }
        case .list:
            try outbound.list(filter, for: next) { rows, next throws(PluginError) in
                try body("[" + (try rows.get()).map { listed($0) }.joined(by: ",") + "]", next)
            }
        case .inspect:
            try outbound.list(filter, for: next) { rows, next throws(PluginError) in
                try body(inspected(try rows.get()), next)
            }
        case .discard(let file): try act(.delete, file, outbound, next, body)
        case .push(let file): try act(.retry, file, outbound, next, body)
        }
    }

    private func act(
        _ action: QueueAction, _ file: String, _ outbound: Outbound, _ next: consuming Next,
        _ body: @escaping (String?, consuming Next) throws(PluginError) -> Void
    ) throws(PluginError) {
        try outbound.act(action, QueueFilter(id: file), for: next) { count, next throws(PluginError) in
            try body(try count.get() > 0 ? quoted("OK") : nil, next)
        }
    }
}

/// Haraka's three numbers.
func json(_ stats: QueueStats) -> String { quoted("\(stats.inProgress)/\(stats.waiting)/\(stats.deferred)") }

/// A row of LIST.
func listed(_ row: QueueRow) -> String {
    let to = row.to.map { quoted($0) }.joined(by: ",")
    return "{\"file\":\(quoted(row.file)),\"uuid\":\(quoted(row.uuid)),\"queue_time\":\(row.queueTime),"
        + "\"domain\":\(quoted(row.domain)),\"from\":\(quoted(row.from)),\"to\":[\(to)]}"
}

/// Who is delivered or about to be, and who waits until when.
func inspected(_ rows: [QueueRow]) -> String {
    var (now, later): ([String], [String]) = ([], [])
    for row in rows {
        if row.state == "active" || row.state == "waiting" {
            now.append("{\"id\":\(quoted(row.file))}")
        } else {
            later.append("{\"id\":\(quoted(row.file)),\"fire_time\":\(row.nextAttempt)}")
        }
    }
    return "{\"delivery_queue\":[\(now.joined(by: ","))],\"temp_fail_queue\":[\(later.joined(by: ","))]}"
}

/// A string of JSON (RFC 8259 section 7).
func quoted(_ text: String) -> String {
    var bytes: [UInt8] = [0x22]
    for byte in text.utf8 {
        switch byte {
        case 0x22, 0x5C: bytes += [0x5C, byte]
        case 0..<0x20, 0x7F:
            let digits = Array("0123456789abcdef".utf8)
            bytes += Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        default: bytes.append(byte)
        }
    }
    return String(decoding: bytes + [0x22], as: UTF8.self)
}
