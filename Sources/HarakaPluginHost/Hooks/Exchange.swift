// What a hook waits for besides its plugin: a line of the client's, a handshake, or what other plugins say.

import HarakaCore
import HarakaPluginABI

/// One question of a plugin's inside its hook. Its context is destroyed exactly once, however it ends. On the loop.
final class Exchange {
    enum Kind {
        case line, handshake
        /// The run of the hook that the plugin asks.
        case hook(HookRun)
    }

    let kind: Kind
    /// Who asks. Not the run's plugin of later: by then this is over.
    let plugin: Plugin
    let context: UnsafeMutableRawPointer?
    private let destroy: PluginDestroy?
    /// Nobody waits for it any more.
    private(set) var isOver = false

    init(_ kind: Kind, _ plugin: Plugin, _ context: UnsafeMutableRawPointer?, _ destroy: PluginDestroy?) {
        self.kind = kind
        self.plugin = plugin
        self.context = context
        self.destroy = destroy
    }

    /// The context goes when plugin code may run.
    func end(_ host: PluginHost) {
        guard !isOver else { return }
        isOver = true
        host.doom(PendingDestroy(pointer: context, destroy: destroy, plugin: plugin))
    }
}

extension HookRun {
    /// Hooks that ask hooks that ask hooks ...
    static let maximumLevel = 8

    /// A command of the client's asks this hook, or a plugin inside of one that does.
    var isOfCommand: Bool {
        guard !chain.isBeyondHook, state != nil else { return false }
        return level > 0 ? outer?.isOfCommand ?? false : hook.map(\.isOfCommand) ?? true
    }

    /// Begins to wait. The plugin's time limit stands still.
    func begin(_ exchange: Exchange) {
        self.exchange = exchange
        holdTime()
    }

    /// What was waited for has come: `body` calls the plugin's function. Nothing happens if the hook is over.
    func conclude(_ exchange: Exchange, _ body: () -> Void) {
        guard !exchange.isOver, self.exchange === exchange else { return }
        self.exchange = nil
        exchange.end(host)
        releaseTime()
        // Another thread may have answered a moment ago.
        guard phase == .waiting, host.nexts.state(handle) == .open, !exchange.plugin.isRevoked else {
            return host.settleIfOutside()
        }
        host.enter(exchange.plugin, for: self, body)
    }

    /// What the plugin has asked besides, and does not need any more.
    func endQuestions(as reason: NextState = .gone) {
        endExchange(as: reason)
        while let query = queries.popLast() { query.end() }
    }

    /// Nothing was left that `report` has to end.
    var isUnencumbered: Bool { onCancel == nil && exchange == nil && queries.isEmpty }

    /// The plugin has answered, or nobody waits for it any more.
    private func endExchange(as reason: NextState = .gone) {
        guard let exchange else { return }
        self.exchange = nil
        forgetHeldTime()
        exchange.end(host)
        switch exchange.kind {
        case .line, .handshake: state?.driver.stopAskingClient()
        case .hook(let inner): inner.end(as: reason)
        }
    }
}

extension Hook {
    /// The core asks it because the client has sent a command, and before it has answered that.
    fileprivate var isOfCommand: Bool {
        switch self {
        case .heloParse, .helo, .ehloParse, .ehlo, .capabilities, .authParse, .auth, .authPlain, .authLogin,
            .authCRAMMD5, .quit,
            .vrfy, .noop, .help, .rset, .unrecognizedCommand, .mailParse, .mailPre, .mail, .rcptParse, .rcptPre, .rcpt,
            .rcptOK, .receivedLine, .data:
            true
        default: false
        }
    }
}
