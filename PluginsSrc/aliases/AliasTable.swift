// Which alias a recipient has.
import HarakaPluginKit

/// Where mail goes instead: `user@host`, or `user`, which is at the recipient's own host.
struct AliasTarget: Equatable {
    let user: String
    let host: String?

    /// Nil if it is no mailbox.
    init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard !bytes.contains(where: { $0 <= 0x20 || $0 == 0x7F || $0 == UInt8(ascii: "<") || $0 == UInt8(ascii: ">") })
        else { return nil }
        let at = bytes.lastIndex(of: UInt8(ascii: "@"))
        let user = bytes[..<(at ?? bytes.endIndex)]
        let host = at.map { bytes[($0 + 1)...] }
        guard !user.isEmpty, host?.isEmpty != true else { return nil }
        self.user = String(decoding: user, as: UTF8.self)
        self.host = host.map { String(decoding: $0, as: UTF8.self) }
    }
}

/// What becomes of a recipient.
enum AliasAction: Equatable {
    case drop
    case alias([AliasTarget])
}

/// The aliases, by key. Keys are compared without ASCII case.
struct AliasTable {
    private var actions: [String: AliasAction] = [:]

    var count: Int { actions.count }

    /// The later one of equal keys counts.
    mutating func add(_ action: AliasAction, for key: String) { actions[key.asciiLowercased] = action }

    /// The first of `user@host`, `user`, `prefix@host`, `prefix`, `@host` and `*` that is there. The prefix is what
    /// stands before the first `-` or `+`, if anything does. Not looked up again: an alias of an alias does not count.
    func action(for mailbox: Mailbox) -> AliasAction? {
        if actions.isEmpty { return nil }
        let user = mailbox.user.asciiLowercased, host = "@" + mailbox.host.asciiLowercased
        if let action = actions[user + host] ?? actions[user] { return action }
        if let prefix = prefix(of: user), let action = actions[prefix + host] ?? actions[prefix] { return action }
        return actions[host] ?? actions["*"]
    }
}

/// `joe` of `joe-lists` and `joe+lists`; nil if there is no such mark, or nothing before it.
func prefix(of user: String) -> String? {
    let bytes = Array(user.utf8)
    guard let mark = bytes.firstIndex(where: { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") }), mark > 0 else {
        return nil
    }
    return String(decoding: bytes[..<mark], as: UTF8.self)
}
