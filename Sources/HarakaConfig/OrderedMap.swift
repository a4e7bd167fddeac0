// A small map that keeps its keys in the order in which they were written.

/// Keys and values in file order, with lookup by key.
///
/// A configuration is read by people as well as by code: lists of domains, routes and sections are reported in
/// the order in which the administrator wrote them. Two maps are equal when they hold the same entries in the
/// same order.
public struct OrderedMap: Sendable, Equatable {
    /// The keys, first written first.
    public private(set) var keys: [String] = []
    /// The values, each at the place of its key.
    public private(set) var values: [ConfigValue] = []
    private var places: [String: Int] = [:]

    /// An empty map.
    public init() {}

    /// A map of `entries`; of two entries with one key the later value stays, in the place of the first.
    public init(_ entries: [(String, ConfigValue)]) {
        for (key, value) in entries { self[key] = value }
    }

    /// How many entries there are.
    public var count: Int { keys.count }

    /// Whether there is no entry.
    public var isEmpty: Bool { keys.isEmpty }

    /// The entries in order.
    public var entries: Zip2Sequence<[String], [ConfigValue]> { zip(keys, values) }

    /// The value of a key; nil where the key is absent. Assigning nil removes the entry (in linear time).
    public subscript(key: String) -> ConfigValue? {
        get { places[key].map { values[$0] } }
        set {
            guard let newValue else { return remove(key) }
            if let place = places[key] {
                values[place] = newValue
            } else {
                places[key] = keys.count
                keys.append(key)
                values.append(newValue)
            }
        }
    }

    /// Appends to the list at `key`; a key that is absent, or holds something else, becomes a list of one.
    public mutating func append(_ value: ConfigValue, toListAt key: String) {
        guard let place = places[key], case .list(var items) = values[place] else {
            self[key] = .list([value])
            return
        }
        // The map lets go of its list while it grows, so that a list of n entries is built in O(n).
        values[place] = .null
        items.append(value)
        values[place] = .list(items)
    }

    private mutating func remove(_ key: String) {
        guard let place = places.removeValue(forKey: key) else { return }
        keys.remove(at: place)
        values.remove(at: place)
        for index in place..<keys.count { places[keys[index]] = index }
    }
}

extension OrderedMap: ExpressibleByDictionaryLiteral {
    /// A map written as a literal, in the literal's order.
    public init(dictionaryLiteral elements: (String, ConfigValue)...) {
        self.init(elements)
    }
}
