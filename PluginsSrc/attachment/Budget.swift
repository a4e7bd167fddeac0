// What the archives of one mail may cost.
import HarakaPluginKit

/// Why an archive was not listed to its end.
enum Problem: Error, Equatable, Sendable {
    case tooDeep(String)
    case encrypted(String)
    /// Broken, none at all, or beyond a limit: the name of the archive, and the cause.
    case unreadable(String, String)
    /// An attachment of more bytes than is looked into.
    case tooLarge(String)
}

/// Time, entries and bytes that are left for the archives of a mail. Any thread, one at a time.
final class Budget: @unchecked Sendable {
    private let deadline: Int64
    private let limits: ListingLimits
    private var entries = 0
    private var bytes = 0
    /// The limit that was exceeded first.
    private(set) var exceeded: String?

    /// From now on.
    init(milliseconds: Int64, _ limits: ListingLimits) {
        deadline = Plugin.monotonicMicroseconds &+ milliseconds &* 1000
        self.limits = limits
    }

    /// Whether there is still time, and nothing was exceeded. Looks at the clock.
    var isLeft: Bool {
        if exceeded == nil, Plugin.monotonicMicroseconds >= deadline { exceeded = "timeout" }
        return exceeded == nil
    }

    func spend(entries count: Int) {
        entries &+= count
        if entries > limits.entries { exceeded = exceeded ?? "more than \(limits.entries) entries" }
    }

    func spend(bytes count: Int) {
        bytes &+= count
        if bytes > limits.bytes { exceeded = exceeded ?? "more than \(limits.bytes) bytes unpacked" }
    }

    /// Throws if anything was exceeded.
    func check(_ archive: String) throws(Problem) {
        if isLeft { return }
        throw .unreadable(archive, exceeded ?? "")
    }
}
