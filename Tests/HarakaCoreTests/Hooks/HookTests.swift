// Names and rules of hooks, numbers and meaning of codes. docs/hooks.md.

import HarakaCore
import Testing

@Suite("Hooks and codes")
struct HookTests {
    @Test("every hook is found by its name, with - for _ too", arguments: Hook.allCases)
    func names(hook: Hook) {
        #expect(Hook(name: hook.name) == hook)
        #expect(Hook(name: String(hook.name.map { $0 == "_" ? "-" : $0 })) == hook)
        #expect(Int(hook.rawValue) < Hook.count)
    }

    @Test("other names are no hooks", arguments: ["", "Mail", "mail ", "hook_mail", "my_hook", "rcptok"])
    func noNames(name: String) { #expect(Hook(name: name) == nil) }

    @Test("names are Haraka's")
    func harakaNames() {
        #expect(
            Hook.allCases.map(\.name) == [
                "init_master", "init_child", "log", "connect_init", "lookup_rdns", "connect", "helo", "ehlo",
                "capabilities", "quit", "vrfy", "noop", "rset", "mail", "rcpt", "rcpt_ok", "data", "max_data_exceeded",
                "data_post", "queue", "queue_outbound", "queue_ok", "reset_transaction", "unrecognized_command", "deny",
                "disconnect",
            ])
    }

    @Test("codes have Haraka's numbers and names")
    func codes() {
        let expected: [(HookCode, Int32, String)] = [
            (.cont, 900, "CONT"), (.stop, 901, "STOP"), (.deny, 902, "DENY"), (.denySoft, 903, "DENYSOFT"),
            (.denyDisconnect, 904, "DENYDISCONNECT"), (.disconnect, 905, "DISCONNECT"), (.ok, 906, "OK"),
            (.nextHook, 907, "NEXT_HOOK"), (.delay, 908, "DELAY"), (.denySoftDisconnect, 909, "DENYSOFTDISCONNECT"),
            (.done, 910, "DONE"),
        ]
        #expect(HookCode.allCases == expected.map(\.0))
        for (code, number, name) in expected {
            #expect(code.rawValue == number)
            #expect(code.name == name)
        }
    }

    @Test("what codes mean")
    func meaning() {
        #expect(HookCode.allCases.filter(\.isRefusal) == [.deny, .denySoft, .denyDisconnect, .denySoftDisconnect])
        #expect(HookCode.allCases.filter(\.isTemporary) == [.denySoft, .denySoftDisconnect])
        #expect(HookCode.allCases.filter(\.disconnects) == [.denyDisconnect, .disconnect, .denySoftDisconnect])
        #expect(HookCode.allCases.filter { !$0.makesSense(on: .mail) } == [.stop, .nextHook, .delay])
        #expect(HookCode.stop.makesSense(on: .log))
        #expect(HookCode.nextHook.makesSense(on: .unrecognizedCommand))
    }

    @Test("rules of hooks")
    func rules() {
        func those(_ rule: (HookRules) -> Bool) -> [Hook] { Hook.allCases.filter { rule(HookRules($0)) } }
        #expect(those(\.asksEveryone) == [.connectInit, .disconnect])
        #expect(those(\.isRequired) == [.log, .resetTransaction, .disconnect])
        #expect(those(\.isSynchronous) == [.initMaster, .initChild, .log])
        #expect(
            those(\.canRefuse) == [
                .lookupRDNS, .connect, .helo, .ehlo, .vrfy, .noop, .mail, .rcpt, .rcptOK, .data, .maxDataExceeded,
                .dataPost, .queue, .queueOutbound, .unrecognizedCommand,
            ])
        #expect(HookRules(nil).canRefuse)
    }
}
