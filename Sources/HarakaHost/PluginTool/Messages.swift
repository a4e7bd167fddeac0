// Messages of all kinds, with CR LF line ends and without dot stuffing.

enum Messages {
    static func small(_ token: String) -> [UInt8] {
        Array(
            """
            From: sender-\(token)@example.net\r
            To: rcpt-\(token)@example.com\r
            Subject: a message of \(token)\r
            Message-ID: <1-\(token)@example.net>\r
            Date: Sat, 21 Nov 2026 12:00:00 +0000\r
            \r
            Hello,\r
            this is \(token).\r

            """.utf8)
    }

    /// The message that goes with arguments of that kind.
    static func content(_ style: ArgumentStyle, _ token: String) -> [UInt8] {
        switch style {
        case .normal, .bare: small(token)
        case .empty: []
        case .long: Array("Subject: ".utf8) + Array(Junk.long.utf8) + Array("\r\n\r\n".utf8) + Array(Junk.long.utf8)
        case .junk: eightBit
        }
    }

    static func large(_ token: String) -> [UInt8] {
        let line = Array("This line is one of very many, and says nothing new at all.\r\n".utf8)
        return small(token) + (0..<((1 << 20) / line.count)).flatMap { _ in line }
    }

    static let headersOnly = Array("From: a@example.net\r\nSubject: nothing else\r\n".utf8)

    /// Bytes that are neither ASCII nor UTF-8, in names and values of fields and in the body.
    static let eightBit =
        Array("From: ".utf8) + [0xFF, 0xFE, 0x80, 0x0D, 0x0A] + Array("X-".utf8) + [0xC3, 0x28]
        + Array(
            ": \u{0}\u{1}junk\r\nno field at all\r\n: nameless\r\nSubject: =?utf-8?B?////?= =?x?Q?=ZZ?=\r\n\r\n".utf8)
        + Junk.bytes(4096) + [0x0D, 0x0A]

    /// Lines of 100,000 bytes.
    static let longLines: [UInt8] = {
        let line = [UInt8](repeating: 0x78, count: 100_000)
        return Array("Subject: ".utf8) + line + Array("\r\nX-Folded:\r\n ".utf8) + line + Array("\r\n\r\n".utf8) + line
            + Array("\r\n".utf8)
    }()
}
