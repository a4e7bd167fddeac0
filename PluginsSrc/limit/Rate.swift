// How many in which time: the values of the rate sections.
import HarakaPluginKit

/// So many within a window of so many seconds. A count of 0 means without limit.
struct Rate: Equatable, Sendable {
    let count: Int64
    let seconds: Int64

    /// The longest window, and the largest count, that make sense: beyond a year it is a slip of the pen.
    private static let longest: Int64 = 366 * 86_400
    private static let most: Int64 = 1_000_000_000

    init(count: Int64, seconds: Int64 = 60) {
        self.count = count
        self.seconds = seconds
    }

    /// From `N`, `N/T` or `N/T` with a unit: s, m, h or d in any case. Without a time it is 60 seconds.
    init(_ value: Value, of key: String) throws(PluginError) {
        guard let rate = Rate(value) else { throw PluginError("\(key): expected N or N/T, T with s, m, h or d") }
        self = rate
    }

    private init?(_ value: Value) {
        switch value {
        case .integer(let count) where (0...Rate.most).contains(count): self.init(count: count)
        case .text(let text):
            let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            guard parts.count <= 2, let count = parts.first.flatMap({ number($0) }), count <= Rate.most else {
                return nil
            }
            let seconds = parts.count == 2 ? Rate.seconds(parts[1]) : 60
            guard let seconds, (1...Rate.longest).contains(seconds) else { return nil }
            self.init(count: count, seconds: seconds)
        default: return nil
        }
    }

    private static func seconds(_ text: Substring.UTF8View) -> Int64? {
        let factor: Int64
        switch text.last.map({ $0 | 0x20 }) {
        case UInt8(ascii: "s"): factor = 1
        case UInt8(ascii: "m"): factor = 60
        case UInt8(ascii: "h"): factor = 3600
        case UInt8(ascii: "d"): factor = 86_400
        default: return number(text)
        }
        guard let number = number(text.dropLast()), number <= longest else { return nil }
        return number * factor
    }
}

/// Digits and nothing else; nil if there are none, or too many.
private func number(_ digits: Substring.UTF8View) -> Int64? {
    guard (1...12).contains(digits.count) else { return nil }
    var number: Int64 = 0
    for digit in digits {
        guard (0x30...0x39).contains(digit) else { return nil }
        number = number * 10 + Int64(digit - 0x30)
    }
    return number
}

/// One rate section: rates by key, and one for everybody else.
struct Rates: Equatable, Sendable {
    var byKey: [String: Rate] = [:]
    var `default`: Rate?

    /// What holds for somebody, and the key under which is counted. `keys` come most specific first; the first that the
    /// section has decides, and all whom it fits share one count. Who has only the default is counted alone.
    func match(_ keys: @autoclosure () -> [String], alone: String) -> (key: String, rate: Rate)? {
        if !byKey.isEmpty {
            for key in keys() {
                guard let rate = byKey[key] else { continue }
                return rate.count == 0 ? nil : (key, rate)
            }
        }
        guard let rate = `default`, rate.count > 0 else { return nil }
        // A blank keeps it apart from the keys of the section: one address is not the network of the same text.
        return (" " + alone, rate)
    }
}
