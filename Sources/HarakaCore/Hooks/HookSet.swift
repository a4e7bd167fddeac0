// Which hooks anybody listens to, as bits: what nobody asked for is skipped without building its question.

/// A set of hooks in one word.
public struct HookSet: Sendable, Equatable {
    private var bits: UInt64

    private init(bits: UInt64) { self.bits = bits }

    public init(_ hooks: some Sequence<Hook>) {
        bits = 0
        for hook in hooks { insert(hook) }
    }

    public static let none = HookSet(bits: 0)
    public static let all = HookSet(bits: .max)

    @inline(__always)
    public func contains(_ hook: Hook) -> Bool { bits & HookSet.bit(hook) != 0 }

    public mutating func insert(_ hook: Hook) { bits |= HookSet.bit(hook) }
    public mutating func remove(_ hook: Hook) { bits &= ~HookSet.bit(hook) }

    private static func bit(_ hook: Hook) -> UInt64 { 1 << UInt64(hook.rawValue) }
}
