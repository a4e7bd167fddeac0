// Plugins on their way from the supervisor to a worker: what each is, and the memory file that it is in.

/// What a supervisor has prepared, as words and descriptors that go over a link.
public struct PluginManifest: Sendable {
    /// One plugin, one parent that a plugin's note names, or one that is out of order.
    public struct Entry: Sendable, Equatable {
        public enum Kind: String, Sendable { case plugin, parent, tempfail }

        public var kind: Kind
        public var name: String
        /// The file; of one that is out of order, why.
        public var origin: String
        /// The root under which it was found.
        public var root = ""
        /// Its own folder, if it came with one.
        public var packageFolder: String?
        /// SHA-256, in hexadecimal.
        public var hash = ""
        /// Seconds; 0: no limit.
        public var timeout = 30.0
        /// Of one that is out of order: where it refuses. See ``StandIn/hooks``.
        public var hooks: [String] = []
        /// A sealed memory file; -1 for one that is out of order. Of ``PreparedPlugins/manifest`` lent, not owned.
        public var descriptor: Int32 = -1

        public init(_ kind: Kind, name: String, origin: String) {
            self.kind = kind
            self.name = name
            self.origin = origin
        }
    }

    /// Plugins and stand-ins in the order of config/plugins and of the lists of roles, then parents.
    public var entries: [Entry] = []
    /// Names of each role's plugins, in order; empty: all clients have the same.
    public var roles: [(role: String, plugins: [String])] = []
    public var ignoresBad = false
    /// Lines for the log.
    public var notices: [(level: Int32, text: String)] = []

    public init() {}

    /// The descriptors of the entries that have one, in order: what travels beside ``fields``.
    public var descriptors: [Int32] { entries.map(\.descriptor).filter { $0 >= 0 } }

    private static let format = "plugins/2"

    /// Everything but the descriptors as a list of texts. Lists are preceded by their length.
    public var fields: [String] {
        var fields = [PluginManifest.format, ignoresBad ? "1" : "0", "\(notices.count)"]
        for notice in notices { fields += ["\(notice.level)", notice.text] }
        fields.append("\(roles.count)")
        for (role, plugins) in roles { fields += [role, "\(plugins.count)"] + plugins }
        fields.append("\(entries.count)")
        for entry in entries {
            fields += [entry.kind.rawValue, entry.name, entry.origin, entry.root]
            fields += [entry.packageFolder == nil ? "0" : "1", entry.packageFolder ?? "", entry.hash]
            fields += ["\(entry.timeout)", entry.descriptor >= 0 ? "1" : "0", "\(entry.hooks.count)"]
            fields += entry.hooks
        }
        return fields
    }

    /// Reads ``fields``. Nil: they are not that, or the number of descriptors does not fit. Takes no ownership.
    public init?(fields: [String], descriptors: [Int32]) {
        var fields = FieldReader(fields)
        var open = descriptors[...]
        guard fields.next() == PluginManifest.format, let flag = fields.flag(), let lines = fields.count() else {
            return nil
        }
        ignoresBad = flag
        for _ in 0..<lines {
            guard let level = fields.next().flatMap({ Int32($0) }), let text = fields.next() else { return nil }
            notices.append((level, text))
        }
        guard let roleCount = fields.count() else { return nil }
        for _ in 0..<roleCount {
            guard let role = fields.next(), let plugins = fields.list() else { return nil }
            roles.append((role, plugins))
        }
        guard let count = fields.count() else { return nil }
        for _ in 0..<count {
            guard let entry = Entry(&fields, &open) else { return nil }
            entries.append(entry)
        }
        guard open.isEmpty, fields.isAtEnd else { return nil }
    }
}

extension PluginManifest.Entry {
    fileprivate init?(_ fields: inout FieldReader, _ open: inout ArraySlice<Int32>) {
        guard let kind = fields.next().flatMap(Kind.init), let name = fields.next(), let origin = fields.next(),
            let root = fields.next(), let hasFolder = fields.flag(), let folder = fields.next(),
            let hash = fields.next(), let timeout = fields.next().flatMap({ Double($0) }),
            let hasDescriptor = fields.flag(), let hooks = fields.list()
        else { return nil }
        self.init(kind, name: name, origin: origin)
        self.root = root
        packageFolder = hasFolder ? folder : nil
        self.hash = hash
        self.timeout = timeout
        guard hasDescriptor == (kind != .tempfail) else { return nil }
        if hasDescriptor {
            guard let number = open.popFirst(), number >= 0 else { return nil }
            descriptor = number
        }
        self.hooks = hooks
    }
}

/// Texts one after the other.
private struct FieldReader {
    private var rest: ArraySlice<String>

    init(_ fields: [String]) { rest = fields[...] }

    var isAtEnd: Bool { rest.isEmpty }
    mutating func next() -> String? { rest.popFirst() }

    mutating func flag() -> Bool? {
        switch next() {
        case "1": true
        case "0": false
        default: nil
        }
    }

    /// Texts that are preceded by their number.
    mutating func list() -> [String]? {
        guard let count = count() else { return nil }
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }

    /// A number of things that can still come.
    mutating func count() -> Int? { next().flatMap { Int($0) }.flatMap { (0...rest.count).contains($0) ? $0 : nil } }
}
