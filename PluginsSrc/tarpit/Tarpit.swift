// tarpit: makes clients wait.
public import HarakaPluginKit

#if hasFeature(Embedded)
    @c(haraka_register)
    public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
        Plugin.register(host, handle, registerTarpit)
    }
#endif

/// The same on every hook that may wait.
///
/// It registers on all of Haraka's hooks, also those that the configuration leaves out: a hook can only be added while
/// the plugin registers, but whether it waits may change at any time.
public func registerTarpit(_ plugin: Plugin) {
    let delays = Delays(wanted: hooksToDelay(configured(plugin).string))
    for delay in delays.hooks { plugin.hook(delay.hook) { call, next in wait(call, next, delay) } }
    plugin.config.watch("tarpit.ini") { changed(plugin, delays) }
}

private func configured(_ plugin: Plugin) -> ValueView { plugin.config.ini("tarpit.ini")["main"]["hooks_to_delay"] }

/// A change holds from the next command on; who waits already waits to the end.
private func changed(_ plugin: Plugin, _ delays: Delays) {
    let list = configured(plugin)
    // A bare key is no list, which means all of them; a number is a mistake.
    guard list.isNull || list.string != nil else {
        return plugin.log(.error, "tarpit.ini: hooks_to_delay is no list of hooks; stays as it was")
    }
    guard let stranger = delays.take(hooksToDelay(list.string)) else {
        return plugin.log(.info, "tarpit.ini has changed")
    }
    // Not known here: whether the server has such a hook. What it takes is said for both cases.
    plugin.log(
        .error,
        "tarpit.ini: hooks_to_delay stays as it was: \(stranger) is misspelt, or one that takes haraka --reload")
}

private func wait(_ call: borrowing Call, _ next: consuming Next, _ delay: Delay) {
    // The note of the connection wins: whoever is bad as a client is bad in each transaction.
    guard delay.isWanted, let transaction = call.transaction,
        let time = milliseconds(call.connection.notes.get("tarpit").number(or: 0))
            ?? milliseconds(transaction.notes.get("tarpit").number(or: 0))
    else { return next.continue() }
    call.log(.info, "tarpitting \(delay.hook) for \(time) ms")
    next.after(milliseconds: time) { next in next.continue() }
}

/// One hook, and whether it waits. An object of its own, so that a hook asks one flag and searches no list.
final class Delay {
    let hook: String
    fileprivate(set) var isWanted: Bool

    init(_ hook: String, isWanted: Bool) {
        self.hook = hook
        self.isWanted = isWanted
    }
}

/// All hooks that tarpit is registered on.
struct Delays {
    let hooks: [Delay]

    /// Haraka's, and what else the configuration named at the start: hooks of other plugins, perhaps.
    init(wanted: [String]) {
        let others = wanted.filter { !everyHook.contains($0) }
        hooks = (everyHook + others).map { Delay($0, isWanted: wanted.contains($0)) }
    }

    /// Takes a new list over, whole or not at all: then the name of the hook that tarpit is not registered on.
    func take(_ wanted: [String]) -> String? {
        if let stranger = wanted.first(where: { name in !hooks.contains { $0.hook == name } }) { return stranger }
        for delay in hooks { delay.isWanted = wanted.contains(delay.hook) }
        return nil
    }
}

/// Haraka's list: what an administrator who sets nothing gets there.
let everyHook = [
    "connect", "helo", "ehlo", "mail", "rcpt", "rcpt_ok", "data", "data_post", "queue", "unrecognized_command", "vrfy",
    "noop", "rset", "quit",
]

/// The hooks that the configuration names, each once; all if it names none.
func hooksToDelay(_ list: String?) -> [String] {
    var hooks: [String] = []
    for hook in (list ?? "").words {
        if !hooks.contains(hook) { hooks.append(hook) }
    }
    return hooks.isEmpty ? everyHook : hooks
}

/// nil if there is nothing to wait for. An hour is enough, whatever a plugin computed.
func milliseconds(_ seconds: Double) -> Int64? { seconds > 0 ? Int64(min(seconds, 3600) * 1000) : nil }
