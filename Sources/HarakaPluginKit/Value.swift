// Values that a plugin builds: notes, results, and what goes with an answer.

/// A value of the plugin's own, to be given to the host, which copies it.
///
///     connection.notes.set("limit", .map([("count", .integer(3)), ("why", .text("too many"))]))
///
/// What the host lends is a ``ValueView``; `Value(view)` copies one.
public enum Value: Equatable, Sendable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case number(Double)
    case text(String)
    case list([Value])
    /// In order; keys are unique.
    case map([Entry])
    /// Where to deliver (answer of `get_mx`).
    indirect case mx(MX)

    /// One entry of a map.
    public struct Entry: Equatable, Sendable {
        public let key: String
        public let value: Value

        public init(_ key: String, _ value: Value) {
            self.key = key
            self.value = value
        }
    }

    /// A map, written as pairs.
    public static func map(_ pairs: [(String, Value)]) -> Value { .map(pairs.map { Entry($0.0, $0.1) }) }

    /// The entries of a map; none if it is something else.
    public var entries: [Entry] {
        if case .map(let entries) = self { return entries }
        return []
    }

    /// An entry of a map, such as a section or key of an ini file; null if there is none. Looks through them in order.
    ///
    ///     let ini = Value(plugin.config.ini("limit.ini"))
    ///     if case .integer(let max) = ini["errors"]["max"] { ... }
    public subscript(key: String) -> Value { entries.first { $0.key == key }?.value ?? .null }

    /// A copy of a lent value. Addresses become their text `user@host`.
    public init(_ view: ValueView) { self = view.copied(depth: 0) }

    /// In the ABI's form, lent to `body`. Scalars need no memory; lists and maps are laid out for the call.
    func lent<Result>(_ body: (UnsafePointer<haraka_value>) -> Result) -> Result {
        switch self {
        case .null: return lend(scalar: haraka_null(), body)
        case .boolean(let on): return lend(scalar: haraka_boolean(on ? 1 : 0), body)
        case .integer(let integer): return lend(scalar: haraka_integer(integer), body)
        case .number(let number): return lend(scalar: haraka_number(number), body)
        case .text(let text): return text.lent { lend(scalar: haraka_text_value($0), body) }
        case .list, .map, .mx:
            var arena = Arena()
            let value = arena.lay(self)
            defer { arena.free() }
            return lend(scalar: value, body)
        }
    }
}

/// Lends one value that is already in the ABI's form.
private func lend<Result>(scalar: haraka_value, _ body: (UnsafePointer<haraka_value>) -> Result) -> Result {
    withUnsafePointer(to: scalar, body)
}

/// The memory of one nested value while the host reads it.
private struct Arena {
    private var blocks: [UnsafeMutableRawPointer] = []

    mutating func lay(_ value: Value) -> haraka_value {
        switch value {
        case .null: return haraka_null()
        case .boolean(let on): return haraka_boolean(on ? 1 : 0)
        case .integer(let integer): return haraka_integer(integer)
        case .number(let number): return haraka_number(number)
        case .text(let text): return haraka_text_value(lay(text))
        case .list(let items): return lay(items)
        case .map(let entries): return lay(entries)
        case .mx(let mx): return lay(mx)
        }
    }

    private mutating func lay(_ mx: MX) -> haraka_value {
        let laid = take(haraka_mx.self, 1)
        laid.initializeElement(at: 0, to: mx.laid { lay($0) })
        var value = haraka_null()
        value.type = HARAKA_TYPE_MX
        value.as.mx = UnsafePointer(laid.baseAddress)
        return value
    }

    private mutating func lay(_ text: String) -> haraka_str {
        let bytes = take(UInt8.self, text.utf8.count)
        _ = bytes.initialize(from: text.utf8)
        return Text(UnsafeRawBufferPointer(bytes)).lent
    }

    private mutating func lay(_ items: [Value]) -> haraka_value {
        let values = take(haraka_value.self, items.count)
        for (index, item) in items.enumerated() { values.initializeElement(at: index, to: lay(item)) }
        return haraka_list_value(values.baseAddress, values.count)
    }

    private mutating func lay(_ entries: [Value.Entry]) -> haraka_value {
        let laid = take(haraka_entry.self, entries.count)
        for (index, entry) in entries.enumerated() {
            laid.initializeElement(at: index, to: haraka_entry(key: lay(entry.key), value: lay(entry.value)))
        }
        var value = haraka_null()
        value.type = HARAKA_TYPE_MAP
        value.as.map = haraka_map(entries: laid.baseAddress, count: laid.count)
        return value
    }

    private mutating func take<Element>(_: Element.Type, _ count: Int) -> UnsafeMutableBufferPointer<Element> {
        let block = UnsafeMutableBufferPointer<Element>.allocate(capacity: count)
        if let start = block.baseAddress { blocks.append(UnsafeMutableRawPointer(start)) }
        return block
    }

    func free() { for block in blocks { block.deallocate() } }
}
