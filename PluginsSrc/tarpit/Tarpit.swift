// tarpit: makes clients wait.
public import HarakaPluginKit

#if hasFeature(Embedded)
    @c(haraka_register)
    public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
        Plugin.register(host, handle, registerTarpit)
    }
#endif

/// The same on every hook that is to wait.
public func registerTarpit(_ plugin: Plugin) {
    let wanted = hooksToDelay(plugin.config.ini("tarpit.ini")["main"]["hooks_to_delay"].string)
    for hook in wanted {
        plugin.hook(hook) { call, next in
            guard let transaction = call.transaction,
                let delay = milliseconds(call.connection.notes.get("tarpit").number(or: 0))
                    ?? milliseconds(transaction.notes.get("tarpit").number(or: 0))
            else { return next.continue() }
            call.log(.info, "tarpitting \(hook) for \(delay) ms")
            next.after(milliseconds: delay) { next in next.continue() }
        }
    }
}

/// Haraka's list.
let everyHook = [
    "connect", "helo", "ehlo", "mail", "rcpt", "rcpt_ok", "data", "data_post", "queue", "unrecognized_command", "vrfy",
    "noop", "rset", "quit",
]

/// The hooks that the configuration names, each once; all if it names none.
func hooksToDelay(_ list: String?) -> [String] {
    var hooks: [String] = []
    for part in (list ?? "").utf8.split(whereSeparator: { $0 == 0x20 || $0 == 0x09 || $0 == 0x2C || $0 == 0x3B }) {
        let hook = String(decoding: part, as: UTF8.self)
        if !hooks.contains(hook) { hooks.append(hook) }
    }
    return hooks.isEmpty ? everyHook : hooks
}

/// nil if there is nothing to wait for. An hour is enough, whatever a plugin computed.
func milliseconds(_ seconds: Double) -> Int64? { seconds > 0 ? Int64(min(seconds, 3600) * 1000) : nil }
