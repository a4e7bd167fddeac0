// @NAME@: refuses recipients that nobody reads mail for.
import HarakaPluginKit

/// Runs once, when the plugin is loaded.
@c(haraka_register)
public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
    Plugin.register(host, handle, register)
}

func register(_ plugin: Plugin) {
    // What the server lends is gone when this function returns, so it is copied. A plugin is registered anew at each reload.
    let list = Value(plugin.config.list("@FILE@.list"))
    let names = Set(items(list).map { lowered($0) })

    // Runs at each RCPT TO. More hooks are added in the same way: connect, helo, ehlo, mail, data_post, queue, disconnect ...
    plugin.hook("rcpt") { call in
        guard let transaction = call.transaction, let to = call.address(0),
            names.contains(lowered(to.user.string)) || names.contains(lowered(to.address.string))
        else {
            // .continue lets the next plugin decide. .ok would accept the recipient: no other plugin is asked then.
            return .continue
        }
        transaction.results.fail("listed")
        return .deny("nobody reads mail to this address")
    }
}

/// The texts of a list.
func items(_ list: Value) -> [String] {
    guard case .list(let items) = list else { return [] }
    return items.compactMap { item in
        guard case .text(let text) = item else { return nil }
        return text
    }
}

/// ASCII letters in lower case.
func lowered(_ text: String) -> String {
    String(decoding: text.utf8.map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }, as: UTF8.self)
}

// Next steps:
//   - Nothing may block in a hook: other clients are waiting. plugin.hook("rcpt") { call, next in ... } answers later:
//     next.after(milliseconds: 500) { next in ... } waits, next.offload { ... } then: { output, next in ... } works on another
//     thread.
//   - A hook that throws PluginError refuses for now; the log gets the cause, the client does not.
//   - transaction.notes leaves data for other plugins, transaction.headers puts a header on the message, call.log writes a line.
