// bounce_whitelist.json: who may write from nobody to whom.
import HarakaPluginKit

/// For each recipient, the authors whose messages from nobody are no bounces.
struct Whitelist {
    /// All in lower case.
    private var authors: [String: [String]] = [:]

    var isEmpty: Bool { authors.isEmpty }
    var count: Int { authors.count }

    /// The later one of equal recipients counts.
    mutating func add(_ recipient: String, _ names: [String]) {
        authors[recipient.asciiLowercased] = names.map { $0.asciiLowercased }
    }

    /// An author is listed by address, or by domain as `*@example.com`.
    func expects(_ recipient: String, from author: String) -> Bool {
        guard !author.isEmpty, let names = authors[recipient.asciiLowercased] else { return false }
        let author = author.asciiLowercased
        return names.contains { name in
            let bytes = Array(name.utf8)
            guard bytes.starts(with: "*@".utf8) else { return name == author }
            return Array(author.utf8).suffix(bytes.count - 1) == bytes[1...]
        }
    }
}

/// Reads the map; entries that are none are described.
func readWhitelist(_ json: ValueView) -> (Whitelist, [String]) {
    var whitelist = Whitelist()
    var mistakes: [String] = []
    for index in 0..<json.count {
        let (recipient, list) = json.entry(index)
        let names = (0..<list.count).compactMap { list[$0].string }
        if names.count == list.count, !names.isEmpty, names.allSatisfy({ $0.utf8.contains(UInt8(ascii: "@")) }) {
            whitelist.add(recipient.string, names)
        } else {
            mistakes.append("\(recipient.string): no list of addresses")
        }
    }
    return (whitelist, mistakes)
}

/// The address in a field From with one author: what stands in its last brackets, or the word with an `@`. Empty if
/// there is none. RFC 5322 section 3.4.
func author(of field: Text) -> String {
    let bytes = field.bytes
    if let open = bytes.lastIndex(of: UInt8(ascii: "<")), let close = bytes[open...].firstIndex(of: UInt8(ascii: ">")) {
        return String(decoding: bytes[(open + 1)..<close], as: UTF8.self)
    }
    let words = bytes.split { $0 <= 0x20 || $0 == UInt8(ascii: ",") }
    return words.first { $0.contains(UInt8(ascii: "@")) }.map { String(decoding: $0, as: UTF8.self) } ?? ""
}
