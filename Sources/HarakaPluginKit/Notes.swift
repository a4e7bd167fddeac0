// Free data on the server, a connection or a transaction.
import CHarakaPluginKit

/// Notes, as in Haraka: a tree of values that every plugin may read and write. Paths are dotted. Loop thread only.
///
///     connection.notes.set("tarpit", .integer(5))
///     if transaction.notes.get("queue.wants").text == "discard" { ... }
public struct Notes: Sendable {
    let object: Object

    /// The value, lent until the call ends; null if there is none.
    public func get(_ path: String) -> ValueView {
        var value = haraka_null()
        path.lent { _ = haraka_kit_host().pointee.note_get(object.handle, $0, &value) }
        return ValueView(value)
    }

    /// Writes a note and makes the levels that are missing.
    public func set(_ path: String, _ value: Value) {
        path.lent { path in
            value.lent { _ = haraka_kit_host().pointee.note_set(object.handle, path, $0) }
        }
    }

    /// Keeps an object of the plugin's own with the connection or transaction. No other plugin sees it; it is released
    /// when its holder ends or it is replaced.
    public func keep<Kept: AnyObject>(_ name: String, _ kept: Kept) {
        let pointer = Unmanaged.passRetained(kept).toOpaque()
        let status = name.lent {
            haraka_kit_host().pointee.note_set_pointer(object.owner, object.handle, $0, pointer, releaseKept)
        }
        if status < 0 { Unmanaged<Kept>.fromOpaque(pointer).release() }
    }

    /// What was kept under this name; `type` must be what it was kept as.
    public func kept<Kept: AnyObject>(_ name: String, as type: Kept.Type) -> Kept? {
        var pointer: UnsafeMutableRawPointer?
        _ = name.lent {
            haraka_kit_host().pointee.note_get_pointer(object.owner, object.handle, $0, &pointer)
        }
        return pointer.map { Unmanaged<Kept>.fromOpaque($0).takeUnretainedValue() }
    }
}

/// Releases any object: the count is kept in the object's head, whatever its class.
let releaseKept: haraka_destroy = { context in
    guard let context else { return }
    Unmanaged<AnyObject>.fromOpaque(context).release()
}
