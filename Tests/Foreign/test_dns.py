"""Names: dns/1 in a plugin and the server's own lookups, through a real server and a name server of the test's. docs/dns.md."""
import threading
import time

from inline import server_with
from server import until
from test_bundled import MAIL, RCPT, Bundled
from wire import Wire, seconds
from zones import NameServer, reverse

# VRFY "<type>[!] <name>..." asks one name after the other and tells the last answer; "!" insists on DNSSEC. VRFY "rdns" tells
# the client's name. VRFY "many <count>" asks for so many names at once and tells how many were taken.
ASKS = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const haraka_dns_1 *dns;
static haraka_self me;
static const char *statuses[] = {"found", "no data", "no name", "failed", "timed out", "bogus", "bad name"};

/* One lookup; the names that are still to be asked follow in `rest`. */
struct asked { haraka_next next; uint32_t type, flags; int told; char rest[1000]; };

static void destroy(void *context)
{
    struct asked *const asked = context;
    if (!asked->told) haraka_log(me, HARAKA_LOG_NOTICE, haraka_of_server(), "a lookup was dropped");
    free(asked);
}

static int32_t ask(const struct asked *before);

static void answered(void *context, const haraka_dns_answer *answer)
{
    struct asked *const asked = context;
    char text[4096];
    size_t i, count;
    asked->told = 1;
    if (*asked->rest != 0 && ask(asked) >= 0) return;
    count = (size_t)snprintf(text, sizeof text, "%s %u ttl %u %.*s = %.*s [%.*s]", statuses[answer->status], answer->security,
                             answer->ttl, (int)answer->name.len, answer->name.ptr, (int)answer->canonical.len,
                             answer->canonical.ptr, (int)answer->reason.len, answer->reason.ptr);
    for (i = 0; i < answer->count && count < sizeof text - 400; i++)
        count += (size_t)snprintf(text + count, sizeof text - count, " %u:%.*s/%zu", answer->records[i].priority,
                                  (int)answer->records[i].text.len, answer->records[i].text.ptr, answer->records[i].data.len);
    (void)haraka_complete_text(asked->next, HARAKA_DENY, haraka_bytes(text, count));
}

/* The first of the names that `before` still has. */
static int32_t ask(const struct asked *before)
{
    const haraka_dns_options options = {sizeof options, before->flags, 0, 0, before->next};
    struct asked *const asked = calloc(1, sizeof *asked);
    const haraka_dns_callback callback = {answered, asked, destroy};
    const size_t length = strcspn(before->rest, " ");
    int32_t status;
    if (asked == NULL) return HARAKA_E_LIMIT;
    *asked = *before;
    asked->told = 0;
    (void)memmove(asked->rest, before->rest + length, sizeof asked->rest - length);
    if (*asked->rest == ' ') (void)memmove(asked->rest, asked->rest + 1, strlen(asked->rest));
    status = dns->lookup(me, haraka_bytes(before->rest, length), before->type, &options, &callback, NULL);
    if (status < 0) free(asked);
    return status;
}

static void ignored(void *context, const haraka_dns_answer *answer) { (void)context; (void)answer; }

static int32_t many(const haraka_call *call, int count)
{
    const haraka_dns_callback callback = {ignored, NULL, NULL};
    char text[100];
    int i, taken = 0;
    for (i = 0; i < count; i++) {
        const size_t length = (size_t)snprintf(text, sizeof text, "many%d.example.com", i);
        taken += dns->lookup(me, haraka_bytes(text, length), HARAKA_DNS_A, NULL, &callback, NULL) >= 0;
    }
    (void)snprintf(text, sizeof text, "taken %d", taken);
    return haraka_answer(call, HARAKA_DENY, text);
}

HARAKA_REGISTER(self)
{
    me = self;
    dns = haraka_service(haraka_table, "dns/1");
    return dns == NULL ? HARAKA_E_UNSUPPORTED : HARAKA_SUCCESS;
}

HARAKA_HOOK(vrfy)
{
    const haraka_str words = haraka_argument_text(call, 0);
    struct asked asked = {.next = call->next};
    char line[1000] = "", *rest;
    if (haraka_equal(words, haraka_text("rdns"))) return haraka_answer_text(call, HARAKA_DENY, haraka_remote_host(call->connection));
    if (words.len >= sizeof line) return HARAKA_DENYSOFT;
    memcpy(line, words.ptr, words.len);
    if (strncmp(line, "many ", 5) == 0) return many(call, atoi(line + 5));
    asked.type = (uint32_t)strtoul(line, &rest, 10);
    if (*rest == '!') { asked.flags = HARAKA_DNS_STRICT; rest++; }
    (void)snprintf(asked.rest, sizeof asked.rest, "%s", rest + 1);
    return ask(&asked) >= 0 ? HARAKA_PENDING : haraka_answer(call, HARAKA_DENYSOFT, "too many lookups");
}

HARAKA_HOOK(rcpt) { (void)call; return HARAKA_OK; }
HARAKA_HOOK(queue) { (void)call; return HARAKA_OK; }
"""
A, PTR, MX, TXT, TLSA = 1, 12, 15, 16, 52
ZONE = {
    "example.com": {"MX": ["20 backup.example.com", "10 MX.example.com"], "TXT": ["v=spf1 -all", ["two ", "strings"]]},
    "mx.example.com": {"A": ["192.0.2.1"]},
    "www.example.com": {"CNAME": "mx.example.com"},
    "null.example.com": {"MX": "0 ."},
    "_25._tcp.mx.example.com": {"TLSA": "3 1 1 " + "ab" * 32},
    reverse("127.0.0.1"): {"PTR": "client.example.org"},
}
BANNER = b"220 "


class DNS(Bundled):
    def server(self, ns, more="", **config):
        files = {"log.ini": "level=notice\n", "connection.ini": "enhanced_status_codes=false\n", **ns.config(more), **config}
        server = server_with(self.scratch, ["asks"], {"asks": ASKS}, files)
        server.configure("connection.ini", f"enhanced_status_codes=false\nspool_dir={server.spool}\n")
        return server

    def vrfy(self, client, words):
        said = client.say(b"VRFY " + words.encode() + b"\r\n").decode()
        self.assertEqual(said[:4], "550 ", said)
        return said[4:].rstrip("\r\n")

    def test_answers(self):
        """dns: a plugin is given records, canonical names, and why there are none; the second time without asking"""
        with NameServer(ZONE) as ns, self.server(ns) as server, Wire(server.port) as client:
            for _ in range(2):
                self.assertRegex(self.vrfy(client, "1 mx.example.com"),
                                 r"^found 0 ttl \d+ mx.example.com = mx.example.com \[\] 0:192.0.2.1/4$")
                self.assertRegex(self.vrfy(client, "1 WWW.example.com"), r" www.example.com = mx.example.com \[\] 0:192.0.2.1/4$")
                self.assertRegex(self.vrfy(client, "15 example.com"), r" \[\] 10:mx.example.com/18 20:backup.example.com/22$")
                self.assertRegex(self.vrfy(client, "15 null.example.com"), r" 0:\./3$")
                self.assertRegex(self.vrfy(client, "16 example.com"), r" 0:v=spf1 -all/12 0:two strings/13$")
                self.assertRegex(self.vrfy(client, "52 _25._tcp.mx.example.com"), r" 0:/35$")
                self.assertRegex(self.vrfy(client, "1 nobody.example.com"), r"^no name 0 .* \[NXDOMAIN\]$")
                self.assertRegex(self.vrfy(client, "1 example.com"), r"^no data 0 ")
                self.assertRegex(self.vrfy(client, "1 a..b"), r"^bad name ")
            for name, kind in (("mx.example.com", "A"), ("example.com", "MX"), ("nobody.example.com", "A")):
                self.assertEqual(ns.count(name, kind), 1, name)

    def test_manners(self):
        """dns: SERVFAIL and REFUSED are failures, what is cut off comes over TCP, what comes late comes"""
        with NameServer(ZONE) as ns, self.server(ns) as server, Wire(server.port) as client:
            ns.mode("a.example.com", "servfail")
            self.assertRegex(self.vrfy(client, "1 a.example.com"), r"^failed .* \[SERVFAIL\]$")
            ns.mode("mx.example.com", "truncated")
            self.assertRegex(self.vrfy(client, "1 mx.example.com"), r"^found ")
            ns.mode("null.example.com", 0.3)
            took, said = seconds(lambda: self.vrfy(client, "15 null.example.com"))
            self.assertRegex(said, r"^found ")
            self.assertGreaterEqual(took, 0.3)

    def test_client_name(self):
        """dns: the client's name comes from the same resolver"""
        with NameServer(ZONE) as ns, self.server(ns) as server, Wire(server.port) as client:
            self.assertEqual(self.vrfy(client, "rdns"), "client.example.org")
            self.assertIn((reverse("127.0.0.1"), "PTR"), ns.asked)

    def test_no_client_name(self):
        """dns: a client without a name is NXDOMAIN, one whose name cannot be had DNSERROR"""
        for how, word in (("nxdomain", "NXDOMAIN"), ("servfail", "DNSERROR")):
            with self.subTest(how), NameServer(ZONE) as ns:
                ns.mode(reverse("127.0.0.1"), how)
                with self.server(ns) as server, Wire(server.port) as client:
                    self.assertEqual(self.vrfy(client, "rdns"), word)

    def test_client_leaves(self):
        """dns: a client that leaves during a lookup ends it, and nobody else notices"""
        with NameServer(ZONE) as ns, self.server(ns) as server, Wire(server.port) as other:
            ns.mode("slow.example.com", "silent")
            with Wire(server.port) as client:
                client.send(b"VRFY 1 slow.example.com\r\n")
                until("the name server is asked", lambda: ns.count("slow.example.com"))
                client.abort()
            server.logged("a lookup was dropped", limit=3)
            self.assertRegex(self.vrfy(other, "1 mx.example.com"), r"^found ")

    def test_no_network(self):
        """dns: with a resolver that is silent five lookups and the client's name cost one limit together, for one client"""
        with NameServer(ZONE) as ns:
            ns.mode("*", "silent")
            with self.server(ns, "timeout=1\n") as server:
                def session():
                    with Wire(server.port) as client:
                        names = " ".join(f"n{number}.example.com" for number in range(5))
                        self.assertEqual(client.banner[:4], BANNER)
                        self.assertRegex(self.vrfy(client, "1 " + names), r"^timed out ")
                        self.assertEqual(self.vrfy(client, "rdns"), "DNSERROR")
                took, _ = seconds(session)
                self.assertGreaterEqual(took, 0.9)
                self.assertLess(took, 2.5)
                took, _ = seconds(session)
                self.assertLess(took, 0.9)
                server.logged(r"\[WARN\] .*dns: no answer of anything for 1(\.0)? s")
                ns.mode("*")
                server.logged(r"\[NOTICE\] .*dns: the resolvers answer again")

                def works():
                    with Wire(server.port) as client:
                        return self.vrfy(client, "1 mx.example.com").startswith("found")
                until("names are found again", works)

    def test_one_dead_name(self):
        """dns: a name whose servers are dead costs one limit, and does not make others wait"""
        with NameServer(ZONE) as ns, self.server(ns, "timeout=1\n") as server, Wire(server.port) as client:
            ns.mode("dead.example.com", "silent")
            took, said = seconds(lambda: self.vrfy(client, "1 dead.example.com"))
            self.assertRegex(said, r"^timed out ")
            self.assertGreaterEqual(took, 0.9)
            took, said = seconds(lambda: self.vrfy(client, "1 mx.example.com"))
            self.assertRegex(said, r"^found ")
            self.assertLess(took, 0.9)
            took, said = seconds(lambda: self.vrfy(client, "1 dead.example.com"))
            self.assertRegex(said, r"^timed out ")
            self.assertLess(took, 0.9)
            self.assertIsNone(server.found("no answer of anything"))

    def test_too_many(self):
        """dns: more lookups than max_queries are refused"""
        with NameServer(ZONE) as ns, self.server(ns, "max_queries=20\n") as server, Wire(server.port) as client:
            ns.mode("*", 0.5)
            self.assertEqual(self.vrfy(client, "many 50"), "taken 20")

    def test_reload(self):
        """dns: a lookup is answered though the plugins are loaded anew meanwhile"""
        with NameServer(ZONE) as ns, self.server(ns) as server, Wire(server.port) as client:
            ns.mode("mx.example.com", 1.5)
            client.send(b"VRFY 1 mx.example.com\r\n")
            until("the name server is asked", lambda: ns.count("mx.example.com"))
            self.succeeded(server.reload())
            self.assertRegex(client.reply(), rb"^550 found ")

    def test_other_servers(self):
        """dns: with a changed dns.ini and a reload another name server is asked"""
        with NameServer(ZONE) as ns, NameServer({"mx.example.com": {"A": "192.0.2.77"}}) as other, self.server(ns) as server:
            with Wire(server.port) as client:
                self.assertRegex(self.vrfy(client, "1 mx.example.com"), r" 0:192.0.2.1/4$")
            server.configure("dns.ini", other.config()["dns.ini"])
            self.succeeded(server.reload())

            def changed():
                with Wire(server.port) as client:
                    return self.vrfy(client, "1 mx.example.com").endswith(" 0:192.0.2.77/4")
            until("the other name server is asked", changed)

    def test_end(self):
        """dns: the server ends at once though lookups are under way"""
        with NameServer(ZONE) as ns, self.server(ns, "timeout=60\n") as server:
            ns.mode("*", "silent")
            threads = [threading.Thread(target=self.hang, args=(server,)) for _ in range(3)]
            for thread in threads:
                thread.start()
            until("the name server is asked", lambda: ns.count(reverse("127.0.0.1")))
            began = time.monotonic()
            self.assertEqual(server.stop(), 0)
            self.assertLess(time.monotonic() - began, 10)
            for thread in threads:
                thread.join()

    def hang(self, server):
        with Wire(server.port, banner=False) as client:
            try:
                client.rest()
            except OSError:
                pass

    def test_mail(self):
        """dns: mail goes on while the resolver is silent"""
        with NameServer(ZONE) as ns, self.server(ns, "timeout=0.5\n") as server:
            ns.mode("*", "silent")
            with Wire(server.port) as client:
                self.begin(client, MAIL, RCPT)
                self.assertEqual(client.say(b"DATA\r\n")[:3], b"354")
                self.assertEqual(client.say(b"Subject: x\r\n\r\ny\r\n.\r\n")[:3], b"250")
