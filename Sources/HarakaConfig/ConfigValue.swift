// The one form that every configuration file takes once it is read.

/// A value read from a configuration file.
///
/// An ini file is a map of sections, each a map of keys; a list or data file is a list of strings; a value file
/// is one scalar; a JSON file is whatever it says; a binary file is bytes.
public enum ConfigValue: Sendable, Equatable {
    /// Nothing: a missing value file, a bare `key` in an ini file, JSON's null.
    case null
    /// A declared boolean of an ini file, or JSON's true and false.
    case bool(Bool)
    /// A whole number that fits 64 bits.
    case integer(Int64)
    /// A number with a fraction, or a whole number too large for 64 bits.
    case double(Double)
    /// Text.
    case string(String)
    /// The content of a binary file.
    case bytes([UInt8])
    /// Values in order.
    case list([ConfigValue])
    /// Named values in order.
    case map(OrderedMap)
}

extension ConfigValue {
    /// The entry `key` of a map; nil where this is no map or has no such key.
    public subscript(key: String) -> ConfigValue? {
        guard case .map(let map) = self else { return nil }
        return map[key]
    }

    /// The key of an ini section: `value["main", "listen"]`.
    public subscript(section: String, key: String) -> ConfigValue? {
        self[section]?[key]
    }

    /// The map, if it is one.
    public var map: OrderedMap? {
        guard case .map(let map) = self else { return nil }
        return map
    }

    /// The elements, if it is a list.
    public var list: [ConfigValue]? {
        guard case .list(let items) = self else { return nil }
        return items
    }

    /// The boolean, if it is one.
    public var bool: Bool? {
        guard case .bool(let flag) = self else { return nil }
        return flag
    }

    /// The whole number, if it is one.
    public var integer: Int64? {
        guard case .integer(let number) = self else { return nil }
        return number
    }

    /// The number, whole or not.
    public var number: Double? {
        switch self {
        case .integer(let number): Double(number)
        case .double(let number): number
        default: nil
        }
    }

    /// A scalar as text: strings as they are, numbers in decimal, booleans as `true` and `false`.
    ///
    /// A number has lost how it was written (`007` is `7`); ``Parsed/text(_:_:)`` still knows it.
    public var text: String? {
        switch self {
        case .string(let text): text
        case .integer(let number): String(number)
        case .double(let number): String(number)
        case .bool(let flag): String(flag)
        case .null, .bytes, .list, .map: nil
        }
    }

    /// The texts of a list's scalars; nil where this is no list. Elements that are no scalars are left out.
    public var texts: [String]? {
        list?.compactMap(\.text)
    }
}
