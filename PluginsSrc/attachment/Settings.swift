// What attachment.ini says.
import HarakaPluginKit

/// All of the file: a change takes effect as a whole, or not at all.
struct Settings: Equatable, Sendable {
    static let booleans = "-archive.allow_encrypted +archive.detect"

    /// Milliseconds for all archives of a mail.
    var timeout: Int64 = 30_000
    /// In lower case, without the dot.
    var disallowedExtensions: [String] = []
    var limits = ListingLimits()

    init() {}

    init(of plugin: Plugin) throws(PluginError) {
        try self.init(Value(plugin.config.ini("attachment.ini", booleans: Settings.booleans)))
    }

    /// From the sections of the file.
    init(_ ini: Value) throws(PluginError) {
        let main = Section(name: "main", in: ini)
        let archive = Section(name: "archive", in: ini)
        timeout = Int64(try main.number("timeout", 30, 1...3600)) * 1000
        disallowedExtensions = try main.words("disallowed_extensions") ?? []
        limits.extensions = try archive.words("extensions") ?? limits.extensions
        limits.depth = try archive.number("max_depth", limits.depth, 1...50)
        limits.entries = try archive.number("max_entries", limits.entries, 1...200_000)
        limits.bytes = try archive.number("max_bytes", limits.bytes, 0...Int(Int32.max) * 16)
        limits.size = try archive.number("max_size", limits.size, 0...Int(Int32.max) * 16)
        limits.allowsEncrypted = try archive.boolean("allow_encrypted", false)
        limits.detects = try archive.boolean("detect", true)
    }
}

/// How far archives are looked into.
struct ListingLimits: Equatable, Sendable {
    /// File names that end so are archives. In lower case, without the dot.
    var extensions = ["zip", "tar", "tgz", "taz", "z", "gz", "rar", "7z"]
    /// An archive in an archive has the depth 2.
    var depth = 5
    /// In all archives of a mail.
    var entries = 10_000
    /// Bytes that are unpacked to find names, in all archives of a mail.
    var bytes = 256 << 20
    /// Bytes of one archive.
    var size = 64 << 20
    var allowsEncrypted = false
    /// Whether content types and first bytes tell archives, too.
    var detects = true
}

/// One section of the file.
private struct Section {
    let name: String
    private let entries: [Value.Entry]

    init(name: String, in file: Value) {
        self.name = name
        if case .map(let sections) = file, case .map(let entries)? = sections.first(where: { $0.key == name })?.value {
            self.entries = entries
        } else {
            entries = []
        }
    }

    private func value(_ key: String) -> Value { entries.first { $0.key == key }?.value ?? .null }

    func number(_ key: String, _ standard: Int, _ range: ClosedRange<Int>) throws(PluginError) -> Int {
        switch value(key) {
        case .null: return standard
        case .integer(let number) where range.contains(Int(number)): return Int(number)
        default: throw PluginError("[\(name)] \(key): expected a number, \(range.lowerBound) to \(range.upperBound)")
        }
    }

    func boolean(_ key: String, _ standard: Bool) throws(PluginError) -> Bool {
        switch value(key) {
        case .null: return standard
        case .boolean(let isOn): return isOn
        default: throw PluginError("[\(name)] \(key): expected true or false")
        }
    }

    /// Extensions, divided by commas or blanks, or as a list; nil if the key is missing.
    func words(_ key: String) throws(PluginError) -> [String]? {
        switch value(key) {
        case .null: return nil
        case .text(let text): return extensions(text)
        // An extension of digits looks like a number.
        case .integer(let number): return ["\(number)"]
        case .list(let items):
            return items.flatMap { item in
                if case .text(let text) = item { return extensions(text) }
                return []
            }
        default: throw PluginError("[\(name)] \(key): expected extensions")
        }
    }
}

/// `exe, .com` as `["exe", "com"]`.
private func extensions(_ text: String) -> [String] {
    let words = text.utf8.split { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: ";") || $0 <= 0x20 }
    return words.map { word in
        let bare = word.first == UInt8(ascii: ".") ? word.dropFirst() : word
        return String(decoding: bare.map(lowered), as: UTF8.self)
    }.filter { !$0.utf8.isEmpty }
}
