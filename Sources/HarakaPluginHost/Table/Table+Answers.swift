// Answers to hooks, from the loop and from anywhere. plugin.h "answers", docs/plugin-abi.md item 13.

import HarakaCore
import HarakaPluginABI

extension PluginHost {
    func fillAnswers() {
        table.pointee.complete = { next, code, reply in
            guard let host = PluginHost.shared else { return HARAKA_E_REVOKED }
            return host.complete(next.bits, code, reply)
        }
        table.pointee.deadline = { next, milliseconds in
            guard let host = PluginHost.onLoop() else { return PluginHost.offLoop }
            guard let run = host.openRun(next.bits) else { return host.notOpen(next.bits) }
            guard let milliseconds else { return HARAKA_E_ARGUMENT }
            milliseconds.pointee = run.timeLeft
            return HARAKA_SUCCESS
        }
        table.pointee.on_cancel = { next, callback in
            guard let host = PluginHost.onLoop() else { return PluginHost.offLoop }
            guard let callback = PluginCallback(callback) else { return HARAKA_E_ARGUMENT }
            guard let run = host.openRun(next.bits) else { return host.notOpen(next.bits) }
            return run.setCancel(next.bits, callback) ? HARAKA_SUCCESS : HARAKA_E_STATE
        }
        table.pointee.next_arguments = { next, out in
            guard let host = PluginHost.onLoop() else { return PluginHost.offLoop }
            guard let run = host.openRun(next.bits) else { return host.notOpen(next.bits) }
            guard let out else { return HARAKA_E_ARGUMENT }
            out.pointee = haraka_value()
            out.pointee.type = HARAKA_TYPE_LIST
            out.pointee.as.list = host.arguments(run)
            return HARAKA_SUCCESS
        }
    }

    /// The run whose plugin has this handle, answered or not.
    private func run(_ bits: UInt64) -> HookRun? {
        if let calling, calling.handle == bits { return calling }
        return waiting[bits]
    }

    /// The run that this handle may answer now.
    func openRun(_ bits: UInt64) -> HookRun? { nexts.state(bits) == .open ? run(bits) : nil }

    /// Any thread. The first answer wins; every other one is named in the log.
    private func complete(_ bits: UInt64, _ code: Int32, _ reply: UnsafePointer<haraka_reply>?) -> Int32 {
        guard let state = nexts.state(bits) else { return badNext() }
        guard state == .open else { return late(bits, state) }
        guard let reply = PluginReply(reply) else { return malformed(bits) }
        guard nexts.close(bits, as: .answered) else { return late(bits, nexts.state(bits) ?? .answered) }
        if loop.isCurrent {
            run(bits)?.answered(bits, code, reply)
            settleIfOutside()
        } else {
            inbox.put(.answer(bits: bits, code: code, reply: reply))
        }
        return HARAKA_SUCCESS
    }

    private func badNext() -> Int32 { loop.isCurrent ? badHandle("next") : HARAKA_E_HANDLE }

    func notOpen(_ bits: UInt64) -> Int32 {
        guard let state = nexts.state(bits) else { return badHandle("next") }
        return state == .open ? HARAKA_E_STATE : PluginHost.status(state)
    }

    /// The hook stays unanswered, and the plugin may not look at the status: so the log has it.
    private func malformed(_ bits: UInt64) -> Int32 {
        if loop.isCurrent { reportMalformed(bits) } else { inbox.put(.malformed(bits: bits)) }
        return HARAKA_E_ARGUMENT
    }

    private func late(_ bits: UInt64, _ state: NextState) -> Int32 {
        if loop.isCurrent { reportLate(bits, state) } else { inbox.put(.late(bits: bits, state: state)) }
        return PluginHost.status(state)
    }

    private static func status(_ state: NextState) -> Int32 {
        switch state {
        case .open: HARAKA_SUCCESS
        case .closed, .answered: HARAKA_E_ANSWERED
        case .timedOut: HARAKA_E_TIMED_OUT
        case .gone: HARAKA_E_GONE
        case .revoked: HARAKA_E_REVOKED
        }
    }
}
