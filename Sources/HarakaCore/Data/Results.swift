// Results: what plugins found out about a connection or a transaction. plugin-api.md section 8.

/// Per plugin, lists (`pass`, `fail`, `msg`, `err`, `skip`) and single values.
public struct Results: Sendable, Equatable {
    /// The keys that collect; every other key holds one value.
    public static let lists = ["pass", "fail", "msg", "err", "skip"]

    private var entries = ValueMap()

    public init() {}

    /// All that `plugin` recorded, or nil if it recorded nothing.
    public func get(_ plugin: String) -> ValueMap? {
        guard case .map(let map)? = entries[plugin] else { return nil }
        return map
    }

    /// Adds to one of the lists, or replaces any other key.
    public mutating func add(_ plugin: String, _ key: String, _ value: Value) {
        if Results.lists.contains(key) { return push(plugin, key, value) }
        var entry = get(plugin) ?? ValueMap()
        entry[key] = value
        entries[plugin] = .map(entry)
    }

    /// Appends one value, or each of a list, to a list of any name.
    public mutating func push(_ plugin: String, _ key: String, _ value: Value) {
        var entry = get(plugin) ?? ValueMap()
        var list: [Value] = []
        switch entry[key] {
        case .list(let existing)?: list = existing
        case nil: break
        case let single?: list = [single]
        }
        if case .list(let more) = value { list += more } else { list.append(value) }
        entry[key] = .list(list)
        entries[plugin] = .map(entry)
    }

    /// Adds to a number; a missing one is 0.
    public mutating func increment(_ plugin: String, _ key: String, by amount: Double) {
        var entry = get(plugin) ?? ValueMap()
        switch entry[key] {
        case .integer(let old)? where amount == amount.rounded() && abs(amount) < 1e15:
            entry[key] = .integer(old &+ Int64(amount))
        case .integer(let old)?: entry[key] = .number(Double(old) + amount)
        case .number(let old)?: entry[key] = .number(old + amount)
        default:
            let whole = amount == amount.rounded() && abs(amount) < 1e15
            entry[key] = whole ? .integer(Int64(amount)) : .number(amount)
        }
        entries[plugin] = .map(entry)
    }

    /// The key equals `search`, or its list contains it.
    public func has(_ plugin: String, _ key: String, _ search: Value) -> Bool {
        switch get(plugin)?[key] {
        case .list(let list)?: list.contains(search)
        case let value?: value == search
        case nil: false
        }
    }

    /// For humans: single values first ("k: v"), then the lists that are not empty ("pass:a, b").
    public func collate(_ plugin: String) -> String {
        guard let entry = get(plugin) else { return "" }
        let hidden: Set<String> = ["emit", "hide", "order", "human", "human_html"]
        let single = entry.entries.filter { !Results.lists.contains($0.key) && !hidden.contains($0.key) }
        let named = Results.lists.compactMap { key in entry[key].map { (key, $0) } }
        return (single.map { "\($0.key): \($0.value.description)" } + named.map { "\($0.0):\($0.1.description)" })
            .joined(separator: ", ")
    }
}
