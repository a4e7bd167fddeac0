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
            Plugin(handle: owner).log(.crit, "failed after it had answered: \(error.cause)")
            return code
        }
        return HARAKA_PENDING
    }
}

func complete(_ next: haraka_next, _ code: Code, _ reply: Reply?) {
    guard let reply else {
        _ = haraka_kit_host().pointee.complete(next, code.rawValue, nil)
        return
    }
    reply.lent { _ = haraka_kit_host().pointee.complete(next, code.rawValue, $0) }
}

/// A hook threw: a failing scanner must not accept, so the answer is a temporary refusal. Where the hook cannot refuse,
/// the host makes it CONT.
func fail(_ next: haraka_next, _ owner: haraka_self, _ error: PluginError) {
    Plugin(handle: owner).log(.crit, "failed: \(error.cause)")
    complete(next, .denySoft, Reply("plugin failed"))
}

/// A Next was dropped without an answer.
func forgotten(_ next: haraka_next, _ owner: haraka_self) {
    Plugin(handle: owner).log(.crit, "gave no answer: a Next was dropped")
    complete(next, .denySoft, Reply("plugin gave no answer"))
}
