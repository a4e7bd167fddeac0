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
                "init_master", "init_child", "post_fork", "log", "logging", "config", "user_config", "pre_connection",
                "connect_init", "lookup_rdns", "connect", "helo_parse", "helo", "ehlo_parse", "ehlo", "capabilities",
                "auth_parse", "auth", "auth_plain", "auth_login", "auth_cram_md5", "quit", "vrfy", "noop", "help",
                "rset", "unrecognized_command", "mail_parse", "mail_pre", "mail", "rcpt_parse", "rcpt_pre", "rcpt",
                "rcpt_ok", "received_line", "data", "data_headers_end", "max_data_exceeded", "data_post_headers",
                "data_post", "queue_pre", "queue", "queue_outbound", "queue_ok", "queue_post", "reset_transaction",
                "deny", "ok", "disconnect", "post_connection", "pre_send_trans_email", "send_email", "get_mx",
                "delivered", "deferred", "bounce",
            ])
    }

    @Test(
        "qpsmtpd's spellings are known",
        arguments: [
            ("pre-connection", Hook.preConnection), ("post-connection", .postConnection), ("post-fork", .postFork),
            ("auth-plain", .authPlain), ("auth-login", .authLogin), ("auth-cram-md5", .authCRAMMD5),
        ])
    func qpsmtpdNames(name: String, hook: Hook) { #expect(Hook(name: name) == hook) }

    @Test("the hooks of AUTH have names, and are not asked")
    func notAsked() {
        #expect(
            Hook.allCases.filter { !$0.isAsked } == [.authParse, .auth, .authPlain, .authLogin, .authCRAMMD5])
    }

    @Test("a question that plugins ask has the hook of its name")
    func custom() {
        #expect(Question.custom("auth_plain", [.text("plain")]).hook == .authPlain)
        #expect(Question.custom("auth-cram-md5", []).hook == .authCRAMMD5)
        #expect(Question.custom("my_hook", []).hook == nil)
        #expect(Question.custom("my_hook", []).hookName == "my_hook")
        #expect(Question.named("auth_plain", word: "", rest: "").hook == nil)
    }

    @Test("a set of hooks holds what was put in, each on its own", arguments: Hook.allCases)
    func sets(hook: Hook) {
        var set = HookSet([hook])
        #expect(Hook.allCases.filter(set.contains) == [hook])
        #expect(HookSet.all.contains(hook))
        set.remove(hook)
        #expect(set == .none)
        #expect(Hook.count <= 64)
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
        #expect(HookCode.stop.makesSense(on: .logging))
        #expect(HookCode.nextHook.makesSense(on: .unrecognizedCommand))
    }

    @Test("rules of hooks")
    func rules() {
        func those(_ rule: (HookRules) -> Bool) -> [Hook] { Hook.allCases.filter { rule(HookRules($0)) } }
        #expect(those(\.asksEveryone) == [.connectInit, .disconnect])
        #expect(
            those(\.isRequired) == [.log, .logging, .queuePost, .resetTransaction, .disconnect, .postConnection])
        #expect(those(\.isSynchronous) == [.initMaster, .initChild, .postFork, .log, .logging])
        #expect(
            those(\.canRefuse) == [
                .config, .userConfig, .preConnection, .lookupRDNS, .connect, .helo, .ehlo, .auth, .authPlain,
                .authLogin, .authCRAMMD5,
                .vrfy, .noop, .unrecognizedCommand, .mail, .rcpt, .rcptOK, .data, .dataHeadersEnd, .maxDataExceeded,
                .dataPostHeaders, .dataPost, .queuePre, .queue, .queueOutbound, .getMX,
            ])
        #expect(HookRules(nil).canRefuse)
    }
}
