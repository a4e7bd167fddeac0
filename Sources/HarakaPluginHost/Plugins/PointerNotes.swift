// Pointers of a plugin's own on the server, a connection or a transaction. plugin.h `note_set_pointer`.

import HarakaPluginABI

/// Named pointers with their destroy functions, each run exactly once: when replaced, when the object ends, or when the
/// plugin's generation does. No other plugin sees them.
struct PointerNotes {
    private struct Entry {
        let owner: UInt64
        let name: String
        var pointer: UnsafeMutableRawPointer?
        var destroy: PluginDestroy?
    }
    private var entries: [Entry] = []

    var isEmpty: Bool { entries.isEmpty }

    func get(_ owner: UInt64, _ name: String) -> UnsafeMutableRawPointer? {
        entries.first { $0.owner == owner && $0.name == name }?.pointer
    }

    /// Stores the pointer; gives back what is to be destroyed.
    mutating func set(
        _ owner: UInt64, _ name: String, _ pointer: UnsafeMutableRawPointer?, _ destroy: PluginDestroy?
    ) -> PendingDestroy? {
        guard let index = entries.firstIndex(where: { $0.owner == owner && $0.name == name }) else {
            if pointer != nil { entries.append(Entry(owner: owner, name: name, pointer: pointer, destroy: destroy)) }
            return nil
        }
        let old = PendingDestroy(pointer: entries[index].pointer, destroy: entries[index].destroy)
        if pointer == nil {
            entries.remove(at: index)
        } else {
            entries[index].pointer = pointer
            entries[index].destroy = destroy
        }
        return old
    }

    /// Empties the notes (of one owner, or of all); gives back what is to be destroyed.
    mutating func take(of owner: UInt64? = nil) -> [PendingDestroy] {
        let gone = entries.filter { owner == nil || $0.owner == owner }
        entries.removeAll { owner == nil || $0.owner == owner }
        return gone.map { PendingDestroy(pointer: $0.pointer, destroy: $0.destroy) }
    }
}

/// A destroy function that has yet to run. Taken out of the books first, so that no access is open while it runs.
struct PendingDestroy {
    let pointer: UnsafeMutableRawPointer?
    let destroy: PluginDestroy?
    func run() { destroy?(pointer) }
}
