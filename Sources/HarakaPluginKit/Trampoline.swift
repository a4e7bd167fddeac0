// From the host's C call to the plugin's closure and back.
import CHarakaPluginKit

/// A hook or method that decides at once.
public typealias AnswerBody = (borrowing Call) throws(PluginError) -> Answer
/// A hook or method that decides through its Next, now or later.
public typealias NextBody = (borrowing Call, consuming Next) throws(PluginError) -> Void

final class AnswerBox {
    let body: AnswerBody
    init(_ body: @escaping AnswerBody) { self.body = body }
}

final class NextBox {
    let body: NextBody
    init(_ body: @escaping NextBody) { self.body = body }
}

/// The fast way: a code without words is the function's value, and nothing else happens.
let answerTrampoline: haraka_function = { pointer in
    guard let pointer, let context = pointer.pointee.context else { return HARAKA_CONT }
    return Unmanaged<AnswerBox>.fromOpaque(context)._withUnsafeGuaranteedRef { box in
        do throws(PluginError) {
            let answer = try box.body(Call(pointer))
            guard let reply = answer.reply else { return answer.code.rawValue }
            complete(pointer.pointee.next, answer.code, reply)
        } catch {
            fail(pointer.pointee.next, pointer.pointee.`self`, error)
        }
        return HARAKA_PENDING
    }
}

/// The way of a hook with a Next. What became of it while the closure ran is known here only.
let nextTrampoline: haraka_function = { pointer in
    guard let pointer, let context = pointer.pointee.context else { return HARAKA_CONT }
    let (next, owner) = (pointer.pointee.next, pointer.pointee.`self`)
    return Unmanaged<NextBox>.fromOpaque(context)._withUnsafeGuaranteedRef { box in
        let outer = haraka_kit_enter(next)
        do throws(PluginError) {
            try box.body(Call(pointer), Next(handle: next, owner: owner))
            let code = haraka_kit_leave(outer)
            guard code == 0 else { return code }
            forgotten(next, owner)
        } catch {
            let code = haraka_kit_leave(outer)
            guard code != 0 else {
                fail(next, owner, error)
                return HARAKA_PENDING
            }
            failedLate(owner, error)
            return code
        }
        return HARAKA_PENDING
    }
}

/// The way of a closure that is given its Next back. Like a hook it may throw; what became of the Next is known here only.
func resume(
    _ next: consuming Next, _ body: (consuming Next) throws(PluginError) -> Void
) {
    let (handle, owner) = next.taken()
    let outer = haraka_kit_enter(handle)
    do throws(PluginError) {
        try body(Next(handle: handle, owner: owner))
        let code = haraka_kit_leave(outer)
        if code == 0 { forgotten(handle, owner) } else { left(handle, code) }
    } catch {
        let code = haraka_kit_leave(outer)
        guard code != 0 else { return fail(handle, owner, error) }
        failedLate(owner, error)
        left(handle, code)
    }
}

/// Gives the host a code that was left while a closure ran; nothing if the Next waits for something else, or was answered with
/// words.
private func left(_ next: haraka_next, _ code: Int32) {
    if code != HARAKA_PENDING { complete(next, Code(rawValue: code), nil) }
}

private func failedLate(_ owner: haraka_self, _ error: PluginError) {
    Plugin(handle: owner).log(.crit, "failed after it had answered: \(error.cause)")
}

/// What the host says to the answer: negative, nobody took it.
@discardableResult
func complete(_ next: haraka_next, _ code: Code, _ reply: Reply?) -> Int32 {
    guard let reply else { return haraka_kit_host().pointee.complete(next, code.rawValue, nil) }
    return reply.lent { haraka_kit_host().pointee.complete(next, code.rawValue, $0) }
}

/// A hook threw: a failing scanner must not accept, so the answer is a temporary refusal. Where the hook cannot refuse,
/// the host makes it CONT.
func fail(_ next: haraka_next, _ owner: haraka_self, _ error: PluginError) {
    Plugin(handle: owner).log(.crit, "failed: \(error.cause)")
    complete(next, .denySoft, Reply("plugin failed"))
}

/// A Next was dropped without an answer. That is no mistake if nobody waits for one any more: what was to give the Next back
/// was let go because the client has left.
func forgotten(_ next: haraka_next, _ owner: haraka_self) {
    guard complete(next, .denySoft, Reply("plugin gave no answer")) >= 0 else { return }
    Plugin(handle: owner).log(.crit, "gave no answer: a Next was dropped")
}
