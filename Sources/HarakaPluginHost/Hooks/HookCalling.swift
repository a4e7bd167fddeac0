// Calling a hook function: the struct it gets, and asking a whole hook for a connection.

public import HarakaCore
import HarakaPluginABI

extension PluginHost {
    /// Asks the plugins of the connection's generation. The verdict, or nil: the driver's `hooksCompleted` follows.
    public func ask(_ question: Question, _ connection: Connection) -> Verdict? {
        guard let held = connection.pluginState else { return .cont }
        let state = unsafeDowncast(held, to: ConnectionState.self)
        let handlers = state.generation.hooks.handlers(of: question)
        guard !handlers.isEmpty else { return .cont }
        let run = state.hookRun()
        let step = run.begin(question, handlers, deny: state.generation.hooks[.deny])
        let verdict = askQuickly(run, state, handlers, step)
        settleIfOutside()
        return verdict
    }

    /// The answer to the open question is not needed any more, unless the hook is a required one.
    public func cancel(_ connection: Connection) {
        guard let held = connection.pluginState else { return }
        guard let run = unsafeDowncast(held, to: ConnectionState.self).run, !run.rules.isRequired else { return }
        run.cancel(as: .gone)
    }

    /// One call across the border. Returns the function's code. What the plugin answered or left to be destroyed waits
    /// until the run has come to rest: `settle`.
    func call(_ handler: Handler, _ run: HookRun, _ state: ConnectionState?, aboutDenial: Bool) -> Int32 {
        let mark = arena.mark
        let outer = (frame, calling)
        let hook = aboutDenial ? faults.hooks[Int(Hook.deny.rawValue)] : run.faultHook
        let outerFault = faults.enter(plugin: handler.faultIndex, hook: hook, connection: state?.faultIndex ?? 0)
        frame = Frame(heldPlugin: handler.heldPlugin)
        depth += 1
        calling = run
        var call = lendCall(run, state, aboutDenial: aboutDenial)
        address(&call, to: handler, run)
        let code = withUnsafePointer(to: call) { handler.run($0) }
        depth -= 1
        (frame, calling) = outer
        faults.leave(outerFault)
        arena.reset(to: mark)
        return code
    }

    /// What all handlers of a hook get alike.
    func lendCall(_ run: HookRun, _ state: ConnectionState?, aboutDenial: Bool) -> haraka_call {
        var call = haraka_call()
        call.size = MemoryLayout<haraka_call>.size
        if let state {
            call.connection = haraka_connection(bits: state.handle.bits)
            if let transaction = state.connection.transaction {
                call.transaction = haraka_transaction(bits: TransactionState.of(transaction, self).handle.bits)
            }
        }
        let hook = aboutDenial ? Hook.deny : run.hook
        call.hook = hook.map { hookNames[Int($0.rawValue)] } ?? arena.lend(run.hookName)
        let arguments = aboutDenial ? denyArguments(run) : self.arguments(run)
        call.arguments = arguments.items
        call.argument_count = arguments.count
        return call
    }

    /// What is each handler's own.
    @inline(__always)
    func address(_ call: inout haraka_call, to handler: Handler, _ run: HookRun) {
        call.`self` = handler.selfHandle
        call.next = haraka_next(bits: run.handle)
        call.data = handler.data
        call.context = handler.method.context
    }

    func arguments(_ run: HookRun) -> haraka_list {
        guard run.hook == .log, let logLine else { return arena.lend(arguments: run.question) }
        let items = arena.allocate(haraka_value.self, 1)
        items[0] = arena.lend(Value.map(logLine))
        return haraka_list(items: items, count: 1)
    }

    func denyArguments(_ run: HookRun) -> haraka_list {
        guard let refusal = run.refusal else { return haraka_list() }
        let parameters = arena.lend(arguments: run.question)
        let items = arena.allocate(haraka_value.self, 6)
        items[0] = arena.lend(Value.integer(Int64(refusal.verdict.code.rawValue)))
        items[1] = arena.lend(refusal.verdict.reply.inDenyArguments)
        items[2] = arena.lend(Value.text(refusal.plugin))
        items[3] = arena.lend(Value.text(refusal.method))
        items[4] = haraka_value()
        items[4].type = HARAKA_TYPE_LIST
        items[4].as.list = parameters
        items[5] = arena.lend(Value.text(run.hookName))
        return haraka_list(items: items, count: 6)
    }
}

extension PluginReply {
    /// Text, lines, or for a DSN a map with its code, its status and one of these, so that a plugin that postpones a
    /// refusal can give it again as it was.
    fileprivate var inDenyArguments: Value {
        let words = lines.count > 1 ? Value.list(lines.map(Value.text)) : .text(text)
        guard code != nil || status != nil else { return words }
        var dsn = ValueMap()
        if let code { dsn["code"] = .integer(Int64(code)) }
        if let status { dsn["status"] = .text("\(status)") }
        dsn[lines.count > 1 ? "lines" : "text"] = words
        return .map(dsn)
    }
}

extension Arena {
    /// A hook's arguments, as docs/hooks.md "The hooks" lists them.
    mutating func lend(arguments question: Question) -> haraka_list {
        switch question {
        case .helo(let host), .ehlo(let host): return lend(first: lend(.text(host)))
        case .mail(let path), .rcpt(let path): return lend(first: lend(path.address), lend(path.parameters))
        case .rcptOK(let path): return lend(first: lend(path.address))
        case .queueOK(let text): return lend(first: lend(.text(text)))
        case .unrecognizedCommand(let word, let rest), .named(_, let word, let rest):
            return lend(first: lend(.text(word)), lend(.text(rest)))
        default: return haraka_list()
        }
    }

    private mutating func lend(first: haraka_value, _ second: haraka_value? = nil) -> haraka_list {
        let items = allocate(haraka_value.self, 2)
        items[0] = first
        if let second { items[1] = second }
        return haraka_list(items: items, count: second == nil ? 1 : 2)
    }
}

extension Question {
    /// The arguments as the log shows them.
    var parameterText: String {
        switch self {
        case .helo(let host), .ehlo(let host): host
        case .mail(let path), .rcpt(let path): path.address.formatted
        case .rcptOK(let path): path.address.formatted
        case .queueOK(let text): text
        case .unrecognizedCommand(let word, let rest), .named(_, let word, let rest):
            // What follows AUTH and its like is a secret.
            rest.isEmpty || word.uppercased() == "AUTH" ? word : "\(word),\(rest)"
        default: ""
        }
    }
}
