// The one form of data that plugins and the core exchange.

public import SMTPSyntax

/// A hook argument, an answer's value, a note, a result or a configuration value.
public enum Value: Sendable, Equatable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case number(Double)
    case text(String)
    /// Text that is not UTF-8.
    case bytes([UInt8])
    case list([Value])
    case map(ValueMap)
    case address(Address)
    /// Boxed, so that the rare case does not make all values large.
    indirect case mx(MX)

    /// As Haraka's logs and texts show it.
    public var description: String {
        switch self {
        case .null: ""
        case .boolean(let flag): flag ? "true" : "false"
        case .integer(let integer): String(integer)
        // Whole numbers up to 2^53 are exact and have no point.
        case .number(let number): abs(number) <= 0x1p53 && number == number.rounded() ? "\(Int64(number))" : "\(number)"
        case .text(let text): text
        case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
        case .list(let items): items.map(\.description).joined(separator: ", ")
        case .map(let map): map.entries.map { "\($0.key)=\($0.value.description)" }.joined(separator: " ")
        case .address(let address): address.formatted
        case .mx(let mx): mx.exchange.isEmpty ? mx.path : mx.exchange
        }
    }

    /// True in Haraka's sense: not null, false, zero, not-a-number or the empty text.
    public var isTrue: Bool {
        switch self {
        case .null: false
        case .boolean(let flag): flag
        case .integer(let integer): integer != 0
        case .number(let number): number != 0 && !number.isNaN
        case .text(let text): !text.isEmpty
        case .bytes(let bytes): !bytes.isEmpty
        default: true
        }
    }
}

/// Named values in the order in which they came; the last of a name wins.
public struct ValueMap: Sendable, Equatable {
    public struct Entry: Sendable, Equatable {
        public var key: String
        public var value: Value
        public init(_ key: String, _ value: Value) {
            self.key = key
            self.value = value
        }
    }

    public private(set) var entries: [Entry]

    public init(_ entries: [Entry] = []) { self.entries = entries }

    /// Appends to the list under `key`, in place; a single value there becomes its first item.
    public mutating func append(_ value: Value, toListAt key: String) {
        guard let index = entries.lastIndex(where: { $0.key == key }) else {
            entries.append(Entry(key, .list([value])))
            return
        }
        guard case .list(var list) = entries[index].value else {
            entries[index].value = .list([entries[index].value, value])
            return
        }
        // Let go of the stored list first, else appending would copy it.
        entries[index].value = .null
        list.append(value)
        entries[index].value = .list(list)
    }

    public subscript(_ key: String) -> Value? {
        get { entries.last { $0.key == key }?.value }
        set {
            let index = entries.lastIndex { $0.key == key }
            switch (index, newValue) {
            case (let index?, let value?): entries[index].value = value
            case (_?, nil): entries.removeAll { $0.key == key }
            case (nil, let value?): entries.append(Entry(key, value))
            case (nil, nil): break
            }
        }
    }
}

/// Where to deliver: the answer of `get_mx`.
public struct MX: Sendable, Equatable {
    /// Whether STARTTLS is used there.
    public enum TLS: Sendable, Equatable {
        /// As outbound.ini says.
        case asSettings
        /// Nothing is sent without it and a certificate that is vouched for.
        case required
        /// Not even if it is offered.
        case never
    }

    public var exchange = ""
    public var path = ""
    public var priority = 0
    public var port = 0
    public var bind = ""
    public var bindHelo = ""
    public var usesLMTP = false
    public var authUser = ""
    public var authPassword = ""
    public var authType = ""
    public var tls = TLS.asSettings

    public init() {}
}
