// Switches in ini files, of which a slip is seen.

/// Reads keys one by one; what makes no sense leaves the value as it was, and is remembered. Not by `booleans:`, which takes
/// every word that it does not know for `false`.
///
///     var reader = SwitchReader(plugin.config.ini("relay.ini"))
///     reader.read("relay", "acl", &settings.acl)
///     if let mistake = reader.mistakes.first { return plugin.log(.error, "relay.ini: all stays as it was: \(mistake)") }
public struct SwitchReader {
    private let ini: ValueView
    /// For the log: `[check] mail is neither true nor false`.
    public private(set) var mistakes: [String] = []

    public init(_ ini: ValueView) { self.ini = ini }

    /// A key that is missing leaves the flag as it is.
    public mutating func read(_ section: String, _ key: String, _ flag: inout Bool) {
        let value = ini[section][key]
        guard !value.isNull else { return }
        if let on = value.switch { flag = on } else { mistakes.append("[\(section)] \(key) is neither true nor false") }
    }
}

extension ValueView {
    /// The value of a switch: a boolean, 1 or 0, or one of Haraka's words; nil if it is none of these.
    public var `switch`: Bool? {
        guard value.type == HARAKA_TYPE_TEXT else {
            let number = integer(or: -1)
            return number == 1 ? true : number == 0 ? false : nil
        }
        return text.switch
    }
}

extension Text {
    /// The value of a switch, in Haraka's words (`true yes ok enabled on 1`, `false no disabled off 0`, in any case, blanks at
    /// its ends left aside); nil if it is none of them.
    public var `switch`: Bool? {
        let word = trimmed.asciiLowercased
        if ["true", "yes", "ok", "enabled", "on", "1"].contains(word) { return true }
        return ["false", "no", "disabled", "off", "0"].contains(word) ? false : nil
    }
}
