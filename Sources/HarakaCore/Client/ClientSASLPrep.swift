// Names and passwords before they are hashed (RFC 4013, RFC 3454).

/// ASCII stays as it is. Of the rest, spaces of all kinds become a blank, and characters that nobody sees are left out.
/// Compatibility characters are left alone, as RFC 8265 has it, which takes the place of RFC 4013.
enum ClientSASLPrep {
    /// nil: control characters, or what no text can hold; the caller takes it as it is then.
    static func prepared(_ text: String) -> String? {
        if text.utf8.allSatisfy({ $0 > 0x1F && $0 < 0x7F }) { return text }
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars where !isInvisible(scalar.value) {
            guard !isProhibited(scalar.value) else { return nil }
            scalars.append(isSpace(scalar.value) ? " " : scalar)
        }
        return String(scalars)
    }

    /// RFC 3454 table C.1.2.
    private static func isSpace(_ value: UInt32) -> Bool {
        switch value {
        case 0xA0, 0x1680, 0x2000...0x200A, 0x202F, 0x205F, 0x3000: true
        default: false
        }
    }

    /// RFC 3454 table B.1.
    private static func isInvisible(_ value: UInt32) -> Bool {
        switch value {
        case 0xAD, 0x34F, 0x1806, 0x180B...0x180D, 0x200B...0x200D, 0x2060, 0xFE00...0xFE0F, 0xFEFF: true
        default: false
        }
    }

    /// RFC 3454 tables C.2.1, C.2.2 and C.4.
    private static func isProhibited(_ value: UInt32) -> Bool {
        value < 0x20 || (0x7F...0x9F).contains(value) || (0xFDD0...0xFDEF).contains(value) || value & 0xFFFE == 0xFFFE
    }
}
