// Command lines as a log may show them: what follows AUTH is a secret (RFC 4954).

extension CommandLine {
    private static let hidden = "[hidden]"

    /// Mechanisms that are shown. Any other word behind AUTH may be a password in the wrong place.
    private static let mechanisms: Set<String> = [
        "PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256",
        "SCRAM-SHA-256-PLUS", "SCRAM-SHA-512", "SCRAM-SHA-512-PLUS", "NTLM", "GSSAPI", "EXTERNAL", "ANONYMOUS",
        "XOAUTH2", "OAUTHBEARER",
    ]

    /// The line without secrets: `AUTH PLAIN [hidden]`.
    /// - Parameter afterAuth: the client has said AUTH before. What does not look like a command then may be the rest
    ///   of an exchange that has failed, and is hidden too.
    public func shown(afterAuth: Bool = false) -> String {
        CommandLine.shown(word: word, rest: argument, separator: " ", afterAuth: verb == nil && afterAuth)
    }

    /// The same of a line that was split already.
    /// - Parameters:
    ///   - word: empty: the line could not be split, and is all in `rest`
    ///   - separator: between word and rest
    public static func shown(word: String, rest: String, separator: String, afterAuth: Bool = false) -> String {
        let isWhole = word.isEmpty
        let line = (isWhole ? rest : word).utf8.drop { !$0.isLetter }
        if line.starts(withUpper: "AUTH") {
            let isAlone = !isWhole && word.utf8.count == 4
            return shownAuth(Substring(line.prefix(4)), isAlone ? rest : hidden, separator)
        }
        if afterAuth, !isWhole, !looksLikeCommand(word) { return hidden }
        if afterAuth, isWhole, !rest.isEmpty { return hidden }
        return isWhole ? rest : rest.isEmpty ? word : "\(word)\(separator)\(rest)"
    }

    private static func shownAuth(_ word: Substring, _ rest: String, _ separator: String) -> String {
        let words = rest.utf8.split(maxSplits: 1, whereSeparator: \.isBlank).map { String(Substring($0)) }
        guard let first = words.first else { return String(word) }
        guard mechanisms.contains(first.uppercased()) else { return "\(word)\(separator)\(hidden)" }
        return "\(word)\(separator)\(first)" + (words.count > 1 ? " \(hidden)" : "")
    }

    /// Short, and letters of one case. Base64 is neither.
    private static func looksLikeCommand(_ word: String) -> Bool {
        let letters = word.utf8
        return letters.count <= 12
            && (letters.allSatisfy { (0x41...0x5A).contains($0) } || letters.allSatisfy { (0x61...0x7A).contains($0) })
    }
}

extension UInt8 {
    fileprivate var isLetter: Bool { (0x61...0x7A).contains(self | 0x20) }
}

extension Substring.UTF8View {
    fileprivate func starts(withUpper word: String) -> Bool {
        let own = prefix(word.utf8.count)
        return own.count == word.utf8.count && zip(own, word.utf8).allSatisfy { $0 & 0xDF == $1 }
    }
}
