// Text into numbers and truth: what a bare word in a configuration file means.

/// The scalars of Haraka's flat formats.
enum Scalar {
    /// A number where the text is one (`-?\d+`, `-?\d+\.\d+`), else the text itself.
    ///
    /// A whole number beyond 64 bits becomes a double, as every number is in Haraka.
    static func value(of text: String) -> ConfigValue {
        guard isNumber(text) else { return .string(text) }
        if let integer = Int64(text) { return .integer(integer) }
        // A digit string of any length converts; should it not, the text still says what was written.
        return Double(text).map { .double($0) } ?? .string(text)
    }

    /// Whether the text is one of `true yes ok enabled on 1`, in any case: how declared booleans are read.
    static func isTrue(_ text: String) -> Bool {
        ["true", "yes", "ok", "enabled", "on", "1"].contains(text.lowercased())
    }

    /// Whether the text plainly says no. Haraka takes every word that is not true for false; the core's own files
    /// are checked more strictly, so that `treu` is a finding.
    static func isFalse(_ text: String) -> Bool {
        ["false", "no", "off", "disabled", "0"].contains(text.lowercased())
    }

    private static func isNumber(_ text: String) -> Bool {
        var digits = text.utf8[...]
        if digits.first == UInt8(ascii: "-") { digits.removeFirst() }
        let parts = digits.split(separator: UInt8(ascii: "."), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count <= 2 else { return false }
        return parts.allSatisfy { part in
            !part.isEmpty && part.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        }
    }
}
