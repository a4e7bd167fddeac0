// What notes, results, log lines and properties belong to: the server, a connection, a transaction.
import CHarakaPluginKit

/// A connection, a transaction, a queued mail, or the server itself. Copy it freely; when what it names has ended, the
/// host answers with an error and a log line, never with somebody else's data.
public struct Object: Sendable {
    let handle: haraka_object
    /// On whose behalf: results and log lines carry this plugin's name.
    let owner: haraka_self

    /// Free data that other plugins see too.
    public var notes: Notes { Notes(object: self) }
    /// What plugins found out.
    public var results: Results { Results(object: self) }

    /// A property by its number, `HARAKA_CONN_...` or `HARAKA_TRAN_...`; null if it cannot be read.
    public func property(_ number: Int32) -> ValueView {
        var value = haraka_null()
        _ = haraka_kit_host().pointee.get(handle, number, &value)
        return ValueView(value)
    }

    /// Writes one that is marked rw.
    public func set(property number: Int32, to value: Value) throws(PluginError) {
        let status = value.lent { haraka_kit_host().pointee.set(handle, number, $0) }
        try PluginError.check(status, "property \(number)")
    }

    /// Adds to a list property.
    public func append(_ value: Value, toProperty number: Int32) throws(PluginError) {
        let status = value.lent { haraka_kit_host().pointee.append(handle, number, $0) }
        try PluginError.check(status, "property \(number)")
    }
}
