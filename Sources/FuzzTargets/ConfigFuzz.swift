// Feeds bytes to every configuration parser and stops at the first broken promise.

import HarakaConfig

/// Runs all pure parsers of configuration files over `bytes`.
///
/// No input may trap in a parser. Traps here only where a promise is broken: parsing twice gives the same, findings
/// lie within the file and show no control characters, and each format yields the shape that it says it yields.
public func fuzzConfig(_ bytes: UnsafeRawBufferPointer) {
    let content = [UInt8](bytes)
    let booleans = ["+main.a", "*.b", "-c.d", "e"]
    let lines = 1 + content.count { $0 == 0x0A || $0 == 0x0D }
    let ini = check(lines) { IniParser.parse(content, file: "fuzz.ini", booleans: booleans) }
    let value = check(lines) { ValueParser.parse(content, file: "fuzz") }
    let list = check(lines) { ListParser.parse(content, file: "fuzz.list") }
    let data = check(lines) { DataParser.parse(content, file: "fuzz.data") }
    let json = check(lines) { JSONParser.parse(content, file: "fuzz.json") }
    let hjson = check(lines) { HJSONParser.parse(content, file: "fuzz.hjson") }
    let yaml = check(lines) { YAMLParser.parse(content, file: "fuzz.yaml") }

    precondition(ini["main", "a"]?.bool != nil && ini["main", "e"]?.bool != nil, "declared booleans are booleans")
    precondition(ini.map?.values.allSatisfy { $0.map != nil } == true, "an ini file is a map of maps")
    precondition(value.list == nil && value.map == nil, "a value file is one scalar")
    precondition(json.isFinite && hjson.isFinite, "JSON and HJSON have no infinite number")
    precondition(json.height <= JSONParser.depthLimit && hjson.height <= HJSONParser.depthLimit, "depth is limited")
    precondition(yaml.height <= YAMLParser.depthLimit, "depth is limited, also by way of aliases")
    precondition(yaml.count <= content.count + 2 + YAMLParser.expansionLimit, "what aliases make is limited")
    for value in [ini, value, list, data, json, hjson, yaml] { checkJSON(value) }
    for entry in list.texts ?? [] {
        precondition(!entry.isEmpty && !entry.hasPrefix("#") && !entry.hasPrefix(";"), "a list has no comments")
        precondition(!entry.utf8.contains { $0 == 0x0A || $0 == 0x0D }, "an entry is one line")
    }
    precondition(data.list?.count ?? 0 >= list.list?.count ?? 0, "data keeps every line")
    if let text = String(validating: content, as: UTF8.self) { checkAddress(text) }
}

/// Parses twice, compares, and checks the findings.
private func check(_ lines: Int, _ parse: () -> Parsed) -> ConfigValue {
    let parsed = parse()
    let again = parse()
    precondition(
        parsed.value.json() == again.value.json() && parsed.diagnostics == again.diagnostics, "parsing is a function")
    for finding in parsed.diagnostics {
        precondition((0...lines).contains(finding.line) && finding.column >= 0, "a finding lies within the file")
        let isPrintable = finding.description.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 0x20 }
        precondition(isPrintable, "a finding shows no control characters")
    }
    return parsed.value
}

/// What is written as JSON is read back as it was; only of numbers that are not finite nothing is left.
private func checkJSON(_ value: ConfigValue) {
    let parsed = JSONParser.parse(Array(value.json(pretty: true).utf8), file: "fuzz.json")
    precondition(parsed.diagnostics.isEmpty, "what is written as JSON is JSON")
    precondition(parsed.value == value || !value.isFinite, "what is written as JSON can be read back")
}

/// What an address says of itself is that address again.
private func checkAddress(_ text: String) {
    guard let address = try? ListenAddress.parse(text) else { return }
    precondition((try? ListenAddress.parse(address.description)) == address, "an address can be read back")
}

extension ConfigValue {
    fileprivate var isFinite: Bool {
        switch self {
        case .double(let number): number.isFinite
        case .list(let items): items.allSatisfy(\.isFinite)
        case .map(let map): map.values.allSatisfy(\.isFinite)
        case .null, .bool, .integer, .string, .bytes: true
        }
    }

    /// How many lists and maps are within each other.
    fileprivate var height: Int {
        switch self {
        case .list(let items): 1 + (items.map(\.height).max() ?? 0)
        case .map(let map): 1 + (map.values.map(\.height).max() ?? 0)
        default: 0
        }
    }

    /// Of how many values it is made.
    fileprivate var count: Int {
        switch self {
        case .list(let items): items.reduce(1) { $0 + $1.count }
        case .map(let map): map.values.reduce(1) { $0 + $1.count }
        default: 1
        }
    }
}
