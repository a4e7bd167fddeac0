// Names to values: the two-layer reader behind every configuration file of the server and its plugins.

/// The folders that a configuration file is looked up in, and the rules of reading it.
///
/// Below lie the defaults (a plugin's own `config/`, the server's), above lies the administrator's folder; see
/// ``get(_:_:booleans:)``. Nothing is cached but smtp.json, or smtp.yaml where there is none: a new value of this type
/// sees it anew.
///
/// Any thread. Reading blocks on the disk: at start and reload, not while a client waits.
public struct ConfigDirectory: Sendable {
    /// The administrator's folder.
    public let overrides: String
    /// The folders of defaults, the deepest first: each is overlaid by those after it.
    public let defaults: [String]
    /// What was wrong in smtp.json or smtp.yaml, whose `!file` entries stand for other files.
    public let diagnostics: [Diagnostic]

    /// The `!file` entries, by file name, and the path of the file that holds them.
    private var replacements: OrderedMap
    private var replacementFile: String

    /// Reads smtp.json, or else smtp.yaml, if the administrator has one.
    public init(overrides: String, defaults: [String] = []) {
        self.overrides = overrides
        self.defaults = defaults
        let parsed = Self.read(Self.join(overrides, "smtp.json"), .json, BooleanDeclarations([]))
        replacementFile = parsed?.file ?? ""
        diagnostics = parsed?.diagnostics ?? []
        let content = parsed?.value.map ?? [:]
        var replacements = OrderedMap()
        for (key, value) in content.entries where key.hasPrefix("!") {
            replacements[String(key.dropFirst())] = value
        }
        self.replacements = replacements
    }

    /// The same folders with `value` in the place of the administrator's file of that name, as a `!file` entry would
    /// have it. `source` stands for the file in what is said about it.
    public func supplying(_ name: String, _ value: ConfigValue, from source: String) -> ConfigDirectory {
        var supplied = self
        supplied.replacements = OrderedMap()
        supplied.replacements[name] = value
        supplied.replacementFile = source
        return supplied
    }

    /// Reads a file through all layers.
    ///
    /// - Parameters:
    ///   - name: Relative to the folders, `/` allowed; or absolute, which has one layer only. Never with `..` or NUL.
    ///   - type: How to read it; nil for what the name's extension says.
    ///   - booleans: Declarations for ini files (`+section.key`, ...); for a value file, any makes it a boolean.
    /// - Returns: What the layers say together. A file that is missing everywhere is worth null (value, binary), an
    ///   empty list (list, data), an empty map (JSON, HJSON, YAML) or an empty `main` (ini), without a finding. In each
    ///   layer a missing `x.json` or `x.hjson` gives way to `x.yaml`. A file that cannot be read (too large, a folder,
    ///   not UTF-8, ...) is an error, and the other layers count.
    public func get(_ name: String, _ type: ConfigType? = nil, booleans: [String] = []) -> Parsed {
        let kind = type ?? ConfigType.forName(name)
        let file = Self.join(overrides, name)
        if let problem = Self.problem(name, type) {
            return Parsed(kind.missing, file: file, [Diagnostic(.error, file: file, problem)])
        }
        let declarations = BooleanDeclarations(booleans)
        var result = Parsed(kind.missing, file: file)
        for layer in layers(name) {
            guard var upper = Self.read(layer, kind, declarations) else { continue }
            upper.isRefused = upper.value == kind.missing && upper.diagnostics.contains { $0.severity == .error }
            result = result.overlaid(by: upper)
        }
        if let replacement = replacements[name] {
            result = result.overlaid(by: replaced(name, kind, replacement, declarations))
        }
        if kind == .ini { declarations.fill(&result.value) }
        if kind == .value, !booleans.isEmpty, let text = result.value.text { result.value = .bool(Scalar.isTrue(text)) }
        return result
    }

    /// The paths to read, the deepest default first. A file that is replaced is not read.
    private func layers(_ name: String) -> [String] {
        if name.hasPrefix("/") { return [name] }
        let folders = replacements[name] == nil ? defaults + [overrides] : defaults
        return folders.map { Self.join($0, name) }
    }

    /// The path of a name in a folder; an absolute name is its own path.
    private static func join(_ folder: String, _ name: String) -> String {
        name.hasPrefix("/") ? name : folder + "/" + name
    }

    /// Why a name is not looked up; nil for a proper one.
    private static func problem(_ name: String, _ type: ConfigType?) -> String? {
        if name.isEmpty { return "expected the name of a configuration file" }
        if name.utf8.contains(0) { return "a configuration file's name holds a NUL; it is not read" }
        if name.split(separator: "/").contains("..") {
            return "a configuration file's name holds \"..\"; it is not read"
        }
        return type == nil && ConfigType.isModule(name) ? "js files are not read; use json, yaml or hjson" : nil
    }

    /// One file of one layer; nil where it does not exist.
    private static func read(_ path: String, _ type: ConfigType, _ declarations: BooleanDeclarations) -> Parsed? {
        switch FileContent.read(path) {
        case .missing: type.substitute(for: path).flatMap { read($0, .yaml, declarations) }
        case .bytes(let bytes): parse(bytes, path, type, declarations)
        case .refused(let why): Parsed(type.missing, file: path, [Diagnostic(.error, file: path, "the file \(why)")])
        }
    }

    /// The bytes of one layer. Declared booleans of ini files are converted but not filled in: see `get`.
    private static func parse(
        _ bytes: [UInt8], _ file: String, _ type: ConfigType, _ declarations: BooleanDeclarations
    ) -> Parsed {
        switch type {
        case .value: ValueParser.parse(bytes, file: file)
        case .list: ListParser.parse(bytes, file: file)
        case .data: DataParser.parse(bytes, file: file)
        case .ini: IniParser.parseLayer(bytes, file: file, declarations)
        case .json: JSONParser.parse(bytes, file: file)
        case .binary: Parsed(.bytes(bytes), file: file)
        case .yaml: YAMLParser.parse(bytes, file: file)
        case .hjson: HJSONParser.parse(bytes, file: file)
        }
    }

    /// What a `!file` entry says instead of the file: text is read as that file's content would be, unless that may be
    /// any value anyway (JSON, HJSON, YAML); the rest is taken as is.
    private func replaced(
        _ name: String, _ type: ConfigType, _ value: ConfigValue, _ declarations: BooleanDeclarations
    ) -> Parsed {
        let isAny = [.json, .yaml, .hjson].contains(type)
        if case .string(let text) = value, !isAny {
            return Self.parse(Array(text.utf8), replacementFile, type, declarations).withoutPlaces()
        }
        let expected: String? =
            switch (type, value) {
            case (.ini, .map), (.list, .list), (.data, .list), (_, .null): nil
            case (.value, .bool), (.value, .integer), (.value, .double): nil
            case (.ini, _): "a map of sections"
            case (.list, _), (.data, _): "a list"
            case (.value, _), (.binary, _): "a text"
            case (.json, _), (.yaml, _), (.hjson, _): nil
            }
        guard let expected else { return Parsed(declarations.convert(value), file: replacementFile) }
        let problem = Diagnostic(.error, file: replacementFile, "expected \(expected) at \"!\(name)\"; it is not used")
        return Parsed(type.missing, file: replacementFile, [problem])
    }
}

extension Parsed {
    /// Lines and columns of a text within a JSON or YAML file would point at the wrong place.
    fileprivate func withoutPlaces() -> Parsed {
        var result = self
        result.diagnostics = diagnostics.map { Diagnostic($0.severity, file: file, $0.message) }
        result.sources = sources.mapValues { $0.map { Source(file: file, written: $0.written) } }
        return result
    }
}
