// What a single line of a header is.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The kinds of lines between the beginning of a message and its body. A line ends at LF, with or without a CR.
enum HeaderLine: Equatable {
    /// Nothing but its end: the header is over.
    case blank
    /// Begins with SP or TAB: belongs to the line before (RFC 5322 section 2.2.3).
    case continuation
    /// `name:`; the value begins `valueOffset` bytes behind the start of the line.
    case field(nameLength: Int, valueOffset: Int)
    /// Anything else.
    case other

    /// Classifies `bytes[line]`, the line end not included.
    init(_ bytes: UnsafeRawBufferPointer, _ line: Range<Int>) {
        guard let first = line.first else {
            self = .blank
            return
        }
        if bytes[first] == 0x0D, line.count == 1 {
            self = .blank
        } else if isBlank(bytes[first]) {
            self = .continuation
        } else {
            self = HeaderLine.field(bytes, line)
        }
    }

    /// A name of visible characters, then blanks (RFC 5322 section 4.5 allows them), then a colon. Bytes above 127 are
    /// let through in names: refusing the line would make body of the rest of the header.
    private static func field(_ bytes: UnsafeRawBufferPointer, _ line: Range<Int>) -> HeaderLine {
        var offset = line.lowerBound
        while offset < line.upperBound, bytes[offset] > 0x20, bytes[offset] != 0x7F, bytes[offset] != 0x3A {
            offset += 1
        }
        let nameLength = offset - line.lowerBound
        while offset < line.upperBound, isBlank(bytes[offset]) { offset += 1 }
        guard nameLength > 0, offset < line.upperBound, bytes[offset] == 0x3A else { return .other }
        return .field(nameLength: nameLength, valueOffset: offset + 1 - line.lowerBound)
    }

    /// Offset of the first LF at or behind `start`, nil if there is none.
    static func lineFeed(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        guard let base = bytes.baseAddress, start < bytes.count else { return nil }
        guard let found = memchr(base + start, 0x0A, bytes.count - start) else { return nil }
        return UnsafeRawPointer(found) - base
    }

    /// The bytes without surrounding white space, as text.
    static func text(_ bytes: UnsafeRawBufferPointer) -> String {
        var slice = bytes[...]
        while let first = slice.first, isWhiteSpace(first) { slice.removeFirst() }
        while let last = slice.last, isWhiteSpace(last) { slice.removeLast() }
        return String(decoding: slice, as: UTF8.self)
    }
}

/// SP or TAB.
func isBlank(_ octet: UInt8) -> Bool { octet == 0x20 || octet == 0x09 }

/// SP, TAB, CR or LF.
func isWhiteSpace(_ octet: UInt8) -> Bool { isBlank(octet) || octet == 0x0D || octet == 0x0A }
