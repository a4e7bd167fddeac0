// Which keys of an ini file are booleans, and what they are when the file does not say.

/// A parsed list of Haraka's boolean declarations.
///
/// | form | meaning |
/// |---|---|
/// | `section.key`, `-section.key`, `section.-key` | a boolean, false where absent |
/// | `+section.key`, `section.+key` | a boolean, true where absent |
/// | `key`, `+key`, `-key` | the same in `main` |
/// | `*.key` | a boolean in whatever section it stands; nothing where absent |
struct BooleanDeclarations: Sendable {
    /// `section.key` of each, and `*.key`. Compared as one text, because sections may contain dots.
    private var names: Set<String> = []
    private var defaults: [(key: ConfigKey, value: Bool)] = []

    init(_ declarations: [String]) {
        for declaration in declarations { declare(declaration) }
    }

    private mutating func declare(_ declaration: String) {
        var section = "main"[...]
        var key = declaration[...]
        // The section ends at the first dot; a key may contain more of them. A leading dot belongs to the key.
        if let dot = declaration.firstIndex(of: "."), dot > declaration.startIndex {
            section = declaration[..<dot]
            key = declaration[declaration.index(after: dot)...]
        }
        let value = section.first == "+" || key.first == "+"
        section = Self.withoutSign(section)
        key = Self.withoutSign(key)
        guard !key.isEmpty else { return }
        names.insert("\(section).\(key)")
        if section != "*" { defaults.append((ConfigKey(String(section), String(key)), value)) }
    }

    private static func withoutSign(_ name: Substring) -> Substring {
        name.first == "+" || name.first == "-" ? name.dropFirst() : name
    }

    /// Whether a key is to be read as a boolean.
    func contains(_ section: String, _ key: String) -> Bool {
        !names.isEmpty && (names.contains("\(section).\(key)") || names.contains("*.\(key)"))
    }

    /// Adds the declared defaults of the keys that are absent. For the merged layers, not for each: a default must
    /// not win over what another layer says.
    func fill(_ value: inout ConfigValue) {
        guard case .map(var sections) = value, !defaults.isEmpty else { return }
        for (key, flag) in defaults {
            var section = sections[key.section]?.map ?? [:]
            guard section[key.key] == nil else { continue }
            section[key.key] = .bool(flag)
            sections[key.section] = .map(section)
        }
        value = .map(sections)
    }

    /// Turns declared keys of a map that did not come from an ini file (a `!file` of smtp.json or smtp.yaml) into
    /// booleans.
    func convert(_ value: ConfigValue) -> ConfigValue {
        guard case .map(var sections) = value, !names.isEmpty else { return value }
        for (name, content) in sections.entries {
            guard case .map(var section) = content else { continue }
            for (key, written) in section.entries where contains(name, key) {
                section[key] = .bool(Scalar.isTrue(written.text ?? ""))
            }
            sections[name] = .map(section)
        }
        return .map(sections)
    }
}
