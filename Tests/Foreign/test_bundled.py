"""The bundled plugins through their real shared objects. The README.md of each."""
import os
import tempfile
import time

from inline import hooked, server_with
from server import ROOT, ForeignTest, Server, compile_plugin, header
from wire import EHLO, QUEUED, Wire, exchange, replies, seconds

MAIL = b"MAIL FROM:<a@example.org>\r\n"
RCPT = b"RCPT TO:<b@example.com>\r\n"
MESSAGE = b"Subject: x\r\n\r\ny\r\n.\r\n"


def note(of, path, value):
    """C code that sets a note."""
    return (f"haraka_value v = {value}; "
            f'(void)haraka_note_set(haraka_of_{of}(call->{of}), "{path}", &v); return HARAKA_CONT;')


class Bundled(ForeignTest):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="haraka-test-")
        self.addCleanup(scratch.cleanup)
        self.scratch = scratch.name

    def with_hooks(self, plugins, config=None, **hooks):
        """A server whose first plugin is `mine`, with these hooks."""
        return server_with(self.scratch, ["mine", *plugins], {"mine": hooked(**hooks)}, config)

    def begin(self, client, *commands):
        for command in (EHLO, *commands):
            self.assertEqual(client.say(command)[:3], b"250", command)


class HostList(Bundled):
    def ask(self, server, *recipients):
        said = exchange(server, EHLO + MAIL + b"".join(b"RCPT TO:<%s>\r\n" % name for name in recipients) + b"QUIT\r\n")
        return replies(said)[3:-1]

    def test_domains(self):
        """rcpt_to.in_host_list: domains of the list in any case, nothing beside them"""
        with Server(config={"host_list": "# ours\nExample.COM\n\nxn--bcher-kva.example\n"}) as server:
            ours = (b"b@example.com", b"b@EXAMPLE.com", "b@bücher.example".encode())
            self.assertEqual(self.ask(server, *ours), [250] * 3)
            others = (b"b@sub.example.com", b"b@example.com.test", b"b@xexample.com", b"postmaster")
            self.assertEqual(self.ask(server, *others), [550] * 4)

    def test_expressions(self):
        """rcpt_to.in_host_list: expressions match the whole domain, in any case; a broken one is named and left out"""
        patterns = "([\n(mx|mail)\\.example\\.com\nx\\d+\\.example|y\\.test\n"
        with Server(config={"host_list": "", "host_list_regex": patterns}) as server:
            ours = (b"b@mx.example.com", b"b@MAIL.example.com", b"b@x42.example", b"b@Y.test")
            self.assertEqual(self.ask(server, *ours), [250] * 4)
            others = (b"b@amx.example.com", b"b@mx.example.com.test", b"b@x42.example.test", b"b@xx1.example",
                      b"b@mxXexample.com")
            self.assertEqual(self.ask(server, *others), [550] * 5)
            self.assertRegex(server.log(), r"\[(ERROR|WARN)\] .*host_list_regex.*\(\[")

    def test_anti_spoof(self):
        """rcpt_to.in_host_list: anti_spoof refuses our own domains as senders, from those who may not relay"""
        refused = b"550 Mail from domain 'example.com' is not allowed from your host\r\n"
        for value, expected in (("true", refused), ("false", b"250 sender <c@example.com> OK\r\n")):
            with Server(config={"host_list.anti_spoof": f"{value}\n"}) as server, Wire(server.port) as client:
                client.say(EHLO)
                self.assertEqual(client.say(b"MAIL FROM:<c@example.com>\r\n"), expected)
                self.assertEqual(client.say(b"MAIL FROM:<c@example.org>\r\n"), b"250 sender <c@example.org> OK\r\n")
        relay = self.with_hooks(["rcpt_to.in_host_list"], {"host_list.anti_spoof": "true\n"},
                                connect="(void)haraka_set_relaying(call->connection, 1); return HARAKA_CONT;")
        with relay as server, Wire(server.port) as client:
            self.begin(client, b"MAIL FROM:<c@example.com>\r\n", b"RCPT TO:<d@anywhere.example>\r\n")


class Envelope(Bundled):
    def test_recorded(self):
        """record_envelope_addresses: sender and every recipient stand in the header"""
        with Server(plugins=["record_envelope_addresses", "rcpt_to.in_host_list", "queue/maildir"]) as server:
            with Wire(server.port) as client:
                self.begin(client, MAIL, RCPT, b"RCPT TO:<c@Example.com>\r\n")
                client.say(b"DATA\r\n")
                self.assertRegex(client.say(b"X-Envelope-To: forged@example.com\r\n" + MESSAGE), QUEUED)
            for stored in server.messages():
                self.assertEqual(header(stored, "X-Envelope-From"), ["a@example.org"])
                self.assertEqual(header(stored, "X-Envelope-To")[-2:], ["b@example.com", "c@Example.com"])

    def test_null_sender(self):
        """record_envelope_addresses: the null sender is an empty field"""
        with Server(plugins=["record_envelope_addresses", "rcpt_to.in_host_list", "queue/maildir"]) as server:
            exchange(server, EHLO + b"MAIL FROM:<>\r\n" + RCPT + b"DATA\r\n" + MESSAGE + b"QUIT\r\n")
            self.assertEqual(header(server.messages()[0], "X-Envelope-From"), [""])


class Tarpit(Bundled):
    def test_waits(self):
        """tarpit: waits at the hooks that are listed while there is a transaction, and at no other"""
        config = {"tarpit.ini": "[main]\nhooks_to_delay=noop,rset\n"}
        server = self.with_hooks(["rcpt_to.in_host_list", "tarpit"], config,
                                 mail=note("connection", "tarpit", "haraka_number(1.2)"))
        with server, Wire(server.port) as client:
            self.assertLess(seconds(lambda: client.say(b"NOOP\r\n"))[0], 1)
            self.begin(client, MAIL)
            self.assertLess(seconds(lambda: client.say(b"VRFY\r\n"))[0], 1)
            for command in (b"NOOP\r\n", b"RSET\r\n"):
                took, said = seconds(lambda line=command: client.say(line))
                self.assertEqual(said, b"250 OK\r\n")
                self.assertGreaterEqual(took, 1.1)

    def test_beyond_the_time_limit(self):
        """tarpit: its own tarpit.timeout keeps the server from giving it up"""
        server = self.with_hooks(["tarpit", "rcpt_to.in_host_list"], {"plugin_timeout": "0.3\n"},
                                 mail=note("transaction", "tarpit", "haraka_number(0.6)"))
        with server, Wire(server.port) as client:
            client.say(EHLO)
            took, said = seconds(lambda: client.say(MAIL))
            self.assertEqual(said, b"250 sender <a@example.org> OK\r\n")
            self.assertGreaterEqual(took, 0.6)

    def test_client_that_leaves(self):
        """tarpit: a client that leaves while it waits is forgotten"""
        server = self.with_hooks(["tarpit"], mail=note("connection", "tarpit", "haraka_integer(3000)"))
        with server:
            client = Wire(server.port)
            self.begin(client)
            client.send(MAIL)
            client.abort()
            self.assertEqual(server.stop(), 0)


class DelayDeny(Bundled):
    PLUGINS = ["delay_deny", "rcpt_to.in_host_list", "queue/maildir"]

    def refusing(self, hook, config=None):
        body = f'return haraka_answer(call, HARAKA_DENY, "{hook} says no");'
        return self.with_hooks(self.PLUGINS, config, **{hook: body})

    def test_postponed(self):
        """delay_deny: refusals of connect, helo, ehlo and mail come back at each RCPT"""
        for hook in ("connect", "ehlo", "mail"):
            with self.refusing(hook) as server, Wire(server.port) as client:
                self.assertEqual(client.banner[:4], b"220 ", hook)
                self.begin(client, MAIL)
                for _ in range(2):
                    self.assertEqual(client.say(RCPT), b"550 %s says no\r\n" % hook.encode())
                self.assertEqual(client.say(b"DATA\r\n"), b"503 RCPT required first\r\n")

    def test_excluded(self):
        """delay_deny: a plugin that is excluded refuses at once"""
        with self.refusing("mail", {"delay_deny.ini": "[main]\nexcluded_plugins=mine:mail\n"}) as server:
            with Wire(server.port) as client:
                self.begin(client)
                self.assertEqual(client.say(MAIL), b"550 mail says no\r\n")

    def test_relaying(self):
        """delay_deny: a client that may relay is forgiven, and the message tells who had refused"""
        show = """
            haraka_value v;
            (void)haraka_table->header_get(call->transaction, haraka_text("X-Haraka-Fail-Pre"), &v);
            return haraka_answer_text(call, HARAKA_DENY, haraka_value_text(haraka_value_at(&v, 0)));"""
        with self.with_hooks(self.PLUGINS, ehlo='return haraka_answer(call, HARAKA_DENY, "no");',
                             mail="(void)haraka_set_relaying(call->connection, 1); return HARAKA_CONT;",
                             data_post=show) as server, Wire(server.port) as client:
            self.assertEqual(client.envelope(MESSAGE), b"550 mine\r\n")


class Greylist(Bundled):
    def test_black_then_white(self):
        """greylist_memory: 451 4.7.1 at first, and the mail after the black period"""
        source = os.path.join(ROOT, "examples", "greylist_memory", "greylist_memory.c")
        plugin = compile_plugin(source, os.path.join(self.scratch, "greylist_memory.so"), "-std=c11")
        server = Server(plugins=["greylist_memory", "rcpt_to.in_host_list", "queue/maildir"],
                        config={"greylist_memory.ini": "[period]\nblack=1\n"}, objects={"greylist_memory": plugin})
        greylisted = b"451 4.7.1 Greylisted. Please come back later.\r\n"
        with server, Wire(server.port) as client:
            self.begin(client, MAIL)
            self.assertEqual(client.say(RCPT), greylisted)
            self.assertEqual(client.say(RCPT), greylisted)
            self.assertEqual(client.say(b"RCPT TO:<c@elsewhere.example>\r\n")[:4], b"550 ")
            began = time.monotonic()
            while (said := client.say(RCPT)) == greylisted:
                self.assertLess(time.monotonic() - began, 20)
            self.assertEqual(said, b"250 recipient <b@example.com> OK\r\n")
            self.assertGreater(time.monotonic() - began, 0.5)
            self.assertEqual(client.say(b"RCPT TO:<c@example.com>\r\n"), greylisted)
