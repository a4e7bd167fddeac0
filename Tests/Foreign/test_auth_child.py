"""Plugins of others that know users: a child of auth/auth_base in C, as docs/authentication.md has it, and qpsmtpd's hooks."""
import json
import os
import re
import subprocess
import tempfile

from inline import hooked, server_with
from sasl import Scram, b64, bearer, cram, plain, xoauth2
from server import LIMIT, ROOT, ForeignTest, Server, compile_plugin
from test_auth import SENT, auth_server, has, offered, relayed
from test_auth_scram import log_in
from test_tls_plugin import TLSWire, certificate
from wire import EHLO, Wire

DONE = b"235 2.7.0 Authentication successful\r\n"
FAILED = b"535 5.7.8 Authentication failed\r\n"
LATER = b"454 4.7.0 Temporary authentication failure\r\n"
QUICK = "[main]\nin_clear=always\n[failures]\nmax=0\nmax_delay=0\naddress=0\n"
HEAD = """
#include <haraka/plugin.h>
HARAKA_PLUGIN("company_users", "1.0", "A child", HARAKA_HOOKS("capabilities unrecognized_command auth_ask")
              HARAKA_PARENTS("auth/auth_base"));
HARAKA_REGISTER(self) { return haraka_inherits(self, "auth/auth_base"); }
"""


# With an offer and a dialogue of its own.
OWN = HEAD + """
HARAKA_HOOK(capabilities)
{
    const haraka_value item = haraka_text_value(haraka_text("PLAIN")), list = haraka_list_value(&item, 1);
    (void)haraka_add_capability(call->connection, "AUTH PLAIN");
    (void)haraka_note_set(haraka_of_connection(call->connection), "allowed_auth_methods", &list);
    return HARAKA_CONT;
}
HARAKA_EXPORT int32_t auth_plain(const haraka_call *call);
int32_t auth_plain(const haraka_call *call) { return haraka_answer_dsn(call, HARAKA_DENY, 534, 5, 7, 9, "Not here"); }
"""


def documented():
    """The child that the page shows."""
    with open(os.path.join(ROOT, "docs", "authentication.md"), encoding="utf-8") as page:
        return re.search(r"```c company_users\.c\n(.*?)```", page.read(), re.S).group(1)


def method(name, body):
    """An exported method of a child."""
    return f"HARAKA_EXPORT int32_t {name}(const haraka_call *call);\nint32_t {name}(const haraka_call *call) {{ {body} }}\n"


class Child(Server):
    """A server with one child, made of this C."""

    def __init__(self, source, plugins=(), more=None, ini=QUICK):
        super().__init__(plugins=["tls", "company_users", *plugins, "rcpt_to.in_host_list", "queue/maildir"],
                         config={"log.ini": "level=data\n", "auth.ini": ini, **certificate(), **(more or {})})
        relayed(self)
        path = os.path.join(self.folder, "company_users.c")
        with open(path, "w", encoding="utf-8") as out:
            out.write(source)
        self.install("company_users", compile_plugin(path, os.path.join(self.folder, "company_users.so")))


class AuthChild(ForeignTest):
    def say(self, running, *lines):
        with Wire(running.port) as client:
            client.say(EHLO)
            for each in lines:
                reply = client.say(each.encode() + b"\r\n")
            return reply

    def test_documented(self):
        """auth: the child of the page authenticates at once and later, and offers what it can check"""
        with Child(documented()) as running:
            with Wire(running.port) as client:
                self.assertEqual(offered(client.say(EHLO)), ["OAUTHBEARER", "XOAUTH2", "PLAIN", "LOGIN"])
            self.assertEqual(self.say(running, f"AUTH PLAIN {plain('ann', 'secret')}"), DONE)
            self.assertEqual(self.say(running, f"AUTH PLAIN {plain('ann', 'wrong')}"), FAILED)
            self.assertEqual(self.say(running, f"AUTH PLAIN {plain('bob', 'secret')}"), FAILED)
            self.assertEqual(self.say(running, "AUTH LOGIN", b64("locked"), b64("x")), b"535 5.7.8 Your account is locked\r\n")
            self.assertEqual(self.say(running, f"AUTH XOAUTH2 {xoauth2('ann', 't0ken')}"), DONE)
            running.logged(r"authenticated user=ann@example\.com method=XOAUTH2")
            self.assertEqual(self.say(running, "AUTH OAUTHBEARER", bearer("", "t0ken")), DONE)
            self.assertIsNone(running.found("t0ken|" + re.escape(bearer("", "t0ken"))))

    def test_refused_token(self):
        """auth: a refused token is explained in JSON before it is refused"""
        with Child(documented()) as running:
            for said, answer in ((f"AUTH OAUTHBEARER {bearer('ann', 'old')}", "AQ=="), (f"AUTH XOAUTH2 {xoauth2('ann', 'old')}", "")):
                with Wire(running.port) as client:
                    client.say(EHLO)
                    reply = client.say(said.encode() + b"\r\n")
                    self.assertEqual(reply[:4], b"334 ")
                    decoded = subprocess.run(["base64", "-d"], input=reply[4:-2], capture_output=True, check=True).stdout
                    self.assertIn(json.loads(decoded)["status"], ("invalid_token", "401"))
                    self.assertEqual(client.say(answer.encode() + b"\r\n"), FAILED)

    def test_checked(self):
        """auth: `haraka plugin check` finds the child of the page fit to ship"""
        with Child(documented()) as running:
            path = os.path.join(running.folder, "plugins", "company_users.so")
            checked = running.haraka("plugin", "check", path)
            self.succeeded(subprocess.run([running.command[0], "plugin", "check", path], capture_output=True, text=True,
                                          timeout=10 * LIMIT, check=False) if checked.returncode else checked)

    def test_msmtp(self):
        """auth: msmtp, with OAUTHBEARER and XOAUTH2, in TLS"""
        self.bearer_client("msmtp", "oauthbearer", lambda running, name: [
            "msmtp", "--host=mx.example.com", f"--port={running.port}", "--domain=client.example.org", f"--auth={name.lower()}",
            "--user=ann", "--passwordeval=echo t0ken", "--from=ann@example.com", "--tls=on", "--tls-starttls=on",
            "--tls-certcheck=off", "bob@example.net"])

    def test_curl(self):
        """auth: curl, with OAUTHBEARER and XOAUTH2, in TLS"""
        self.bearer_client("curl", "oauth2-bearer", lambda running, name: [
            "curl", "--silent", "--show-error", "--ssl-reqd", "--insecure", f"smtp://{running.address}/client.example.org",
            "--mail-from", "ann@example.com", "--mail-rcpt", "bob@example.net", "--upload-file", "-", "--user", "ann",
            "--oauth2-bearer", "t0ken", "--login-options", f"AUTH={name}"])

    def bearer_client(self, program, word, command):
        if not has(program, word, "--help" if program == "curl" else "--version", *(["all"] if program == "curl" else [])):
            self.skipTest(f"this {program} has no tokens")
        with Child(documented()) as running:
            for name in ("OAUTHBEARER", "XOAUTH2"):
                arguments = ["--host=127.0.0.1" if each == "--host=mx.example.com" else each for each in command(running, name)]
                sent = subprocess.run(arguments, input=SENT, capture_output=True, text=True, timeout=LIMIT, check=False)
                self.succeeded(sent)
                self.assertIn(b"Subject: sent", running.messages()[0])
                os.remove(running.stored()[0])

    def test_passwords(self):
        """auth: a child with get_plain_passwd alone can do every mechanism but those with tokens"""
        password = method("get_plain_passwd", """
            const haraka_value value = haraka_text_value(haraka_text("secret"));
            if (!haraka_equal(haraka_argument_text(call, 0), haraka_text("ann"))) return HARAKA_CONT;
            return haraka_answer_value(call, HARAKA_OK, &value);""")
        with Child(HEAD + password) as running, Wire(running.port) as client:
            self.assertEqual(offered(client.say(EHLO)), ["SCRAM-SHA-256", "PLAIN", "LOGIN", "CRAM-MD5"])
            for user, word, expected in (("ann", "wrong", FAILED), ("bob", "secret", FAILED), ("ann", "secret", DONE)):
                self.assertEqual(log_in(client, Scram(user, word)), expected)
            for user, word, expected in (("ann", "wrong", FAILED), ("bob", "secret", FAILED), ("ann", "secret", DONE)):
                self.assertEqual(self.say(running, f"AUTH PLAIN {plain(user, word)}"), expected)
                with Wire(running.port) as other:
                    other.say(EHLO)
                    challenge = other.say(b"AUTH CRAM-MD5\r\n")[4:]
                    self.assertEqual(other.say(cram(user, word, challenge).encode() + b"\r\n"), expected)
            self.assertIsNone(running.found(r"\bsecret\b"))

    def test_later(self):
        """auth: a backend that cannot know now, or does not answer in time, is 454 and no failure"""
        for body in ("(void)call; return HARAKA_DENYSOFT;", "(void)call; return HARAKA_PENDING;"):
            ini = "[main]\nin_clear=always\n[failures]\nmax=1\n"
            with Child(HEAD + method("check_plain_passwd", body), ini=ini, more={"company_users.timeout": "1\n"}) as running, \
                    Wire(running.port) as client:
                client.say(EHLO)
                for _ in range(2):
                    self.assertEqual(client.say(f"AUTH PLAIN {plain('ann', 'x')}\r\n".encode())[:9], LATER[:9])
                self.assertEqual(client.say(b"NOOP\r\n"), b"250 OK\r\n")

    def test_words(self):
        """auth: a child's words, code and status are the client's; a refusal stays one, and one that closes closes"""
        says = method("check_plain_passwd", """
            const haraka_str user = haraka_argument_text(call, 0);
            if (haraka_equal(user, haraka_text("ok"))) return haraka_answer(call, HARAKA_OK, "2.7.0 Welcome");
            if (haraka_equal(user, haraka_text("dsn")))
                return haraka_answer_dsn(call, HARAKA_DENY, 534, 5, 7, 9, "Use a stronger mechanism");
            if (haraka_equal(user, haraka_text("liar"))) return haraka_answer_dsn(call, HARAKA_DENY, 235, 2, 7, 0, "Welcome");
            return haraka_answer(call, HARAKA_DENYDISCONNECT, "5.7.8 Go away");""")
        with Child(HEAD + says) as running:
            self.assertEqual(self.say(running, f"AUTH PLAIN {plain('ok', 'x')}"), b"235 2.7.0 Welcome\r\n")
            self.assertEqual(self.say(running, f"AUTH PLAIN {plain('dsn', 'x')}"), b"534 5.7.9 Use a stronger mechanism\r\n")
            self.assertRegex(self.say(running, f"AUTH PLAIN {plain('liar', 'x')}"), rb"^535 ")
            with Wire(running.port) as client:
                client.say(EHLO)
                self.assertEqual(client.say(f"AUTH PLAIN {plain('bad', 'x')}\r\n".encode()), b"535 5.7.8 Go away\r\n")
                self.assertEqual(client.rest(), b"")

    def test_overridden(self):
        """auth: a child's own dialogue and its own offer take the place of the parent's"""
        with Child(OWN) as running:
            with Wire(running.port) as client:
                self.assertEqual(offered(client.say(EHLO)), ["PLAIN"])
            self.assertEqual(self.say(running, f"AUTH PLAIN {plain('ann', 'x')}"), b"534 5.7.9 Not here\r\n")
            self.assertEqual(self.say(running, "AUTH LOGIN"), b"500 Unrecognized command\r\n")

    def test_two(self):
        """auth: two plugins that know users make one AUTH line, and each does what it has offered"""
        with Child(documented(), plugins=["auth/flat_file"], more={"auth_flat_file.ini": "[users]\nbob=secret\n"}) as running:
            with Wire(running.port) as client:
                self.assertEqual(offered(client.say(EHLO)),
                                 ["OAUTHBEARER", "XOAUTH2", "PLAIN", "LOGIN", "SCRAM-SHA-256", "CRAM-MD5"])
                challenge = client.say(b"AUTH CRAM-MD5\r\n")[4:]
                self.assertEqual(client.say(cram("bob", "secret", challenge).encode() + b"\r\n"), DONE)
            self.assertEqual(self.say(running, f"AUTH XOAUTH2 {xoauth2('ann', 't0ken')}"), DONE)

    def test_hooks(self):
        """auth: the hooks of qpsmtpd, each with its arguments, first that of the mechanism, then the one for all"""
        shows = """
            const haraka_str user = haraka_argument_text(call, 1), password = haraka_argument_text(call, 2);
            (void)password;
            if (call->argument_count != 5) return HARAKA_DENYDISCONNECT;
            %s"""
        source = hooked(
            auth_plain=shows % """
                if (!haraka_equal(haraka_argument_text(call, 0), haraka_text("plain"))) return HARAKA_DENYDISCONNECT;
                return haraka_equal(user, haraka_text("ann")) && haraka_equal(password, haraka_text("secret")) ? HARAKA_OK : HARAKA_CONT;""",
            auth_cram_md5=shows % """
                if (password.len != 0 || haraka_argument_text(call, 3).len != 32 || haraka_argument_text(call, 4).ptr[0] != '<')
                    return HARAKA_DENYDISCONNECT;
                return haraka_equal(user, haraka_text("ann")) ? HARAKA_OK : HARAKA_DENY;""",
            auth=shows % """
                return haraka_equal(user, haraka_text("bob")) ? HARAKA_OK : HARAKA_DENY;""")
        config = {"auth.ini": QUICK.replace("[main]\n", "[main]\nmethods=PLAIN,LOGIN,CRAM-MD5\n"), "log.ini": "level=data\n"}
        with tempfile.TemporaryDirectory(prefix="haraka-test-") as folder, \
                server_with(folder, ["auth/auth_base", "users"], {"users": source}, config) as running:
            with Wire(running.port) as client:
                self.assertEqual(offered(client.say(EHLO)), ["PLAIN", "LOGIN", "CRAM-MD5"])
            for said, expected in ((("ann", "secret"), DONE), (("ann", "wrong"), FAILED), (("bob", "any"), DONE), (("eve", "any"), FAILED)):
                self.assertEqual(self.say(running, f"AUTH PLAIN {plain(*said)}"), expected, said)
            self.assertEqual(self.say(running, "AUTH LOGIN", b64("bob"), b64("any")), DONE)
            with Wire(running.port) as client:
                client.say(EHLO)
                challenge = client.say(b"AUTH CRAM-MD5\r\n")[4:]
                self.assertEqual(client.say(cram("ann", "x", challenge).encode() + b"\r\n"), DONE)
            self.assertIsNone(running.found(r"\bsecret\b"))

    def test_alone(self):
        """auth: auth/auth_base alone offers nothing in the clear, and PLAIN and LOGIN in TLS, to nobody's use"""
        with auth_server("", plugins=["auth/auth_base"]) as running, TLSWire(running.port) as client:
            self.assertIsNone(offered(client.say(EHLO)))
            client.started()
            self.assertEqual(offered(client.say(EHLO)), ["PLAIN", "LOGIN"])
            self.assertEqual(client.say(f"AUTH PLAIN {plain('ann', 'x')}\r\n".encode()), FAILED)
