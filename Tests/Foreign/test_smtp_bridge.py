"""auth/auth_bridge and queue/smtp_bridge: the client's own login, at one other server. PluginsSrc/queue/smtp_bridge/README.md."""
import glob
import os

from outbound import MESSAGE, OutboundTest, stuffed
from peer import Certificates, NoTLS, Peer
from sasl import plain
from server import read, until
from test_auth import offered
from test_auth_proxy import ANN, CLEAR, DONE, LATER, PASSWORD, WRONG, Asking, AskingTest
from test_tls_plugin import TLSWire
from wire import EHLO, QUEUED, Wire

FILE = "smtp_bridge.ini"


def bridge(peer, more=""):
    return f"host=127.0.0.1\nport={peer.port}\n{more}"


class AuthBridge(AskingTest):
    def server(self, ini, **more):
        return Asking("auth/auth_bridge", FILE, ini, **more)

    def test_password(self):
        """auth_bridge: who can log in there can log in here, under the same name; a wrong password is 535"""
        with Peer(users={"ann": PASSWORD, ANN: PASSWORD}) as peer, self.server(bridge(peer)) as server:
            for user, password, reply in (("ann", PASSWORD, DONE), (ANN, PASSWORD, DONE), ("ann", "wrong", WRONG),
                                          ("ann@example.org", PASSWORD, WRONG)):
                with self.subTest((user, password)):
                    self.assertEqual(server.log_in(user, password), reply)
                    self.assertEqual(peer.sessions[-1].commands[1], b"AUTH PLAIN " + plain(user, password).encode())
            self.assertEqual(len(peer.sessions), 4)
            self.kept_secret(server)

    def test_nobody_knows(self):
        """auth_bridge: a server that is down, says 4xx or has no AUTH is 454; without a host nobody is asked"""
        with Peer(users={"ann": PASSWORD}) as peer, self.server(bridge(peer)) as server:
            for stage, reply in (("connect", "421 4.3.2 no"), ("EHLO", "250 peer"), ("AUTH", "454 4.7.0 not now")):
                with self.subTest(stage):
                    peer.replies = {stage: reply}
                    self.assertEqual(server.log_in("ann"), LATER)
            peer.__exit__()
            self.assertEqual(server.log_in("ann"), LATER)
            server.logged(rf"\[ERROR\] .*127\.0\.0\.1:{peer.port}: no answer: 0 ")
            self.kept_secret(server)
        with self.server("") as server:
            self.assertEqual(server.log_in("ann"), WRONG)

    def test_tls(self):
        """auth_bridge: AUTH is offered under TLS, STARTTLS used if there is one; require_tls sends no password without a good certificate"""
        with Certificates() as made:
            good, own = made.certificate("127.0.0.1"), made.certificate("127.0.0.1", signed=False)
            with Peer(users={"ann": PASSWORD}, tls=own) as peer, self.server(bridge(peer), auth="") as server, TLSWire(server.port) as client:
                self.assertIsNone(offered(client.say(EHLO)))
                client.started()
                self.assertEqual(offered(client.say(EHLO)), ["PLAIN", "LOGIN"])
                self.assertEqual(client.say(b"AUTH PLAIN " + plain("ann", PASSWORD).encode() + b"\r\n"), DONE)
                self.assertIsNotNone(peer.sessions[-1].tls)
            for tls, reply in ((good, DONE), (own, LATER), (None, LATER), (NoTLS(), LATER)):
                with self.subTest(tls), Peer(users={"ann": PASSWORD}, tls=tls) as peer, self.trusting(
                        self.server(bridge(peer, "require_tls=true\n")), made) as server:
                    self.assertEqual(server.log_in("ann"), reply)
                    verbs = [verb for one in peer.sessions for verb in one.verbs()]
                    self.assertEqual("AUTH" in verbs, reply == DONE)

    def test_live(self):
        """auth_bridge: a change counts for the next attempt; a file with a mistake changes nothing, and is refused at a start"""
        with Peer(users={"ann": PASSWORD}) as peer, self.server("") as server:
            since = len(server.lines)
            server.configure(FILE, bridge(peer))
            server.logged(r"\[INFO\] .*smtp_bridge\.ini has changed", since)
            self.assertEqual(server.log_in("ann"), DONE)
            for mistake in ("port=99999\n", "require_tls=x\n"):
                with self.subTest(mistake):
                    since = len(server.lines)
                    server.configure(FILE, "host=127.0.0.1\n" + mistake)
                    server.logged(r"\[ERROR\] .*smtp_bridge\.ini: all stays as it was: ", since)
            self.assertEqual(server.log_in("ann"), DONE)
            again = self.server("port=-1\n")
            self.addCleanup(again.abandon)
            with self.assertRaisesRegex(AssertionError, r"status 255[\s\S]*port: expected 0 to 65535"):
                again.start()


class Bridged(Asking):
    def __init__(self, ini, auth=CLEAR, **more):
        super().__init__("auth/auth_bridge", FILE, ini, auth=auth, plugins=["queue/smtp_bridge"], **more)
        self.queue = os.path.join(self.folder, "queue")

    def files(self):
        return sorted(glob.glob(f"{self.queue}/*-*-*-*-*"))

    def hand_in(self, to="bob@example.net", user="ann", message=MESSAGE):
        """The last reply of a client that logs in, where there is a user, and hands in a mail."""
        with Wire(self.port) as client:
            said = [client.say(EHLO)]
            if user:
                said.append(client.say(b"AUTH PLAIN " + plain(user, PASSWORD).encode() + b"\r\n"))
            for line in (b"MAIL FROM:<ann@example.com>", b"RCPT TO:<%s>" % to.encode(), b"DATA"):
                said.append(client.say(line + b"\r\n"))
                assert said[-1][:1] in (b"2", b"3"), said
            return client.say(stuffed(message) + b".\r\n")


class SMTPBridge(OutboundTest, AskingTest):
    USERS = {"ann": PASSWORD, "bea": PASSWORD}

    def test_own_login(self):
        """smtp_bridge: mail goes out by the bridge, byte for byte, logged in as its client; the password is in no log"""
        with Peer(users=self.USERS) as peer, Bridged(bridge(peer)) as server:
            for count, user in enumerate(("ann", "bea", "ann"), 1):
                self.assertRegex(server.hand_in(user=user), QUEUED)
                last = peer.received(count)[-1]
                self.ends_with(last.data, MESSAGE)
                self.assertEqual((last.session.user, last.to), (user, ["bob@example.net"]))
            self.kept_secret(server)
            until("an empty queue", lambda: not server.files())

    def test_types(self):
        """smtp_bridge: auth_type says by which mechanism"""
        for kind in ("PLAIN", "LOGIN", "CRAM-MD5", ""):
            with self.subTest(kind), Peer(users=self.USERS) as peer, Bridged(
                    bridge(peer, f"auth_type={kind}\npriority=5\n")) as server:
                server.hand_in()
                session = peer.received()[0].session
                mechanism = next(one.split(b" ")[1] for one in session.commands if one.startswith(b"AUTH "))
                self.assertEqual((session.user, mechanism), ("ann", (kind or "CRAM-MD5").encode()))
                self.kept_secret(server)

    def test_waits(self):
        """smtp_bridge: while the bridge does not take it the mail waits, with its login, in a file that nobody else can read"""
        with Peer(users=dict(self.USERS)) as peer, Bridged(bridge(peer)) as server:
            peer.replies["MAIL"] = "451 4.3.0 not now"
            self.assertRegex(server.hand_in(), QUEUED)
            (path,) = until("the mail waits", server.files)
            self.assertIn(PASSWORD.encode(), read(path))
            self.assertEqual(os.stat(path).st_mode & 0o077, 0)
            peer.tried(1, "MAIL")
            self.kept_secret(server)

    def test_nobody(self):
        """smtp_bridge: local mail, and that of clients that did not log in, is not touched; a blanked password means no login"""
        with Peer(users=self.USERS) as peer, Bridged(bridge(peer)) as server:
            self.assertRegex(server.hand_in("b@example.com", user=None), QUEUED)
            self.assertEqual(len(server.stored()), 1)
            self.assertEqual(peer.seen, [])
        blank = CLEAR.replace("[main]\n", "[main]\nblankout_password=true\n")
        with Peer(users=self.USERS, replies={"MAIL": "250 2.1.0 ok"}) as peer, Bridged(bridge(peer), auth=blank) as server:
            server.hand_in()
            self.assertIsNone(peer.received()[0].session.user)

    def test_report(self):
        """smtp_bridge: a report goes by the bridge, too, and nobody logs in for it"""
        refuses = {"gone@example.net": "550 5.1.1 nobody"}
        with Peer(users=self.USERS, replies={"RCPT": refuses, "MAIL": "250 2.1.0 ok"}) as peer, Bridged(bridge(peer)) as server:
            server.hand_in("gone@example.net")
            (report,) = peer.received()
            self.assertEqual((report.sender, report.to, report.session.user), ("", ["ann@example.com"], None))
