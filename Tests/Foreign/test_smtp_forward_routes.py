"""queue/smtp_forward: whose mail goes where, what each recipient has of it, and how a backend is spoken to."""
import os
import re

from backends import FAILURE, NO_QUEUE, TAKEN, Backed, BackedTest, at, pool
from inline import hooked
from outbound import MESSAGE, maildir
from peer import Certificates, NoTLS, Peer
from peers import DovecotLMTP
from server import until
from test_queues import note, text

PLUGIN = "queue/smtp_forward"
QUEUED = b"250 Message accepted\r\n"


class Recipients(BackedTest):
    def test_refused(self):
        """smtp_forward: if the backend refuses a recipient nobody has the mail; a refusal for now counts more than one for good"""
        replies = {"bad@example.com": "550 5.1.1 nobody", "later@example.com": "451 4.2.1 later"}
        with Peer(replies={"RCPT": replies}) as peer, Backed(PLUGIN, at(peer)) as server:
            for to, expected in ((["b@example.com", "bad@example.com"], b"550 5.1.1 nobody\r\n"),
                                 (["bad@example.com", "later@example.com", "b@example.com"], b"451 4.2.1 later\r\n")):
                with self.subTest(to):
                    self.assertEqual(server.send(*to), expected)
            self.assertEqual(peer.seen, [])
            self.assertEqual(server.send("b@example.com", "c@example.com"), TAKEN)
            self.assertEqual(peer.messages()[0].to, ["b@example.com", "c@example.com"])

    def test_two_backends(self):
        """smtp_forward: each domain's mail goes to its own backend; while nobody has it, what one refuses all are refused"""
        with Peer() as one, Peer() as two, Backed(PLUGIN, at(one) + f"[Example.NET]\n{at(two)}") as server:
            to = ("b@example.com", "c@example.net", "d@example.com")
            self.assertEqual(server.send(*to), TAKEN)
            self.assertEqual(self.arrived(one, MESSAGE).to, ["b@example.com", "d@example.com"])
            self.assertEqual(self.arrived(two, MESSAGE).to, ["c@example.net"])
            for stage in ("MAIL", "RCPT"):
                with self.subTest(stage):
                    two.replies[stage] = ["550 5.7.1 not from you", None]
                    self.assertEqual(server.send(*to), b"550 5.7.1 not from you\r\n")
            one.replies["."] = ["452 4.3.1 disk full", None]
            self.assertEqual(server.send(*to), b"452 4.3.1 disk full\r\n")
            self.assertEqual((len(one.messages()), len(two.messages())), (1, 1))

    def test_half(self):
        """smtp_forward: when one backend has the mail and another has not, the queue brings it there; nobody gets it twice"""
        with Peer() as one, Peer(replies={".": ["452 4.3.1 disk full", None]}) as two, Backed(
                PLUGIN, at(one) + f"[example.net]\n{at(two)}") as server:
            self.assertEqual(server.send("b@example.com", "c@example.net"), QUEUED)
            server.logged(r"\[WARN\] \[[\w-]+\.1\] \[queue/smtp_forward\] not delivered, so queued: c@example\.net")
            self.assertEqual(self.arrived(two, MESSAGE).to, ["c@example.net"])
            server.empty()
            self.assertEqual((len(one.messages()), len(two.seen)), (1, 2))

    def test_lmtp(self):
        """smtp_forward: LMTP answers for each recipient; who is refused for now is tried again, and nobody gets it twice"""
        replies = {".": {"later@example.com": ["452 4.2.2 full", None]}}
        with Peer(lmtp=True, replies=replies) as peer, Backed(PLUGIN, at(peer) + "using_lmtp=true\n") as server:
            self.assertEqual(server.send("b@example.com", "later@example.com"), QUEUED)
            self.assertEqual([one.to for one in peer.received(2)], [["b@example.com"], ["later@example.com"]])
            server.empty()
            replies["."].update({"b@example.com": "550 5.2.1 closed", "later@example.com": ["452 4.2.2 full"]})
            self.assertEqual(server.send("b@example.com"), b"550 5.2.1 closed\r\n")
            self.assertEqual(server.send("b@example.com", "later@example.com"), b"452 4.2.2 full\r\n")
            self.assertEqual(len(peer.messages()), 2)

    def test_dovecot(self):
        """smtp_forward: Dovecot's LMTP gets it byte for byte, over TCP and over a unix socket"""
        with DovecotLMTP() as peer:
            for count, ini in enumerate((at(peer), f"path={peer.path}\n"), 1):
                with self.subTest(ini), Backed(PLUGIN, ini + "using_lmtp=true\n") as server:
                    self.assertRegex(server.send(), rb"\A250 2\.0\.0 ")
                    self.ends_with(maildir(peer.received(count)[-1]), MESSAGE)

    def test_one_message_per_rcpt(self):
        """smtp_forward: with one_message_per_rcpt each recipient has a copy; who is refused after others have it goes by the queue"""
        later = {"later@example.com": ["451 4.2.1 later", None], "bad@example.com": "550 5.1.1 nobody"}
        with Peer(replies={"RCPT": later}) as peer, Backed(PLUGIN, at(peer) + "one_message_per_rcpt=true\n") as server:
            self.assertEqual(server.send("b@example.com", "c@example.com"), TAKEN)
            self.assertEqual([one.to for one in peer.messages()], [["b@example.com"], ["c@example.com"]])
            self.assertLessEqual(len(peer.sessions), 2)  # the first is being reset when the second copy goes
            self.assertEqual(server.send("bad@example.com"), b"550 5.1.1 nobody\r\n")
            self.assertEqual(server.send("b@example.com", "later@example.com"), QUEUED)
            self.assertEqual([one.to for one in peer.received(4)][2:], [["b@example.com"], ["later@example.com"]])
            server.empty()


class Routes(BackedTest):
    def test_sender(self):
        """smtp_forward: with domain_selector=mail_from the sender's mailbox, else his domain, chooses the section"""
        with Peer() as main, Peer() as domain, Peer() as user, Backed(
                PLUGIN, f"{at(main)}domain_selector=mail_from\n[example.org]\n{at(domain)}[ann@example.org]\n{at(user)}") as server:
            for sender, peer in (("bob@example.org", domain), ("Ann@Example.ORG", user), ("b@example.com", main), ("", main)):
                with self.subTest(sender):
                    before = len(peer.messages())
                    self.assertEqual(server.send(sender=sender), TAKEN)
                    self.assertEqual(len(peer.messages()), before + 1)

    def test_key_by_key(self):
        """smtp_forward: a section overrides [main] key by key"""
        with Peer(users={"u": "main"}) as main, Peer(users={"u": "own"}) as own, Backed(
                PLUGIN, f"{at(main)}auth_user=u\nauth_pass=main\n[example.net]\nport={own.port}\nauth_pass=own\n") as server:
            self.assertEqual([server.send("b@example.com"), server.send("b@example.net")], [TAKEN, TAKEN])
            self.assertEqual([len(main.messages()), len(own.messages())], [1, 1])

    def test_pool(self):
        """smtp_forward: the backends of a pool take turns; a dead one is left out, looked for, and asked again when it is back"""
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
                    back.tried()  # the probe; nobody sends mail meanwhile
                    until("it is asked again", lambda: server.send() == TAKEN and back.messages())
                one.__exit__()
                self.assertEqual(server.send(), NO_QUEUE)
                with Peer(port=one.port):
                    until("it is there again", lambda: server.send() == TAKEN)

    def test_tls(self):
        """smtp_forward: enable_tls uses what is offered; require_tls sends nothing without; verify_tls wants a good certificate"""
        with Certificates() as made:
            good, other = made.certificate("127.0.0.1"), made.certificate("127.0.0.1", signed=False)
            cases = [("", good, TAKEN, False), ("enable_tls=true\n", None, TAKEN, False), ("enable_tls=true\n", other, TAKEN, True),
                     ("require_tls=true\n", other, TAKEN, True), ("require_tls=true\n", None, FAILURE, False),
                     ("require_tls=true\n", NoTLS(), FAILURE, False), ("verify_tls=true\n", good, TAKEN, True),
                     ("verify_tls=true\n", other, FAILURE, False), ("verify_tls=true\nrequire_tls=true\n", None, FAILURE, False)]
            for ini, tls, expected, is_secured in cases:
                with self.subTest((ini, expected)), Peer(tls=tls) as peer:
                    server = Backed(PLUGIN, at(peer) + ini)
                    server.popen["env"] = {**os.environ, "SSL_CERT_FILE": made.authority}
                    with server:
                        said = server.send()
                        self.assertIn(said, (expected, NO_QUEUE) if expected == FAILURE else (expected,))
                        self.assertEqual(len(peer.messages()), int(expected == TAKEN))
                        if expected == TAKEN:
                            self.assertEqual(peer.messages()[0].session.tls is not None, is_secured)

    def test_auth(self):
        """smtp_forward: logs in by PLAIN, LOGIN or CRAM-MD5, or the best that both can; the password is in no log"""
        password = "geheim 100% wort"
        with Peer(users={"ann": password}) as peer, Backed(
                PLUGIN, at(peer), config={"log.ini": "level=data\n"}) as server:
            for kind in ("PLAIN", "LOGIN", "CRAM-MD5", ""):
                with self.subTest(kind):
                    server.changed("smtp_forward.ini", f"{at(peer)}auth_type={kind}\nauth_user=ann\nauth_pass={password}\n",
                                   r"smtp_forward\.ini has changed")
                    self.assertEqual(server.send(), TAKEN)
                    found = peer.messages()[-1].session
                    self.assertEqual((found.user, found.commands[1].split(b" ")[:2]), ("ann", [b"AUTH", (kind or "CRAM-MD5").encode()]))
                    peer.hang_up()
            server.changed("smtp_forward.ini", f"{at(peer)}auth_user=ann\nauth_pass=falsches\n", r"smtp_forward\.ini has changed")
            self.assertEqual(server.send(), FAILURE)
            for secret in (password, "Z2VoZWltIDEwMCUgd29ydA", "AGFubgBnZWhlaW0", "falsches", "AGFubgBmYWxzY2hlcw"):
                self.assertIsNone(server.found(re.escape(secret)), secret)


class Checks(BackedTest):
    def test_sender(self):
        """smtp_forward: check_sender refuses a sender in a domain of ours from a client that may not relay"""
        ini = "check_sender=true\n[example.com]\n"
        spoofed = b"550 Spoofed MAIL FROM\r\n"
        with Peer() as peer:
            for code, ours in (({}, spoofed), (self.RELAYS, b"250 sender <b@Example.Com> OK\r\n")):
                with self.subTest(ours), Backed(PLUGIN, at(peer) + ini, code=code) as server:
                    for sender, reply in (("b@Example.Com", ours), ("", b"250 sender <> OK\r\n"),
                                          ("b@example.org", b"250 sender <b@example.org> OK\r\n")):
                        with server.client() as client:
                            self.one_line(client, b"MAIL FROM:<%s>" % sender.encode(), reply)
            with Backed(PLUGIN, at(peer) + "[example.com]\n") as server, server.client() as client:
                self.one_line(client, b"MAIL FROM:<b@example.com>", b"250 sender <b@example.com> OK\r\n")

    def test_recipient(self):
        """smtp_forward: check_recipient accepts what has a section, and what goes two ways is split"""
        split = b"450 Split transaction, retry soon\r\n"
        with Peer() as one, Peer() as two:
            ini = f"{at(one)}check_recipient=true\n[example.com]\n[example.edu]\n[example.net]\n{at(two)}[example.org]\nqueue=maildir\n"
            with Backed(PLUGIN, ini, policy=(), behind=["queue/maildir"]) as server, server.client() as client:
                self.one_line(client, b"MAIL FROM:<a@example.org>", b"250 sender <a@example.org> OK\r\n")
                for to, reply in ((b"b@Example.Com", b"250 recipient <b@Example.Com> OK\r\n"), (b"b@example.net", split),
                                  (b"b@example.org", split), (b"b@example.info", b"550 I cannot deliver mail for <b@example.info>\r\n"),
                                  (b"c@example.edu", b"250 recipient <c@example.edu> OK\r\n")):
                    self.one_line(client, b"RCPT TO:<%s>" % to, reply)
                self.one_line(client, b"RSET", b"250 OK\r\n")
                self.assertEqual(client.send_mail("c@example.net")[-1], TAKEN)
                self.assertEqual([len(one.messages()), len(two.messages())], [0, 1])
                # `queue` of a section names who takes it.
                self.assertRegex(client.send_mail("d@example.org")[-1], rb"\A250 Message Queued\r\n")
                self.assertEqual(len(server.stored()), 1)

    def test_wants(self):
        """smtp_forward: mail that another queue was named for is left alone"""
        for name, expected in (("smtp_forward", TAKEN), ("outbound", NO_QUEUE)):
            mine = hooked(mail=note("transaction", "queue.wants", text(name)) + "return HARAKA_CONT;")
            with self.subTest(name), Peer() as peer, Backed(PLUGIN, at(peer), code={"mine": mine}) as server:
                self.assertEqual(server.send(), expected)

    def test_relayed(self):
        """smtp_forward: mail of clients that may relay is forwarded with enable_outbound, else queued for its section's backend"""
        with Peer() as main, Peer() as own:
            ini = f"{at(main)}enable_outbound=%s\n[example.net]\n{at(own)}bind=127.0.0.9\nbind_helo=out.example.com\n"
            with Backed(PLUGIN, ini % "true", code=self.RELAYS) as server:
                self.assertEqual(server.send("b@example.org"), TAKEN)
                self.arrived(main, MESSAGE)
            with Backed(PLUGIN, ini % "false", code=self.RELAYS) as server:
                self.assertRegex(server.send("b@example.net"), rb"\A250 Message Queued\r\n")
                found = own.received()[0]
                self.assertEqual((found.session.address, found.session.commands[0]), ("127.0.0.9", b"EHLO out.example.com"))
                server.empty()

    def test_relayed_to_nobody(self):
        """smtp_forward: mail that goes out and finds no backend is refused for now, and does not go elsewhere"""
        with Peer() as gone:
            pass
        with Backed(PLUGIN, at(gone) + "enable_outbound=true\n", code=self.RELAYS) as server:
            self.assertEqual(server.send("b@example.org"), FAILURE)
            self.assertEqual(server.queued(), [])

    def test_live(self):
        """smtp_forward: a change counts for the next mail; a file with a mistake changes nothing, and is refused at a start"""
        mistakes = ["port=0\n", "port=smtp\n", "timeout=0\n", "connect_timeout=x\n", "enable_tls=perhaps\n", "check_sender=2\n",
                    "domain_selector=to\n", "dead_forwarding_host_retry_secs=0\n", "[example.com]\nusing_lmtp=maybe\n"]
        with Peer() as one, Peer() as two, Backed(PLUGIN, at(one)) as server:
            self.assertEqual(server.send(), TAKEN)
            server.changed("smtp_forward.ini", at(two), r"\[INFO\] .*smtp_forward\.ini has changed: 0 domains")
            self.assertEqual(server.send(), TAKEN)
            for mistake in mistakes:
                with self.subTest(mistake):
                    server.changed("smtp_forward.ini", at(one) + mistake, r"\[ERROR\] .*smtp_forward\.ini: all stays as it was: ")
            self.assertEqual(server.send(), TAKEN)
            self.assertEqual([len(one.messages()), len(two.messages())], [1, 2])
            again = Backed(PLUGIN, at(one) + mistakes[0])
            self.addCleanup(again.abandon)
            with self.assertRaisesRegex(AssertionError, r"status 255[\s\S]*queue/smtp_forward[\s\S]*port: expected 1 to 65535"):
                again.start()
