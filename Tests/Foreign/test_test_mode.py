"""Test mode: haraka -c DIR -t PLUGIN. docs/command-line.md."""
import os
import re
import subprocess
import tempfile

from inline import compiled, hooked
from server import HARAKA, LIMIT, PLUGINS, ForeignTest, Server

HOOKS = ["connect", "ehlo", "mail", "rcpt", "data", "data_post", "queue", "queue_ok", "quit"]
VERDICT = re.compile(r"^\[NOTICE\] \[\S+\] \[core\] hook (\w+): (\w+)(?: \"(.*)\")?$")


class TestMode(ForeignTest):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="haraka-test-")
        self.addCleanup(scratch.cleanup)
        self.scratch = scratch.name
        self.server = Server()  # its folder; it is never started
        self.addCleanup(self.server.abandon)

    def install(self, name, **hooks):
        self.server.install(name, compiled(self.scratch, name, hooked(**hooks)))

    def run_test(self, *arguments):
        return subprocess.run([HARAKA, "-c", self.server.folder, *arguments], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=LIMIT, check=False)

    def verdicts(self, *arguments):
        """Hook, code and words, in the order of the log."""
        done = self.run_test(*arguments)
        self.succeeded(done)
        return [match.groups() for match in map(VERDICT.match, done.stdout.splitlines()) if match]

    def test_every_hook(self):
        """test mode: asks each hook once, in the order of a session, and prints each verdict"""
        self.install("quiet", mail="return HARAKA_CONT;")
        self.assertEqual(self.verdicts("-t", "quiet"), [(hook, "CONT", None) for hook in HOOKS])

    def test_refusal(self):
        """test mode: a refusal leads to quit; with --skip-deny it goes on"""
        self.install("strict", mail='return haraka_answer(call, HARAKA_DENY, "not you");')
        short = self.verdicts("-t", "strict")
        self.assertEqual([hook for hook, _, _ in short], ["connect", "ehlo", "mail", "quit"])
        self.assertEqual(short[2], ("mail", "DENY", "not you"))
        self.assertEqual([hook for hook, _, _ in self.verdicts("-t", "strict", "--skip-deny")], HOOKS)

    def test_several(self):
        """test mode: several plugins are asked in the order in which they are named; an OK ends a hook, not the test"""
        self.install("first", rcpt='return haraka_answer(call, HARAKA_OK, "first");')
        self.install("second", rcpt='return haraka_answer(call, HARAKA_DENY, "second");')
        self.assertIn(("rcpt", "OK", "first"), self.verdicts("-t", "first", "-t", "second"))
        self.assertIn(("rcpt", "DENY", "second"), self.verdicts("-t", "second", "-t", "first"))

    def test_all(self):
        """test mode: `all` is config/plugins, and the message really arrives"""
        self.assertEqual(self.server.stored(), [])
        found = dict((hook, code) for hook, code, _ in self.verdicts("-t", "all", "--envrcpt", "joe@example.com"))
        self.assertEqual((found["rcpt"], found["queue"]), ("OK", "OK"))
        self.assertEqual(len(PLUGINS), 2)
        self.assertTrue(self.server.messages()[0].endswith(b"\n\nThis is a test.\n"), self.server.messages())

    def test_client(self):
        """test mode: the options say who the client is"""
        said = ('haraka_value v; const haraka_str ip = haraka_remote_ip(call->connection), '
                "hello = haraka_hello_host(call->connection); char text[200]; "
                "(void)haraka_connection_get(call->connection, HARAKA_CONN_HELLO_VERB, &v); "
                'snprintf(text, sizeof text, "%.*s %.*s %.*s %d %.*s", (int)ip.len, ip.ptr, '
                "(int)v.as.text.len, v.as.text.ptr, "
                "(int)hello.len, hello.ptr, haraka_relaying(call->connection), "
                "(int)haraka_argument_address(call, 0)->address.len, haraka_argument_address(call, 0)->address.ptr); "
                "return haraka_answer(call, HARAKA_OK, text);")
        code = "#include <stdio.h>\n" + hooked(mail=said, rcpt=said)
        self.server.install("who", compiled(self.scratch, "who", code))
        usual = {hook: words for hook, _, words in self.verdicts("-t", "who")}
        self.assertEqual(usual["mail"], "1.2.3.4 EHLO test.example.com 0 test@example.com")
        self.assertEqual(usual["rcpt"], "1.2.3.4 EHLO test.example.com 0 test@example.com")
        other = {hook: words for hook, _, words in self.verdicts(
            "-t", "who", "--ip", "192.0.2.9", "--helo", "client.example.net", "--envfrom", "a@example.net",
            "--envrcpt", "b@example.org", "--set-relay")}
        self.assertIn("helo", other)
        self.assertEqual(other["mail"], "192.0.2.9 HELO client.example.net 1 a@example.net")
        self.assertEqual(other["rcpt"], "192.0.2.9 HELO client.example.net 1 b@example.org")

    def test_message(self):
        """test mode: --message gives the message, --dump-stream prints it as the plugins left it"""
        path = os.path.join(self.scratch, "message")
        with open(path, "wb") as out:
            out.write(b"Subject: from a file\n\nbody\xff\r\nend\n")
        self.install("adds", data_post='haraka_header_add(call->transaction, "X-Test", haraka_text("seen")); return 0;')
        done = subprocess.run([HARAKA, "-c", self.server.folder, "-t", "adds", "--message", path, "--dump-stream"],
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"Subject: from a file\r\nX-Test: seen\r\n\r\nbody\xff\r\nend\r\n", done.stdout)

    def test_parts(self):
        """test mode: --dump-mime shows the parts as a tree, with the decoded texts"""
        path = os.path.join(self.scratch, "parts.eml")
        with open(path, "wb") as out:
            out.write(b"Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n"
                      b"Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\n"
                      b"caf=E9\n--b\nContent-Type: image/png; name=a.png\n\n1234\n--b--\n")
        done = self.run_test("-t", "queue/maildir", "--message", path, "--dump-mime")
        self.assertIn("0: multipart/mixed, 163 bytes\n  1: text/plain, 6 bytes\ncafé\n  2: image/png, 4 bytes, a.png\n",
                      done.stdout)

    def test_later(self):
        """test mode: waits for an answer that takes its time, and for no longer than the plugin may take"""
        code = ("static haraka_next kept; static void late(void *context) { (void)context; "
                "haraka_complete(kept, HARAKA_OK, NULL); }\n"
                + hooked(mail="kept = call->next; haraka_timer_start(call->self, 50, 0, late, NULL, NULL); "
                              "return HARAKA_PENDING;",
                         rcpt="return HARAKA_PENDING;"))
        self.server.install("later", compiled(self.scratch, "later", code))
        self.server.configure("later.timeout", "0.2\n")
        found = {hook: (code, words) for hook, code, words in self.verdicts("-t", "later")}
        self.assertEqual((found["mail"], found["rcpt"]), (("OK", None), ("DENYSOFT", "plugin timeout")))

    def test_errors(self):
        """test mode: what cannot be done is an error with exit status 255"""
        for words, said in {
            ("-t", "nowhere"): "plugin nowhere: not found",
            ("-t", "queue/maildir", "--message", "/nowhere"): "cannot read /nowhere",
            ("-t", "queue/maildir", "--envfrom", "a b@c@d"): "is not an address",
        }.items():
            done = self.run_test(*words)
            self.assertEqual((done.returncode, done.stderr[:7]), (255, "error: "), done)
            self.assertIn(said, done.stderr)
