// The order of a hook's plugins, the deny hook, and the verdict. docs/hooks.md "The chain".

import HarakaCore
import Testing

@Suite("Hook chain")
struct HookChainTests {
    /// Runs a chain with these answers; what was asked ("0", "deny 1") and the verdict.
    static func run(
        _ hook: Hook, _ answers: [Verdict], deny: [Verdict] = [], ok: [Verdict] = []
    ) -> (asked: [String], verdict: Verdict, refusing: [Int]) {
        var chain = HookChain(
            count: answers.count, denyCount: deny.count, okCount: ok.count, rules: HookRules(hook))
        var asked: [String] = []
        var refusing: [Int] = []
        var step = chain.start()
        while true {
            switch step {
            case .ask(let index):
                asked.append("\(index)")
                step = chain.answered(answers[index])
            case .askDeny(let index):
                asked.append("deny \(index)")
                refusing.append(chain.decidingIndex)
                step = chain.answered(deny[index])
            case .askOK(let index):
                asked.append("ok \(index)")
                refusing.append(chain.decidingIndex)
                step = chain.answered(ok[index])
            case .finished(let verdict): return (asked, verdict, refusing)
            }
        }
    }

    static func words(_ code: HookCode, _ text: String) -> Verdict { Verdict(code, PluginReply(text)) }

    @Test("without handlers a hook ends in CONT at once")
    func nobody() {
        let result = HookChainTests.run(.rcpt, [], deny: [.cont])
        #expect(result.asked == [])
        #expect(result.verdict == .cont)
    }

    @Test("CONT asks the next one, and the words of the last one count")
    func cont() {
        let result = HookChainTests.run(.mail, [HookChainTests.words(.cont, "a"), HookChainTests.words(.cont, "b")])
        #expect(result.asked == ["0", "1"])
        #expect(result.verdict == HookChainTests.words(.cont, "b"))
        #expect(HookChainTests.run(.mail, [HookChainTests.words(.cont, "a"), .cont]).verdict == .cont)
    }

    @Test("any other code ends the chain", arguments: HookCode.allCases.filter { $0 != .cont })
    func ends(code: HookCode) {
        let result = HookChainTests.run(.mail, [.cont, HookChainTests.words(code, "x"), Verdict(.ok)])
        #expect(result.asked == ["0", "1"])
        #expect(result.verdict == HookChainTests.words(code, "x"))
    }

    @Test(
        "connect_init and disconnect ask everyone and end in CONT", arguments: [Hook.connectInit, .disconnect],
        HookCode.allCases)
    func everyone(hook: Hook, code: HookCode) {
        let result = HookChainTests.run(hook, [Verdict(code), Verdict(code), Verdict(code)], deny: [Verdict(.ok)])
        #expect(result.asked == ["0", "1", "2"])
        #expect(result.verdict.code == .cont)
    }

    @Test(
        "a refusal asks the deny hook, which keeps it by saying anything but OK",
        arguments: HookCode.allCases.filter { $0 != .ok })
    func denyKeeps(code: HookCode) {
        for refusal in HookCode.allCases.filter(\.isRefusal) {
            let denied = HookChainTests.words(refusal, "no")
            let result = HookChainTests.run(
                .rcpt, [denied, Verdict(.ok)], deny: [HookChainTests.words(code, "deny says")])
            #expect(result.asked == ["0", "deny 0"])
            #expect(result.verdict == denied)
            #expect(result.refusing == [0])
        }
    }

    @Test("only refusals ask the deny hook", arguments: HookCode.allCases.filter { !$0.isRefusal })
    func noDeny(code: HookCode) {
        #expect(HookChainTests.run(.rcpt, [Verdict(code)], deny: [Verdict(.ok)]).asked == ["0"])
    }

    @Test("OK of a deny handler cancels the refusal, and the handlers that were pending are asked")
    func denyCancels() {
        let result = HookChainTests.run(
            .rcpt, [.cont, Verdict(.deny), HookChainTests.words(.ok, "yes"), Verdict(.deny)],
            deny: [.cont, HookChainTests.words(.ok, "spared"), .cont])
        #expect(result.asked == ["0", "1", "deny 0", "deny 1", "2"])
        #expect(result.verdict == HookChainTests.words(.ok, "yes"))
    }

    @Test("with nobody pending a cancelled refusal is CONT with the words of the deny handler")
    func denyCancelsLast() {
        let result = HookChainTests.run(.rcpt, [Verdict(.denySoft)], deny: [HookChainTests.words(.ok, "spared")])
        #expect(result.verdict == HookChainTests.words(.cont, "spared"))
    }

    @Test("each refusal asks the deny hook anew")
    func twoRefusals() {
        let result = HookChainTests.run(
            .data, [Verdict(.deny), .cont, Verdict(.denyDisconnect)], deny: [.cont, Verdict(.ok)])
        #expect(result.asked == ["0", "deny 0", "deny 1", "1", "2", "deny 0", "deny 1"])
        #expect(result.verdict == .cont)
        #expect(result.refusing == [0, 0, 2, 2])
    }

    @Test(
        "a deny handler that refuses goes on to the next one, without end of circles",
        arguments: HookCode.allCases.filter(\.isRefusal))
    func denyRefuses(code: HookCode) {
        let result = HookChainTests.run(.helo, [Verdict(.deny)], deny: [Verdict(code), Verdict(code)])
        #expect(result.asked == ["0", "deny 0", "deny 1"])
        #expect(result.verdict == Verdict(.deny))
        #expect(HookChainTests.run(.helo, [Verdict(.deny)], deny: [Verdict(code), Verdict(.ok)]).verdict.code == .cont)
    }

    @Test("DISCONNECT and DONE of a deny handler end the discussion", arguments: [HookCode.disconnect, .done, .stop])
    func denyEnds(code: HookCode) {
        let result = HookChainTests.run(.helo, [Verdict(.deny)], deny: [Verdict(code), Verdict(.ok)])
        #expect(result.asked == ["0", "deny 0"])
        #expect(result.verdict == Verdict(.deny))
    }

    @Test(
        "all hooks ask deny and ok, but those of server, log, configuration, AUTH and queue, deny and ok themselves",
        arguments: Hook.allCases)
    func hooksWithDeny(hook: Hook) {
        let without: Set<Hook> = [
            .initMaster, .initChild, .postFork, .log, .logging, .config, .userConfig, .deny, .ok, .connectInit,
            .disconnect, .authParse, .auth, .authPlain, .authLogin, .authCRAMMD5, .preSendTransEmail, .sendEmail,
            .getMX,
            .delivered, .deferred, .bounce,
        ]
        let denied = HookChainTests.run(hook, [Verdict(.deny)], deny: [Verdict(.ok)], ok: [.cont]).asked
        #expect(denied == (without.contains(hook) ? ["0"] : ["0", "deny 0"]))
        let accepted = HookChainTests.run(hook, [Verdict(.ok)], deny: [Verdict(.ok)], ok: [.cont]).asked
        #expect(accepted == (without.contains(hook) ? ["0"] : ["0", "ok 0"]))
    }

    @Test(
        "what is neither CONT nor a refusal is told to the ok hook, who change nothing about it",
        arguments: HookCode.allCases)
    func okIsTold(code: HookCode) {
        let answer = HookChainTests.words(code, "taken")
        for opinion in HookCode.allCases {
            let result = HookChainTests.run(.queue, [.cont, answer], ok: [HookChainTests.words(opinion, "so what")])
            #expect(result.asked == (code == .cont || code.isRefusal ? ["0", "1"] : ["0", "1", "ok 0"]))
            #expect(result.refusing == (code == .cont || code.isRefusal ? [] : [1]))
            #expect(result.verdict == answer)
        }
    }

    @Test("CONT tells the next plugin of ok, anything else ends it", arguments: HookCode.allCases)
    func okChain(code: HookCode) {
        let asked = HookChainTests.run(.mail, [Verdict(.ok)], ok: [.cont, Verdict(code), Verdict(.ok)]).asked
        #expect(asked == ["0", "ok 0", "ok 1"] + (code == .cont ? ["ok 2"] : []))
    }

    @Test("a pardon is no answer of the hook's: ok is told of the one that follows")
    func okAfterPardon() {
        let result = HookChainTests.run(
            .mail, [Verdict(.deny), HookChainTests.words(.ok, "yes")], deny: [Verdict(.ok)], ok: [.cont])
        #expect(result.asked == ["0", "deny 0", "1", "ok 0"])
        #expect(result.verdict == HookChainTests.words(.ok, "yes"))
        #expect(
            HookChainTests.run(.mail, [Verdict(.deny)], deny: [Verdict(.ok)], ok: [.cont]).asked == ["0", "deny 0"])
    }

    @Test("an answer too many is harmless")
    func tooMany() {
        var chain = HookChain(count: 1, denyCount: 0, rules: HookRules(.mail))
        #expect(chain.start() == .ask(0))
        #expect(chain.answered(.cont) == .finished(.cont))
        #expect(chain.answered(.cont) == .finished(.cont))
    }
}
