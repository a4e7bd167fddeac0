// The end of a hook that somebody still works for.
import CHarakaPluginKit

/// What is stopped when nobody waits for a hook's answer any more: the client left, the time limit was over, the server stops.
/// One for each hook, as the host has it, however often the hook waits. Loop thread only.
final class Ending {
    private let next: UInt64
    private var stop: (() -> Void)?

    /// That of a hook. nil: the host has one already that is not ours, as after ``Next/onCancel(_:)``, or the hook has ended.
    static func of(_ next: haraka_next) -> Ending? {
        if let known = endings[next.bits] { return known }
        let ending = Ending(next)
        let status = handOver(ending) { context in
            var callback = haraka_callback(function: runEnding, context: context, destroy: forgetEnding)
            return haraka_kit_host().pointee.on_cancel(next, &callback)
        }
        guard status >= 0 else { return nil }
        endings[next.bits] = ending
        return ending
    }

    private init(_ next: haraka_next) { self.next = next.bits }

    /// From now on the end of the hook runs `stop`, which must not hold the Next.
    func set(_ stop: (() -> Void)?) { self.stop = stop }

    fileprivate func came() {
        let stop = self.stop
        self.stop = nil
        stop?()
    }

    /// The hook was answered, or has ended.
    fileprivate func forget() {
        stop = nil
        if endings[next] === self { endings[next] = nil }
    }
}

/// Those that the host holds, by the handle of their Next. Of this copy of the plugin.
nonisolated(unsafe) private var endings: [UInt64: Ending] = [:]

private let runEnding: @convention(c) (UnsafeMutableRawPointer?) -> Void = { context in
    guard let context else { return }
    Unmanaged<Ending>.fromOpaque(context).takeUnretainedValue().came()
}

private let forgetEnding: @convention(c) (UnsafeMutableRawPointer?) -> Void = { context in
    guard let context else { return }
    Unmanaged<Ending>.fromOpaque(context).takeRetainedValue().forget()
}

extension Next {
    /// Whether anybody waits for the answer. Loop thread.
    var isWanted: Bool {
        var left: Int64 = 0
        return haraka_kit_host().pointee.deadline(handle, &left) >= 0
    }
}
