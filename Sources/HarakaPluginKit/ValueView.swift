// Values that the host lends: arguments, notes, results, configuration.

/// A value that belongs to the host, for the length of one call.
///
/// Reading is without surprise: what is not there, or has another type, is nil or the fallback, never a crash, and
/// views nest:
///
///     let hosts = config.ini("greylist.ini")["main"]["hosts"]
///     let seconds = config.ini("greylist.ini")["main"]["delay"].integer(or: 300)
public struct ValueView: @unchecked Sendable {
    let value: haraka_value

    init(_ value: haraka_value) { self.value = value }
    /// A view of a value in the ABI's form; null if there is none.
    public init(_ pointer: UnsafePointer<haraka_value>?) { value = pointer?.pointee ?? haraka_null() }

    public var isNull: Bool { value.type == HARAKA_TYPE_NULL }

    /// The text, or empty if this is none.
    public var text: Text { value.type == HARAKA_TYPE_TEXT ? Text(value.as.text) : Text(haraka_str()) }

    /// A copy of the text; nil if this is none.
    public var string: String? { value.type == HARAKA_TYPE_TEXT ? text.string : nil }

    /// Whether it is true in Haraka's sense: a number that is not 0, a text that is not empty, any list, map, address.
    public var isTrue: Bool { withUnsafePointer(to: value) { haraka_value_is_true($0) != 0 } }

    /// An integer, a boolean, a number without its fraction, or a text that is an integer (as ini files have them).
    public func integer(or fallback: Int64) -> Int64 {
        if value.type == HARAKA_TYPE_TEXT { return text.integer.map(Int64.init) ?? fallback }
        return withUnsafePointer(to: value) { haraka_value_integer($0, fallback) }
    }

    public func number(or fallback: Double) -> Double {
        if value.type == HARAKA_TYPE_TEXT { return text.number ?? fallback }
        return withUnsafePointer(to: value) { haraka_value_number($0, fallback) }
    }

    /// How many items or entries; 0 if it is neither list nor map.
    public var count: Int { withUnsafePointer(to: value) { haraka_value_count($0) } }

    /// An item of a list; null if there is none.
    public subscript(index: Int) -> ValueView {
        guard value.type == HARAKA_TYPE_LIST, index >= 0, index < value.as.list.count else {
            return ValueView(haraka_null())
        }
        return ValueView(value.as.list.items + index)
    }

    /// An entry of a map; null if there is none.
    public subscript(key: String) -> ValueView {
        key.lent { name in
            for index in 0..<count where keyEquals(index, name) { return entry(index).value }
            return ValueView(haraka_null())
        }
    }

    /// An entry of a map by its position.
    public func entry(_ index: Int) -> (key: Text, value: ValueView) {
        guard value.type == HARAKA_TYPE_MAP, index >= 0, index < value.as.map.count,
            let entries = value.as.map.entries
        else { return (Text(haraka_str()), ValueView(haraka_null())) }
        return (Text(entries[index].key), ValueView(entries[index].value))
    }

    /// The address; nil if it is none.
    public var address: Address? {
        guard value.type == HARAKA_TYPE_ADDRESS, let address = value.as.address else { return nil }
        return Address(address)
    }

    /// A copy of where to deliver; nil if it is none.
    public var mx: MX? {
        guard value.type == HARAKA_TYPE_MX, let mx = value.as.mx else { return nil }
        return MX(mx.pointee)
    }

    private func keyEquals(_ index: Int, _ name: haraka_str) -> Bool {
        value.type == HARAKA_TYPE_MAP && entry(index).key == Text(name)
    }

    /// Calls `body` for each item of a list.
    public func forEach(_ body: (ValueView) -> Void) { for index in 0..<count { body(self[index]) } }

    /// A copy. The host's values are not deep; a limit keeps a broken one from using up the stack.
    func copied(depth: Int) -> Value {
        guard depth < 32 else { return .null }
        switch value.type {
        case HARAKA_TYPE_BOOLEAN: return .boolean(value.as.integer != 0)
        case HARAKA_TYPE_INTEGER: return .integer(value.as.integer)
        case HARAKA_TYPE_NUMBER: return .number(value.as.number)
        case HARAKA_TYPE_TEXT: return .text(text.string)
        case HARAKA_TYPE_ADDRESS: return .text(address?.address.string ?? "")
        case HARAKA_TYPE_MX: return mx.map { .mx($0) } ?? .null
        case HARAKA_TYPE_LIST: return .list((0..<count).map { self[$0].copied(depth: depth + 1) })
        case HARAKA_TYPE_MAP:
            return .map(
                (0..<count).map { index in
                    let (key, value) = entry(index)
                    return Value.Entry(key.string, value.copied(depth: depth + 1))
                })
        default: return .null
        }
    }
}
