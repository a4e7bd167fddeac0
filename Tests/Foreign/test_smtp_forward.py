"""queue/smtp_forward: what its backends get, and what the client is told. PluginsSrc/queue/smtp_forward/README.md."""
import contextlib
import os
import socket

from backends import FAILURE, NO_QUEUE, TAKEN, Backed, BackedTest, at
from outbound import HEADER, MESSAGE, maildir
from peer import EHLO, Close, Peer, Raw, Wait
from peers import OpenSMTPD, Postfix, Sink
from server import until
from test_outbound import BODIES, message

PLUGIN = "queue/smtp_forward"
STAGES = ["MAIL", "RCPT", "DATA", "."]


class Bytes(BackedTest):
    def test_as_it_was(self):
        """smtp_forward: dots, 8 bits, long lines, an empty body arrive as they were sent, behind our Received field"""
        with Peer() as peer, Backed(PLUGIN, at(peer)) as server, server.client() as client:
            for count, (name, body) in enumerate(BODIES.items(), 1):
                with self.subTest(name):
                    self.assertEqual(client.send_mail(message=message(body), mail=b" BODY=8BITMIME")[-1], TAKEN)
                    last = self.arrived(peer, message(body), count)
                    self.assertEqual((last.sender, last.to), ("a@example.org", ["b@example.com"]))

    def test_ten_mebibytes(self):
        """smtp_forward: ten mebibytes arrive as they were sent"""
        body = b"".join(b"%07d 0123456789 abcdefghijklmnopqrstuvwxyz .\r\n" % number for number in range(220_000))
        with Peer() as peer, Backed(PLUGIN, at(peer)) as server:
            self.assertEqual(server.send(message=MESSAGE + body), TAKEN)
            self.arrived(peer, MESSAGE + body)

    def test_real(self):
        """smtp_forward: Postfix and OpenSMTPD get it byte for byte"""
        for kind in (Postfix, OpenSMTPD):
            with kind() as peer, Backed(PLUGIN, at(peer)) as server:
                for count, name in enumerate(("a line", "dots", "eight bits", "long lines", "tabs and blanks"), 1):
                    with self.subTest((kind, name)):
                        self.assertRegex(server.send(message=message(BODIES[name]), mail=b" BODY=8BITMIME"), rb"\A250 ")
                        self.ends_with(maildir(peer.received(count)[-1]).rstrip(b"\r\n"), message(BODIES[name]).rstrip(b"\r\n"))

    def test_sink(self):
        """smtp_forward: smtp-sink gets it, with and without extensions, and by HELO"""
        for options in ((), ("-8",), ("-p",), ("-e",), ("-N", "-E")):
            with self.subTest(options), Sink(*options) as peer, Backed(PLUGIN, at(peer)) as server:
                self.assertRegex(server.send(message=MESSAGE + b".\r\n..x\r\n"), rb"\A250 ")
                self.arrived(peer, MESSAGE + b".\r\n..x\r\n")

    def test_parameters(self):
        """smtp_forward: SIZE, BODY=8BITMIME and SMTPUTF8 are passed on where the backend offers them and the mail needs them"""
        cases = [("a@example.org", b"x\r\n", (), b"<a@example.org> SIZE=%d"),
                 ("a@example.org", b"\xff\r\n", (), b"<a@example.org> SIZE=%d BODY=8BITMIME"),
                 ("ä@example.org", b"x\r\n", ("SMTPUTF8",), "<ä@example.org> SIZE=%d SMTPUTF8".encode())]
        with Peer() as peer, Backed(PLUGIN, at(peer)) as server:
            for sender, body, more, expected in cases:
                with self.subTest(expected):
                    peer.ehlo = EHLO + more
                    self.assertEqual(server.send(sender=sender, message=HEADER + b"\r\n" + body), TAKEN)
                    found = peer.messages()[-1]
                    self.assertEqual(found.mail, b"FROM:" + expected % len(found.data))
                    peer.hang_up()
            peer.ehlo = ()
            self.assertEqual(server.send(message=HEADER + b"\r\n\xff\r\n"), TAKEN)
            self.assertEqual(peer.messages()[-1].mail, b"FROM:<a@example.org>")
            # An address that this backend cannot be told is refused, as it would be there.
            self.assertEqual(server.send(sender="ä@example.org"),
                             b"550 The address needs SMTPUTF8, which the server does not offer\r\n")


class Replies(BackedTest):
    def each(self, ini="", **more):
        """A backend whose replies the test changes, and a server for it."""
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        peer = stack.enter_context(Peer(**more))
        return peer, stack.enter_context(Backed(PLUGIN, at(peer) + ini))

    def well(self, server):
        """The next mail goes through."""
        until("a mail goes through", lambda: server.send() == TAKEN)

    def test_refusals(self):
        """smtp_forward: what the backend says to MAIL, a recipient, DATA or the message, the client reads; the next mail is well"""
        refusals = [("451 4.3.0 not now", b"451 4.3.0 not now\r\n"), ("552 5.3.4 too much", b"552 5.3.4 too much\r\n"),
                    ("550-5.7.1 first\n550 5.7.1 second", b"550-5.7.1 first\r\n550 5.7.1 second\r\n"),
                    (Close("421 4.3.2 going down"), b"421 4.3.2 going down\r\n")]
        peer, server = self.each()
        with server.client() as client:
            for stage in STAGES:
                for reply, expected in refusals:
                    with self.subTest((stage, expected)):
                        before = len(peer.messages())
                        peer.hang_up()  # a kept connection that says 421 to the first command would be replaced
                        peer.replies[stage] = [reply, None]
                        self.assertEqual(client.send_mail()[-1], expected)
                        self.assertEqual(len(peer.messages()), before)
                        self.assertEqual(client.send_mail()[-1], TAKEN)
                        self.arrived(peer, MESSAGE, before + 1)

    def test_before_mail(self):
        """smtp_forward: a greeting, EHLO or login that is refused is about us: 450, whatever the backend says"""
        peer, server = self.each("auth_user=u\nauth_pass=p\n", users={"u": "p"})
        for stage in ("connect", "EHLO", "AUTH"):
            for reply in ("421 4.3.2 not now", "554 5.7.1 go away"):
                with self.subTest((stage, reply)):
                    peer.replies.update({stage: reply, "HELO": reply})
                    since = len(server.lines)
                    self.assertEqual(server.send(), FAILURE)
                    server.logged(
                        rf"\[ERROR\] \[[\w-]+\.1\] \[queue/smtp_forward\] 127\.0\.0\.1:{peer.port}: no dialogue: {reply[:3]}", since)
                    peer.replies.clear()
        self.assertEqual(peer.seen, [])
        self.well(server)

    def test_nobody(self):
        """smtp_forward: without a connection the next queue plugin has its say; without one the client reads 451"""
        with Peer() as gone:
            pass
        with Backed(PLUGIN, at(gone)) as server:
            self.assertEqual(server.send(), NO_QUEUE)
        with Backed(PLUGIN, at(gone), behind=["queue/maildir"]) as server:
            self.assertRegex(server.send(), rb"\A250 Message Queued\r\n\Z")
            self.assertEqual(len(server.stored()), 1)

    def test_broken(self):
        """smtp_forward: a backend that hangs up at any stage, politely or by a reset: 450, and the next mail is well"""
        peer, server = self.each()
        with server.client() as client:
            for stage in STAGES:
                for how in (Close(), Close(reset=True)):
                    with self.subTest((stage, how.reset)):
                        peer.hang_up()  # else the kept connection would be replaced, and nobody hear of it
                        peer.replies[stage] = [how, None]
                        self.assertEqual(client.send_mail()[-1], FAILURE)
                        self.assertEqual(client.send_mail()[-1], TAKEN)
        self.assertEqual(len(peer.messages()), 2 * len(STAGES))

    def test_garbage(self):
        """smtp_forward: what is no reply is 450 or 451, and harms nobody"""
        peer, server = self.each("timeout=1\n")
        for stage in ("connect", "EHLO", *STAGES):
            for junk in (b"\x00\xff\xfe\r\n", b"2500 x\r\n", b"250-never ends\r\n" * 2000, b"y" * 100_000):
                with self.subTest((stage, junk[:8])):
                    peer.hang_up()
                    peer.replies[stage] = Raw(junk)
                    self.assertIn(server.send(), (FAILURE, NO_QUEUE))
                    del peer.replies[stage]
        self.well(server)
        self.assertIsNone(server.found(r"\[CRIT\]"))

    def test_slow(self):
        """smtp_forward: a reply that takes longer than `timeout` is 450; one that takes less is waited for"""
        peer, server = self.each("timeout=1\n")
        for stage in STAGES:
            with self.subTest(stage):
                peer.replies[stage] = [Wait(600, Close()), None]
                self.assertEqual(server.send(), FAILURE)
        self.well(server)
        peer, server = self.each("timeout=80\n", replies={"RCPT": [Wait(2, None)]})
        self.assertEqual(server.send(), TAKEN)

    def test_connect_timeout(self):
        """smtp_forward: a backend that does not even answer the connection is given up after `connect_timeout`"""
        with socket.socket() as listener, contextlib.ExitStack() as stack:
            listener.bind(("127.0.0.1", 0))
            listener.listen(0)
            for _ in range(4):  # so many that the system answers no more of them
                other = stack.enter_context(socket.socket())
                other.setblocking(False)
                other.connect_ex(listener.getsockname())
            with Backed(PLUGIN, f"host=127.0.0.1\nport={listener.getsockname()[1]}\nconnect_timeout=1\n") as server:
                self.assertEqual(server.send(), NO_QUEUE)
                server.logged(r"\[ERROR\] .*no dialogue: 0 .*1 s")

    def test_hook_timeout(self):
        """smtp_forward: queue/smtp_forward.timeout ends the dialogue, too, and has none of its own"""
        with Peer(replies={"RCPT": Wait(5, None)}) as peer:
            server = Backed(PLUGIN, at(peer))
            os.makedirs(f"{server.folder}/config/queue")
            server.configure("queue/smtp_forward.timeout", "1\n")
            with server:
                self.assertEqual(server.send(), b"450 plugin timeout\r\n")
                until("the dialogue is over", lambda: peer.sessions[0].is_over)
                self.assertNotIn("DATA", peer.sessions[0].verbs())


class Clients(BackedTest):
    def test_reuse(self):
        """smtp_forward: a connection to the backend carries several mails, of one client or of several"""
        with Peer() as peer, Backed(PLUGIN, at(peer)) as server:
            # It is kept when the backend has answered RSET; a client may be quicker than that.
            with server.client() as client:
                for _ in range(6):
                    self.assertEqual(client.send_mail()[-1], TAKEN)
            self.assertLess(len(peer.sessions), 6)
            for _ in range(6):
                self.assertEqual(server.send(), TAKEN)
            self.assertLess(len(peer.sessions), 6)

    def test_xclient(self):
        """smtp_forward: a backend that offers XCLIENT is told who the client is, and no client is taken for another"""
        with Peer(ehlo=(*EHLO, "XCLIENT ADDR PORT HELO")) as peer, Backed(PLUGIN, at(peer)) as server:
            for _ in range(2):
                self.assertEqual(server.send(), TAKEN)
            told = [command for one in peer.sessions for command in one.commands if command.startswith(b"XCLIENT ")]
            self.assertEqual(len(told), 2)
            for line in told:
                self.assertRegex(line, rb"\AXCLIENT ADDR=127\.0\.0\.1 PORT=\d+( HELO=client\.example\.org)?\Z")
            self.assertNotEqual(told[0], told[1])
            self.assertEqual([one.verbs().count("DATA") for one in peer.sessions], [1, 1])

    def test_kept_connection_is_gone(self):
        """smtp_forward: a kept connection that the backend has closed meanwhile is replaced, and no client hears of it"""
        with Peer() as peer, Backed(PLUGIN, at(peer)) as server, server.client() as client:
            self.assertEqual(client.send_mail()[-1], TAKEN)
            until("it is kept", lambda: peer.sessions[0].commands[-1:] == [b"RSET"])
            peer.hang_up()
            self.assertEqual(client.send_mail()[-1], TAKEN)
            self.assertEqual(len(peer.sessions), 2)

    def test_leaving(self):
        """smtp_forward: of a client that leaves in the midst of its message the backend hears nothing"""
        with Peer() as peer, Backed(PLUGIN, at(peer)) as server:
            client = server.client()
            client.envelope()
            client.say(b"DATA\r\n")
            client.send(HEADER)
            client.abort()
            server.logged(r"disconnect ip=")
            self.assertEqual(peer.sessions, [])
            self.assertEqual(server.send(), TAKEN)

    def test_rset(self):
        """smtp_forward: RSET takes a mail back, and the next is well"""
        with Peer() as peer, Backed(PLUGIN, at(peer)) as server, server.client() as client:
            client.envelope("gone@example.com")
            self.one_line(client, b"RSET", b"250 OK\r\n")
            self.assertEqual(client.say(b"DATA\r\n")[:4], b"503 ")
            self.assertEqual(client.send_mail("c@example.com")[-1], TAKEN)
            self.assertEqual([one.to for one in peer.messages()], [["c@example.com"]])
