// The 64-bit handles of plugin.h: kind, slot and sequence. A stale, forged or doubled one is an error code, never a crash.

/// What a handle names.
enum HandleKind: UInt64 {
    case plugin = 1
    case next, connection, transaction, message, timer, regex, hmail, stream, part, output, query, client
}

/// kind: 4 bits, view: 6 (of a plugin handle: whose code), slot: 18, sequence: 36.
///
/// A slot is used again with the next sequence, so an old handle never names a new object: a slot would have to be used
/// 2^36 times (at 100,000 a second: 8 days on one slot alone).
struct Handle: Equatable {
    static let slotBits: UInt64 = 18
    static let sequenceBits: UInt64 = 36
    static let maximumSlots = 1 << Int(slotBits)
    static let sequenceMask: UInt64 = (1 << sequenceBits) - 1

    let bits: UInt64

    init(bits: UInt64) { self.bits = bits }

    init(_ kind: HandleKind, view: Int = 0, slot: Int, sequence: UInt64) {
        bits =
            kind.rawValue << 60 | UInt64(view & 63) << 54 | UInt64(slot) << Handle.sequenceBits
            | (sequence & Handle.sequenceMask)
    }

    /// For an object that found no slot: a handle that names nothing, and is not zero, which would be the server.
    static func nothing(_ kind: HandleKind) -> Handle { Handle(kind, slot: 0, sequence: 0) }

    var kind: HandleKind? { HandleKind(rawValue: bits >> 60) }
    var view: Int { Int(bits >> 54 & 63) }
    var slot: Int { Int(bits >> Handle.sequenceBits & UInt64(Handle.maximumSlots - 1)) }
    var sequence: UInt64 { bits & Handle.sequenceMask }
}

/// What names a MIME part: kind (4 bits), the body's serial number (44), the part's index (16). Serial numbers are not
/// used again, so a part of a transaction that is over names nothing.
struct PartHandle {
    static let maximumIndex = 0xffff
    let body: UInt64
    let index: Int

    init(body: UInt64, index: Int) {
        self.body = body & ((1 << 44) - 1)
        self.index = index
    }

    /// Nil: a handle of another kind.
    init?(bits: UInt64) {
        guard Handle(bits: bits).kind == .part else { return nil }
        self.init(body: bits >> 16, index: Int(bits & 0xffff))
    }

    var bits: UInt64 { HandleKind.part.rawValue << 60 | body << 16 | UInt64(index & 0xffff) }
}

/// The objects of one kind by slot. On the loop only.
struct HandleTable<Object: AnyObject> {
    private struct Slot {
        var sequence: UInt64 = 0
        var object: Unmanaged<Object>?
    }

    private let kind: HandleKind
    private var slots: [Slot] = []
    private var free: [Int] = []

    init(_ kind: HandleKind) { self.kind = kind }

    /// Names `object`, which must call `remove` before it goes: the table does not keep it alive. Nil: all slots taken.
    mutating func insert(_ object: Object) -> Handle? {
        let slot: Int
        if let last = free.popLast() {
            slot = last
        } else {
            guard slots.count < Handle.maximumSlots else { return nil }
            slot = slots.count
            slots.append(Slot())
        }
        slots[slot].sequence = (slots[slot].sequence + 1) & Handle.sequenceMask
        slots[slot].object = .passUnretained(object)
        return Handle(kind, slot: slot, sequence: slots[slot].sequence)
    }

    /// The handle names nothing from now on.
    mutating func remove(_ handle: Handle) {
        guard handle.slot < slots.count, slots[handle.slot].sequence == handle.sequence,
            // Removing twice must not free the slot twice: two objects would share it.
            slots[handle.slot].object != nil
        else { return }
        slots[handle.slot].object = nil
        free.append(handle.slot)
    }

    /// Every object that has a handle. For rare events: it looks at all slots.
    var objects: [Object] { slots.compactMap { $0.object?.takeUnretainedValue() } }

    /// The object, or nil if the handle is stale, forged or of another kind.
    func find(_ bits: UInt64) -> Object? {
        let handle = Handle(bits: bits)
        guard handle.kind == kind, handle.slot < slots.count, slots[handle.slot].sequence == handle.sequence else {
            return nil
        }
        return slots[handle.slot].object?.takeUnretainedValue()
    }
}
