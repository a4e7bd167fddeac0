// The fake host's regular expressions: alternatives of plain words, without case.
import HarakaPluginABI
import HarakaPluginKit

/// Compiles `word` and `(?|one|two)`; `[` is no expression, and `twice` none that could be joined with others.
final class FakePatterns: @unchecked Sendable {
    static let shared = FakePatterns()

    /// By their handles.
    var alive: [UInt64: [String]] = [:]
    private var next: UInt64 = 1
    let service = UnsafeMutablePointer<haraka_regex_1>.allocate(capacity: 1)

    private init() {
        service.initialize(to: haraka_regex_1())
        service.pointee.compile = { _, pattern, _, out, error in
            let source = Text(pattern).string
            guard let words = FakePatterns.words(of: source) else {
                error?.pointee = abi(lasting("no expression"))
                return HARAKA_E_ARGUMENT
            }
            out?.pointee = haraka_regex(bits: FakePatterns.shared.keep(words))
            return HARAKA_SUCCESS
        }
        service.pointee.match = { regex, subject, _, _ in
            let subject = Text(subject).asciiLowercased
            return FakePatterns.shared.alive[regex.bits]?.contains(subject) == true ? 1 : 0
        }
        service.pointee.free = { regex in
            FakePatterns.shared.alive[regex.bits] = nil
            return HARAKA_SUCCESS
        }
    }

    private func keep(_ words: [String]) -> UInt64 {
        defer { next += 1 }
        alive[next] = words
        return next
    }

    private static func words(of source: String) -> [String]? {
        let isJoined = source.hasPrefix("(?|") && source.hasSuffix(")")
        let words = (isJoined ? String(source.dropFirst(3).dropLast()) : source).split(separator: "|").map(String.init)
        if words.contains("[") || (words.count > 1 && words.contains("twice")) { return nil }
        return words
    }
}
