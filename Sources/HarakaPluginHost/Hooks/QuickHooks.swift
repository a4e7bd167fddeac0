// Handlers that answer CONT at once, which nearly all do.

import HarakaCore
import HarakaPluginABI

extension PluginHost {
    /// Asks handlers one after the other for as long as they answer CONT at once and without words: the struct that
    /// they get is filled in once, and nothing is counted or copied between them. The slow way takes over from there.
    func askQuickly(
        _ run: HookRun, _ state: ConnectionState, _ handlers: [Handler], _ step: HookChain.Step
    ) -> Verdict? {
        guard let slot = run.slot, run.hook != nil, !log.isEnabled(HARAKA_LOG_DEBUG), !run.mustAskSlowly(handlers[0])
        else { return run.advance(step) }
        let mark = arena.mark
        let outer = (frame, calling)
        let outerFault = faults.enter(plugin: 0, hook: run.faultHook, connection: state.faultIndex)
        depth += 1
        calling = run
        var call = lendCall(run, state)
        let turn = run.turn
        let (asked, code) = askWhileContinuing(&call, run, handlers, slot)
        depth -= 1
        (frame, calling) = outer
        faults.leave(outerFault)
        arena.reset(to: mark)
        guard turn == run.turn else { return nil }
        let next = run.chain.skipped(asked)
        guard let code else { return run.advance(next) }
        guard let verdict = run.concluded(handlers[asked], code) else { return nil }
        return run.advance(run.chain.answered(verdict))
    }

    /// How many handlers have answered CONT; and the code of the next one, if it was asked and answered otherwise.
    private func askWhileContinuing(
        _ call: inout haraka_call, _ run: HookRun, _ handlers: [Handler], _ slot: Int
    ) -> (asked: Int, code: Int32?) {
        let turn = run.turn
        let running = faults.running
        let isInTransaction = call.transaction.bits != 0
        var index = 0
        run.answer = nil
        while index < handlers.count {
            let handler = handlers[index]
            if handler.isRevoked || (isInTransaction && index > 0 && run.mustAskSlowly(handler)) { break }
            frame = Frame(heldPlugin: handler.heldPlugin)
            run.current = handler
            run.phase = .calling
            run.handle = nexts.open(slot)
            address(&call, to: handler, run)
            running.pointee.plugin = handler.faultIndex
            running.pointee.calls &+= 1
            // Of the struct itself: a copy would wait for what has just been written.
            let code = withUnsafePointer(to: &call) { handler.run($0) }
            let isPlain = turn == run.turn && (code == HARAKA_CONT || code == 0) && run.isUnencumbered
            guard isPlain, nexts.close(run.handle, as: .answered) else { return (index, code) }
            run.phase = .idle
            index += 1
        }
        return (index, nil)
    }
}
