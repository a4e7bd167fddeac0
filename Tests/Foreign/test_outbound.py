"""Mail that is relayed arrives: byte for byte, at every recipient once. docs/outbound.md."""
import email
import email.policy

from outbound import HEADER, MESSAGE, OutboundTest, Relaying, at, maildir
from peer import EHLO, Close, Peer, Raw, Wait
from peers import DovecotLMTP, OpenSMTPD, Postfix, Sink
from server import until

BODIES = {
    "a line": b"Hello\r\n",
    "no body": b"",
    "dots": b".\r\n..\r\n.a\r\n\r\n.\r\n...\r\nend.\r\n.",
    "eight bits": bytes(byte for byte in range(128, 256)) * 5 + b"\r\nGr\xc3\xbc\xc3\x9fe\r\n",
    "long lines": b"x" * 990 + b"\r\n." + b"y" * 980 + b"\r\n",
    "blank lines": b"\r\n\r\na\r\n\r\n\r\n",
    "tabs and blanks": b" a \t\r\n\t\r\n \r\n",
}


def message(body, kind="text/plain; charset=utf-8"):
    head = HEADER + b"MIME-Version: 1.0\r\nContent-Type: " + kind.encode() + b"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    return head + (body if not body or body.endswith(b"\r\n") else body + b"\r\n")


class Bytes(OutboundTest):
    def test_as_it_was(self):
        """outbound: dots, 8 bits, long lines, an empty body arrive as they were sent"""
        with Peer() as peer, Relaying({"example.net": at(peer)}) as server:
            for count, (name, body) in enumerate(BODIES.items(), 1):
                with self.subTest(name):
                    server.queued("bob@example.net", message=message(body), mail=b" BODY=8BITMIME")
                    last = self.arrived(peer, message(body), count)
                    self.assertEqual((last.sender, last.to), ("alice@example.org", ["bob@example.net"]))
            server.empty()

    def test_ten_mebibytes(self):
        """outbound: ten mebibytes arrive as they were sent"""
        body = b"".join(b"%07d 0123456789 abcdefghijklmnopqrstuvwxyz .\r\n" % number for number in range(220_000))
        with Peer() as peer, Relaying({"example.net": at(peer)}) as server:
            server.queued("bob@example.net", message=MESSAGE + body)
            self.arrived(peer, MESSAGE + body)
            server.empty()

    def test_sink(self):
        """outbound: smtp-sink gets it, with and without extensions, and by HELO"""
        for options in ((), ("-8",), ("-p",), ("-e",), ("-N", "-E")):
            with self.subTest(options), Sink(*options) as peer, Relaying({"example.net": at(peer)}) as server:
                server.queued("bob@example.net", message=MESSAGE + b".\r\n..x\r\n")
                self.arrived(peer, MESSAGE + b".\r\n..x\r\n")
                server.empty()

    def test_postfix(self):
        """outbound: Postfix gets it byte for byte"""
        self.real(Postfix)

    def test_opensmtpd(self):
        """outbound: OpenSMTPD gets it byte for byte"""
        self.real(OpenSMTPD)

    def test_dovecot(self):
        """outbound: Dovecot's LMTP gets it byte for byte, over TCP and over a unix socket"""
        self.real(DovecotLMTP, "lmtp://")
        with DovecotLMTP() as peer, Relaying({"example.net": f"lmtp://{peer.path}"}) as server:
            server.queued("bob@example.net")
            self.ends_with(maildir(peer.received()[0]), MESSAGE)

    def real(self, kind, scheme=""):
        # Real servers store a last line with its line end, and OpenSMTPD adds one where none was.
        bodies = {name: body for name, body in BODIES.items() if name not in ("no body", "blank lines")}
        with kind() as peer, Relaying({"example.net": at(peer, scheme)}) as server:
            for count, (name, body) in enumerate(bodies.items(), 1):
                with self.subTest(name):
                    server.queued("bob@example.net", message=message(body), mail=b" BODY=8BITMIME")
                    self.ends_with(maildir(peer.received(count)[-1]).rstrip(b"\r\n"), message(body).rstrip(b"\r\n"))
            server.empty()

    def test_no_eight_bits(self):
        """outbound: for a server without 8BITMIME the body is encoded, and says the same"""
        plain = tuple(word for word in EHLO if word != "8BITMIME")
        body = "Grüße aus Köln\r\n.\r\nüber Straßen\r\n".encode()
        with Peer(ehlo=plain) as peer, Relaying({"example.net": at(peer)}) as server:
            server.queued("bob@example.net", message=message(body), mail=b" BODY=8BITMIME")
            data = peer.received()[0].data
            self.assertTrue(data.isascii())
            parsed = email.message_from_bytes(data, policy=email.policy.default)
            self.assertEqual(parsed["Subject"], "a test")
            self.assertEqual(parsed.get_content().replace("\r\n", "\n"), body.decode().replace("\r\n", "\n"))

    def test_outbound_head(self):
        """outbound: a missing Message-Id and Date are added, and a Received field of our own"""
        with Peer() as peer, Relaying({"example.net": at(peer)}) as server:
            server.queued("bob@example.net", message=b"Subject: bare\r\n\r\nx\r\n")
            parsed = email.message_from_bytes(peer.received()[0].data, policy=email.policy.default)
            self.assertRegex(parsed["Message-Id"], r"\A<[^<>@\s]+@mx\.example\.com>\Z")
            self.assertIsNotNone(parsed["Date"].datetime)
            self.assertRegex(parsed.get_all("Received")[0], r"\A\(Haraka outbound\); ")


class Recipients(OutboundTest):
    def test_mixed(self):
        """outbound: each recipient has its own outcome, and nobody who has the mail gets it again"""
        later = {"later@one.example": ["451 4.7.1 greylisted", "250 ok"], "never@one.example": ["550 5.1.1 nobody"]}
        with Peer(replies={"RCPT": later}) as one, Peer() as two, Peer() as home, Relaying(
                {"one.example": at(one), "two.example": at(two), "example.org": at(home)}) as server:
            server.queued("now@one.example", "later@one.example", "never@one.example", "a@two.example", "b@two.example")
            server.empty()
            self.assertEqual([found.to for found in one.messages()], [["now@one.example"], ["later@one.example"]])
            self.assertEqual([found.to for found in two.messages()], [["a@two.example", "b@two.example"]])
            reports = home.messages()
            self.assertEqual([found.to for found in reports], [["alice@example.org"]])
            self.assertIn(b"never@one.example", reports[0].data)
            self.assertNotIn(b"Final-Recipient: rfc822;now@", reports[0].data.replace(b"; ", b";"))

    def test_lmtp_replies(self):
        """outbound: after the dot LMTP answers for each recipient, and each answer counts"""
        replies = {".": {"b@example.net": ["452 4.2.2 full", "250 ok"], "c@example.net": ["550 5.2.1 closed"]}}
        with Peer(lmtp=True, replies=replies) as peer, Peer() as home, Relaying(
                {"example.net": at(peer, "lmtp://"), "example.org": at(home)}) as server:
            server.queued("a@example.net", "b@example.net", "c@example.net")
            server.empty()
            self.assertEqual([found.to for found in peer.messages()], [["a@example.net"], ["b@example.net"]])
            self.assertIn(b"c@example.net", home.received()[0].data)

    def test_always_split(self):
        """outbound: with always_split each recipient is a delivery of its own"""
        with Peer() as peer, Relaying({"example.net": at(peer)}, ini="always_split=true\n") as server:
            server.queued("a@example.net", "b@example.net", "c@example.net")
            self.assertEqual(sorted(found.to for found in peer.received(3)), [[f"{name}@example.net"] for name in "abc"])
            server.empty()

    def test_many(self):
        """outbound: a mail for a thousand recipients of a hundred domains reaches each of them once"""
        everybody = [f"u{number}@d{number % 100}.example" for number in range(1000)]
        with Peer() as peer:
            place = at(peer)
            with Relaying({f"d{number}.example": place for number in range(100)}) as server:
                server.queued(*everybody)
                server.empty()
                self.assertEqual(sorted(to for found in peer.messages() for to in found.to), sorted(everybody))

    def test_reuse(self):
        """outbound: one connection carries one mail after the other"""
        with Peer() as peer, Relaying({"example.net": at(peer)}) as server:
            for count in range(1, 6):
                server.queued("bob@example.net")
                peer.received(count)
            self.assertEqual(len(peer.sessions), 1, [one.commands for one in peer.sessions])

    def test_messages_of_a_connection(self):
        """outbound: no connection carries more mails than connections.messages says"""
        with Peer() as peer, Relaying({"example.net": at(peer)}, ini="[connections]\nmessages=2\n") as server:
            for count in range(1, 5):
                server.queued("bob@example.net")
                peer.received(count)
            self.assertEqual([one.verbs().count("DATA") for one in peer.sessions], [2, 2])

    def test_without_workers(self):
        """outbound: nodes=0 delivers, too"""
        with Peer() as peer, Relaying({"example.net": at(peer)}, nodes=0) as server:
            server.queued("bob@example.net")
            self.arrived(peer, MESSAGE)
            server.empty()


class Faults(OutboundTest):
    """What goes wrong once, goes well the next time."""

    TEMPORARY = ["connect", "EHLO", "MAIL", "RCPT", "DATA", "."]

    def once(self, stage, how, **more):
        """Fails the first time; then the mail arrives."""
        # A site that could not be reached rests; here as short as can be.
        ini = "[timeout]\nreply=1\nmessage=2\n[concurrency]\nrest=1\n"
        with Peer(replies={stage: [how, None]}, **more) as peer, Relaying({"example.net": at(peer)}, ini=ini) as server:
            server.queued("bob@example.net")
            self.arrived(peer, MESSAGE)
            server.empty()
            self.assertEqual(len(peer.messages()), 1)

    def test_temporary(self):
        """outbound: a 4xx at any stage is tried again"""
        for stage in self.TEMPORARY:
            with self.subTest(stage):
                self.once(stage, "451 4.3.0 not now")

    def test_closed(self):
        """outbound: a server that closes at any stage, with a word, without, by a reset, is tried again"""
        for stage in self.TEMPORARY:
            for how in (Close(), Close("421 4.3.2 going down"), Close(reset=True)):
                with self.subTest((stage, how.text, how.reset)):
                    self.once(stage, how)

    def test_slow(self):
        """outbound: a server that takes longer than the time limits is tried again"""
        for stage in ("connect", "MAIL", "."):
            with self.subTest(stage):
                self.once(stage, Wait(8, Close()))

    def test_garbage(self):
        """outbound: what is no reply harms nobody: the mail is delivered later, or its sender hears of it"""
        for stage in ("connect", "EHLO", "MAIL", "RCPT", "DATA", "."):
            for junk in (b"\x00\xff\xfe\r\n", b"2500 x\r\n", b"250-never ends\r\n" * 2000, b"y" * 100_000):
                with self.subTest((stage, junk[:8])), Peer(replies={stage: [Raw(junk), None]}) as peer, Peer() as home, Relaying(
                        {"example.net": at(peer), "example.org": at(home)}, ini="[timeout]\nreply=1\nmessage=1\n") as server:
                    server.queued("bob@example.net")
                    until("an outcome", lambda: peer.messages() or home.messages())
                    server.empty()

    def test_sink_faults(self):
        """outbound: smtp-sink that refuses, hangs up or is slow: the mail waits with its reason"""
        for options, words in ((("-r", "RCPT"), "4.3.0"), (("-r", "DATA"), "4.3.0"), (("-q", "MAIL"), ""), (("-Q", "RCPT"), "421"),
                               (("-q", "."), "")):
            with self.subTest(options), Sink(*options) as peer, Relaying({"example.net": at(peer)}, quick=False) as server:
                server.queued("bob@example.net")
                row = server.deferred()[0]
                self.assertIn(words, row["error"])
                self.assertEqual((row["attempts"], row["to"], row["domain"]), (1, ["bob@example.net"], "example.net"))

    def test_lost_reply(self):
        """outbound: when the last reply is lost the mail comes a second time, and no more often"""
        with Peer(replies={".": [Close(), None]}) as peer, Relaying({"example.net": at(peer)}) as server:
            server.queued("bob@example.net")
            server.empty()
            self.assertEqual((len(peer.seen), len(peer.messages())), (2, 1))

    def test_size(self):
        """outbound: what is larger than the server's SIZE is not sent, and the sender is told"""
        with Peer(ehlo=("SIZE 100",)) as peer, Peer() as home, Relaying(
                {"example.net": at(peer), "example.org": at(home)}) as server:
            server.queued("bob@example.net")
            self.assertIn(b"bob@example.net", home.received()[0].data)
            self.assertNotIn("DATA", [verb for one in peer.sessions for verb in one.verbs()])

    def test_pipelining(self):
        """outbound: commands go together only to servers that say so"""
        for ehlo in (EHLO, tuple(word for word in EHLO if word != "PIPELINING")):
            with self.subTest(ehlo), Peer(ehlo=ehlo) as peer, Relaying({"example.net": at(peer)}) as server:
                server.queued("a@example.net", "b@example.net", "c@example.net")
                self.assertEqual(peer.received()[0].to, ["a@example.net", "b@example.net", "c@example.net"])
