// Refusals that wait for their recipient.
import HarakaPluginKit

/// Who refused.
struct Source: Equatable {
    let plugin: String, hook: String, method: String
}

/// How long a refusal is kept, which follows from the hook that refused; nil for hooks that are not postponed.
enum Scope: Equatable {
    case connection, transaction
    /// With the transaction, but for one recipient only.
    case recipient
    /// Not kept: the recipient is known, and nobody may be asked any more who would give it back. Forgiven or not.
    case now

    init?(hook: String) {
        switch hook {
        case "lookup_rdns", "connect", "helo", "ehlo": self = .connection
        case "mail": self = .transaction
        case "rcpt": self = .recipient
        case "rcpt_ok": self = .now
        default: return nil
        }
    }
}

/// Whose refusals are postponed.
struct Choice: Equatable {
    private let included: [String], excluded: [String]

    /// As in the file; nil is the same as empty.
    init(included: String?, excluded: String?) {
        self.included = (included ?? "").words
        self.excluded = (excluded ?? "").words
    }

    /// An empty list of those included is none: Haraka postpones all then.
    func postpones(_ source: Source) -> Bool {
        included.isEmpty ? !names(excluded, source) : names(included, source)
    }

    /// An entry may say less than the source, never more.
    private func names(_ list: [String], _ source: Source) -> Bool {
        let hook = source.plugin + ":" + source.hook
        return list.contains { $0 == source.plugin || $0 == hook || $0 == hook + ":" + source.method }
    }
}

/// One postponed refusal.
struct Rejection {
    let code: Code
    let reply: Reply?
    let plugin: String
    /// Whom it is about; nil: every recipient.
    let recipient: String?
}

/// The refusals of one connection or transaction, oldest first.
final class Rejections {
    private var waiting: [Rejection] = []
    /// The plugins that refused, each once; also those whose refusal was given already.
    private(set) var culprits: [String] = []

    /// Keeps one until it is given.
    func add(_ rejection: Rejection) {
        waiting.append(rejection)
        note(rejection.plugin)
    }

    /// A refusal that does not wait: only who gave it is remembered.
    func note(_ plugin: String) {
        if !culprits.contains(plugin) { culprits.append(plugin) }
    }

    /// The first that is about this recipient or about all. One about this recipient alone is given only once.
    func first(for recipient: String) -> Rejection? {
        guard let index = waiting.firstIndex(where: { $0.recipient == nil || $0.recipient == recipient }) else {
            return nil
        }
        return waiting[index].recipient == nil ? waiting[index] : waiting.remove(at: index)
    }
}

extension Status {
    /// From `class.subject.detail`; nil if it is anything else.
    init?(dotted text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            .map { UInt16(String(decoding: $0, as: UTF8.self)) }
        guard parts.count == 3, let first = parts[0], let `class` = UInt8(exactly: first), let subject = parts[1],
            let detail = parts[2]
        else { return nil }
        self.init(`class`, subject, detail)
    }
}

/// Whether an entry of delay_deny.ini can name nothing: too many parts, an empty one, or what no name has.
func isNonsense(_ entry: String) -> Bool {
    let parts = entry.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    let isVisible = entry.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    return parts.count > 3 || parts.contains { $0.isEmpty } || !isVisible
}

/// Each once, in the order of the first time.
func unique(_ names: [String]) -> [String] {
    var seen: [String] = []
    for name in names where !seen.contains(name) { seen.append(name) }
    return seen
}
