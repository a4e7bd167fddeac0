"""Reports to senders, as RFC 3464 has them. docs/outbound.md "Reports"."""
import email
import email.policy
import email.utils

from outbound import HEADER, MESSAGE, OutboundTest, Relaying, at, report
from peer import Peer


class Bounces(OutboundTest):
    REFUSED = {"RCPT": {"no@example.net": "550 5.1.1 <no@example.net>: no such user here"}}

    def test_report(self):
        """bounce: a report says who did not get it, what the server said, and which mail it was"""
        with Peer(replies=self.REFUSED) as peer, Peer() as home, Relaying(
                {"example.net": at(peer), "example.org": at(home)}) as server:
            server.queued("no@example.net", "yes@example.net")
            found = home.received()[0]
            self.assertEqual((found.sender, found.to), ("", ["alice@example.org"]))
            whole, mail, recipients = report(found.data)
            self.assertEqual(whole["MIME-Version"], "1.0")
            self.assertEqual(whole.get_content_type(), "multipart/report")
            self.assertEqual(whole.get_param("report-type"), "delivery-status")
            self.assertEqual(email.utils.parseaddr(whole["To"])[1], "alice@example.org")
            self.assertRegex(whole["From"], r"MAILER-DAEMON@mx\.example\.com")
            self.assertTrue(whole["Subject"])
            self.assertEqual(whole["Auto-Submitted"], "auto-replied")
            self.assertIsNotNone(whole["Date"].datetime)
            self.assertTrue(whole["Message-Id"])
            self.assertIn("<1@example.org>", whole["References"])
            self.assertRegex(mail["Reporting-MTA"], r"dns; ?mx\.example\.com")
            self.assertIsNotNone(email.utils.parsedate_to_datetime(mail["Arrival-Date"]))
            self.assertEqual(len(recipients), 1)
            self.assertRegex(recipients[0]["Final-Recipient"], r"rfc822; ?no@example\.net")
            self.assertEqual(recipients[0]["Action"], "failed")
            self.assertTrue(recipients[0]["Status"].startswith("5.1.1"), recipients[0]["Status"])
            self.assertRegex(recipients[0]["Remote-MTA"], r"dns; ?\S+")
            self.assertRegex(recipients[0]["Diagnostic-Code"], r"smtp; ?550 5\.1\.1 <no@example\.net>: no such user here")
            _, _, original = whole.iter_parts()
            self.assertIn("no such user here", whole.get_body(("plain",)).get_content())
            self.assertIn(original.get_content_type(), ("message/rfc822", "text/rfc822-headers"))
            self.assertIn(b"Subject: a test", bytes(original))
            server.empty()
            self.assertEqual(peer.messages()[0].to, ["yes@example.net"])

    def test_whole_or_header(self):
        """bounce: a small mail comes back whole, of a large one the header"""
        for size, kind in ((100, "message/rfc822"), (200_000, "text/rfc822-headers")):
            with self.subTest(size), Peer(replies=self.REFUSED) as peer, Peer() as home, Relaying(
                    {"example.net": at(peer), "example.org": at(home)}) as server:
                reply = server.send("no@example.net", message=MESSAGE + b"0123456789abcde\r\n" * (size // 17))
                self.assertEqual(reply[:3], b"250", reply)
                whole, _, _ = report(home.received()[0].data)
                self.assertEqual(list(whole.iter_parts())[2].get_content_type(), kind)

    def test_null_sender(self):
        """bounce: a report that cannot be delivered causes no other, and leaves a line in the log"""
        with Peer(replies=self.REFUSED) as peer, Peer(replies={"RCPT": "550 5.1.1 gone"}) as home, Relaying(
                {"example.net": at(peer), "example.org": at(home)}) as server:
            server.queued("no@example.net")
            home.tried(1, "RCPT")
            server.empty()
            server.logged(r"(?i)double bounce")
            self.assertEqual(home.messages(), [])
            server.queued("no@example.net", sender="")
            server.empty()
            self.assertEqual(len([one for one in home.sessions if "MAIL" in one.verbs()]), 1)

    def test_given_up(self):
        """bounce: when all attempts are used up the sender hears what the last one ended with"""
        with Peer(replies={"RCPT": "451 4.2.1 mailbox busy"}) as peer, Peer() as home, Relaying(
                {"example.net": at(peer), "example.org": at(home)}, ini="temp_fail_intervals=none\n", quick=False) as server:
            server.queued("bob@example.net")
            _, _, recipients = report(home.received()[0].data)
            self.assertEqual(recipients[0]["Action"], "failed")
            self.assertRegex(recipients[0]["Diagnostic-Code"], r"mailbox busy")
            self.assertRegex(recipients[0]["Status"], r"\A[45]\.2\.1")
            self.assertEqual(len([one for one in peer.sessions if "RCPT" in one.verbs()]), 1)
            server.empty()

    def test_schedule(self):
        """bounce: the schedule is kept: one attempt, five seconds, the second, and the end"""
        with Peer(replies={"RCPT": "451 4.2.1 busy"}) as peer, Peer() as home, Relaying(
                {"example.net": at(peer), "example.org": at(home)}, quick=False,
                ini="temp_fail_intervals=1h\n[schedule]\nexample.net=5s\n") as server:
            server.queued("bob@example.net")
            row = server.deferred()[0]
            self.assertAlmostEqual(row["next_attempt"] - row["queue_time"], 5000, delta=2000)
            self.assertIn(b"bob@example.net", home.received()[0].data)
            self.assertEqual(sum(one.verbs().count("RCPT") for one in peer.sessions), 2)

    def test_loop(self):
        """bounce: a mail that has come round too often comes back"""
        received = b"".join(b"Received: from a%d by b; Sat, 21 Nov 2026 12:00:00 +0000\r\n" % number for number in range(30))
        with Peer() as peer, Peer() as home, Relaying(
                {"example.net": at(peer), "example.org": at(home)}, ini="max_received=20\n") as server:
            server.queued("bob@example.net", message=received + MESSAGE)
            _, _, recipients = report(home.received()[0].data)
            self.assertEqual(recipients[0]["Status"].split()[0], "5.4.6")
            self.assertEqual(peer.seen, [])

    def test_template(self):
        """bounce: outbound.bounce_message says the words, its placeholders filled in"""
        template = ("From: Post Office <post@{me}>\nTo: {from}\nSubject: came back: {subject}\n\n"
                    "Sorry: {recipients}\n{reason}\n{extended_reason}\n{nonsense}\n")
        with Peer(replies=self.REFUSED) as peer, Peer() as home, Relaying(
                {"example.net": at(peer), "example.org": at(home)}, config={"outbound.bounce_message": template}) as server:
            server.queued("no@example.net")
            whole, _, _ = report(home.received()[0].data)
            self.assertEqual(whole["From"], "Post Office <post@mx.example.com>")
            self.assertEqual(whole["Subject"], "came back: a test")
            words = whole.get_body(("plain",)).get_content()
            self.assertIn("Sorry: ", words)
            self.assertIn("no@example.net", words)
            self.assertNotIn("{reason}", words)
            self.assertIn("?", words)

    def test_html(self):
        """bounce: with an HTML template both forms are there, and values are escaped"""
        config = {"outbound.bounce_message_html": "<html><body><b>{recipients}</b> {subject}</body></html>\n"}
        message = HEADER.replace(b"a test", b"<i>&") + b"\r\nx\r\n"
        with Peer(replies=self.REFUSED) as peer, Peer() as home, Relaying(
                {"example.net": at(peer), "example.org": at(home)}, config=config) as server:
            server.queued("no@example.net", message=message)
            whole = email.message_from_bytes(home.received()[0].data, policy=email.policy.default)
            html = next(part for part in whole.walk() if part.get_content_type() == "text/html").get_content()
            self.assertIn("&lt;i&gt;&amp;", html)
            self.assertTrue(any(part.get_content_type() == "text/plain" for part in whole.walk()))

    def test_suppressed(self):
        """bounce: a plugin that answers the hook keeps the report back"""
        code = "HARAKA_REGISTER(self) { (void)self; return HARAKA_SUCCESS; }\nHARAKA_HOOK(bounce) { (void)call; return HARAKA_OK; }\n"
        with Peer(replies=self.REFUSED) as peer, Peer() as home, Relaying(
                {"example.net": at(peer), "example.org": at(home)}, code={"mine": code}) as server:
            server.queued("no@example.net")
            peer.tried(1, "RCPT")
            server.empty()
            self.assertEqual(home.sessions, [])
