// What a parser hands back: the value, what was wrong, and where each part of the value stood.

/// A configuration file after reading: always a usable value, with what was wrong beside it.
public struct Parsed: Sendable {
    /// The value; for what could not be read, what a missing file of its type is worth.
    public var value: ConfigValue
    /// What was wrong, in the order of the file; of several layers the deepest first.
    public var diagnostics: [Diagnostic]
    /// Nothing of a file that is there could be used: who asks should keep what it has rather than take this value.
    public var isRefused = false
    /// The path that stands for the file where no line can be named.
    var file: String
    /// Where the keys of an ini file, or the entries of a list, stood.
    var sources: [ConfigKey: [Source]]

    init(_ value: ConfigValue, file: String, _ diagnostics: [Diagnostic] = [], sources: [ConfigKey: [Source]] = [:]) {
        self.value = value
        self.file = file
        self.diagnostics = diagnostics
        self.sources = sources
    }

    /// How an ini key's value was written, without surrounding white space: `007` where the value is 7.
    ///
    /// Passwords and names made of digits need it. Nil where the key is absent, bare, or not from an ini file.
    public func text(_ section: String, _ key: String) -> String? {
        sources[ConfigKey(section, key)]?.last?.written
    }
}

/// The name of a key in an ini file. An empty `key` stands for the section, two empty names for a list's entries.
struct ConfigKey: Hashable, Sendable, CustomStringConvertible {
    var section: String
    var key: String

    init(_ section: String, _ key: String) {
        self.section = section
        self.key = key
    }

    /// The lines of a list file.
    static let listEntries = ConfigKey("", "")

    var description: String { "\(section).\(key)" }
}

/// A place in a file.
struct Source: Sendable, Equatable {
    var file: String
    /// From 1; 0 where no line is known.
    var line = 0
    /// Where the key stands, in characters from 1.
    var column = 0
    /// Where the value stands, in characters from 1; the key's column where there is none.
    var valueColumn = 0
    /// The line as written.
    var text = ""
    /// The value as written; nil for a bare key.
    var written: String?
}
