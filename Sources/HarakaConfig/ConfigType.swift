// The kinds of configuration file, and which file name stands for which.

/// How a configuration file is to be read (Haraka's type names).
public enum ConfigType: String, Sendable, CaseIterable {
    /// The first line that is neither blank nor a comment.
    case value
    /// All such lines.
    case list
    /// Every line verbatim, comments too.
    case data
    /// Sections of `key=value`.
    case ini
    /// JSON.
    case json
    /// Bytes.
    case binary
    /// YAML.
    case yaml
    /// HJSON: JSON with comments and without most of the quotes.
    case hjson

    /// The type that a file name stands for, by its extension in any case; a name without one, or with an
    /// extension that means nothing here (`plugin.timeout`), is a value file.
    public static func forName(_ file: String) -> ConfigType {
        switch fileExtension(file) {
        case "ini": .ini
        case "json": .json
        case "yaml", "yml": .yaml
        case "hjson": .hjson
        case "list": .list
        case "data": .data
        case "pem", "bin", "binary": .binary
        default: .value
        }
    }

    /// Whether the name is that of a JavaScript module, which Haraka runs: taking it for a value file would hand out
    /// its first line as if it were the whole.
    static func isModule(_ file: String) -> Bool {
        fileExtension(file) == "js"
    }

    /// What is read where a JSON or HJSON file does not exist: the YAML file of the same name; nil for other files.
    func substitute(for file: String) -> String? {
        guard self == .json || self == .hjson, [".json", ".hjson"].contains(where: file.hasSuffix) else { return nil }
        return file.dropLast(Self.fileExtension(file).count) + "yaml"
    }

    /// The lower-case extension of the last path component; "" where there is none or the dot comes first.
    private static func fileExtension(_ file: String) -> String {
        let name = file.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
        guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return "" }
        return name[name.index(after: dot)...].lowercased()
    }

    /// What a file of this type is worth when it does not exist.
    var missing: ConfigValue {
        switch self {
        case .value, .binary: .null
        case .list, .data: .list([])
        case .ini: .map(["main": .map([:])])
        case .json, .yaml, .hjson: .map([:])
        }
    }
}
