// The header of a message: read, searched and edited without touching the lines that nobody edits.

/// The header of a message, in order.
///
/// All bytes live in one array and the fields are ranges of it, so that a header that nobody edits is written in one
/// piece, byte for byte as it came, and searching makes no copies. Names are compared without regard to ASCII case.
public struct HeaderBlock: Sendable {
    /// One field with its continuation lines, or lines that are no field.
    struct Entry: Sendable {
        /// In ``HeaderBlock/storage``, the final line end included.
        var range: Range<Int>
        /// 0: not a field, only carried along.
        var nameLength: Int
        /// From the start of the range to behind the colon.
        var valueOffset: Int
    }

    /// The block as it came, then the fields that were added.
    var storage: [UInt8]
    var entries: [Entry]
    /// Size of the whole block as ``write(to:)`` writes it.
    public internal(set) var byteCount: Int

    /// An empty header.
    public init() {
        (storage, entries, byteCount) = ([], [], 0)
    }

    /// Where the header ends in the bytes of a message; see ``HeaderScanner``, which is the cheaper way when the bytes
    /// arrive in pieces, and which tells a blank first line from a first line that is body.
    /// - Returns: The offset behind the blank line; 0 if the message begins with a blank line; the offset of the first
    ///   line that is neither field nor continuation if that comes earlier; nil if the end has not arrived yet.
    public static func end(of bytes: UnsafeRawBufferPointer) -> Int? {
        var scanner = HeaderScanner()
        guard let boundary = scanner.scan(bytes) else { return nil }
        return boundary.headerEnd == 0 ? 0 : boundary.bodyStart
    }

    /// The fields in order, without the lines that are no fields.
    public var fields: [HeaderField] {
        entries.filter { $0.nameLength > 0 }.map { entry in
            let start = entry.range.lowerBound
            let name = String(decoding: storage[start..<(start + entry.nameLength)], as: UTF8.self)
            return HeaderField(name: name, value: Array(storage[valueRange(entry)]))
        }
    }

    /// Values of all fields of that name, top to bottom: folding as it is, without surrounding white space. Bytes that
    /// are no UTF-8 become U+FFFD.
    public func values(_ name: String) -> [String] {
        storage.withUnsafeBytes { bytes in
            entries.compactMap { matches($0, name, bytes) ? value($0, bytes) : nil }
        }
    }

    /// What `body` makes of each field of that name, top to bottom. It gets the bytes from behind the colon to before the
    /// final line end, valid during the call.
    func values<Value>(of name: String, _ body: (UnsafeRawBufferPointer) -> Value) -> [Value] {
        storage.withUnsafeBytes { bytes in
            entries.compactMap { matches($0, name, bytes) ? body(bytes.slice(valueRange($0))) : nil }
        }
    }

    /// Value of the topmost field of that name, nil if there is none.
    public func first(_ name: String) -> String? {
        storage.withUnsafeBytes { bytes in
            entries.first { matches($0, name, bytes) }.map { value($0, bytes) }
        }
    }

    /// How many fields of that name there are.
    public func count(_ name: String) -> Int {
        storage.withUnsafeBytes { bytes in
            entries.reduce(0) { $0 + (matches($1, name, bytes) ? 1 : 0) }
        }
    }

    /// Hands out the block without the blank line behind it, in as few pieces as possible, valid during the call only.
    public func write(to sink: (UnsafeRawBufferPointer) -> Void) {
        storage.withUnsafeBytes { bytes in
            var pending = 0..<0
            for entry in entries {
                if entry.range.lowerBound == pending.upperBound {
                    pending = pending.lowerBound..<entry.range.upperBound
                } else {
                    if !pending.isEmpty { sink(UnsafeRawBufferPointer(rebasing: bytes[pending])) }
                    pending = entry.range
                }
            }
            if !pending.isEmpty { sink(UnsafeRawBufferPointer(rebasing: bytes[pending])) }
        }
    }
}

extension HeaderBlock {
    /// Adds a field at the top. See ``addEnd(_:_:)`` for what happens to name and value.
    public mutating func addLeading(_ name: String, _ value: String) {
        entries.insert(store(name, value), at: 0)
    }

    /// Adds a field at the end.
    ///
    /// The field is well-formed whatever is asked for: a character that names cannot have becomes `-`, an empty name
    /// `X-Haraka-Blank`; line ends in the value become folds, so that no value can add fields or begin the body; NUL
    /// and other control characters are taken out; words with non-ASCII characters are encoded (RFC 2047, UTF-8, Q).
    public mutating func addEnd(_ name: String, _ value: String) {
        entries.append(store(name, value))
    }

    /// Takes out all fields of that name with their continuation lines.
    public mutating func remove(_ name: String) {
        let matching = storage.withUnsafeBytes { bytes in entries.map { matches($0, name, bytes) } }
        guard matching.contains(true) else { return }
        byteCount -= zip(entries, matching).reduce(0) { $1.1 ? $0 + $1.0.range.count : $0 }
        entries = zip(entries, matching).compactMap { $1 ? nil : $0 }
    }

    private mutating func store(_ name: String, _ value: String) -> Entry {
        let start = storage.count
        let nameLength = FieldComposer.append(name, value, to: &storage)
        byteCount += storage.count - start
        return Entry(range: start..<storage.count, nameLength: nameLength, valueOffset: nameLength + 1)
    }
}

extension HeaderBlock {
    private func matches(_ entry: Entry, _ name: String, _ bytes: UnsafeRawBufferPointer) -> Bool {
        guard entry.nameLength == name.utf8.count, entry.nameLength > 0 else { return false }
        let wanted = name.utf8.span
        let start = entry.range.lowerBound
        // From the end, because names differ there: many begin with `X-` and the like.
        var offset = wanted.count
        while offset > 0 {
            offset -= 1
            if lowercased(wanted[offset]) != lowercased(bytes[start + offset]) { return false }
        }
        return true
    }

    private func lowercased(_ octet: UInt8) -> UInt8 { octet &- 0x41 < 26 ? octet | 0x20 : octet }

    private func value(_ entry: Entry, _ bytes: UnsafeRawBufferPointer) -> String {
        let range = (entry.range.lowerBound + entry.valueOffset)..<entry.range.upperBound
        return HeaderLine.text(UnsafeRawBufferPointer(rebasing: bytes[range]))
    }

    /// From behind the colon to before the final line end.
    private func valueRange(_ entry: Entry) -> Range<Int> {
        let start = entry.range.lowerBound + entry.valueOffset
        var end = entry.range.upperBound
        if end > start, storage[end - 1] == 0x0A { end -= 1 }
        if end > start, storage[end - 1] == 0x0D { end -= 1 }
        return start..<end
    }
}
