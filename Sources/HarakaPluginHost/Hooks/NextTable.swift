// The right to answer a hook once, from any thread. docs/plugin-abi.md items 2, 13.

import Glibc
import Synchronization

/// How the right to answer stands.
enum NextState: UInt64 {
    case closed, open, answered, timedOut, gone, revoked
}

/// One atomic word per slot: sequence and state. Whoever turns `open` into something else has decided.
///
/// The loop opens and retires slots; any thread may look and try to answer. A slot that ended unusually is retired and
/// comes back last, so that a late answer still learns why nobody took it.
final class NextTable: @unchecked Sendable {
    /// kind: 4 bits, slot: 20, sequence: 40.
    private static let slotBits: UInt64 = 20
    private static let sequenceBits: UInt64 = 40
    private static let sequenceMask: UInt64 = (1 << sequenceBits) - 1
    private static let capacity = 1 << Int(slotBits)

    // Untouched pages of the table cost nothing: calloc of this size is a fresh mapping.
    private let words: UnsafeMutablePointer<Atomic<UInt64>>
    private var fresh = 0
    private var retired: [Int] = []
    private var retiredHead = 0

    init() {
        guard let memory = calloc(NextTable.capacity, MemoryLayout<Atomic<UInt64>>.stride) else {
            preconditionFailure("no memory for the table of answers")
        }
        words = memory.bindMemory(to: Atomic<UInt64>.self, capacity: NextTable.capacity)
    }

    deinit { free(words) }

    /// A slot for one run of hooks. Nil: a million hooks are waiting. On the loop.
    func takeSlot() -> Int? {
        // Reuse only after a while, see above.
        if retired.count - retiredHead > 1024 || fresh == NextTable.capacity {
            guard retiredHead < retired.count else { return nil }
            defer { compact() }
            retiredHead += 1
            return retired[retiredHead - 1]
        }
        fresh += 1
        return fresh - 1
    }

    private func compact() {
        guard retiredHead > 4096 else { return }
        retired.removeSubrange(0..<retiredHead)
        retiredHead = 0
    }

    /// The slot will not be opened again by its owner. On the loop.
    func retire(_ slot: Int) { retired.append(slot) }

    /// Opens the slot for one answer and returns the handle's bits. On the loop.
    @inline(__always)
    func open(_ slot: Int) -> UInt64 {
        let sequence = ((words[slot].load(ordering: .relaxed) >> 3) + 1) & NextTable.sequenceMask
        words[slot].store(sequence << 3 | NextState.open.rawValue, ordering: .releasing)
        return HandleKind.next.rawValue << 60 | UInt64(slot) << NextTable.sequenceBits | sequence
    }

    /// Ends the slot's current right, if it is open still. False: it was answered before. Any thread.
    @inline(__always)
    func close(_ bits: UInt64, as state: NextState) -> Bool {
        let sequence = bits & NextTable.sequenceMask
        return words[NextTable.slot(bits)].compareExchange(
            expected: sequence << 3 | NextState.open.rawValue, desired: sequence << 3 | state.rawValue,
            ordering: .acquiringAndReleasing
        ).exchanged
    }

    /// How it stands; nil: the handle is not one of ours. A right whose slot went on to another is `answered`. Any thread.
    func state(_ bits: UInt64) -> NextState? {
        guard bits >> 60 == HandleKind.next.rawValue else { return nil }
        let word = words[NextTable.slot(bits)].load(ordering: .acquiring)
        let sequence = bits & NextTable.sequenceMask
        if sequence == 0 || word >> 3 < sequence { return nil }
        return word >> 3 == sequence ? NextState(rawValue: word & 7) : .answered
    }

    static func slot(_ bits: UInt64) -> Int { Int(bits >> sequenceBits & ((1 << slotBits) - 1)) }
}
