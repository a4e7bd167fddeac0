// What plugins found out about a connection or transaction.
import CHarakaPluginKit

/// Results, as in Haraka: `pass`, `fail`, `msg`, `err` and `skip` collect, any other key is replaced. They carry the
/// plugin's name by themselves. Loop thread only.
///
///     transaction.results.pass("rcpt_to")
///     transaction.results.set("score", .number(2.5), emit: true)
public struct Results: Sendable {
    let object: Object

    public func pass(_ text: String) { set("pass", .text(text)) }
    public func fail(_ text: String) { set("fail", .text(text)) }
    public func message(_ text: String) { set("msg", .text(text)) }
    public func error(_ text: String) { set("err", .text(text)) }
    public func skip(_ text: String) { set("skip", .text(text)) }

    /// Adds a value; `emit` logs the collated line.
    public func set(_ key: String, _ value: Value, emit: Bool = false) {
        key.lent { key in
            value.lent {
                _ = haraka_kit_host().pointee.result_add(object.owner, object.handle, key, $0, emit ? 1 : 0)
            }
        }
    }

    /// Appends to a list of any name.
    public func push(_ key: String, _ value: Value) {
        key.lent { key in
            value.lent { _ = haraka_kit_host().pointee.result_push(object.owner, object.handle, key, $0) }
        }
    }

    /// Adds to a number.
    public func increase(_ key: String, by amount: Double = 1) {
        key.lent { _ = haraka_kit_host().pointee.result_incr(object.owner, object.handle, $0, amount) }
    }

    /// What a plugin recorded under a key; a map of everything if the key is empty.
    public func get(_ plugin: String, _ key: String = "") -> ValueView {
        var value = haraka_null()
        plugin.lent { plugin in
            key.lent { _ = haraka_kit_host().pointee.result_get(object.handle, plugin, $0, &value) }
        }
        return ValueView(value)
    }

    /// Whether a plugin's key equals, or its list contains, a value.
    public func has(_ plugin: String, _ key: String, _ search: Value) -> Bool {
        plugin.lent { plugin in
            key.lent { key in
                search.lent { haraka_kit_host().pointee.result_has(object.handle, plugin, key, $0) == 1 }
            }
        }
    }

    /// What a plugin recorded, `key: value, pass:a, b`, for humans.
    public func collate(_ plugin: String) -> Text {
        var line = haraka_str()
        _ = plugin.lent { haraka_kit_host().pointee.result_collate(object.handle, $0, &line) }
        return Text(line)
    }
}
