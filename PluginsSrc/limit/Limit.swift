// limit: keeps each client within what the administrator allows.
public import HarakaPluginKit

#if hasFeature(Embedded)
    @c(haraka_register)
    public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
        Plugin.register(host, handle, registerLimit)
    }
#endif

/// A mistake in the configuration refuses to load.
///
/// Registers on all its hooks, also those that the configuration leaves out: a hook can only be added here, but what is
/// enabled may change at any time.
public func registerLimit(_ plugin: Plugin) throws(PluginError) {
    let limiter = Limiter(try Settings(of: plugin))
    plugin.config.watch("limit.ini") { limiter.configurationChanged(plugin) }
    plugin.hook("connect_init") { call in limiter.arrived(call) }
    // Counted before any plugin can turn the client away: who is refused comes again, and that is a connection, too.
    plugin.hook("connect", priority: -100) { call in limiter.counted(call) }
    plugin.hook("connect") { call, next in limiter.judge(call, next, limiter.connectExcess(call)) }
    for hook in ["helo", "ehlo", "mail", "data"] {
        plugin.hook(hook) { call, next in limiter.judge(call, next, limiter.errorExcess(call)) }
    }
    plugin.hook("rcpt") { call, next in limiter.judge(call, next, limiter.recipientExcess(call)) }
    plugin.hook("unrecognized_command") { call, next in limiter.judge(call, next, limiter.commandExcess(call)) }
    // Behind all others: a delivery that another plugin puts off has no place.
    plugin.hook("send_email", priority: 100) { call in limiter.delivers(call) }
    // Before all others: their answer would end the hook.
    for hook in ["delivered", "deferred", "bounce"] {
        plugin.hook(hook, priority: -100) { call in limiter.delivered(call) }
    }
}

extension Limiter {
    /// Waits, if the client went too far, and refuses; else the next plugin decides.
    fileprivate func judge(_ call: borrowing Call, _ next: consuming Next, _ excess: Excess?) {
        guard let excess else { return next.continue() }
        note(excess, call)
        let text = excess.kind.text
        let answer: Answer = excess.kind.disconnects ? .denySoftDisconnect(text) : .denySoft(text)
        // The server's own time limit would refuse in other words, and blame the plugin.
        let delay = min(tarpitDelay, next.millisecondsLeft - 500)
        guard delay > 0 else { return next.answer(answer) }
        next.after(milliseconds: delay) { next in next.answer(answer) }
    }

    private func note(_ excess: Excess, _ call: borrowing Call) {
        let section = excess.kind.section
        call.object.results.fail(section)
        call.object.results.set(section, .text("\(excess.count):\(excess.limit)"))
        call.log(.info, "\(section): \(excess.count), limit \(excess.limit): \(excess.kind.text)")
    }
}
