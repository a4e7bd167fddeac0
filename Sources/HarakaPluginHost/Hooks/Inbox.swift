// What other threads hand to the loop: answers and posts. One wake-up per batch. docs/plugin-abi.md item 13.

import HarakaCore
import Synchronization

/// Thread-safe; drained on the loop.
final class Inbox: Sendable {
    enum Item: Sendable {
        case answer(bits: UInt64, code: Int32, reply: PluginReply)
        /// An answer that nobody took, for the log.
        case late(bits: UInt64, state: NextState)
        case malformed(bits: UInt64)
        case post(plugin: UInt64, PluginIdentity, PluginCallback)
        /// The first half of a job is done.
        case job(PluginWork)

        /// The open question of `run` may go on with it.
        func belongs(to run: HookRun, _ plugin: Plugin) -> Bool {
            switch self {
            case .answer(let bits, _, _): bits == run.handle
            case .post(let bits, _, _): bits == plugin.handle.bits
            case .job(let work): work.plugin === plugin
            case .late, .malformed: false
            }
        }
    }

    private let items = Mutex<[Item]>([])
    private let loop: any HostLoop

    init(_ loop: any HostLoop) { self.loop = loop }

    func put(_ item: Item) {
        let isFirst = items.withLock { items in
            items.append(item)
            return items.count == 1
        }
        guard isFirst else { return }
        loop.execute { PluginHost.shared?.drainInbox() }
    }

    func take() -> [Item] {
        items.withLock { items in
            defer { items = [] }
            return items
        }
    }

    /// Some of them, in order; the others stay for the loop.
    func take(_ isWanted: (Item) -> Bool) -> [Item] {
        items.withLock { items in
            let wanted = items.filter(isWanted)
            if !wanted.isEmpty { items.removeAll(where: isWanted) }
            return wanted
        }
    }
}

extension PluginHost {
    func drainInbox() {
        for item in inbox.take() { handle(item) }
        settleIfOutside()
    }

    func handle(_ item: Inbox.Item) {
        switch item {
        case .answer(let bits, let code, let reply): deliver(bits, code, reply)
        case .late(let bits, let state): reportLate(bits, state)
        case .malformed(let bits): reportMalformed(bits)
        case .job(let work): work.comeBack()
        case .post(let bits, let identity, let callback):
            runPost(bits, callback)
            identity.endPost()
        }
    }

    /// The run that waits for this handle goes on. The slot is its owner's: no other run can have it.
    func deliver(_ bits: UInt64, _ code: Int32, _ reply: PluginReply) { waiting[bits]?.answered(bits, code, reply) }

    private func runPost(_ bits: UInt64, _ callback: PluginCallback) {
        guard let plugin = plugins.find(bits), !plugin.isRevoked else {
            // Posted in the last moment: its code is still there, because it is counted.
            if let plugin = plugins.find(bits) ?? revoked[bits] { doom(callback.pendingDestroy(of: plugin)) }
            return scheduleUnloading()
        }
        PluginWork(.post, self, plugin, callback).runOnce()
    }

    func reportMalformed(_ bits: UInt64) {
        let plugin = blame.find(bits)?.plugin ?? frame?.plugin.name ?? "a plugin"
        warn(3, plugin, "-", "\(plugin) answered with a malformed reply, which is ignored")
    }

    /// Names who answered late or twice.
    func reportLate(_ bits: UInt64, _ state: NextState) {
        let who = blame.find(bits)
        let plugin = who?.plugin ?? frame?.plugin.name ?? "a plugin"
        let hook = who.map { " on hook \($0.hook)" } ?? ""
        let why =
            switch state {
            case .timedOut: "answered after its time limit\(hook); the answer is ignored"
            case .gone: "answered\(hook) after the client had left; the answer is ignored"
            case .revoked: "answered\(hook) after its generation had ended; the answer is ignored"
            default:
                "plugin ran callback multiple times - ignoring subsequent calls\(hook.isEmpty ? "" : " (\(hook.dropFirst()))")"
            }
        let level = state == .gone ? 7 as Int32 : 3
        warn(level, plugin, "-", "\(plugin) \(why)")
    }
}
