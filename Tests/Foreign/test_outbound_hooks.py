"""The outbound hooks by plugins in C: what they are given, and what their answers do. docs/hooks.md "Outbound"."""
import time

from inline import NOTHING
from outbound import MESSAGE, OutboundTest, Relaying, at
from peer import Peer

# Logs one line for each hook: its name, then properties and arguments.
TELL = NOTHING + r"""
#include <stdio.h>
static void tell(const haraka_call *call, const char *more)
{
    char line[1024];
    haraka_value uuid = haraka_null(), file = haraka_null(), domain = haraka_null(), failures = haraka_null();
    const haraka_object mail = haraka_of_hmail(call->hmail);
    (void)haraka_table->get(mail, HARAKA_HMAIL_UUID, &uuid);
    (void)haraka_table->get(mail, HARAKA_HMAIL_FILENAME, &file);
    (void)haraka_table->get(mail, HARAKA_HMAIL_DOMAIN, &domain);
    (void)haraka_table->get(mail, HARAKA_HMAIL_NUM_FAILURES, &failures);
    const haraka_str u = haraka_value_text(&uuid), f = haraka_value_text(&file), d = haraka_value_text(&domain);
    snprintf(line, sizeof line, "TELL %.*s uuid=%.*s file=%.*s domain=%.*s failures=%lld %s", (int)call->hook.len, call->hook.ptr,
             (int)u.len, u.ptr, (int)f.len, f.ptr, (int)d.len, d.ptr, (long long)failures.as.integer, more);
    haraka_table->log(call->self, HARAKA_LOG_NOTICE, mail, haraka_text(line));
}
HARAKA_HOOK(send_email) { tell(call, ""); return HARAKA_CONT; }
HARAKA_HOOK(delivered)
{
    char more[512];
    const haraka_str host = haraka_argument_text(call, 0), ip = haraka_argument_text(call, 1), said = haraka_argument_text(call, 2),
        mode = haraka_argument_text(call, 5);
    const haraka_value *to = haraka_argument(call, 6);
    snprintf(more, sizeof more, "host=%.*s ip=%.*s port=%lld mode=%.*s rcpts=%d said=%.*s", (int)host.len, host.ptr, (int)ip.len, ip.ptr,
             (long long)haraka_argument(call, 4)->as.integer, (int)mode.len, mode.ptr, (int)to->as.list.count, (int)said.len, said.ptr);
    tell(call, more);
    return HARAKA_CONT;
}
HARAKA_HOOK(deferred)
{
    char more[512];
    const haraka_str err = haraka_value_text(haraka_value_key(haraka_argument(call, 0), "err"));
    const haraka_value *failed = haraka_value_key(haraka_argument(call, 0), "fail_recips");
    snprintf(more, sizeof more, "count=%d err=%.*s", failed ? (int)failed->as.list.count : -1, (int)err.len, err.ptr);
    tell(call, more);
    return HARAKA_CONT;
}
HARAKA_HOOK(bounce)
{
    char more[512];
    const haraka_str err = haraka_value_text(haraka_value_key(haraka_argument(call, 0), "err"));
    const haraka_value *failed = haraka_value_key(haraka_argument(call, 0), "bounced_rcpt");
    snprintf(more, sizeof more, "count=%d err=%.*s", failed ? (int)failed->as.list.count : -1, (int)err.len, err.ptr);
    tell(call, more);
    return HARAKA_CONT;
}
"""
HEAD = NOTHING + r"""
HARAKA_HOOK(pre_send_trans_email)
{
    (void)haraka_table->header_add(call->transaction, haraka_text("X-Ours"), haraka_text("yes"), HARAKA_HEADER_END);
    return HARAKA_CONT;
}
"""


class OutboundHooks(OutboundTest):
    def test_delivered(self):
        """hooks: send_email, get_mx and delivered are asked once for each domain, and told what happened"""
        with Peer() as one, Peer(lmtp=True) as two, Relaying(
                {"one.example": at(one), "two.example": at(two, "lmtp://")}, code={"tell": TELL}) as server:
            uuid = server.queued("a@one.example", "b@one.example", "c@two.example")
            server.empty()
            for number, domain, port, mode, count in ((1, "one.example", one.port, "SMTP", 2), (2, "two.example", two.port, "LMTP", 1)):
                server.logged(rf"TELL send_email uuid={uuid}\.{number} file={uuid} domain={domain} failures=0")
                told = server.logged(rf"TELL delivered uuid={uuid}\.{number} file={uuid} domain={domain} failures=0 "
                                     r"host=(\S*) ip=(\S*) port=(\d+) mode=(\w+) rcpts=(\d+) said=(.*)")
                self.assertEqual((told[2], int(told[3]), told[4], int(told[5])), ("127.0.0.1", port, mode, count))
            self.assertEqual(sum("TELL send_email" in line for line in server.lines), 2)

    def test_deferred(self):
        """hooks: deferred is told who did not get it and why; its seconds put off the next attempt"""
        with Peer(replies={"RCPT": ["451 4.2.2 full", "250 ok"]}) as peer, Relaying(
                {"example.net": at(peer)}, code={"tell": TELL}) as server:
            began = time.monotonic()
            server.queued("bob@example.net")
            server.logged(r"TELL deferred .* failures=1 count=1 err=.*451")
            peer.received()
            self.assertTrue(0.9 <= time.monotonic() - began < 10, time.monotonic() - began)
            server.logged(r"TELL send_email .* failures=1")

    def test_dropped(self):
        """hooks: deferred that answers OK ends the mail, and nobody is told"""
        code = NOTHING + "HARAKA_HOOK(deferred) { (void)call; return HARAKA_OK; }\n"
        with Peer(replies={"RCPT": "451 4.2.2 full"}) as peer, Peer() as home, Relaying(
                {"example.net": at(peer), "example.org": at(home)}, code={"drop": code}, quick=False) as server:
            server.queued("bob@example.net")
            peer.tried(1, "RCPT")
            server.empty()
            self.assertEqual(home.sessions, [])

    def test_bounce(self):
        """hooks: bounce is told who will not get it"""
        with Peer(replies={"RCPT": "550 5.1.1 nobody"}) as peer, Peer() as home, Relaying(
                {"example.net": at(peer), "example.org": at(home)}, code={"tell": TELL}) as server:
            server.queued("bob@example.net", "carol@example.net")
            server.logged(r"TELL bounce .* count=2 err=.*")
            home.received()

    def test_delay(self):
        """hooks: send_email with DELAY puts a mail off, and that is no failure"""
        code = NOTHING + r"""
static int asked;
HARAKA_HOOK(send_email)
{
    haraka_value seconds = haraka_integer(2);
    if (asked++ > 0) return HARAKA_CONT;
    return haraka_answer_value(call, HARAKA_DELAY, &seconds);
}
"""
        with Peer() as peer, Relaying({"example.net": at(peer)}, code={"late": code}) as server:
            began = time.monotonic()
            server.queued("bob@example.net")
            self.assertEqual(server.deferred()[0]["attempts"], 0)
            peer.received()
            self.assertGreaterEqual(time.monotonic() - began, 1.9)

    def test_before_queue(self):
        """hooks: pre_send_trans_email may still change the header"""
        with Peer() as peer, Relaying({"example.net": at(peer)}, code={"head": HEAD}) as server:
            server.queued("bob@example.net")
            self.assertIn(b"\r\nX-Ours: yes\r\n", peer.received()[0].data)

    def test_queue_outbound(self):
        """hooks: queue_outbound that refuses keeps mail out of the queue"""
        for code, expected in (("HARAKA_DENY", b"550"), ("HARAKA_DENYSOFT", b"450")):
            with self.subTest(code), Relaying(code={"mine": NOTHING + f"HARAKA_HOOK(queue_outbound) {{ (void)call; return {code}; }}\n"}
                                              ) as server:
                self.assertEqual(server.send("bob@example.net")[:3], expected)
                self.assertEqual(server.files(), [])
