// Whom a stand-in answers for, and what workers are called.

import HarakaSupervisor
import Testing

@Suite("StandIn and WorkerID")
struct StandInTests {
    @Test(
        "the hooks of a stand-in",
        arguments: [
            // Nothing is known: no mail passes.
            ([], [], ["connect"]),
            ([], ["rcpt"], ["rcpt"]),
            (["mail", "rcpt"], [], ["mail", "rcpt"]),
            // Both, each once, in order.
            (["rcpt", "mail"], ["data", "mail", "helo"], ["rcpt", "mail", "data", "helo"]),
            (["rcpt", "rcpt"], ["rcpt"], ["rcpt"]),
            // What cannot hold mail back is left out, and it does not become `connect`.
            (["capabilities", "unrecognized_command"], ["disconnect"], []),
            (["log"], [], []),
            (["disconnect", "data_post"], ["queue_ok", "queue"], ["data_post", "queue"]),
            // One name, two spellings.
            (["rcpt-ok", "data-post"], ["data_post"], ["rcpt_ok", "data_post"]),
        ] as [([String], [String], [String])])
    func table(known: [String], noted: [String], expected: [String]) {
        #expect(StandIn.hooks(forTempfail: known, noted: noted) == expected)
    }

    @Test("of all hooks, these hold mail back")
    func refusing() {
        let all = [
            "init_master", "init_child", "init_http", "init_wss", "log", "connect_init", "lookup_rdns", "connect",
            "helo", "ehlo", "capabilities", "quit", "vrfy", "noop", "rset", "mail", "rcpt", "rcpt_ok", "data",
            "max_data_exceeded", "data_post", "queue", "queue_outbound", "queue_ok", "reset_transaction",
            "unrecognized_command", "deny", "disconnect", "pre_send_trans_email", "send_email", "get_mx", "delivered",
            "deferred", "bounce", "auth_plain", "",
        ]
        #expect(
            StandIn.hooks(forTempfail: all, noted: all) == [
                "lookup_rdns", "connect", "helo", "ehlo", "mail", "rcpt", "rcpt_ok", "data", "data_post", "queue",
                "queue_outbound", "get_mx",
            ])
    }

    @Test("workers have names")
    func names() {
        #expect(WorkerID(role: .smtp, slot: 2).name == "smtp worker 2")
        #expect(WorkerID(role: .delivery, slot: 1).name == "delivery worker")
        #expect("\(WorkerID(role: .smtp, slot: 1))" == "smtp worker 1")
        #expect(WorkerRole(rawValue: "delivery") == .delivery)
        #expect(WorkerRole(rawValue: "smtp") == .smtp)
        #expect(WorkerID(role: .smtp, slot: 1) != WorkerID(role: .smtp, slot: 2))
    }
}
