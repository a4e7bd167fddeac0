"""queue/smtp_proxy: each key of smtp_proxy.ini. PluginsSrc/queue/smtp_proxy/README.md."""
import contextlib
import os
import re
import socket

from backends import FAILURE, TAKEN, Backed, BackedTest, at, pool
from outbound import MESSAGE
from peer import Certificates, NoTLS, Peer, Wait
from server import until

PLUGIN = "queue/smtp_proxy"


class Settings(BackedTest):
    def test_pool(self):
        """smtp_proxy: the backends of a pool take turns; a dead one is left out, looked for, and asked again when it is back"""
        with Peer() as one, Peer() as two:
            with Backed(PLUGIN, pool(one, two) + "dead_forwarding_host_retry_secs=1\n") as server:
                for _ in range(4):
                    self.assertEqual(server.send(), TAKEN)
                self.assertEqual([len(one.messages()), len(two.messages())], [2, 2])
                two.__exit__()
                for _ in range(3):
                    self.assertEqual(server.send(), TAKEN)
                self.assertEqual(len(one.messages()), 5)
                with Peer(port=two.port) as back:
                    until("it is asked again", lambda: server.send() == TAKEN and back.messages())

    def test_tls(self):
        """smtp_proxy: enable_tls uses what is offered; require_tls sends nothing without; verify_tls wants a good certificate"""
        with Certificates() as made:
            good, other = made.certificate("127.0.0.1"), made.certificate("127.0.0.1", signed=False)
            cases = [("", good, TAKEN, False), ("enable_tls=true\n", None, TAKEN, False), ("enable_tls=true\n", other, TAKEN, True),
                     ("require_tls=true\n", other, TAKEN, True), ("require_tls=true\n", None, FAILURE, False),
                     ("require_tls=true\n", NoTLS(), FAILURE, False), ("verify_tls=true\n", good, TAKEN, True),
                     ("verify_tls=true\n", other, FAILURE, False)]
            for ini, tls, expected, is_secured in cases:
                with self.subTest((ini, expected)), Peer(tls=tls) as peer:
                    server = Backed(PLUGIN, at(peer) + ini)
                    server.popen["env"] = {**os.environ, "SSL_CERT_FILE": made.authority}
                    with server:
                        self.assertEqual(server.send(), expected)
                        self.assertEqual(len(peer.messages()), int(expected == TAKEN))
                        if expected == TAKEN:
                            self.assertEqual(peer.messages()[0].session.tls is not None, is_secured)

    def test_auth(self):
        """smtp_proxy: logs in by PLAIN, LOGIN or CRAM-MD5, or the best that both can; the password is in no log"""
        password = "geheim 100% wort"
        with Peer(users={"ann": password}) as peer, Backed(PLUGIN, at(peer), config={"log.ini": "level=data\n"}) as server:
            for kind in ("PLAIN", "LOGIN", "CRAM-MD5", ""):
                with self.subTest(kind):
                    server.changed("smtp_proxy.ini", f"{at(peer)}auth_type={kind}\nauth_user=ann\nauth_pass={password}\n",
                                   r"smtp_proxy\.ini has changed")
                    self.assertEqual(server.send(), TAKEN)
                    found = peer.messages()[-1].session
                    self.assertEqual((found.user, found.commands[1].split(b" ")[:2]), ("ann", [b"AUTH", (kind or "CRAM-MD5").encode()]))
                    peer.hang_up()
            server.changed("smtp_proxy.ini", f"{at(peer)}auth_user=ann\nauth_pass=falsches\n", r"smtp_proxy\.ini has changed")
            self.assertEqual(server.send(), FAILURE)
            for secret in (password, "Z2VoZWltIDEwMCUgd29ydA", "AGFubgBnZWhlaW0", "falsches", "AGFubgBmYWxzY2hlcw"):
                self.assertIsNone(server.found(re.escape(secret)), secret)

    def test_relayed(self):
        """smtp_proxy: mail of clients that may relay goes the same way, unless enable_outbound=false leaves it to the queue"""
        with Peer() as peer:
            with Backed(PLUGIN, at(peer), code=self.RELAYS) as server:
                self.assertEqual(server.send("b@example.edu"), TAKEN)
                self.assertEqual(self.arrived(peer, MESSAGE).to, ["b@example.edu"])
            with Backed(PLUGIN, at(peer) + "enable_outbound=false\n", code=self.RELAYS) as server:
                self.assertRegex(server.send("b@example.edu"), rb"\A250 Message Queued\r\n\Z")
                self.assertEqual(len(server.queued()), 1)
            self.assertEqual(len(peer.sessions), 1)

    def test_timeouts(self):
        """smtp_proxy: connect_timeout, timeout and the file queue/smtp_proxy.timeout say how long the client waits"""
        with socket.socket() as listener, contextlib.ExitStack() as stack:
            listener.bind(("127.0.0.1", 0))
            listener.listen(0)
            for _ in range(4):  # so many that the system answers no more of them
                other = stack.enter_context(socket.socket())
                other.setblocking(False)
                other.connect_ex(listener.getsockname())
            with Backed(PLUGIN, f"host=127.0.0.1\nport={listener.getsockname()[1]}\nconnect_timeout=1\n") as server:
                self.assertEqual(server.send(), FAILURE)
        with Peer(replies={"MAIL": [Wait(600, None), Wait(2, None), None], "RCPT": [None, Wait(5, None)]}) as peer:
            server = Backed(PLUGIN, at(peer) + "timeout=1\n")
            with server:
                self.assertEqual(server.send(), FAILURE)
                server.changed("smtp_proxy.ini", at(peer) + "timeout=80\n", r"smtp_proxy\.ini has changed")
                self.assertEqual(server.send(), TAKEN)
            limited = Backed(PLUGIN, at(peer))
            os.makedirs(f"{limited.folder}/config/queue")
            limited.configure("queue/smtp_proxy.timeout", "1\n")
            with limited:
                self.assertEqual(limited.send(), b"450 plugin timeout\r\n")

    def test_live(self):
        """smtp_proxy: a change counts for the next mail; a file with a mistake changes nothing, and is refused at a start"""
        mistakes = ["port=0\n", "timeout=0\n", "connect_timeout=x\n", "enable_tls=perhaps\n", "enable_outbound=2\n",
                    "dead_forwarding_host_retry_secs=0\n"]
        with Peer() as one, Peer() as two, Backed(PLUGIN, at(one)) as server:
            self.assertEqual(server.send(), TAKEN)
            server.changed("smtp_proxy.ini", at(two), r"\[INFO\] .*smtp_proxy\.ini has changed")
            self.assertEqual(server.send(), TAKEN)
            for mistake in mistakes:
                with self.subTest(mistake):
                    server.changed("smtp_proxy.ini", at(one) + mistake, r"\[ERROR\] .*smtp_proxy\.ini: all stays as it was: ")
            self.assertEqual(server.send(), TAKEN)
            self.assertEqual([len(one.messages()), len(two.messages())], [1, 2])
            again = Backed(PLUGIN, at(one) + mistakes[0])
            self.addCleanup(again.abandon)
            with self.assertRaisesRegex(AssertionError, r"status 255[\s\S]*queue/smtp_proxy[\s\S]*port: expected 1 to 65535"):
                again.start()
