// Pointers of a plugin's own on the server, a connection or a transaction. plugin.h `note_set_pointer`.

import HarakaPluginABI

/// Named pointers with their destroy functions, each run exactly once: when replaced, when the object ends, or when the
/// plugin's generation does. No other plugin sees them.
struct PointerNotes {
    private struct Entry {
        let plugin: Plugin
        let name: String
        var pointer: UnsafeMutableRawPointer?
        var destroy: PluginDestroy?

        var pendingDestroy: PendingDestroy { PendingDestroy(pointer: pointer, destroy: destroy, plugin: plugin) }
    }
    private var entries: [Entry] = []

    var isEmpty: Bool { entries.isEmpty }

    func get(_ plugin: Plugin, _ name: String) -> UnsafeMutableRawPointer? {
        entries.first { $0.plugin === plugin && $0.name == name }?.pointer
    }

    /// Stores the pointer; gives back what is to be destroyed.
    mutating func set(
        _ plugin: Plugin, _ name: String, _ pointer: UnsafeMutableRawPointer?, _ destroy: PluginDestroy?
    ) -> PendingDestroy? {
        guard let index = entries.firstIndex(where: { $0.plugin === plugin && $0.name == name }) else {
            if pointer != nil { entries.append(Entry(plugin: plugin, name: name, pointer: pointer, destroy: destroy)) }
            return nil
        }
        let old = entries[index].pendingDestroy
        if pointer == nil {
            entries.remove(at: index)
        } else {
            entries[index].pointer = pointer
            entries[index].destroy = destroy
        }
        return old
    }

    /// Empties the notes; gives back what is to be destroyed.
    mutating func take() -> [PendingDestroy] {
        defer { entries = [] }
        return entries.map(\.pendingDestroy)
    }

    /// Takes what plugins that are over have left.
    mutating func takeRevoked() -> [PendingDestroy] {
        guard !entries.isEmpty else { return [] }
        let gone = entries.filter(\.plugin.isRevoked)
        entries.removeAll(where: \.plugin.isRevoked)
        return gone.map(\.pendingDestroy)
    }
}

/// A destroy function that has yet to run, and whose code it is. Taken out of the books first, so that no access is
/// open while it runs.
struct PendingDestroy {
    let pointer: UnsafeMutableRawPointer?
    let destroy: PluginDestroy?
    let plugin: Plugin

    func run() { destroy?(pointer) }
}
