// Names and passwords before they are compared or hashed (RFC 4013, RFC 3454).
import HarakaPluginKit

/// What is ASCII stays as it is. Of the rest, spaces of all kinds become a blank, characters that nobody sees are left out,
/// and what has no place in a name is refused. Compatibility characters (full width letters, ligatures) are not turned into
/// plain ones: that would bring the tables of Unicode into each plugin, and RFC 8265, which takes the place of RFC 4013,
/// leaves them alone, too.
enum SASLPrep {
    /// nil: prohibited characters.
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

    /// RFC 3454 table B.1; U+200B is in both, and has no width.
    private static func isInvisible(_ value: UInt32) -> Bool {
        switch value {
        case 0xAD, 0x34F, 0x1806, 0x180B...0x180D, 0x200B...0x200D, 0x2060, 0xFE00...0xFE0F, 0xFEFF: true
        default: false
        }
    }

    /// RFC 3454 tables C.2 to C.9: controls, private use, no characters, marks that change the order of others.
    private static func isProhibited(_ value: UInt32) -> Bool {
        switch value {
        case 0...0x1F, 0x7F...0x9F, 0x6DD, 0x70F, 0x180E, 0x200E...0x200F, 0x2028...0x202E, 0x2061...0x206F,
            0x340...0x341,
            0x2FF0...0x2FFB, 0xE000...0xF8FF, 0xFDD0...0xFDEF, 0xFFF9...0xFFFF, 0x1D173...0x1D17A, 0xE0001,
            0xE0020...0xE007F, 0xF0000...0x10FFFF:
            true
        default: value & 0xFFFE == 0xFFFE
        }
    }
}
