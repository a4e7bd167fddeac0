"""The rules of AUTH, byte for byte: when it may come, what it is answered, and what guessing costs."""
import base64
import time

from sasl import b64, cram, plain
from server import ForeignTest, until
from test_auth import ANN, PASSWORD, auth_server, offered, users
from test_tls_plugin import TLSWire
from wire import EHLO, Wire, exchange, replies

DONE = b"235 2.7.0 Authentication successful\r\n"
FAILED = b"535 5.7.8 Authentication failed\r\n"
INVALID = b"504 Invalid AUTH string\r\n"
NOT_BASE64 = b"501 5.5.2 Cannot decode Base64\r\n"
CANCELLED = b"501 5.7.0 Authentication cancelled\r\n"
BAD_PROTOCOL = b"521 bad protocol\r\n"
UNKNOWN = b"500 Unrecognized command\r\n"
USERNAME, PASSWORD_ASKED = b"334 VXNlcm5hbWU6\r\n", b"334 UGFzc3dvcmQ6\r\n"
QUICK = "[failures]\nmax=0\nmax_delay=0\naddress=0\n"


def line(text):
    return text.encode() + b"\r\n"


def server(ini=QUICK, **more):
    return auth_server(users(f"{ANN}={PASSWORD}\n"), auth_ini=ini, **more)


class AuthRules(ForeignTest):
    def client(self, of):
        client = Wire(of.port)
        self.addCleanup(client.close)
        client.say(EHLO)
        return client

    def hidden(self, of):
        """No form of the password is in the log, at the level data."""
        for secret in (PASSWORD, plain(ANN, PASSWORD), b64(PASSWORD), "bm9ib2R5"):
            self.assertIsNone(of.found(secret.replace("+", r"\+")), secret)

    def test_dialogues(self):
        """auth: the dialogues of PLAIN, LOGIN and CRAM-MD5, byte for byte"""
        name, password = b64(ANN).encode(), b64(PASSWORD).encode()
        whole = plain(ANN, PASSWORD).encode()
        with server() as running:
            for says in ([(b"AUTH PLAIN " + whole, DONE)], [(b"auth plain", b"334 \r\n"), (whole, DONE)],
                         [(b"AUTH LOGIN", USERNAME), (name, PASSWORD_ASKED), (password, DONE)],
                         [(b"AUTH LOGIN " + name, PASSWORD_ASKED), (password, DONE)]):
                client = self.client(running)
                for said, reply in says:
                    self.assertEqual(client.say(said + b"\r\n"), reply)
            client = self.client(running)
            reply = client.say(b"AUTH CRAM-MD5\r\n")
            ticket = base64.b64decode(reply[4:])
            self.assertRegex(ticket, rb"^<[0-9a-f]+\.[0-9a-f]+@mx\.example\.com>$")
            self.assertEqual(client.say(line(cram(ANN, PASSWORD, reply[4:]))), DONE)
            self.hidden(running)

    def test_wrong(self):
        """auth: a wrong password, an unknown user, and who wants to act for somebody else, are told the same"""
        with server() as running:
            client = self.client(running)
            for wrong in (plain(ANN, "wrong"), plain("nobody", PASSWORD), plain(ANN, PASSWORD, "bob"), plain(ANN.upper(), PASSWORD)):
                self.assertEqual(client.say(line(f"AUTH PLAIN {wrong}")), FAILED)
            client.say(b"AUTH LOGIN " + b64("nobody").encode() + b"\r\n")
            self.assertEqual(client.say(line(b64("x"))), FAILED)
            for user, password in ((ANN, "wrong"), ("nobody", PASSWORD)):
                reply = client.say(b"AUTH CRAM-MD5\r\n")
                self.assertEqual(client.say(line(cram(user, password, reply[4:]))), FAILED)
            self.assertEqual(client.say(line(f"AUTH PLAIN {plain(ANN, PASSWORD, ANN)}")), DONE)
            running.logged(r"\[NOTICE\] .*authentication failed user=nobody method=PLAIN ip=127\.0\.0\.1 failures=2")

    def test_delay_deny(self):
        """auth: with delay_deny a wrong password is refused at once all the same, and nothing of it is left for RCPT"""
        with server(plugins=["delay_deny"]) as running:
            client = self.client(running)
            self.assertEqual(client.say(line(f"AUTH PLAIN {plain(ANN, 'wrong')}")), FAILED)
            self.assertEqual(client.say(line(f"AUTH PLAIN {plain(ANN, PASSWORD)}")), DONE)
            self.assertEqual(client.say(b"MAIL FROM:<ann@example.com>\r\n")[:3], b"250")
            self.assertEqual(client.say(b"RCPT TO:<bob@example.net>\r\n")[:3], b"250")

    def test_asked_once(self):
        """auth: each plugin is asked once for each command"""
        with server() as running:
            client = self.client(running)
            client.say(line(f"AUTH PLAIN {plain(ANN, PASSWORD)}"))
            running.logged("hook=unrecognized_command plugin=auth/flat_file")
            for hook in ("capabilities", "unrecognized_command"):
                count = sum(f"hook={hook} plugin=auth/flat_file" in each for each in running.lines)
                self.assertEqual(count, 1, hook)

    def test_replay(self):
        """auth: an answer to CRAM-MD5 serves once"""
        with server() as running:
            client = self.client(running)
            answer = line(cram(ANN, "wrong", client.say(b"AUTH CRAM-MD5\r\n")[4:]))
            self.assertEqual(client.say(answer), FAILED)
            answer = line(cram(ANN, PASSWORD, client.say(b"AUTH CRAM-MD5\r\n")[4:]))
            other = self.client(running)
            other.say(b"AUTH CRAM-MD5\r\n")
            self.assertEqual(other.say(answer), FAILED)
            self.assertEqual(client.say(answer), DONE)

    def test_malformed(self):
        """auth: what is not Base64, not two NULs, not UTF-8, or too long"""
        cases = [("AUTH PLAIN !!!!", NOT_BASE64), ("AUTH PLAIN dGl", NOT_BASE64), ("AUTH PLAIN =", INVALID),
                 ("AUTH PLAIN *", CANCELLED), (f"AUTH PLAIN {b64('no nuls')}", INVALID),
                 (f"AUTH PLAIN {b64(chr(0) + ANN + chr(0))}", INVALID), (f"AUTH PLAIN {b64(b'x' + bytes(3) + b'x')}", INVALID),
                 (f"AUTH PLAIN {b64(bytes([0, 255, 0, 255]))}", INVALID),
                 (f"AUTH PLAIN {plain(ANN, PASSWORD)} more", b"501 5.5.4 Syntax error in AUTH\r\n"),
                 ("AUTH CRAM-MD5 dGlt", b"501 5.5.4 CRAM-MD5 has no initial response\r\n"),
                 ("AUTH CRAM-MD5 =", b"501 5.5.4 CRAM-MD5 has no initial response\r\n"),
                 ("AUTH", UNKNOWN), ("AUTH DIGEST-MD5", UNKNOWN), ("AUTH SCRAM-SHA-256-PLUS", UNKNOWN), ("AUTHPLAIN x", UNKNOWN)]
        with server() as running:
            client = self.client(running)
            for said, reply in cases:
                self.assertEqual(client.say(line(said)), reply, said)
            for first, rest in (("AUTH LOGIN", ["*"]), ("AUTH LOGIN", [b64(ANN), "*"]), ("AUTH CRAM-MD5", ["*"]),
                                ("AUTH PLAIN", ["*"]), ("AUTH SCRAM-SHA-256", ["*"])):
                client.say(line(first))
                for said in rest:
                    reply = client.say(line(said))
                self.assertEqual(reply, CANCELLED, first)
            for said in (b64("x" * 8000), b64(bytes(9000))):
                client.say(b"AUTH PLAIN\r\n")
                self.assertEqual(client.say(line(said)), INVALID)
            self.assertEqual(client.say(line(f"AUTH PLAIN {plain(ANN, PASSWORD)}")), DONE)

    def test_too_long(self):
        """auth: 12,288 bytes of a line are heard, more are not, and the session goes on"""
        with server() as running:
            client = self.client(running)
            for length, reply in ((12286, NOT_BASE64), (12284, INVALID),
                                  (12287, b"500 5.5.6 Authentication exchange line is too long\r\n"),
                                  (1_000_000, b"500 5.5.6 Authentication exchange line is too long\r\n")):
                client.say(b"AUTH PLAIN\r\n")
                self.assertEqual(client.say(b"A" * length + b"\r\n"), reply, length)
            self.assertEqual(client.say(b"NOOP\r\n"), b"250 OK\r\n")

    def test_verbs(self):
        """auth: inside an exchange QUIT, NOOP, DATA and their like are responses, and do nothing else"""
        with server() as running:
            client = self.client(running)
            for verb in (b"QUIT", b"NOOP", b"RSET", b"DATA", b"HELP", b"AUTH"):
                self.assertEqual(client.say(b"AUTH PLAIN\r\n"), b"334 \r\n")
                self.assertEqual(client.say(verb + b"\r\n"), INVALID)
            for command in (b"MAIL FROM:<a@example.com>", b"EHLO x y", b"STARTTLS!"):
                client.say(b"AUTH PLAIN\r\n")
                self.assertEqual(client.say(command + b"\r\n"), NOT_BASE64)

    def test_bad_protocol(self):
        """auth: a second AUTH in the middle of one, and an empty line where there must be something, close"""
        for lines in ([b"AUTH PLAIN", b"AUTH PLAIN dGlt"], [b"AUTH LOGIN", b"auth login"], [b"AUTH PLAIN", b""], [b"AUTH LOGIN", b""],
                      [b"AUTH LOGIN ="]):
            with server() as running:
                client = self.client(running)
                for said in lines[:-1]:
                    self.assertEqual(client.say(said + b"\r\n")[:3], b"334")
                self.assertEqual(client.say(lines[-1] + b"\r\n"), BAD_PROTOCOL)
                self.assertEqual(client.rest(), b"")

    def test_once(self):
        """auth: once in a session, not during a transaction, not before EHLO nor after HELO"""
        with server() as running:
            right = line(f"AUTH PLAIN {plain(ANN, PASSWORD)}")
            client = self.client(running)
            self.assertEqual(client.say(b"MAIL FROM:<a@example.com>\r\n")[:3], b"250")
            self.assertEqual(client.say(right), b"503 5.5.1 AUTH is not permitted during a mail transaction\r\n")
            client.say(b"RSET\r\n")
            self.assertEqual(client.say(right), DONE)
            self.assertEqual(client.say(right), b"503 5.5.1 Already authenticated\r\n")
            client.say(EHLO)
            self.assertEqual(client.say(right), b"503 5.5.1 Already authenticated\r\n")
            with Wire(running.port) as other:
                self.assertEqual(other.say(right), UNKNOWN)
                other.say(b"HELO client.example.org\r\n")
                self.assertEqual(other.say(right), UNKNOWN)

    def test_pipelined(self):
        """auth: what comes behind an AUTH line waits for the end of the exchange, and what comes too early is heard as a response"""
        with server() as running:
            right = f"AUTH PLAIN {plain(ANN, PASSWORD)}\r\n".encode()
            said = exchange(running, EHLO + right + b"MAIL FROM:<ann@example.com>\r\nRCPT TO:<bob@example.net>\r\nQUIT\r\n")
            self.assertEqual(replies(said), [220, 250, 235, 250, 250, 221])
            said = exchange(running, EHLO + b"AUTH LOGIN\r\n" + line(b64(ANN)) + line(b64(PASSWORD)) + b"NOOP\r\nQUIT\r\n")
            self.assertEqual(replies(said), [220, 250, 334, 334, 235, 250, 221])

    def test_tls_forgets(self):
        """auth: who has authenticated before STARTTLS has not after it, and must say EHLO first"""
        with server() as running, TLSWire(running.port) as client:
            right = line(f"AUTH PLAIN {plain(ANN, PASSWORD)}")
            client.say(EHLO)
            self.assertEqual(client.say(right), DONE)
            client.started()
            self.assertEqual(client.say(right), UNKNOWN)
            client.say(EHLO)
            self.assertEqual(client.say(b"MAIL FROM:<ann@example.com>\r\n")[:3], b"250")
            self.assertEqual(client.say(b"RCPT TO:<bob@example.net>\r\n")[:3], b"550")
            client.say(b"RSET\r\n")
            self.assertEqual(client.say(right), DONE)

    def test_in_clear(self):
        """auth: in the clear it is offered as auth.ini says, and never where the listener demands TLS"""
        cases = [("in_clear=never\n", {}, False), ("in_clear=always\n", {}, True), ("", {}, True),
                 ("in_clear=always\n", {"smtp_ini": "nodes=0\n[submission]\nlisten=127.0.0.1:0\n"}, False),
                 ("in_clear=always\n", {"smtp_ini": "nodes=0\n[submission]\nlisten=127.0.0.1:0\ntls=offered\n"}, True),
                 ("in_clear=always\n", {"smtp_ini": "nodes=0\n[mx]\nlisten=127.0.0.1:0\ntls=required\n"}, False)]
        for ini, more, is_offered in cases:
            with server(QUICK + "[main]\n" + ini, **more) as running, TLSWire(running.port) as client:
                right = line(f"AUTH PLAIN {plain(ANN, PASSWORD)}")
                self.assertEqual(offered(client.say(EHLO)) is not None, is_offered)
                if not is_offered:
                    self.assertEqual(client.say(right), UNKNOWN)
                client.started()
                self.assertIsNotNone(offered(client.say(EHLO)))
                self.assertEqual(client.say(right), DONE)

    def test_failures(self):
        """auth: the n-th failure waits 2^(n-1) seconds, and the third closes"""
        with server("") as running:
            client = self.client(running)
            for least in (1, 2, 4):
                began = time.monotonic()
                self.assertEqual(client.say(line(f"AUTH PLAIN {plain(ANN, 'wrong')}")), FAILED)
                took = time.monotonic() - began
                self.assertTrue(least <= took < least + 1.5, took)
            self.assertEqual(client.rest(), b"")

    def test_many_connections(self):
        """auth: an address that has failed too often waits before each attempt, with the right password, too"""
        with server("[failures]\nmax_delay=2\naddress=3\nmax=0\n") as running:
            clients = [self.client(running) for _ in range(4)]
            for client in clients[:3]:
                client.send(line(f"AUTH PLAIN {plain(ANN, 'wrong')}"))
            until("three failures", lambda: sum("authentication failed" in each for each in running.lines) == 3)
            began = time.monotonic()
            self.assertEqual(clients[3].say(line(f"AUTH PLAIN {plain(ANN, PASSWORD)}")), DONE)
            self.assertGreaterEqual(time.monotonic() - began, 1)
            for client in clients[:3]:
                self.assertEqual(client.reply(), FAILED)

    def test_leaving(self):
        """auth: a client that leaves in the middle leaves nothing behind"""
        with server("") as running:
            for said in (b"AUTH LOGIN\r\n", b"AUTH SCRAM-SHA-256\r\n", line(f"AUTH PLAIN {plain(ANN, 'wrong')}")):
                client = self.client(running)
                client.send(said)
                client.abort()
            until("all have gone", lambda: sum("disconnect ip=" in each for each in running.lines) == 3)
            client = self.client(running)
            self.assertEqual(client.say(line(f"AUTH PLAIN {plain(ANN, PASSWORD)}")), DONE)
            self.assertIsNone(running.found(r"\[(CRIT|ERROR)\]"))

    def test_enhanced_codes(self):
        """auth: with enhanced status codes every final reply has one, and none has two"""
        with server(connection_ini="enhanced_status_codes=true\n") as running:
            client = self.client(running)
            for said, reply in (
                    ("AUTH PLAIN !", NOT_BASE64), (f"AUTH PLAIN {plain(ANN, 'x')}", FAILED), ("AUTH PLAIN *", CANCELLED),
                    (f"AUTH PLAIN {plain(ANN, PASSWORD)}", DONE), ("AUTH PLAIN x", b"503 5.5.1 Already authenticated\r\n")):
                self.assertEqual(client.say(line(said)), reply)
            client = self.client(running)
            self.assertEqual(client.say(b"AUTH LOGIN\r\n"), USERNAME)
            client.say(line(b64(ANN)))
            self.assertRegex(client.say(b"=\r\n"), rb"^501 5\.5\.2 Cannot decode Base64\r\n$")
            self.assertRegex(client.say(line(f"AUTH PLAIN {b64('x')}")), rb"^504 5\.\d\.\d Invalid AUTH string\r\n$")
