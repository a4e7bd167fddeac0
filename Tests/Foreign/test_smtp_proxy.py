"""queue/smtp_proxy: the dialogue with the client, passed on step by step. PluginsSrc/queue/smtp_proxy/README.md."""
import contextlib

from backends import FAILURE, NO_QUEUE, TAKEN, Backed, BackedTest, at
from inline import hooked
from outbound import HEADER, MESSAGE, maildir
from peer import EHLO, Close, Peer, Raw, Wait
from peers import OpenSMTPD, Postfix, Sink
from server import until
from test_outbound import BODIES, message
from test_queues import note, text

PLUGIN = "queue/smtp_proxy"
SENDER = b"250 sender <a@example.org> OK\r\n"


class Proxied(BackedTest):
    def each(self, ini="", code=None, **more):
        """A backend whose replies the test changes, and a server for it."""
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        peer = stack.enter_context(Peer(**more))
        return peer, stack.enter_context(Backed(PLUGIN, at(peer) + ini, code=code))


class Bytes(Proxied):
    def test_as_it_was(self):
        """smtp_proxy: dots, 8 bits, long lines, an empty body arrive as they were sent; connections carry several mails"""
        peer, server = self.each()
        with server.client() as client:
            for count, (name, body) in enumerate(BODIES.items(), 1):
                with self.subTest(name):
                    self.assertEqual(client.send_mail(message=message(body), mail=b" BODY=8BITMIME")[-1], TAKEN)
                    last = self.arrived(peer, message(body), count)
                    self.assertEqual((last.sender, last.to), ("a@example.org", ["b@example.com"]))
        # It is kept when the backend has answered RSET; a client may be quicker than that.
        self.assertLess(len(peer.sessions), len(BODIES))

    def test_real(self):
        """smtp_proxy: Postfix, OpenSMTPD and smtp-sink get it byte for byte"""
        body = message(BODIES["dots"])
        for kind in (Postfix, OpenSMTPD):
            with self.subTest(kind), kind() as peer, Backed(PLUGIN, at(peer)) as server:
                self.assertRegex(server.send(message=body, mail=b" BODY=8BITMIME"), rb"\A250 ")
                self.ends_with(maildir(peer.received()[-1]).rstrip(b"\r\n"), body.rstrip(b"\r\n"))
        for options in ((), ("-8", "-p"), ("-e",)):
            with self.subTest(options), Sink(*options) as peer, Backed(PLUGIN, at(peer)) as server:
                self.assertRegex(server.send(message=body), rb"\A250 ")
                self.arrived(peer, body)

    def test_parameters(self):
        """smtp_proxy: SIZE, BODY and SMTPUTF8 of the client's MAIL are passed on where the backend offers them"""
        offers = ("SMTPUTF8", *EHLO)
        cases = [("a@example.org", b"", b"<a@example.org>"), ("", b"", b"<>"),
                 ("a@example.org", b" SIZE=1000 BODY=8BITMIME", b"<a@example.org> SIZE=1000 BODY=8BITMIME"),
                 ("a@example.org", b" BODY=7BIT SMTPUTF8", b"<a@example.org> BODY=7BIT SMTPUTF8"),
                 ("\u00e4@example.org", b" SMTPUTF8", "<\u00e4@example.org> SMTPUTF8".encode())]
        peer, server = self.each(ehlo=offers)
        with server.client() as client:
            for sender, given, expected in cases:
                with self.subTest(expected):
                    self.assertEqual(client.send_mail(sender=sender, mail=given)[-1], TAKEN)
                    self.assertEqual(peer.messages()[-1].mail, b"FROM:" + expected)
        peer, server = self.each(ehlo=())
        self.assertEqual(server.send(mail=b" SIZE=1000 BODY=8BITMIME"), TAKEN)
        self.assertEqual(peer.messages()[0].mail, b"FROM:<a@example.org>")

    def test_xclient(self):
        """smtp_proxy: a backend that offers XCLIENT is told who the client is"""
        peer, server = self.each(ehlo=(*EHLO, "XCLIENT ADDR PORT HELO"))
        self.assertEqual(server.send(), TAKEN)
        self.assertRegex(self.commands(peer, b"XCLIENT")[0], rb"\AXCLIENT ADDR=127\.0\.0\.1 PORT=\d+")


class Replies(Proxied):
    REFUSALS = [("451 4.3.0 not now", b"451 4.3.0 not now\r\n"), ("552 5.3.4 too much", b"552 5.3.4 too much\r\n"),
                ("550-5.7.1 first\n550 5.7.1 second", b"550-5.7.1 first\r\n550 5.7.1 second\r\n")]

    def test_refusals(self):
        """smtp_proxy: what the backend says to MAIL, a recipient, DATA or the message, the client reads at once and where it was said"""
        peer, server = self.each()
        with server.client() as client:
            for place, stage in enumerate(("MAIL", "RCPT", "DATA", "."), 1):
                for reply, expected in self.REFUSALS:
                    with self.subTest((stage, reply)):
                        before = len(peer.messages())
                        peer.replies[stage] = [reply, None]
                        said = client.send_mail()
                        self.assertEqual((len(said), said[-1]), (place, expected))
                        self.assertEqual(len(peer.messages()), before)
                        client.say(b"RSET\r\n")
                        self.assertEqual(client.send_mail()[-1], TAKEN)
                        self.arrived(peer, MESSAGE, before + 1)

    def test_recipients(self):
        """smtp_proxy: a recipient that the backend refuses is refused, and the others get the mail"""
        replies = {"bad@example.com": "550 5.1.1 nobody", "later@example.com": "451 4.2.1 later"}
        peer, server = self.each(replies={"RCPT": replies})
        with server.client() as client:
            self.one_line(client, b"MAIL FROM:<a@example.org>", SENDER)
            for to, reply in ((b"bad@example.com", b"550 5.1.1 nobody\r\n"), (b"b@example.com", b"250 recipient <b@example.com> OK\r\n"),
                              (b"later@example.com", b"451 4.2.1 later\r\n"), (b"c@example.com", b"250 recipient <c@example.com> OK\r\n"),
                              (b"x@example.edu", b"550 I cannot deliver mail for <x@example.edu>\r\n")):
                self.one_line(client, b"RCPT TO:<%s>" % to, reply)
            client.say(b"DATA\r\n")
            self.assertRegex(client.say(MESSAGE + b".\r\n"), rb"\A250 2\.0\.0 taken \(")
        self.assertEqual(self.arrived(peer, MESSAGE).to, ["b@example.com", "c@example.com"])
        # Whom the server refuses by itself the backend never hears of.
        self.assertNotIn(b"RCPT TO:<x@example.edu>", self.commands(peer, b"RCPT"))

    def test_before_mail(self):
        """smtp_proxy: without a backend, and when it refuses greeting, EHLO or login, MAIL is 450; nothing is taken"""
        peer, server = self.each("auth_user=u\nauth_pass=p\n", users={"u": "p"})
        for stage in ("connect", "EHLO", "AUTH"):
            for reply in ("421 4.3.2 not now", "554 5.7.1 go away"):
                with self.subTest((stage, reply)), server.client() as client:
                    peer.replies.update({stage: reply, "HELO": reply})
                    self.assertEqual(client.envelope(), [FAILURE])
                    peer.replies.clear()
        self.assertEqual(server.send(), TAKEN)
        peer.__exit__()
        with server.client() as client:
            self.assertEqual(client.envelope(), [FAILURE])
            self.one_line(client, b"NOOP", b"250 OK\r\n")
            server.logged(rf"\[ERROR\] .*127\.0\.0\.1:{peer.port}: no dialogue: ")

    def test_broken(self):
        """smtp_proxy: a backend that hangs up or says nothing sensible at any stage is 450 there, and the next mail is well"""
        peer, server = self.each("timeout=2\n")
        for place, stage in enumerate(("MAIL", "RCPT", "DATA", "."), 1):
            for how in (Close(), Close(reset=True), Raw(b"2500 x\r\n"), Wait(600, Close())):
                with self.subTest((stage, type(how), vars(how))), server.client() as client:
                    before = len(peer.messages())
                    peer.hang_up()  # else a kept connection would be replaced, and nobody hear of it
                    peer.replies[stage] = [how, None]
                    said = client.send_mail()
                    expected = FAILURE.replace(b"450", b"451") if stage == "DATA" else FAILURE
                    self.assertEqual((len(said), said[-1]), (place, expected))
                    client.say(b"RSET\r\n")
                    until("the next is well", lambda: client.send_mail()[-1] == TAKEN or not client.say(b"RSET\r\n"))
                    self.assertEqual(len(peer.messages()), before + 1)

    def test_broken_recipient(self):
        """smtp_proxy: after a backend has gone in the midst of the recipients, nothing of that mail is taken"""
        peer, server = self.each(replies={"RCPT": {"gone@example.com": Close()}})
        with server.client() as client:
            self.assertEqual(client.envelope("b@example.com", "gone@example.com")[-1], FAILURE)
            self.one_line(client, b"RCPT TO:<c@example.com>", FAILURE)
            self.one_line(client, b"DATA", FAILURE.replace(b"450", b"451"))
            client.say(b"RSET\r\n")
            self.assertEqual(client.send_mail()[-1], TAKEN)
        self.assertEqual([one.to for one in peer.messages()], [["b@example.com"]])
        self.assertIsNone(server.found(r"\[CRIT\]"))


class Ends(Proxied):
    def test_rset(self):
        """smtp_proxy: RSET, EHLO and the next MAIL end the backend's transaction, too"""
        peer, server = self.each()
        with server.client() as client:
            for again in (b"RSET", b"EHLO client.example.org"):
                client.envelope("gone@example.com")
                client.say(again + b"\r\n")
                self.assertEqual(client.send_mail("c@example.com")[-1], TAKEN)
        self.assertEqual([one.to for one in peer.messages()], [["c@example.com"]] * 2)
        verbs = [one.verbs() for one in peer.sessions]
        self.assertEqual(verbs[0][:4], ["EHLO", "MAIL", "RCPT", "RSET"])
        self.assertEqual(sum(each.count("RSET") for each in verbs), sum(each.count("MAIL") for each in verbs))

    def test_leaving(self):
        """smtp_proxy: of a client that leaves, by QUIT or without, before or in the midst of its message, nothing is delivered"""
        peer, server = self.each()
        for said in ([b"QUIT\r\n"], [], [b"DATA\r\n", HEADER]):
            with self.subTest(said):
                since, sessions = len(server.lines), len(peer.sessions)
                client = server.client()
                client.envelope()
                for one in said:
                    client.send(one)
                    if one != HEADER:
                        client.reply()
                client.abort()
                server.logged(r"disconnect ip=", since)
                last = peer.sessions[-1] if len(peer.sessions) > sessions else peer.sessions[0]
                if HEADER in said:
                    # It would take what follows for the message.
                    until("it is closed", lambda: last.is_over)  # noqa: B023
                else:
                    until("it is reset", lambda: last.commands[-1] == b"RSET")  # noqa: B023
        self.assertEqual(peer.seen, [])
        self.assertEqual(server.send(), TAKEN)

    def test_refused_here(self):
        """smtp_proxy: a message that a plugin here refuses, the backend does not get"""
        refuses = {"mine": hooked(data_post='return haraka_answer(call, HARAKA_DENY, "no such mail");')}
        peer, server = self.each(code=refuses)
        with server.client() as client:
            self.assertEqual(client.send_mail()[-1], b"550 no such mail\r\n")
            # It would take what follows for the message.
            until("it is closed", lambda: peer.sessions[0].is_over)
        self.assertEqual(peer.seen, [])

    def test_wants(self):
        """smtp_proxy: mail that another queue was named for is not sent"""
        for name, expected in (("smtp_proxy", TAKEN), ("outbound", NO_QUEUE)):
            with self.subTest(name):
                peer, server = self.each(
                    code={"mine": hooked(data=note("transaction", "queue.wants", text(name)) + "return HARAKA_CONT;")})
                self.assertEqual(server.send(), expected)
                self.assertEqual(len(peer.messages()), int(expected == TAKEN))
