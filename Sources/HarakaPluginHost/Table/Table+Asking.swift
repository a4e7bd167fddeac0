// Questions inside a hook, to the client and to other plugins, and a session that begins anew. plugin.h, since 0.4.

import HarakaCore
import HarakaPluginABI
import SMTPSyntax

extension PluginHost {
    func fillAsking() {
        table.pointee.ask_client = { next, reply, limit, callback in
            PluginHost.withRun(next) { host, run in host.askClient(run, reply, limit, callback) }
        }
        table.pointee.ask_hook = { next, hook, arguments, count, callback in
            PluginHost.withRun(next) { host, run in
                guard let callback = callback?.pointee, let function = callback.function, let name = hook.text,
                    PluginHost.mayBeAsked(name)
                else { return HARAKA_E_ARGUMENT }
                var copy = ValueCopy()
                guard case .list(let values)? = copy.copy(haraka_list_value(arguments, count)) else {
                    return copy.status
                }
                let question = AskedHook(question: .custom(name, values), function: function)
                return host.askHook(run, question, callback.context, callback.destroy)
            }
        }
        table.pointee.restart = { connection, flags in
            guard let host = PluginHost.onLoop() else { return PluginHost.offLoop }
            guard let state = host.connections.find(connection.bits) else { return host.badHandle("connection") }
            guard flags & ~HARAKA_RESTART_KEEP_NAME == 0 else { return HARAKA_E_ARGUMENT }
            guard state.isInUnrecognizedCommand else { return HARAKA_E_STATE }
            state.driver.restart(keepsName: flags & HARAKA_RESTART_KEEP_NAME != 0)
            state.mayChangeUUID = true
            state.rename()
            return HARAKA_SUCCESS
        }
    }

    /// The run that this handle may answer now.
    static func withRun(_ next: haraka_next, _ body: (PluginHost, HookRun) -> Int32) -> Int32 {
        guard let host = onLoop() else { return offLoop }
        guard let run = host.openRun(next.bits) else { return host.notOpen(next.bits) }
        return body(host, run)
    }

    // MARK: the client

    /// RFC 4954 section 4.5.3.1.3 wants 12,288 bytes of a line.
    private static let maximumLine = 64 * 1024

    private func askClient(
        _ run: HookRun, _ reply: UnsafePointer<haraka_reply>?, _ limit: Int,
        _ callback: UnsafePointer<haraka_line_callback>?
    ) -> Int32 {
        guard let callback = callback?.pointee, let function = callback.function, let reply,
            (0...PluginHost.maximumLine).contains(limit), let words = PluginReply(reply), let code = words.code
        else { return HARAKA_E_ARGUMENT }
        guard run.isOfCommand, run.exchange == nil, let state = run.state, let plugin = run.current?.plugin else {
            return HARAKA_E_STATE
        }
        guard !state.connection.remoteIsClosed else { return HARAKA_E_GONE }
        let exchange = Exchange(.line, plugin, callback.context, callback.destroy)
        run.begin(exchange)
        state.driver.askClient(words.reply(code, ""), limit: limit) { [self] line in
            come(exchange, run) {
                let lent = line.map { $0.withUnsafeBytes { self.arena.lend($0) } } ?? haraka_str()
                function(exchange.context, line == nil ? HARAKA_E_LIMIT : HARAKA_SUCCESS, lent)
            }
        }
        return HARAKA_SUCCESS
    }

    /// What a plugin waits for has come; perhaps while the plugin has yet to return.
    func come(_ exchange: Exchange, _ run: HookRun, _ body: @escaping () -> Void) {
        guard !exchange.isOver else { return }
        afterReturn(of: exchange.plugin) { run.conclude(exchange, body) }
        settleIfOutside()
    }

    // MARK: other plugins

    /// A hook that a plugin asks.
    struct AskedHook {
        let question: Question
        let function: @convention(c) (UnsafeMutableRawPointer?, Int32, UnsafePointer<haraka_reply>?) -> Void
    }

    /// A hook of any name that is none of the core's, and those of AUTH, which the core does not ask.
    private static func mayBeAsked(_ name: String) -> Bool {
        guard !name.isEmpty, name.utf8.count <= 255 else { return false }
        switch Hook(name: name) {
        case nil, .authParse, .auth, .authPlain, .authLogin, .authCRAMMD5: return true
        default: return false
        }
    }

    private func askHook(
        _ run: HookRun, _ asked: AskedHook, _ context: UnsafeMutableRawPointer?, _ destroy: PluginDestroy?
    ) -> Int32 {
        guard let state = run.state, run.exchange == nil, let plugin = run.current?.plugin else {
            return HARAKA_E_STATE
        }
        guard run.level < HookRun.maximumLevel else { return HARAKA_E_LIMIT }
        let handlers = state.hooks.handlers(of: asked.question)
        guard !handlers.isEmpty else { return HARAKA_E_ABSENT }
        let inner = HookRun(inside: run)
        let exchange = Exchange(.hook(inner), plugin, context, destroy)
        let decided = { [self] (verdict: Verdict) in
            inner.end()
            run.conclude(exchange) {
                var reply = self.arena.lend(verdict.reply)
                asked.function(exchange.context, verdict.code.rawValue, &reply)
            }
            settleIfOutside()
        }
        run.begin(exchange)
        afterReturn(of: plugin) { run.askInside(exchange, inner, asked.question, handlers, decided) }
        return HARAKA_SUCCESS
    }
}

extension HookRun {
    /// Asks what the plugin wanted to be asked, now that it has returned.
    fileprivate func askInside(
        _ exchange: Exchange, _ inner: HookRun, _ question: Question, _ handlers: [Handler],
        _ decided: @escaping (Verdict) -> Void
    ) {
        // It has answered at once, or nobody waits any more.
        guard !exchange.isOver, phase == .waiting else { return inner.end() }
        inner.completion = decided
        guard let verdict = inner.start(question, handlers) else { return }
        inner.completion = nil
        decided(verdict)
    }
}

extension ConnectionState {
    /// The client's command is with a plugin of `unrecognized_command`, which has not answered yet.
    var isInUnrecognizedCommand: Bool {
        guard let run, run.hook == .unrecognizedCommand, !run.chain.isBeyondHook else { return false }
        return run.phase == .calling || run.phase == .waiting
    }
}

extension Arena {
    /// Words of an answer.
    mutating func lend(_ reply: PluginReply) -> haraka_reply {
        var out = haraka_reply()
        out.size = MemoryLayout<haraka_reply>.size
        let lines = reply.lines
        if !lines.isEmpty {
            let copies = allocate(haraka_str.self, lines.count)
            for (index, line) in lines.enumerated() { copies[index] = lend(line) }
            out.lines = UnsafePointer(copies)
            out.line_count = lines.count
        }
        out.code = UInt32(clamping: reply.code ?? 0)
        if let status = reply.status {
            out.status_class = UInt8(clamping: status.class)
            out.status_subject = UInt16(clamping: status.subject)
            out.status_detail = UInt16(clamping: status.detail)
        }
        if reply.value != .null {
            let value = allocate(haraka_value.self, 1)
            value.pointee = lend(reply.value)
            out.value = UnsafePointer(value)
        }
        return out
    }
}
