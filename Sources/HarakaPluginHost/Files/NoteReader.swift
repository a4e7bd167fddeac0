// Cuts the text of a plugin's note into its entries.

/// Reads `key=value` entries one after the other.
struct NoteReader {
    /// Bytes in a key: enough for any word.
    private static let maximumKeyLength = 64

    /// What has not been read yet.
    private var rest: Slice<UnsafeRawBufferPointer>
    /// Entries read, so that an error can say which one is bad.
    private var number = 0

    init(_ text: UnsafeRawBufferPointer) {
        rest = text[...]
    }

    /// The next entry; nil at the end of the text.
    mutating func next() throws(NoteError) -> PluginNote.Entry? {
        guard !rest.isEmpty else { return nil }
        guard let end = rest.firstIndex(of: 0) else { throw .unterminated }
        let entry = rest[..<end]
        rest = rest[(end &+ 1)...]
        number &+= 1
        guard !entry.isEmpty else {
            guard rest.allSatisfy({ $0 == 0 }) else { throw .textAfterEnd }
            rest = rest[rest.endIndex...]
            return nil
        }
        guard let equals = entry.firstIndex(of: 0x3d), Self.isKey(entry[..<equals]) else { throw .badEntry(number) }
        let key = String(decoding: entry[..<equals], as: UTF8.self)
        return PluginNote.Entry(key: key, value: try Self.value(entry[(equals &+ 1)...], key))
    }

    /// a-z, 0-9, `_`, `-` and `.`: keys are words of a format, not text.
    private static func isKey(_ bytes: Slice<UnsafeRawBufferPointer>) -> Bool {
        (1...maximumKeyLength).contains(bytes.count)
            && bytes.allSatisfy { byte in
                switch byte {
                case 0x61...0x7a, 0x30...0x39, 0x5f, 0x2d, 0x2e: true
                default: false
                }
            }
    }

    /// A value is shown on terminals and in logs: nothing in it may steer them.
    private static func value(_ bytes: Slice<UnsafeRawBufferPointer>, _ key: String) throws(NoteError) -> String {
        guard let value = String(validating: bytes, as: UTF8.self) else { throw .notUTF8(key: key) }
        for scalar in value.unicodeScalars where scalar != "\n" && scalar != "\t" {
            guard scalar.properties.generalCategory != .control else { throw .controlCharacter(key: key) }
        }
        return value
    }
}
