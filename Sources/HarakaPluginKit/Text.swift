// Text that belongs to the host, and the bridge from Swift strings to the ABI's.
import CHarakaPluginKit
@_exported public import HarakaPluginABI

/// Bytes that the host lends for the length of one call: an address, a header, a line of a configuration file.
///
/// Nothing is copied or checked when a `Text` is made, so asking for one costs nothing. It is any 8-bit data, and is
/// compared and hashed byte by byte. Copy what must live longer with ``string`` or `Array(text.bytes)`.
///
///     if call.address(0)?.host == "example.com" { ... }
public struct Text: Hashable, @unchecked Sendable {
    /// The bytes. Valid as long as what lent them.
    public let bytes: UnsafeRawBufferPointer

    /// A view of memory that the caller keeps alive.
    public init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// A text in the ABI's form.
    public init(_ lent: haraka_str) { bytes = UnsafeRawBufferPointer(start: lent.ptr, count: lent.len) }

    public var count: Int { bytes.count }
    public var isEmpty: Bool { bytes.isEmpty }

    /// A copy as a string; what is not UTF-8 becomes U+FFFD.
    public var string: String { String(decoding: bytes, as: UTF8.self) }

    /// A copy with ASCII letters in lower case, all else as it is; what is not UTF-8 becomes U+FFFD.
    public var asciiLowercased: String { String(decoding: bytes.map { lowered($0) }, as: UTF8.self) }

    /// The integer that the text is, with an optional sign; nil if it is anything else or too large.
    public var integer: Int? { Int(trimmed.string) }

    /// The decimal number that the text is, blanks at its ends left aside; nil if it is anything else.
    public var number: Double? {
        var number = 0.0
        return haraka_kit_number(lent, &number) == 0 ? number : nil
    }

    public static func == (a: Text, b: Text) -> Bool {
        guard a.count == b.count else { return false }
        for index in a.bytes.indices where a.bytes[index] != b.bytes[index] { return false }
        return true
    }

    /// Against a literal, without making a string of the text.
    public static func == (text: Text, literal: StaticString) -> Bool {
        guard literal.hasPointerRepresentation, text.count == literal.utf8CodeUnitCount else { return false }
        let other = UnsafeRawBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount)
        return text == Text(other)
    }

    public static func != (text: Text, literal: StaticString) -> Bool { !(text == literal) }

    public func hash(into hasher: inout Hasher) { hasher.combine(bytes: bytes) }

    /// Whether two texts are equal when ASCII letters are compared without case.
    public func equalsCaseless(_ other: Text) -> Bool {
        guard count == other.count else { return false }
        for index in bytes.indices where lowered(bytes[index]) != lowered(other.bytes[index]) { return false }
        return true
    }

    /// Whether it begins with a literal.
    public func hasPrefix(_ literal: StaticString) -> Bool {
        guard literal.hasPointerRepresentation, count >= literal.utf8CodeUnitCount else { return false }
        return Text(UnsafeRawBufferPointer(rebasing: bytes[..<literal.utf8CodeUnitCount])) == literal
    }

    /// The same text without blanks and tabs at its ends.
    public var trimmed: Text {
        var rest = bytes[...]
        while let first = rest.first, first == 0x20 || first == 0x09 { rest.removeFirst() }
        while let last = rest.last, last == 0x20 || last == 0x09 { rest.removeLast() }
        return Text(UnsafeRawBufferPointer(rebasing: rest))
    }

    /// In the ABI's form; lent as long as this text is.
    var lent: haraka_str { haraka_str(ptr: bytes.assumingMemoryBound(to: CChar.self).baseAddress, len: bytes.count) }
}

/// ASCII letters in lower case, every other byte as it is.
func lowered(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte }

extension String {
    /// ASCII letters in lower case, all else as it is: domains and keywords are compared so, and Swift's `lowercased()` would
    /// bring the tables of Unicode into each plugin.
    public var asciiLowercased: String { String(decoding: utf8.map { lowered($0) }, as: UTF8.self) }

    /// Lends the string to a C function. Literals and short strings are not copied to the heap.
    func lent<Result>(_ body: (haraka_str) -> Result) -> Result {
        var copy = self
        return copy.withUTF8 { bytes in
            body(
                haraka_str(
                    ptr: UnsafeRawPointer(bytes.baseAddress)?.assumingMemoryBound(to: CChar.self),
                    len: bytes.count))
        }
    }
}
