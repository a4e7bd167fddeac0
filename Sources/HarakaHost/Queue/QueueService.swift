// What the control socket may ask of the queue, wherever it lives. docs/outbound.md "Commands".

import HarakaConfig
import HarakaQueue

/// What can be done to queued mail.
enum QueueAction: String, Sendable, CaseIterable {
    /// Try now.
    case retry
    /// Do not try until released.
    case hold
    case release
    /// Remove it; nobody is told.
    case delete
    /// Give up now: the sender gets a report.
    case bounce
}

/// Why something was not done, in words for who asked.
struct QueueRefusal: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// The queue of a running server, as the delivery worker sees it. On the worker's loop, callbacks too.
protocol QueueService: AnyObject {
    /// Calls `done`, at once or a little later: nil, and the rest may be asked; or why nothing can be said or done yet.
    /// While workers are replaced the old one has the queue until its last delivery is over, and the new one, which is
    /// asked already, knows of no mail.
    func ready(_ done: @escaping (QueueRefusal?) -> Void)
    /// Every message and domain that the filter matches, oldest first.
    func list(_ filter: QueueFilter, _ done: @escaping ([QueueRow]) -> Void)
    /// Does it to all that the filter matches; how many rows of `list` it was done to. What must be on disk is.
    func act(_ action: QueueAction, _ filter: QueueFilter, _ done: @escaping (Result<Int, QueueRefusal>) -> Void)
    func stats(_ done: @escaping (QueueStats) -> Void)
}

// MARK: what goes over the control socket

extension QueueFilter {
    /// Without what is empty. No blank stands outside of texts, and none within: the control socket takes words.
    var word: String {
        var map = OrderedMap()
        for (key, text) in [("id", id), ("domain", domain), ("sender", sender), ("recipient", recipient)]
        where text != "" {
            map[key] = .string(text)
        }
        if olderThan > 0 { map["older_than"] = .integer(olderThan) }
        if limit > 0 { map["limit"] = .integer(Int64(limit)) }
        return ConfigValue.map(map).json().split(separator: " ", omittingEmptySubsequences: false).joined(
            separator: "\\u0020")
    }

    /// Nil: that is no filter.
    init?(word: String) {
        let parsed = JSONParser.parse(Array(word.utf8), file: "filter")
        guard parsed.diagnostics.isEmpty, let map = parsed.value.map else { return nil }
        self.init()
        for (key, value) in map.entries {
            switch key {
            case "id": id = value.text ?? ""
            case "domain": domain = value.text ?? ""
            case "sender": sender = value.text ?? ""
            case "recipient": recipient = value.text ?? ""
            case "older_than": olderThan = value.integer ?? 0
            case "limit": limit = Int(clamping: value.integer ?? 0)
            default: return nil
            }
        }
    }
}
