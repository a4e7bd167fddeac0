// What a server offers in its reply to EHLO or LHLO (RFC 5321 section 4.1.1.1).

/// The lines of the reply, and those of them that matter, read.
public struct ClientCapabilities: Sendable, Equatable {
    /// Without the first, which is a greeting. As the server has sent them.
    public private(set) var lines: [String] = []
    /// SIZE (RFC 1870): the most bytes that a message may have; 0: offered without a limit; nil: not offered.
    public private(set) var sizeLimit: Int?
    /// RFC 6152.
    public private(set) var has8BitMIME = false
    /// RFC 2920.
    public private(set) var hasPipelining = false
    /// RFC 6531.
    public private(set) var hasSMTPUTF8 = false
    /// RFC 3207.
    public private(set) var hasStartTLS = false
    /// RFC 2034.
    public private(set) var hasEnhancedStatusCodes = false
    /// RFC 3461.
    public private(set) var hasDSN = false
    /// AUTH (RFC 4954), and `AUTH=` as old servers write it; in upper case.
    public private(set) var mechanisms: [String] = []
    /// The attributes that XCLIENT may have, in upper case; empty: it is not offered.
    public private(set) var xclient: [String] = []

    /// Nothing, as after HELO.
    public init() {}

    /// - Parameter lines: of the reply, the first one included.
    public init(reply lines: [String]) {
        self.lines = Array(lines.dropFirst())
        for line in self.lines { read(line) }
    }

    private mutating func read(_ line: String) {
        let words = line.split { $0 == " " || $0 == "\t" }.map { $0.uppercased() }
        guard let keyword = words.first else { return }
        switch keyword {
        case "SIZE": sizeLimit = Self.size(words)
        case "8BITMIME": has8BitMIME = true
        case "PIPELINING": hasPipelining = true
        case "SMTPUTF8": hasSMTPUTF8 = true
        case "STARTTLS": hasStartTLS = true
        case "ENHANCEDSTATUSCODES": hasEnhancedStatusCodes = true
        case "DSN": hasDSN = true
        case "AUTH": add(words.dropFirst())
        case "XCLIENT": xclient += words.dropFirst()
        default: if keyword.hasPrefix("AUTH=") { add([String(keyword.dropFirst(5))] + words.dropFirst()) }
        }
    }

    private mutating func add(_ names: some Sequence<String>) {
        for name in names where !name.isEmpty && !mechanisms.contains(name) { mechanisms.append(name) }
    }

    /// What is no number is no limit.
    private static func size(_ words: [String]) -> Int {
        guard words.count > 1, words[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return 0 }
        return Int(words[1]) ?? 0
    }
}
