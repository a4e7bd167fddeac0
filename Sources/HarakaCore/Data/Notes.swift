// Notes: free data that plugins leave on the server, a connection or a transaction. docs/objects.md "Notes".

/// A tree of values, read and written by dotted paths ("queue.wants").
public struct Notes: Sendable, Equatable {
    public private(set) var root = ValueMap()

    /// Levels deeper than this are refused, so that no plugin can make a tree that cannot be walked.
    public static let maximumDepth = 32

    public init() {}

    /// The value at `path`, or nil. The empty path is the whole tree.
    public func get(_ path: String) -> Value? {
        guard path.utf8.contains(UInt8(ascii: ".")) else { return path.isEmpty ? .map(root) : root[path] }
        var here = Value.map(root)
        for key in Notes.keys(path) {
            guard case .map(let map) = here, let next = map[key] else { return nil }
            here = next
        }
        return here
    }

    /// By byte: faster than by Character, and a dot is a dot.
    private static func keys(_ path: String) -> [String] {
        path.utf8.split(separator: UInt8(ascii: ".")).map { String(Substring($0)) }
    }

    /// Writes `value` and makes the levels that are missing; what stood in the way of a level is replaced.
    /// False if the path is empty or too deep. Null is ignored, as Haraka ignores undefined.
    @discardableResult
    public mutating func set(_ path: String, _ value: Value) -> Bool {
        let keys = Notes.keys(path)
        guard !keys.isEmpty, keys.count <= Notes.maximumDepth else { return false }
        if value != .null { Notes.assign(value, at: keys[...], in: &root) }
        return true
    }

    /// Takes away what is under a name without a path.
    mutating func remove(_ key: String) { root[key] = nil }

    /// Appends to the list under a name without a path; a single value there becomes its first item.
    mutating func append(_ value: Value, toListAt key: String) { root.append(value, toListAt: key) }

    private static func assign(_ value: Value, at keys: ArraySlice<String>, in map: inout ValueMap) {
        guard let key = keys.first else { return }
        guard keys.count > 1 else {
            map[key] = value
            return
        }
        var level = ValueMap()
        if case .map(let existing)? = map[key] { level = existing }
        assign(value, at: keys.dropFirst(), in: &level)
        map[key] = .map(level)
    }
}
