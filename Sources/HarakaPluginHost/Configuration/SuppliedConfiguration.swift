// What plugins of the hooks `config` and `user_config` gave in place of files, kept for a while. docs/configuration.md
// "Configuration from plugins".

public import HarakaCore
import HarakaPluginABI

/// A configuration file that a plugin gave.
public struct SuppliedFile: Sendable, Equatable {
    /// Text: what would stand in the file. Anything else: what would be read from it.
    public let value: Value
    /// Who gave it, for messages.
    public let plugin: String

    public init(_ value: Value, from plugin: String) {
        self.value = value
        self.plugin = plugin
    }
}

/// The answers so far. On the loop.
struct SuppliedConfiguration {
    struct Key: Hashable {
        let name: String
        /// HARAKA_CONFIG_...
        let type: Int32
        /// The address of hook `user_config`; empty: hook `config`.
        var user = ""
    }

    struct Entry {
        /// Nil: nobody gives this one; the file counts.
        var file: SuppliedFile?
        /// On the clock that never goes back; nil: nobody has answered yet.
        var fetchedAt: Int64?
        /// The question is open.
        var isAsked = false
        /// Who wants to be told: handles of plugins.
        var waiting: [UInt64] = []
    }

    /// More are forgotten, which costs no more than another question.
    static let capacity = 10_000

    private(set) var entries: [Key: Entry] = [:]
    /// plugins.ini `config_limit`, in milliseconds: how long a plugin that registers waits.
    var limit: Int64 = 2000
    /// plugins.ini `config_cache`, in milliseconds; 0: asked anew each time.
    var lifetime: Int64 = 60_000
    /// A `config` function runs: what it reads itself comes from files.
    var isAsking = false

    subscript(_ key: Key) -> Entry {
        get { entries[key] ?? Entry() }
        set {
            if entries.count >= SuppliedConfiguration.capacity, entries[key] == nil { forgetSome() }
            entries[key] = newValue
        }
    }

    /// An answer that is not too old.
    func isFresh(_ key: Key, now: Int64) -> Bool {
        guard let fetchedAt = entries[key]?.fetchedAt else { return false }
        // Who waited for one user's answer comes back for it: asked anew each time, it would never get it.
        return now - fetchedAt < max(lifetime, key.user.isEmpty ? 0 : 1000)
    }

    /// Those of single users first: they come by themselves when they are needed.
    private mutating func forgetSome() {
        let users = entries.filter { !$0.key.user.isEmpty && !$0.value.isAsked }.keys
        let victims = users.isEmpty ? Array(entries.filter { !$0.value.isAsked }.keys) : Array(users)
        for key in victims.prefix(SuppliedConfiguration.capacity / 10) { entries[key] = nil }
    }
}
