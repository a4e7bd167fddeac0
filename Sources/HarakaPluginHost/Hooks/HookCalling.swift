// Calling a hook function: the struct it gets, and asking a whole hook for a connection. What is in its arguments:
// HookArguments.swift.

public import HarakaCore
import HarakaPluginABI

extension PluginHost {
    /// Asks the plugins of the connection's generation. The verdict, or nil: the driver's `hooksCompleted` follows.
    public func ask(_ question: Question, _ connection: Connection) -> Verdict? {
        guard let held = connection.pluginState else { return .cont }
        let state = unsafeDowncast(held, to: ConnectionState.self)
        let handlers = state.hooks.handlers(of: question)
        guard !handlers.isEmpty else { return .cont }
        if state.mayChangeUUID { state.rename() }
        let run = state.hookRun()
        let step = run.begin(question, handlers)
        let verdict = askQuickly(run, state, handlers, step)
        settleIfOutside()
        return verdict
    }

    /// The hooks that the plugins of this connection are on: for `SessionMachine.heard`.
    public func heard(by connection: Connection) -> HookSet {
        guard let held = connection.pluginState else { return .none }
        return unsafeDowncast(held, to: ConnectionState.self).hooks.heard
    }

    /// The answer to the open question is not needed any more, unless the hook is a required one.
    public func cancel(_ connection: Connection) {
        guard let held = connection.pluginState else { return }
        guard let run = unsafeDowncast(held, to: ConnectionState.self).run, !run.rules.isRequired else { return }
        run.cancel(as: .gone)
        settleIfOutside()
    }

    /// One call across the border. Returns the function's code. What the plugin answered or left to be destroyed waits
    /// until the run has come to rest: `settle`.
    func call(_ handler: Handler, _ run: HookRun, _ state: ConnectionState?) -> Int32 {
        let mark = arena.mark
        let outer = (frame, calling)
        let hook = faultHook(of: run)
        let outerFault = faults.enter(plugin: handler.faultIndex, hook: hook, connection: faultConnection(of: run))
        frame = Frame(heldPlugin: handler.heldPlugin)
        depth += 1
        calling = run
        var call = lendCall(run, state)
        address(&call, to: handler, run)
        let code = withUnsafePointer(to: call) { handler.run($0) }
        depth -= 1
        (frame, calling) = outer
        faults.leave(outerFault)
        arena.reset(to: mark)
        return code
    }

    /// The hook that is asked now, in the fault page: `deny` and `ok` too.
    func faultHook(of run: HookRun) -> UInt32 {
        guard run.chain.isBeyondHook else { return run.faultHook }
        return run.askedHook.map { faults.hooks[Int($0.rawValue)] } ?? run.faultHook
    }

    /// For whom it is asked, in the fault page; 0: nobody in particular.
    func faultConnection(of run: HookRun) -> UInt32 {
        if let state = run.state { return state.faultIndex }
        return run.mail.map { faults.setMail($0.mail) } ?? 0
    }

    /// What all handlers of a hook get alike.
    func lendCall(_ run: HookRun, _ state: ConnectionState?) -> haraka_call {
        var call = haraka_call()
        call.size = MemoryLayout<haraka_call>.size
        if let state {
            call.connection = haraka_connection(bits: state.handle.bits)
            if let transaction = run.transaction {
                call.transaction = haraka_transaction(bits: TransactionState.of(transaction, self).handle.bits)
            }
        }
        if let mail = run.mail { call.hmail = haraka_hmail(bits: mail.handle.bits) }
        let hook = run.askedHook
        call.hook = hook.map { hookNames[Int($0.rawValue)] } ?? arena.lend(run.hookName)
        let arguments = arguments(run)
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
}
