// Results: what plugins found out about a connection or a transaction. docs/objects.md "Results".

/// Per plugin, lists (`pass`, `fail`, `msg`, `err`, `skip`) and single values.
public struct Results: Sendable, Equatable {
    /// The keys that collect; every other key holds one value.
    public static let lists = ["pass", "fail", "msg", "err", "skip"]

    private struct Entry: Sendable, Equatable {
        let plugin: String
        var values: ValueMap
    }

    /// What was recorded, by plugin. Lists that are empty are not kept here.
    private var entries: [Entry] = []

    public init() {}

    /// All that `plugin` recorded, the five lists first, or nil if it recorded nothing.
    public func get(_ plugin: String) -> ValueMap? {
        guard let entry = entry(plugin) else { return nil }
        let lists = Results.lists.map { ValueMap.Entry($0, entry[$0] ?? .list([])) }
        return ValueMap(lists + entry.entries.filter { !Results.lists.contains($0.key) })
    }

    private func entry(_ plugin: String) -> ValueMap? {
        entries.first { $0.plugin == plugin }?.values
    }

    /// Where the plugin's values are; made if they are not.
    private mutating func index(_ plugin: String) -> Int {
        if let index = entries.firstIndex(where: { $0.plugin == plugin }) { return index }
        entries.append(Entry(plugin: plugin, values: ValueMap()))
        return entries.count - 1
    }

    /// Adds to one of the lists, where what is not true (null, false, 0, "") is left out; or replaces any other key.
    public mutating func add(_ plugin: String, _ key: String, _ value: Value) {
        if Results.lists.contains(key) { return push(plugin, key, value.isTrue ? value : .list([])) }
        entries[index(plugin)].values[key] = value
    }

    /// Appends one value, or each of a list, to a list of any name.
    public mutating func push(_ plugin: String, _ key: String, _ value: Value) {
        let at = index(plugin)
        if case .list(let more) = value {
            for one in more { entries[at].values.append(one, toListAt: key) }
        } else {
            entries[at].values.append(value, toListAt: key)
        }
    }

    /// Adds to a number; what is missing or no number counts as 0, as does an amount that is no number.
    public mutating func increment(_ plugin: String, _ key: String, by amount: Double) {
        let at = index(plugin)
        let amount = amount.isNaN ? 0 : amount
        let old = entries[at].values[key].flatMap { $0.isNumeric ? $0 : nil } ?? .integer(0)
        if let whole = old.whole, let more = amount.whole {
            entries[at].values[key] = .integer(whole &+ more)
        } else {
            entries[at].values[key] = .number(old.asNumber + amount)
        }
    }

    /// The key equals `search`, or its list contains it. Numbers are compared as numbers, whole or not.
    public func has(_ plugin: String, _ key: String, _ search: Value) -> Bool {
        switch entry(plugin)?[key] {
        case .list(let list)?: list.contains { $0.equals(search) }
        case let value?: value.equals(search)
        case nil: false
        }
    }

    /// For humans: single values first ("k: v"), then the lists that are not empty ("pass:a, b"), in the order of the
    /// key `order` if there is one. Keys named in `hide`, and those that begin with an underscore, are not shown.
    /// - Parameters:
    ///   - order: what results.ini says; counts if the plugin has no key `order`
    ///   - hide: what results.ini says, besides the key `hide`
    public func collate(_ plugin: String, order: [String] = [], hide: [String] = []) -> String {
        guard let entry = entry(plugin) else { return "" }
        let hide = entry.names("hide") + hide
        let hidden = Set(hide + ["emit", "hide", "order", "human", "human_html"] + Results.lists)
        var parts: [String] = []
        for item in entry.entries where !hidden.contains(item.key) && !item.key.hasPrefix("_") {
            if item.value != .list([]) { parts.append("\(item.key): \(item.value.description)") }
        }
        let own = entry.names("order")
        let order = own.isEmpty ? order : own
        for key in order.isEmpty ? Results.lists : order where !hide.contains(key) {
            if case .list(let list)? = entry[key] { parts.append("\(key):\(Value.list(list).description)") }
        }
        return parts.joined(separator: ", ")
    }
}

extension ValueMap {
    /// The texts of a list, or the one text, under `key`.
    fileprivate func names(_ key: String) -> [String] {
        switch self[key] {
        case .list(let list)?: list.map(\.description)
        case .text(let text)?: [text]
        default: []
        }
    }
}

extension Double {
    /// As an integer, if it is one and small enough to be exact.
    fileprivate var whole: Int64? { self == rounded() && abs(self) < 1e15 ? Int64(self) : nil }
}

extension Value {
    fileprivate var whole: Int64? {
        if case .integer(let integer) = self { return integer }
        return asNumber.whole
    }

    fileprivate var isNumeric: Bool { !asNumber.isNaN }

    /// A number, or that of a text that holds one; else not-a-number.
    fileprivate var asNumber: Double {
        switch self {
        case .integer(let integer): Double(integer)
        case .number(let number): number
        case .text(let text): Double(text) ?? .nan
        default: .nan
        }
    }

    fileprivate func equals(_ other: Value) -> Bool {
        switch (self, other) {
        case (.integer(let own), .number(let number)), (.number(let number), .integer(let own)): Double(own) == number
        default: self == other
        }
    }
}
