"""Answers of plugins, the good and the bad, through real shared objects. docs/hooks.md; plugin.h."""
import os
import re
import tempfile

from inline import hooked, server_with
from server import ForeignTest, read, until
from wire import EHLO, GOODBYE, Listener, Wire, exchange, summaries

MAIL = b"MAIL FROM:<a@example.org>\r\n"
RCPT = b"RCPT TO:<b@example.com>\r\n"
MESSAGE = b"Subject: x\r\n\r\ny\r\n.\r\n"
SENDER = b"250 sender <a@example.org> OK\r\n"


class Hooks(ForeignTest):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="haraka-test-")
        self.addCleanup(scratch.cleanup)
        self.scratch = scratch.name

    def server(self, code, config=None, plugins=("mine", "rcpt_to.in_host_list", "queue/maildir"), **more):
        return server_with(self.scratch, list(plugins), {"mine": code, **more}, config, Listener)

    def logged(self, server, expression):
        return until(expression, lambda: re.search(expression, server.log()))

    def mail(self, code, config=None):
        """What a client is told on MAIL, and then on NOOP."""
        with self.server(code, config) as server, Wire(server.port) as client:
            client.say(EHLO)
            return client.say(MAIL), client.say(b"NOOP\r\n")

    def test_codes(self):
        """hooks: what each code on mail comes to"""
        refused, later = b"550 sender <a@example.org> denied\r\n", b"450 sender <a@example.org> denied\r\n"
        for code, expected, goes_on in (
                ("HARAKA_CONT", SENDER, True), ("HARAKA_OK", SENDER, True), ("0", SENDER, True),
                ("HARAKA_DENY", refused, True), ("HARAKA_DENYSOFT", later, True),
                ("HARAKA_DENYDISCONNECT", refused, False), ("HARAKA_DENYSOFTDISCONNECT", later, False),
                ("HARAKA_DISCONNECT", b"", False)):
            said, after = self.mail(hooked(mail=f"return {code};"))
            self.assertEqual((said, after), (expected, b"250 OK\r\n" if goes_on else b""), code)

    def test_junk(self):
        """hooks: a code that makes no sense is DENYSOFT with one critical line"""
        for code in ("12345", "-7", "2147483647", "(-2147483647 - 1)", "HARAKA_DELAY", "HARAKA_NEXT_HOOK"):
            with self.server(hooked(mail=f"return {code};")) as server, Wire(server.port) as client:
                client.say(EHLO)
                self.assertEqual(client.say(MAIL)[:4], b"450 ", code)
                self.assertEqual(client.say(b"NOOP\r\n"), b"250 OK\r\n", code)
                self.logged(server, r"\[CRIT\] .*\[mine\]|\[CRIT\] .*\bmine\b")
                self.assertEqual(server.log().count("[CRIT]"), 1, server.log())

    def test_words(self):
        """hooks: a plugin's words have several lines and no control characters, and a DSN has its own code"""
        lines = r'return haraka_answer(call, HARAKA_DENY, "one\ntwo\r\n221 forged\x01\n \n");'
        said, _ = self.mail(hooked(mail=lines))
        self.assertEqual(said, b"550-one\r\n550-two\r\n550 221 forged\r\n")
        status = 'return haraka_answer_dsn(call, HARAKA_DENYSOFT, 451, 4, 7, 1, "later");'
        said, _ = self.mail(hooked(mail=status))
        self.assertEqual(said, b"451 4.7.1 later\r\n")

    def test_loop(self):
        """hooks: after a DENY at connect every command gets that refusal, only QUIT is honoured"""
        refused = b"554 not you\r\n"
        with self.server(hooked(connect='return haraka_answer(call, HARAKA_DENY, "not you");')) as server:
            with Wire(server.port) as client:
                self.assertEqual(client.banner, refused)
                for line in (EHLO, MAIL, b"NOOP\r\n", b"QUIT now\r\n", b"\xff\r\n"):
                    self.assertEqual(client.say(line), refused, line)
                self.assertEqual(client.say(b"qUiT\r\n"), GOODBYE)
                self.assertEqual(client.rest(), b"")

    def test_connect(self):
        """hooks: the other refusals at connect and lookup_rdns"""
        for hook, code, expected in (
                ("connect", "HARAKA_DENY", b"554 Your mail is not welcome here\r\n"),
                ("connect", "HARAKA_DENYSOFT", b"421 Come back later\r\n"),
                ("lookup_rdns", "HARAKA_DENY", b"554 rDNS Lookup Failed\r\n"),
                ("lookup_rdns", "HARAKA_DENYSOFT", b"421 rDNS Temporary Failure\r\n"),
                ("connect", "HARAKA_DENYDISCONNECT", b"554 Your mail is not welcome here\r\n"),
                ("connect", "HARAKA_DENYSOFTDISCONNECT", b"421 Come back later\r\n"),
                ("connect", "HARAKA_DISCONNECT", b"554 Your mail is not welcome here\r\n")):
            with self.server(hooked(**{hook: f"return {code};"})) as server, Wire(server.port) as client:
                self.assertEqual(client.banner, expected, (hook, code))
                if "DISCONNECT" in code:
                    self.assertEqual(client.rest(), b"")
                else:
                    self.assertEqual(client.say(b"NOOP\r\n"), expected)

    def test_deny_hook(self):
        """hooks: OK of a deny hook cancels a refusal, and the plugins that were still pending are asked"""
        refusing = hooked(mail='return haraka_answer(call, HARAKA_DENY, "first");')
        for pending, code, expected in (("HARAKA_CONT", "HARAKA_OK", SENDER),
                                        ("HARAKA_DENY", "HARAKA_CONT", b"550 first\r\n"),
                                        ("HARAKA_CONT", "HARAKA_DENY", b"550 first\r\n")):
            with self.server(refusing, None, ("mine", "second", "judge"), second=hooked(mail=f"return {pending};"),
                             judge=hooked(deny=f"return {code};")) as server, Wire(server.port) as client:
                client.say(EHLO)
                self.assertEqual(client.say(MAIL), expected, code)

    def test_next_hook(self):
        """hooks: NEXT_HOOK on an unknown command runs the hook it names; a circle ends in 500"""
        body = ('const haraka_value v = haraka_text_value(haraka_text("{}")); '
                "return haraka_answer_value(call, HARAKA_NEXT_HOOK, &v);")
        for name, expected in (("noop", b"250 OK\r\n"), ("unrecognized_command", b"500 Unrecognized command\r\n")):
            with self.server(hooked(unrecognized_command=body.format(name))) as server, Wire(server.port) as client:
                self.assertEqual(client.say(b"XYZZY\r\n"), expected)

    def test_respond(self):
        """hooks: a plugin answers an unknown command itself, and the core says nothing more"""
        body = ('haraka_str line = haraka_text("nothing happens"); haraka_reply r = haraka_no_reply(); '
                "r.lines = &line; r.line_count = 1; "
                "(void)haraka_table->respond(call->connection, 299, &r); return HARAKA_OK;")
        with self.server(hooked(unrecognized_command=body)) as server, Wire(server.port) as client:
            self.assertEqual(client.say(b"XYZZY\r\n"), b"299 nothing happens\r\n")
            self.assertEqual(client.say(b"NOOP\r\n"), b"250 OK\r\n")

    def test_skip_plugins(self):
        """hooks: a plugin in notes.skip_plugins is left out until the transaction ends"""
        skip = ('haraka_value name = haraka_text_value(haraka_text("strict")), v = haraka_list_value(&name, 1); '
                'if (haraka_equal(haraka_argument_address(call, 0)->user, haraka_text("skip"))) (void)haraka_note_set('
                'haraka_of_transaction(call->transaction), "skip_plugins", &v); return HARAKA_CONT;')
        with self.server(hooked(mail=skip), None, ("mine", "strict", "rcpt_to.in_host_list", "queue/maildir"),
                         strict=hooked(rcpt="return HARAKA_DENY;")) as server, Wire(server.port) as client:
            client.say(EHLO)
            for sender, expected in ((b"a", b"550"), (b"skip", b"250"), (b"b", b"550")):
                client.say(b"MAIL FROM:<%s@example.org>\r\n" % sender)
                self.assertEqual(client.say(RCPT)[:3], expected, sender)

    def test_relaying(self):
        """hooks: mail of a client that may relay goes into the queue when no plugin takes it, and to no local mailbox"""
        code = hooked(connect="(void)haraka_set_relaying(call->connection, 1); return HARAKA_CONT;")
        with self.server(code) as server, Wire(server.port) as client:
            client.say(EHLO)
            client.say(MAIL)
            self.assertEqual(client.say(b"RCPT TO:<b@elsewhere.example>\r\n")[:3], b"250")
            client.say(b"DATA\r\n")
            self.assertRegex(client.say(MESSAGE), rb"\A250 Message Queued \([0-9A-F-]{36}\.1\)\r\n\Z")
            self.assertEqual(server.stored(), [])
            client.say(b"QUIT\r\n")
            self.assertEqual(summaries(server)[0]["relay"], "Y")

    def test_log_hook(self):
        """hooks: lines that a log plugin takes are not written by the server, the others are, once"""
        taken = os.path.join(self.scratch, "taken")
        code = "#include <stdio.h>\n" + hooked(log=f"""
            const haraka_str text = haraka_value_text(haraka_value_key(haraka_argument(call, 0), "data"));
            const haraka_str word = haraka_bytes(text.ptr, text.len < 10 ? 0 : 10);
            if (!haraka_equal(word, haraka_text("disconnect"))) return HARAKA_CONT;
            FILE *out = fopen("{taken}", "a");
            if (out == NULL) return HARAKA_CONT;
            (void)fprintf(out, "%.*s\\n", (int)text.len, text.ptr);
            (void)fclose(out);
            return HARAKA_STOP;""")
        with self.server(code, {"log.ini": "level=info\n"}) as server:
            for _ in range(3):
                exchange(server, b"QUIT\r\n")
            self.assertEqual(server.stop(), 0)
            self.assertEqual(server.log().count("] connect ip="), 3)
            self.assertNotIn("disconnect ip=", server.log())
            lines = read(taken).decode().splitlines()
            self.assertEqual([line[:14] for line in lines], ["disconnect ip="] * 3)
