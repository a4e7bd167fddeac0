"""queue/lmtp and queue/deliver: mail that goes by the server's own queue. PluginsSrc/queue/lmtp/README.md, .../deliver/README.md."""
import tempfile

from backends import IDENTITY, NO_QUEUE, Backed, BackedTest, at
from inline import hooked
from outbound import MESSAGE, maildir, routes
from peer import Peer
from peers import DovecotLMTP
from test_outbound import BODIES, message
from test_queues import note, text

PLUGIN = "queue/lmtp"
QUEUED = b"250 Message Queued\r\n"


def again(seconds=1):
    """C code of a plugin that lets failed deliveries be tried again soon."""
    return hooked(deferred=f"haraka_value v = haraka_integer({seconds}); return haraka_answer_value(call, HARAKA_DENYSOFT, &v);")


class LMTP(BackedTest):
    def test_dovecot(self):
        """lmtp: Dovecot gets it byte for byte, over TCP and over a unix socket"""
        with DovecotLMTP() as peer:
            for ini in (at(peer), f"path={peer.path}\n"):
                with self.subTest(ini), Backed(PLUGIN, ini) as server:
                    for name in ("a line", "dots", "eight bits", "tabs and blanks"):
                        before = len(peer.messages())
                        self.assertEqual(server.send(message=message(BODIES[name]), mail=b" BODY=8BITMIME"), QUEUED)
                        self.ends_with(maildir(peer.received(before + 1)[-1]), message(BODIES[name]))
                    server.empty()

    def test_recipients(self):
        """lmtp: each recipient has its own outcome; who is refused for now is tried again, for good is reported, and nobody gets it twice"""
        replies = {".": {"later@example.com": ["452 4.2.2 full", None], "bad@example.com": "550 5.2.1 closed"}}
        with Peer(lmtp=True, replies=replies) as peer, Peer() as home, Backed(
                PLUGIN, at(peer), code={"again": again(), "home": routes({"example.org": f"127.0.0.1:{home.port}"}, relays=False)}) as server:
            self.assertEqual(server.send("b@example.com", "later@example.com", "bad@example.com"), QUEUED)
            server.empty()
            self.assertEqual([one.to for one in peer.messages()], [["b@example.com"], ["later@example.com"]])
            (report,) = home.messages()
            self.assertEqual((report.sender, report.to), ("", ["a@example.org"]))
            self.assertIn(b"bad@example.com", report.data)

    def test_down(self):
        """lmtp: while the store is down mail is taken and waits; it arrives when the store is back"""
        with Peer(lmtp=True) as peer:
            pass
        with Backed(PLUGIN, at(peer), code={"again": again()}) as server:
            self.assertEqual(server.send(), QUEUED)
            server.logged(r"\bdeferred\b|failed", limit=60)
            self.assertEqual(len(server.queued()), 1)
            with Peer(lmtp=True, port=peer.port) as back:
                self.arrived(back, MESSAGE)
                server.empty()
                self.assertEqual(back.sessions[0].verbs()[0], "LHLO")

    def test_sections(self):
        """lmtp: a domain's section says all for it: what it does not say is the default, and not [main]'s"""
        with tempfile.TemporaryDirectory(prefix="haraka-test-") as folder, Peer(lmtp=True) as main, Peer(lmtp=True) as other, \
                Peer(lmtp=True, unix=f"{folder}/s") as unix, Peer(lmtp=True, port=24) as usual:
            ini = (f"[main]\n{at(main)}[example.NET]\n{at(other)}[example.edu]\npath={folder}/s\n[example.info]\nhost=127.0.0.1\n")
            domains = {"example.com": main, "example.net": other, "example.edu": unix, "example.info": usual}
            with Backed(PLUGIN, ini, config={"host_list": "".join(f"{domain}\n" for domain in domains)}) as server:
                self.assertEqual(server.send(*(f"b@{domain}" for domain in domains)), QUEUED)
                for domain, peer in domains.items():
                    self.assertEqual(self.arrived(peer, MESSAGE).to, [f"b@{domain}"])

    def test_others(self):
        """lmtp: mail that another queue was named for, and that of clients that may relay, is left alone"""
        with Peer(lmtp=True) as peer, Peer() as outside:
            for name, expected in (("lmtp", QUEUED), ("smtp_forward", NO_QUEUE)):
                mine = hooked(mail=note("transaction", "queue.wants", text(name)) + "return HARAKA_CONT;")
                with self.subTest(name), Backed(PLUGIN, at(peer), code={"mine": mine}) as server:
                    self.assertEqual(server.send(), expected)
                    if expected == QUEUED:
                        self.arrived(peer, MESSAGE)
            code = {"routes": routes({"example.com": f"127.0.0.1:{outside.port}"})}  # which lets everybody relay, too
            with Backed(PLUGIN, at(peer), code=code) as server:
                self.assertEqual(server.send(), QUEUED)
                self.arrived(outside, MESSAGE)
            self.assertEqual(len(peer.messages()), 1)

    def test_live(self):
        """lmtp: a change counts for mail that waits, too; a file with a mistake changes nothing, and is refused at a start"""
        mistakes = ["port=0\n", "path=relative\n", "[example.com]\nport=x\n"]
        with Peer(lmtp=True) as gone:
            pass
        with Peer(lmtp=True) as peer, Backed(PLUGIN, at(gone), code={"again": again()}) as server:
            self.assertEqual(server.send(), QUEUED)
            for mistake in mistakes:
                with self.subTest(mistake):
                    server.changed("lmtp.ini", "host=127.0.0.1\n" + mistake, r"\[ERROR\] .*lmtp\.ini: all stays as it was: ")
            server.changed("lmtp.ini", at(peer), r"\[INFO\] .*lmtp\.ini has changed")
            self.arrived(peer, MESSAGE)
            refused = Backed(PLUGIN, mistakes[0])
            self.addCleanup(refused.abandon)
            with self.assertRaisesRegex(AssertionError, r"status 255[\s\S]*queue/lmtp[\s\S]*port: expected 1 to 65535"):
                refused.start()


class Deliver(BackedTest):
    TAKES = hooked(queue_outbound='return haraka_answer(call, HARAKA_OK, "taken by the next");')

    def server(self, peer, wish="", plugin="queue/deliver"):
        mine = hooked(mail=(note("transaction", "queue.wants", text(wish)) if wish else "") + "return HARAKA_CONT;")
        code = {"mine": mine, "routes": routes({"example.com": f"127.0.0.1:{peer.port}"}), "next": self.TAKES}
        server = Backed(plugin, code=code, policy=())
        server.configure("plugins", "".join(f"{name}\n" for name in ("mine", "routes", plugin, "next")))
        return server

    def test_order(self):
        """deliver: mail of a client that may relay goes into the server's queue, and no plugin behind it is asked"""
        with Peer() as peer:
            for wish in ("", "outbound", "deliver"):
                with self.subTest(wish), self.server(peer, wish) as server, server.client() as client:
                    said = client.envelope() + [client.say(b"DATA\r\n"), client.say(MESSAGE + b".\r\n")]
                    self.assertEqual(IDENTITY.sub(b"", said[-1]), QUEUED)
                    self.arrived(peer, MESSAGE, ("", "outbound", "deliver").index(wish) + 1)
                    server.empty()

    def test_others(self):
        """deliver: mail that another queue was named for goes to the next plugin"""
        with Peer() as peer, self.server(peer, "smtp_forward") as server:
            self.assertEqual(server.send(), b"250 taken by the next\r\n")
            self.assertEqual(server.queued(), [])
