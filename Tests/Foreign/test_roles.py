"""Listeners with rules of their own: [mx], [submission] and [lmtp] of smtp.ini. docs/configuration.md "Roles"."""
import os
import re
import smtplib

from inline import compiled, hooked, server_with
from server import WORKERS_REPLACED
from test_bundled import Bundled
from wire import EHLO, Listener, Wire

LHLO = EHLO.replace(b"EHLO", b"LHLO")
# Says which role it sees, and that it was asked.
SEES = """
    HARAKA_REGISTER(self) {{ (void)self; return HARAKA_SUCCESS; }}
    HARAKA_HOOK(noop)
    {{
        haraka_str text = haraka_connection_text(call->connection, HARAKA_CONN_ROLE);
        char words[64] = "{name} sees ";
        size_t at = sizeof "{name} sees " - 1;
        for (size_t i = 0; i < text.len && at < sizeof words - 1; i++) words[at++] = text.ptr[i];
        words[at] = 0;
        return haraka_answer(call, HARAKA_DENY, words);
    }}
"""
COUNTS = "static int count; HARAKA_REGISTER(self) { (void)self; return ++count == 1 ? HARAKA_SUCCESS : HARAKA_E_STATE; }\n"


class Roles(Bundled):
    def server(self, ini, plugins, code, config=None):
        """`plugins`: {file: names}."""
        files = {"smtp.ini": ini, **{file: "".join(f"{name}\n" for name in names) for file, names in plugins.items()}}
        return server_with(self.scratch, [], code, {**files, **(config or {})}, kind=Listener)

    def test_lists(self):
        """roles: each listener asks the plugins of its own list in that list's order; one that several name is loaded once"""
        ini = ("nodes=0\nlisten=127.0.0.1:0\n[mx]\nlisten=127.0.0.1:0\nplugins=plugins.mx\n"
               "[submission]\nlisten=127.0.0.1:0\nplugins=plugins.submission\ntls=off\nauth_required=false\n")
        code = {name: SEES.format(name=name) for name in ("one", "two")} | {"once": COUNTS}
        lists = {"plugins": ["once"], "plugins.mx": ["one", "once", "two"], "plugins.submission": ["two", "once", "one"]}
        with self.server(ini, lists, code) as server:
            answers = []
            for target in server.targets:
                with Wire(target) as client:
                    answers.append(client.say(b"NOOP\r\n"))
        self.assertEqual(answers, [b"250 OK\r\n", b"500 one sees mx\r\n", b"500 two sees submission\r\n"])

    def test_only_roles(self):
        """roles: without listen in [main] only the sections listen, and config/plugins may be missing"""
        ini = "nodes=0\n[mx]\nlisten=127.0.0.1:0\nplugins=plugins.mx\n"
        with self.server(ini, {"plugins.mx": ["one"]}, {"one": SEES.format(name="one")}) as server:
            os.unlink(os.path.join(server.folder, "config", "plugins"))
            self.assertEqual(len(server.targets), 1)
            with Wire(server.targets[0]) as client:
                self.assertEqual(client.say(b"NOOP\r\n"), b"500 one sees mx\r\n")
            self.assertEqual(server.reload().returncode, 0)

    def test_workers(self):
        """roles: workers know which socket is whose, also those that take the place of others"""
        ini = "nodes=2\n[mx]\nlisten=127.0.0.1:0\n[lmtp]\nlisten=127.0.0.1:0\nplugins=plugins.lmtp\ntls=off\n"
        lists = {"plugins": ["one"], "plugins.lmtp": ["two"]}
        with self.server(ini, lists, {name: SEES.format(name=name) for name in ("one", "two")}) as server:
            for turn in range(2):
                for target, told in zip(server.targets, (b"500 one sees mx\r\n", b"500 two sees lmtp\r\n")):
                    with Wire(target) as client:
                        self.assertEqual(client.say(b"NOOP\r\n"), told, turn)
                if turn == 0:
                    self.assertEqual(server.haraka("--graceful").returncode, 0)
                    server.logged(WORKERS_REPLACED)

    def test_demands(self):
        """roles: submission demands TLS before MAIL, or authentication; limits are the section's"""
        ini = ("nodes=0\n[mx]\nlisten=127.0.0.1:0\nmax_bytes=1234\nmax_recipients=1\n"
               "[submission]\nlisten=127.0.0.1:0\n[lmtp]\nlisten=127.0.0.1:0\ntls=off\nauth_required=true\n")
        accepts = hooked(rcpt="return HARAKA_OK;", mail="return HARAKA_OK;", queue="return HARAKA_OK;")
        with self.server(ini, {"plugins": ["mine"]}, {"mine": accepts}) as server:
            mx, submission, lmtp = server.targets
            with Wire(mx) as client:
                self.assertIn(b"250 SIZE 1234\r\n", client.say(EHLO))
                self.assertEqual(client.say(b"MAIL FROM:<a@example.org>\r\n"), b"250 sender <a@example.org> OK\r\n")
                self.assertEqual(client.say(b"RCPT TO:<b@example.com>\r\n")[:3], b"250")
                self.assertEqual(client.say(b"RCPT TO:<c@example.com>\r\n")[:3], b"452")
            with Wire(submission) as client:
                client.say(EHLO)
                self.assertEqual(client.say(b"MAIL FROM:<a@example.org>\r\n"), b"530 Must issue a STARTTLS command first\r\n")
            with Wire(lmtp) as client:
                client.say(LHLO)
                self.assertEqual(client.say(b"MAIL FROM:<a@example.org>\r\n"), b"550 Authentication required\r\n")

    def test_lmtp(self):
        """roles: LMTP has LHLO, and after the final dot a reply for each recipient that was accepted"""
        ini = "nodes=0\n[lmtp]\nlisten={0}/lmtp.socket:600\n".format(self.scratch)
        accepts = hooked(
            rcpt='return haraka_equal(haraka_argument_address(call, 0)->user, haraka_text("no")) ? HARAKA_DENY : HARAKA_OK;',
            queue="return HARAKA_OK;")
        with self.server(ini, {"plugins": ["mine"]}, {"mine": accepts}) as server, Wire(server.targets[0]) as client:
            self.assertEqual(client.say(EHLO)[:3], b"500")
            self.assertEqual(client.say(b"HELO client.example.org\r\n")[:3], b"500")
            self.assertEqual(client.say(LHLO)[:4], b"250-")
            client.say(b"MAIL FROM:<a@example.org>\r\n")
            codes = [client.say(b"RCPT TO:<%s@example.com>\r\n" % user)[:3] for user in (b"b", b"no", b"c")]
            self.assertEqual(codes, [b"250", b"550", b"250"])
            self.assertEqual(client.say(b"DATA\r\n")[:3], b"354")
            client.send(b"Subject: x\r\n\r\nhello\r\n.\r\nNOOP\r\n")
            self.assertEqual([client.reply()[:3] for _ in range(3)], [b"250", b"250", b"250"])
            with smtplib.LMTP(server.targets[0], local_hostname="client.example.org") as library:
                refused = library.sendmail("a@example.org", ["b@example.com", "no@example.com"], "Subject: y\r\n\r\nhello")
            self.assertEqual(list(refused), ["no@example.com"])

    def test_mistakes(self):
        """roles: --check names a list that is empty, a section that is misspelt, a plugin of any list that is not there"""
        ini = "nodes=0\nlisten=127.0.0.1:0\n[mx]\nlisten=127.0.0.1:0\nplugins=plugins.mx\n[submision]\nlisten=127.0.0.1:0\n"
        server = self.server(ini, {"plugins": [], "plugins.mx": ["nobody"]}, {})
        try:
            shown = server.haraka("--check")
            self.assertEqual(shown.returncode, 1, shown.stdout)
            self.assertRegex(shown.stdout, r"smtp\.ini:6:1: warning: \[submision\] is no section.*did you mean \[submission\]")
            self.assertRegex(shown.stdout, r"config/plugins\.mx:1:1: error: .*nobody")
            server.configure("plugins.mx", "")
            shown = server.haraka("--check")
            self.assertRegex(shown.stdout, r"plugins\.mx: warning: no plugin is listed")
        finally:
            server.abandon()
