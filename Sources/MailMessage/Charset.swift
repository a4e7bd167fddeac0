// Charsets of mail, by the names that mail uses (RFC 2978), and text in one piece.

/// Names of charsets, and conversion of whole texts.
///
/// The C library knows some hundred charsets; which ones, `iconv -l` says. Names from messages reach it only if they are
/// made of letters, digits and `._:-+`, so that no option can be smuggled in with them.
public enum Charset {
    /// How the bytes of a charset are read.
    enum Reading: Equatable {
        case utf8
        /// windows-1252. Also for `iso-8859-1`, which it contains but for control characters that no text has, and which
        /// it is in truth more often than not; mail readers and browsers do the same.
        case windows1252
        /// No charset, or ASCII, which has no bytes above 127: what is valid UTF-8 is that, other bytes are windows-1252.
        case guessed
        /// A name for iconv.
        case library(String)
    }

    /// Names that mail uses and the C library does not know, or knows for less than what is written under them: Korean
    /// and Chinese senders name the small set and use the large one.
    private static let aliases: [String: String] = [
        "utf7": "UTF-7", "unicode-1-1-utf-7": "UTF-7", "unicode-2-0-utf-7": "UTF-7", "x-unicode-2-0-utf-7": "UTF-7",
        "ks_c_5601-1987": "CP949", "ks_c_5601": "CP949", "ks_c_5601-1989": "CP949", "ksc5601": "CP949",
        "ksc_5601": "CP949", "korean": "CP949", "euc-kr": "CP949", "x-windows-949": "CP949", "windows-949": "CP949",
        "gb2312": "GB18030", "gb_2312-80": "GB18030", "x-gbk": "GB18030", "gbk": "GB18030", "euc-cn": "GB18030",
        "chinese": "GB18030", "cp936": "GB18030", "hz-gb-2312": "HZ", "big5": "BIG5-HKSCS", "x-x-big5": "BIG5-HKSCS",
        "iso-8859-8-i": "ISO-8859-8", "iso-8859-8-e": "ISO-8859-8", "iso-8859-6-i": "ISO-8859-6",
        "iso-8859-6-e": "ISO-8859-6", "logical": "ISO-8859-8", "iso-8859-9": "CP1254", "tis-620": "CP874",
        "iso-8859-11": "CP874", "x-sjis": "CP932", "shift_jis": "CP932", "shift-jis": "CP932", "sjis": "CP932",
        "ms_kanji": "CP932", "windows-31j": "CP932", "x-euc-jp": "EUC-JP", "x-euc": "EUC-JP",
        "x-mac-roman": "MACINTOSH", "x-mac-cyrillic": "MAC-CYRILLIC", "x-mac-ce": "MAC-CENTRALEUROPE",
        "x-user-defined": "CP1252", "utf-16": "UTF-16", "utf16": "UTF-16", "iso-10646-ucs-2": "UCS-2BE",
    ]

    private static let utf8Names: Set = ["utf-8", "utf8", "unicode-1-1-utf-8", "x-unicode-2-0-utf-8", "utf-8n"]
    private static let latinNames: Set = [
        "iso-8859-1", "iso8859-1", "iso_8859-1", "iso88591", "latin1", "latin-1", "l1", "windows-1252", "cp1252",
        "x-cp1252", "x-ansi", "ansi", "8859_1",
    ]
    private static let asciiNames: Set = [
        "", "us-ascii", "ascii", "usascii", "us_ascii", "ansi_x3.4-1968", "iso-646-us", "iso646-us", "7bit", "8bit",
        "binary", "unknown", "unknown-8bit", "x-unknown", "default", "default_charset", "none",
    ]

    /// What is not let through to the C library: its own inner form, and converters whose mistakes were holes in
    /// libraries that are still about. Nobody writes mail in them. Letters and digits only, upper case.
    private static let refused: Set = ["INTERNAL", "ISO2022CNEXT", "ISO2022JP3"]

    /// nil: nobody can know this charset.
    static func reading(_ charset: String) -> Reading? {
        if charset == "utf-8" || charset == "UTF-8" { return .utf8 }
        guard let name = normalized(charset) else { return nil }
        if utf8Names.contains(name) { return .utf8 }
        if latinNames.contains(name) { return .windows1252 }
        if asciiNames.contains(name) { return .guessed }
        if let alias = aliases[name] { return .library(alias) }
        let letters = name.utf8.filter { $0 &- 0x30 < 10 || $0 &- 0x61 < 26 }.map { $0 >= 0x61 ? $0 & 0xDF : $0 }
        if letters.isEmpty || refused.contains(String(decoding: letters, as: UTF8.self)) { return nil }
        return .library(String(decoding: name.utf8.map { $0 &- 0x61 < 26 ? $0 & 0xDF : $0 }, as: UTF8.self))
    }

    /// In lower case, without blanks and quotes around it and without a language (RFC 2231 section 5). nil if it holds
    /// what no name has, or is longer than any name.
    private static func normalized(_ charset: String) -> String? {
        var name = charset.utf8.prefix { $0 != 0x2A }[...]
        while let first = name.first, isWhiteSpace(first) || first == 0x22 || first == 0x27 { name.removeFirst() }
        while let last = name.last, isWhiteSpace(last) || last == 0x22 || last == 0x27 { name.removeLast() }
        guard name.count <= 64, name.allSatisfy(isOfName) else { return nil }
        return String(decoding: name.map(asciiLowercased), as: UTF8.self)
    }

    private static func isOfName(_ octet: UInt8) -> Bool {
        switch octet {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2B, 0x2D, 0x2E, 0x3A, 0x5F: true
        default: false
        }
    }
}

extension Charset {
    /// The text that the bytes are; what cannot be read becomes U+FFFD. nil: the charset is not known.
    public static func utf8(_ bytes: UnsafeRawBufferPointer, charset: String) -> String? {
        guard let decoder = CharsetDecoder(charset: charset) else { return nil }
        return decoder.text(bytes)
    }

    /// As ``utf8(_:charset:)``, but a charset that nobody knows is guessed: what is valid UTF-8 is that, other bytes are
    /// windows-1252.
    public static func text(_ bytes: UnsafeRawBufferPointer, charset: String) -> String {
        CharsetDecoder(guessing: charset).text(bytes)
    }
}
