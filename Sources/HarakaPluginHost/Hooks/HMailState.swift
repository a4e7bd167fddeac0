// What the plugin host keeps for a queued mail that plugins are shown. docs/objects.md "hmail".

import HarakaCore
import HarakaPluginABI

/// A queued mail's handle, pointers of plugins, and the run of its hooks. Lives as long as the mail's object.
final class HMailState {
    unowned(unsafe) let host: PluginHost
    unowned(unsafe) let mail: HMail
    private(set) var handle = Handle(bits: 0)
    var pointers = PointerNotes()
    /// Made with the first hook that has plugins; used again for every later one.
    private var run: HookRun?
    /// The question that is open.
    var question: MailQuestion?

    private init(_ host: PluginHost, _ mail: HMail) {
        self.host = host
        self.mail = mail
        handle = host.hmails.insert(self) ?? .nothing(.hmail)
    }

    /// The state of `mail`, made when a plugin first sees it.
    static func of(_ mail: HMail, _ host: PluginHost) -> HMailState {
        if let state = mail.pluginState { return unsafeDowncast(state, to: HMailState.self) }
        let state = HMailState(host, mail)
        mail.pluginState = state
        return state
    }

    func hookRun() -> HookRun {
        if let run { return run }
        let made = HookRun(host, about: self)
        run = made
        return made
    }

    /// The mail is gone, perhaps in the middle of the engine's work: plugin code has to wait.
    deinit {
        host.hmails.remove(handle)
        run?.end()
        for one in pointers.take() { host.doom(one) }
        host.settleSoon()
    }
}

/// A question about a mail that has not been answered yet. Both stay until it is.
struct MailQuestion {
    let mail: HMail
    /// Whose plugins are asked.
    let generation: Generation
    let done: (Verdict) -> Void
}
