// The plugin's note: what a plugin says about itself without running.

/// A version of the plugin ABI. The major number changes when old plugins can't be loaded any more.
public struct ABIVersion: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let major: UInt32
    public let minor: UInt32

    public init(major: UInt32, minor: UInt32) {
        self.major = major
        self.minor = minor
    }

    /// Reads "MAJOR.MINOR" in plain decimal digits; nil for anything else.
    public init?(_ text: String) {
        let parts = text.utf8.split(separator: 0x2e, omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.allSatisfy { (0x30...0x39).contains($0) } }),
            let major = UInt32(String(parts[0]) ?? ""), let minor = UInt32(String(parts[1]) ?? "")
        else { return nil }
        self.init(major: major, minor: minor)
    }

    public var description: String { "\(major).\(minor)" }

    public static func < (left: ABIVersion, right: ABIVersion) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }
}

/// The text of an ELF note of owner "Haraka" and type 1: entries `key=value`, each ended by a NUL, first `format=1`.
///
/// A plugin has one through HARAKA_PLUGIN. The host lists and checks plugins by it, because loading a library runs
/// its constructors, and asking must not run anything.
public struct PluginNote: Equatable, Sendable {
    /// One `key=value`.
    public struct Entry: Equatable, Sendable {
        public let key: String
        public let value: String
    }

    /// The most bytes that a note may have: 64 KiB.
    public static let maximumSize = 65_536
    /// The most keys that a note may have.
    public static let maximumKeys = 256

    /// All entries after `format`, in order, with those whose key this host does not know.
    public let entries: [Entry]
    /// The plugin's name, valid as a ``PluginName``.
    public let name: String
    /// The ABI that the plugin was built against.
    public let abi: ABIVersion?
    /// The oldest ABI that the plugin can live with, where it says so.
    public let abiMinimum: ABIVersion?

    /// The value of a key, whether this host knows it or not.
    public subscript(_ key: String) -> String? {
        entries.first { $0.key == key }?.value
    }

    /// The plugin's own version.
    public var version: String? { self["version"] }
    /// What it does, in a line.
    public var summary: String? { self["summary"] }
    public var vendor: String? { self["vendor"] }
    public var licence: String? { self["licence"] }
    public var url: String? { self["url"] }
    /// Several lines for `haraka -h NAME`.
    public var help: String? { self["help"] }
    /// Services without which it can't work, as in "dns/1".
    public var needs: [String] { words("needs") }
    /// Services that it uses where they exist.
    public var wants: [String] { words("wants") }
    /// Hooks that it answers.
    public var hooks: [String] { words("hooks") }
    /// Plugins that it inherits from.
    public var parents: [String] { words("parents") }
    /// Older plugin names that it stands in for.
    public var replaces: [String] { words("replaces") }

    private func words(_ key: String) -> [String] {
        (self[key] ?? "").split { $0 == " " || $0 == "\t" || $0 == "\n" }.map(String.init)
    }

    /// Reads the descriptor of a note.
    ///
    /// Pure, bounded, and never traps. An empty entry ends the text, because a C string literal brings a NUL of its
    /// own; only NULs may follow it.
    ///
    /// - Parameter desc: the bytes of the descriptor, without padding or with padding of zeros; not kept.
    /// - Throws: the first reason why the note can't be used.
    public static func parse(_ desc: UnsafeRawBufferPointer) throws(NoteError) -> PluginNote {
        guard desc.count <= maximumSize else { throw .tooLarge(desc.count) }
        var reader = NoteReader(desc)
        guard let format = try reader.next(), format.key == "format", format.value == "1" else {
            throw .unknownFormat
        }
        var entries: [Entry] = []
        var seen: Set<String> = ["format"]
        while let entry = try reader.next() {
            // `format` counts as a key.
            guard entries.count < maximumKeys - 1 else { throw .tooManyKeys }
            guard seen.insert(entry.key).inserted else { throw .repeatedKey(entry.key) }
            entries.append(entry)
        }
        return try PluginNote(entries)
    }

    private init(_ entries: [Entry]) throws(NoteError) {
        guard let name = entries.first(where: { $0.key == "name" })?.value else { throw .missingKey("name") }
        do throws(PluginNameError) {
            self.name = try PluginName(name).text
        } catch {
            throw .badName(error)
        }
        self.entries = entries
        abi = try Self.version("abi", entries)
        abiMinimum = try Self.version("abi_min", entries)
        if let abi, let abiMinimum, abiMinimum > abi || abiMinimum.major != abi.major { throw .impossibleRange }
    }

    private static func version(_ key: String, _ entries: [Entry]) throws(NoteError) -> ABIVersion? {
        guard let entry = entries.first(where: { $0.key == key }) else { return nil }
        guard let version = ABIVersion(entry.value) else { throw .badVersion(key: key) }
        return version
    }
}
