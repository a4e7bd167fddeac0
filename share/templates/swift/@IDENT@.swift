// @NAME@: refuses recipients that nobody reads mail for.
import HarakaPluginKit

/// Runs once, when the plugin is loaded.
@c(haraka_register)
public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
    Plugin.register(host, handle, register)
}

/// What the plugin remembers. One thread runs all hooks and callbacks, so nothing guards it.
final class Policy {
    var names: Set<String> = []

    /// What the server lends is gone when this function returns, so it is copied. If nothing of the file can be used, there
    /// is no list: the log says why, and the old names stay.
    func read(_ config: Config) {
        guard case .list(let items) = Value(config.list("@FILE@.list")) else { return }
        names = []
        for case .text(let name) in items { names.insert(lowered(name)) }
    }

    func refuses(_ to: Address) -> Bool {
        names.contains(lowered(to.user.string)) || names.contains(lowered(to.address.string))
    }
}

func register(_ plugin: Plugin) {
    let policy = Policy()
    policy.read(plugin.config)
    // Again whenever the file has changed.
    plugin.config.watch("@FILE@.list") { policy.read(plugin.config) }

    // Runs at each RCPT TO. More hooks are added in the same way: connect, helo, ehlo, mail, data_post, queue, disconnect ...
    plugin.hook("rcpt") { call in
        guard let transaction = call.transaction, let to = call.address(0), policy.refuses(to) else {
            // .continue lets the next plugin decide. .ok would accept the recipient: no other plugin is asked then.
            return .continue
        }
        transaction.results.fail("listed")
        return .deny("nobody reads mail to this address")
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
