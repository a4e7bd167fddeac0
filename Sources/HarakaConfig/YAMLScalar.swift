// What a YAML text without quotes means: the core schema of YAML 1.2 (section 10.3).

/// The scalars of YAML.
///
/// YAML 1.1's other words are texts here: `yes`, `no`, `on`, `off`, `0777`, `12:30`, `1_000`, dates.
enum YAMLScalar {
    /// What the tags of the core schema begin with; written `!!`.
    static let tagPrefix = "tag:yaml.org,2002:"

    /// The value of a text without quotes.
    static func value(of text: String) -> ConfigValue {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        case ".nan", ".NaN", ".NAN": return .double(.nan)
        default: return number(text) ?? .string(text)
        }
    }

    /// The value of a text with a core tag (`!!str`, `!!int`, `!!float`, `!!bool`, `!!null`); nil where the text does
    /// not fit the tag, or the tag is another one.
    static func value(of text: String, tag: String) -> ConfigValue? {
        guard tag.hasPrefix(tagPrefix) else { return nil }
        let value = value(of: text)
        switch (tag.dropFirst(tagPrefix.count), value) {
        case ("str", _): return .string(text)
        case ("int", .integer), ("float", .double), ("bool", .bool), ("null", .null): return value
        case ("float", .integer(let number)): return .double(Double(number))
        default: return nil
        }
    }

    /// `-12`, `0x1F`, `0o17`, `1.5e3`, `-.inf`; nil for what is no number.
    private static func number(_ text: String) -> ConfigValue? {
        var digits = text.utf8[...]
        let sign = digits.first
        if sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            digits.removeFirst()
        } else if text.hasPrefix("0x") {
            return whole(digits.dropFirst(2), radix: 16)
        } else if text.hasPrefix("0o") {
            return whole(digits.dropFirst(2), radix: 8)
        }
        if [".inf", ".Inf", ".INF"].contains(String(digits)) {
            return .double(sign == UInt8(ascii: "-") ? -.infinity : .infinity)
        }
        // Of these characters Swift accepts just what the schema does; of all, also `nan`, `infinity` and `0x1p3`.
        guard !text.isEmpty, text.utf8.allSatisfy(Self.decimal.contains) else { return nil }
        // A whole number beyond 64 bits becomes a double, as in all formats here.
        return Int64(text).map(ConfigValue.integer) ?? Double(text).map(ConfigValue.double)
    }

    private static let decimal = "0123456789.eE+-".utf8

    /// Digits of another base than ten.
    private static func whole(_ digits: Substring.UTF8View, radix: Int) -> ConfigValue? {
        var number = 0.0
        for byte in digits {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, digit < radix else { return nil }
            number = number * Double(radix) + Double(digit)
        }
        guard !digits.isEmpty else { return nil }
        return Int64(String(digits) ?? "", radix: radix).map(ConfigValue.integer) ?? .double(number)
    }
}
