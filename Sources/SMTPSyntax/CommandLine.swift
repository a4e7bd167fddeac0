// One command line, split into verb and argument.

/// The commands that the server itself knows (RFC 5321 section 4.1). Everything else, STARTTLS and AUTH included, is
/// `unrecognized_command` and belongs to plugins, as in Haraka. The raw value is the command in lower case.
public enum Verb: String, Sendable, CaseIterable {
    case helo, ehlo, mail, rcpt, data, rset, noop, vrfy, help, quit

    /// The verb that `word` spells in any letter case; nil if it spells none.
    init?(_ word: UnsafeRawBufferPointer) {
        guard word.count == 4 else { return nil }
        // All verbs have four letters: one comparison of a number instead of ten of strings. Setting bit 0x20 makes
        // a lower-case letter out of the two cases of that letter and of nothing else.
        let letters = UInt32(bigEndian: word.loadUnaligned(as: UInt32.self))
        switch letters | 0x2020_2020 {
        case 0x6865_6C6F: self = .helo
        case 0x6568_6C6F: self = .ehlo
        case 0x6D61_696C: self = .mail
        case 0x7263_7074: self = .rcpt
        case 0x6461_7461: self = .data
        case 0x7273_6574: self = .rset
        case 0x6E6F_6F70: self = .noop
        case 0x7672_6679: self = .vrfy
        case 0x6865_6C70: self = .help
        case 0x7175_6974: self = .quit
        default: return nil
        }
    }
}

/// A command line as Haraka splits it: the first word, then the rest behind blanks. Trailing blanks are dropped.
public struct CommandLine: Sendable {
    /// The command, in whatever letter case it came; nil if the server does not know it.
    public let verb: Verb?
    /// The first word as sent; "" if the line begins with a blank, or could not be split.
    public let word: String
    /// The rest without surrounding blanks. The whole line if it could not be split. Bytes that are no UTF-8 have
    /// become U+FFFD, which no address accepts.
    public let argument: String
    /// The line holds a byte above 127 (refused after HELO, allowed after EHLO for SMTPUTF8 and plugins' commands).
    public let is8Bit: Bool

    /// Splits a line.
    /// - Parameter line: The line without its end, as ``LineDecoder`` reports it. A CR or LF inside it (possible when
    ///   bare ones are accepted) makes it a line that cannot be split, as in Haraka.
    public init(_ line: UnsafeRawBufferPointer) {
        is8Bit = !line.reduce(0, |).isASCII
        let all = 0..<line.count
        var end = line.count
        while end > 0, line[end - 1].isBlank { end -= 1 }
        if (line.firstOffset(of: .carriageReturn, in: all) ?? line.firstOffset(of: .lineFeed, in: all)) != nil {
            (verb, word, argument) = (nil, "", line.string(0..<end))
            return
        }
        var wordEnd = 0
        while wordEnd < end, !line[wordEnd].isBlank { wordEnd += 1 }
        var start = wordEnd
        while start < end, line[start].isBlank { start += 1 }
        verb = Verb(UnsafeRawBufferPointer(rebasing: line[..<wordEnd]))
        word = line.string(0..<wordEnd)
        argument = line.string(start..<end)
    }

    /// The first word is `command`, which is given in upper case.
    public func isCommand(_ command: String) -> Bool {
        word.utf8.count == command.utf8.count
            && zip(word.utf8, command.utf8).allSatisfy { ($0 >= 0x61 && $0 <= 0x7A ? $0 & 0xDF : $0) == $1 }
    }
}
