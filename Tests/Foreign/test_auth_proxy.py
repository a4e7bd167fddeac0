"""auth/auth_proxy: a client's password is asked of the servers of his domain. PluginsSrc/auth/auth_proxy/README.md."""
import contextlib
import os
import re

from peer import Certificates, Close, NoTLS, Peer, Raw, Wait
from sasl import b64, plain
from server import ForeignTest, Server
from test_auth import offered
from test_tls_plugin import TLSWire, certificate
from wire import EHLO, Wire

DONE = b"235 2.7.0 Authentication successful\r\n"
WRONG = b"535 5.7.8 Authentication failed\r\n"
LATER = b"454 4.7.0 Temporary authentication failure\r\n"
CLEAR = "[main]\nin_clear=always\n[failures]\nmax=0\nmax_delay=0\naddress=0\n"
ANN, PASSWORD = "ann@example.com", "geheim 100% wort"


class Asking(Server):
    """`ini`: the plugin's file. Passwords may go in the clear, for what is shown here is not TLS."""

    def __init__(self, plugin, file, ini, plugins=(), auth=CLEAR, **more):
        config = {file: ini, "auth.ini": auth, "log.ini": "level=data\n", "plugins.ini": "watch_settle=0.1\n",
                  **certificate(), **more}
        super().__init__(plugins=["tls", plugin, *plugins, "rcpt_to.in_host_list", "queue/maildir"], config=config)

    def log_in(self, user, password=PASSWORD):
        """The reply to AUTH PLAIN of a client of its own."""
        with Wire(self.port) as client:
            client.say(EHLO)
            return client.say(b"AUTH PLAIN " + plain(user, password).encode() + b"\r\n")


class AskingTest(ForeignTest):
    SECRETS = (PASSWORD, b64(PASSWORD), plain(ANN, PASSWORD), plain("ann", PASSWORD), plain("", PASSWORD)[4:-4])

    def kept_secret(self, server):
        """No form of the password is in the log, which is written at its most talkative."""
        self.assertGreater(len(server.lines), 10)
        for secret in self.SECRETS:
            self.assertIsNone(server.found(re.escape(secret)), secret)

    @contextlib.contextmanager
    def trusting(self, server, made):
        """It trusts the certificates of a test."""
        server.popen["env"] = {**os.environ, "SSL_CERT_FILE": made.authority}
        with server:
            yield server


def domains(*peers, domain="example.com", main=""):
    return f"{main}[domains]\n{domain}=" + ", ".join(f"127.0.0.1:{peer.port}" for peer in peers) + "\n"


class AuthProxy(AskingTest):
    def server(self, *peers, **more):
        return Asking("auth/auth_proxy", "auth_proxy.ini", domains(*peers, **more))

    def test_password(self):
        """auth_proxy: who can log in at the server of his domain can log in here, and may relay; a wrong password is 535"""
        with Peer(users={ANN: PASSWORD}) as peer, self.server(peer) as server:
            self.assertEqual(server.log_in(ANN), DONE)
            self.assertEqual(server.log_in("ann@Example.COM"), WRONG)
            self.assertEqual(server.log_in(ANN, "wrong"), WRONG)
            self.assertEqual([one.verbs()[:2] for one in peer.sessions], [["EHLO", "AUTH"]] * 3)
            with Wire(server.port) as client:
                client.say(EHLO)
                for said, reply in ((b"AUTH LOGIN", b"334 VXNlcm5hbWU6\r\n"), (b64(ANN).encode(), b"334 UGFzc3dvcmQ6\r\n"),
                                    (b64(PASSWORD).encode(), DONE), (b"MAIL FROM:<ann@example.com>", b"250 sender <ann@example.com> OK\r\n"),
                                    (b"RCPT TO:<b@example.edu>", b"250 recipient <b@example.edu> OK\r\n")):
                    self.assertEqual(client.say(said + b"\r\n"), reply)
            self.kept_secret(server)

    def test_names(self):
        """auth_proxy: a server that does not know the whole name is asked about what stands before the last @"""
        with Peer(users={"ann": PASSWORD, "a@b": PASSWORD}) as peer, self.server(peer) as server:
            self.assertEqual(server.log_in(ANN), DONE)
            asked = [command for one in peer.sessions for command in one.commands if command.startswith(b"AUTH ")]
            self.assertEqual(asked, [b"AUTH PLAIN " + plain(name, PASSWORD).encode() for name in (ANN, "ann")])
            self.assertEqual(server.log_in("a@b@example.com"), DONE)
            self.assertEqual(server.log_in("bob@example.com"), WRONG)
            self.kept_secret(server)

    def test_nobody_to_ask(self):
        """auth_proxy: users of other domains, and of none, are left to other plugins, and their passwords go nowhere"""
        with Peer(users={"ann@example.org": PASSWORD}) as peer, Asking(
                "auth/auth_proxy", "auth_proxy.ini", domains(peer), plugins=["auth/flat_file"],
                **{"auth_flat_file.ini": f"[users]\nbob@example.net={PASSWORD}\n"}) as server:
            for user in ("ann@example.org", "ann", "@example.com", "example.com"):
                with self.subTest(user):
                    self.assertEqual(server.log_in(user), WRONG)
            self.assertEqual(peer.sessions, [])

    def test_methods(self):
        """auth_proxy: PLAIN and LOGIN are offered, under TLS unless auth.ini says otherwise; the server is asked by what it offers"""
        with Peer(users={ANN: PASSWORD}) as peer:
            with Asking("auth/auth_proxy", "auth_proxy.ini", domains(peer), auth="") as server, TLSWire(server.port) as client:
                self.assertIsNone(offered(client.say(EHLO)))
                client.started()
                self.assertEqual(offered(client.say(EHLO)), ["PLAIN", "LOGIN"])
                self.assertEqual(client.say(b"AUTH PLAIN " + plain(ANN, PASSWORD).encode() + b"\r\n"), DONE)
            peer.users = None
            with self.server(peer) as server:
                for offer, verb in ((" AUTH LOGIN", b"LOGIN"), ("-AUTH=LOGIN\n250 AUTH LOGIN PLAIN", b"PLAIN"), (" AUTH CRAM-MD5", None)):
                    with self.subTest(offer):
                        peer.replies = {"EHLO": f"250-peer\n250{offer}"}
                        peer.users = {ANN: PASSWORD}
                        self.assertEqual(server.log_in(ANN), DONE if verb else LATER)
                        asked = [one.split(b" ")[1] for one in peer.sessions[-1].commands if one.startswith(b"AUTH ")]
                        self.assertEqual(asked, [verb] if verb else [])
                self.kept_secret(server)

    def test_order(self):
        """auth_proxy: servers are asked in their order; one that cannot say passes the question on, one that knows ends it"""
        with Peer() as gone:
            pass
        with Peer(users={ANN: PASSWORD}) as one, Peer(users={ANN: "other"}) as two, self.server(gone, one, two) as server:
            self.assertEqual(server.log_in(ANN), DONE)
            self.assertEqual((len(one.sessions), len(two.sessions)), (1, 0))
            self.assertEqual(server.log_in(ANN, "other"), WRONG)
            self.assertEqual(len(two.sessions), 0)
            for reply in ("454 4.7.0 not now", "421 4.3.2 going down", Close(), Raw(b"2500 x\r\n"), "504 5.5.4 what"):
                with self.subTest(reply):
                    one.replies["AUTH"] = reply
                    self.assertEqual(server.log_in(ANN, "other"), DONE)
            self.kept_secret(server)

    def test_down(self):
        """auth_proxy: when no server can say, the client reads 454, and has failed nothing"""
        with Peer() as gone:
            pass
        server = Asking("auth/auth_proxy", "auth_proxy.ini", domains(gone), auth="[main]\nin_clear=always\n[failures]\nmax=1\n")
        with server, Wire(server.port) as client:
            client.say(EHLO)
            for _ in range(3):
                self.assertEqual(client.say(b"AUTH PLAIN " + plain(ANN, PASSWORD).encode() + b"\r\n"), LATER)
            server.logged(rf"\[ERROR\] .*no answer about {ANN}: 127\.0\.0\.1:{gone.port} 0 ")
            self.kept_secret(server)

    def test_tls(self):
        """auth_proxy: STARTTLS is used if it is offered; with require_tls no password goes without a good certificate"""
        with Certificates() as made:
            good, own = made.certificate("127.0.0.1"), made.certificate("127.0.0.1", signed=False)
            for main, tls, expected, secured in (("", own, DONE, True), ("", None, DONE, False), ("require_tls=true\n", good, DONE, True),
                                                 ("require_tls=true\n", own, LATER, None), ("require_tls=true\n", None, LATER, None),
                                                 ("require_tls=true\n", NoTLS(), LATER, None)):
                with self.subTest((main, expected)), Peer(users={ANN: PASSWORD}, tls=tls) as peer, self.trusting(
                        self.server(peer, main=main), made) as server:
                    self.assertEqual(server.log_in(ANN), expected)
                    if secured is None:
                        self.assertNotIn("AUTH", [verb for one in peer.sessions for verb in one.verbs()])
                    else:
                        self.assertEqual(peer.sessions[-1].tls is not None, secured)

    def test_leaving(self):
        """auth_proxy: a client that leaves while its password is looked at leaves nothing behind; other methods are refused"""
        with Peer(users={ANN: PASSWORD}, replies={"AUTH": [Wait(2, None), None]}) as peer, self.server(peer) as server:
            with Wire(server.port) as client:
                client.say(EHLO)
                client.send(b"AUTH PLAIN " + plain(ANN, PASSWORD).encode() + b"\r\n")
                peer.tried(1, "AUTH")
                client.abort()
            server.logged(r"disconnect ip=")
            self.assertEqual(server.log_in(ANN), DONE)
            self.assertIsNone(server.found(r"\[CRIT\]"))
            with Wire(server.port) as client:
                client.say(EHLO)
                self.assertEqual(client.say(b"AUTH CRAM-MD5\r\n"), b"500 Unrecognized command\r\n")

    def test_default_port(self):
        """auth_proxy: without a port it is 25; names and IPv6 addresses will do"""
        with Peer(users={ANN: PASSWORD}, address="127.0.0.25", port=25) as peer, Peer(users={ANN: PASSWORD}, address="::1") as six:
            for host, target in (("127.0.0.25", peer), (f"[::1]:{six.port}", six)):
                with self.subTest(host), Asking("auth/auth_proxy", "auth_proxy.ini", f"[domains]\nexample.com={host}\n") as server:
                    self.assertEqual(server.log_in(ANN), DONE)
                    self.assertEqual(len(target.sessions), 1)

    def test_live(self):
        """auth_proxy: a change counts for the next attempt; a file with a mistake changes nothing, and is refused at a start"""
        with Peer(users={ANN: PASSWORD}) as peer, self.server(peer, domain="example.net") as server:
            self.assertEqual(server.log_in(ANN), WRONG)
            since = len(server.lines)
            server.configure("auth_proxy.ini", domains(peer))
            server.logged(r"\[INFO\] .*auth_proxy\.ini has changed", since)
            self.assertEqual(server.log_in(ANN), DONE)
            for mistake in ("[domains]\nexample.com=\n", "[domains]\nexample.com=127.0.0.1:x\n", "[main]\nrequire_tls=x\n"):
                with self.subTest(mistake):
                    since = len(server.lines)
                    server.configure("auth_proxy.ini", mistake)
                    server.logged(r"\[ERROR\] .*auth_proxy\.ini: all stays as it was: ", since)
            self.assertEqual(server.log_in(ANN), DONE)
            again = Asking("auth/auth_proxy", "auth_proxy.ini", "[domains]\nexample.com=127.0.0.1:0\n")
            self.addCleanup(again.abandon)
            with self.assertRaisesRegex(AssertionError, r"status 255[\s\S]*auth/auth_proxy[\s\S]*127\.0\.0\.1:0: no host:port"):
                again.start()
