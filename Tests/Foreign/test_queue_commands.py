"""`haraka queue`, Haraka's flags for the queue, and `haraka sendmail`. docs/outbound.md "Commands"."""
import email
import email.policy
import json
import os
import pty
import subprocess

from outbound import MESSAGE, OutboundTest, Relaying, at
from peer import Peer
from peers import Sink
from server import HARAKA, LIMIT, until

# Three mails: one for two domains, one that is refused for now, one from somebody else.
BUSY = {"RCPT": "451 4.2.1 mailbox busy"}


class Commands(OutboundTest):
    def waiting(self, server):
        """Fills the queue; the uuids."""
        uuids = [server.queued("a@one.example", "b@one.example", "c@two.example"),
                 server.queued("d@one.example", sender="carol@example.org"),
                 server.queued("e@three.example", sender="")]
        server.deferred(4)
        return uuids

    def serving(self, **more):
        peer = Peer(replies=BUSY).__enter__()
        self.addCleanup(peer.__exit__)
        to = {f"{name}.example": at(peer) for name in ("one", "two", "three")}
        return peer, Relaying(to, quick=False, **more)

    def both(self, check):
        """A check of the running server, and the same of its folder when it has stopped."""
        peer, server = self.serving()
        with server:
            uuids = self.waiting(server)
            with self.subTest("running"):
                check(server, uuids)
            self.assertEqual(server.stop(), 0)
            with self.subTest("stopped"):
                check(server, uuids)
            server.again()

    def test_list(self):
        """queue list: one row for each message and domain, the oldest first, with what happens when"""
        def check(server, uuids):
            rows = server.rows()
            self.assertEqual([(row["uuid"], row["file"], row["domain"], row["from"], row["to"]) for row in rows], [
                (f"{uuids[0]}.1", uuids[0], "one.example", "alice@example.org", ["a@one.example", "b@one.example"]),
                (f"{uuids[0]}.2", uuids[0], "two.example", "alice@example.org", ["c@two.example"]),
                (f"{uuids[1]}.1", uuids[1], "one.example", "carol@example.org", ["d@one.example"]),
                (f"{uuids[2]}.1", uuids[2], "three.example", "", ["e@three.example"])])
            for row in rows:
                self.assertEqual((row["state"], row["attempts"]), ("deferred", 1))
                self.assertIn("mailbox busy", row["error"])
                self.assertTrue(30_000 < row["next_attempt"] - row["queue_time"] < 120_000, row)
                self.assertGreaterEqual(row["size"], len(MESSAGE))
            text = server.ask("list")
            self.succeeded(text)
            self.assertIn("1 attempt failed, next attempt", text.stdout)
            self.assertIn("mailbox busy", text.stdout)
        self.both(check)

    def test_filters(self):
        """queue list: by id, domain, sender, recipient, age and number"""
        def check(server, uuids):
            def domains(*filters):
                return [row["domain"].split(".")[0] for row in server.rows(*filters)]
            self.assertEqual(domains(uuids[0]), ["one", "two"])
            self.assertEqual(domains(f"{uuids[0]}.2"), ["two"])
            self.assertEqual(domains(uuids[1], uuids[2]), ["one", "three"])
            self.assertEqual(domains("--domain", "ONE.example"), ["one", "one"])
            self.assertEqual(domains("--sender", "Carol@example.org"), ["one"])
            self.assertEqual(domains("--sender", "@example.org"), ["one", "two", "one"])
            self.assertEqual(domains("--sender", "<>"), ["three"])
            self.assertEqual(domains("--recipient", "c@two.example"), ["two"])
            self.assertEqual(domains("--older-than", "1d"), [])
            self.assertEqual(domains("--limit", "2"), ["one", "two"])
            self.assertEqual(domains("--domain", "one.example", "--sender", "carol@example.org"), ["one"])
            for wrong in (["--older-than", "soon"], ["--older-than", "-1"], ["--limit", "x"], ["--nonsense"]):
                self.assertEqual(server.ask("list", *wrong).returncode, 255, wrong)
        self.both(check)

    def test_show(self):
        """queue show: for each recipient why, when next, and what the other server said; and the mail itself"""
        def check(server, uuids):
            shown = server.ask("show", uuids[0])
            self.succeeded(shown)
            for words in ("<a@one.example>", "<b@one.example>", "<c@two.example>", "1 attempt failed", "next attempt", "127.0.0.1",
                          "451", "mailbox busy"):
                self.assertIn(words, shown.stdout)
            page = json.loads(server.ask("show", "--json", uuids[1]).stdout)[0]
            self.assertEqual((page["file"], page["from"]), (uuids[1], "carol@example.org"))
            recipient = page["recipients"][0]
            self.assertEqual((recipient["address"], recipient["state"], recipient["attempts"]), ("d@one.example", "deferred", 1))
            self.assertEqual((recipient["last"]["code"], recipient["last"]["status"]), (451, "4.2.1"))
            self.assertIn("mailbox busy", recipient["last"]["text"])
            whole = subprocess.run([HARAKA, "queue", "show", uuids[0], "--message", "-c", server.folder], capture_output=True,
                                   timeout=LIMIT, check=True).stdout
            self.assertTrue(whole.endswith(MESSAGE), whole)
            head = server.ask("show", uuids[0], "--headers").stdout
            self.assertIn("Subject: a test", head)
            self.assertNotIn("Hello", head)
            missing = server.ask("show", "NOTHING")
            self.assertEqual(missing.returncode, 1)
            self.assertIn("not in the queue", missing.stderr)
        self.both(check)

    def test_stats(self):
        """queue stats: how many, running or not"""
        def check(server, _):
            stats = json.loads(server.ask("stats", "--json").stdout)
            self.assertEqual({key: stats[key] for key in ("messages", "recipients", "deferred", "held", "in_progress")},
                             {"messages": 3, "recipients": 5, "deferred": 4, "held": 0, "in_progress": 0})
        self.both(check)

    def test_hold(self):
        """queue hold, release: what is held is not tried, not even by retry, and stays held over a restart"""
        peer, server = self.serving()
        with server:
            uuids = self.waiting(server)
            self.succeeded(server.ask("hold", uuids[1]))
            tries = len([one for one in peer.sessions if "MAIL" in one.verbs()])
            peer.replies = {}
            self.assertEqual(server.row(file=uuids[1])["state"], "held")
            server.retry()
            peer.received(3)
            self.assertEqual(server.stop(), 0)
            self.assertEqual([row["state"] for row in server.rows()], ["held"])
            server.again()
            self.assertEqual(server.row(file=uuids[1])["state"], "held")
            self.stays_at(peer, 3, 1)
            self.succeeded(server.ask("release", uuids[1]))
            server.retry()
            peer.received(4)
            self.assertGreaterEqual(tries, 1)
            server.empty()

    def test_hold_when_stopped(self):
        """queue hold, release: without a server in the folder itself"""
        peer, server = self.serving()
        with server:
            uuids = self.waiting(server)
            self.assertEqual(server.stop(), 0)
            done = server.ask("hold", uuids[0])
            self.succeeded(done)
            self.assertIn("no server runs", done.stderr)
            self.assertEqual([row["state"] for row in server.rows()], ["held", "held", "deferred", "deferred"])
            self.succeeded(server.ask("release", "--all"))
            self.assertEqual({row["state"] for row in server.rows()}, {"deferred"})
            self.assertEqual(server.ask("retry", "--all").returncode, 1)
            server.again()

    def test_delete(self):
        """queue delete: those recipients get nothing and nobody is told; the others still get it"""
        for stopped in (False, True):
            with self.subTest(stopped=stopped):
                peer, server = self.serving()
                with server:
                    uuids = self.waiting(server)
                    if stopped:
                        self.assertEqual(server.stop(), 0)
                    self.assertEqual(json.loads(server.ask("delete", uuids[0], "--domain", "one.example", "--json").stdout), {"count": 1})
                    self.assertEqual(json.loads(server.ask("delete", uuids[2], "--json").stdout), {"count": 1})
                    self.assertEqual(server.files(), sorted(uuids[:2]))
                    refused = server.ask("delete")
                    self.assertEqual(refused.returncode, 255)
                    self.assertIn("--all", refused.stderr)
                    if stopped:
                        server.again()
                    peer.replies = {}
                    server.retry()
                    server.empty()
                    self.assertEqual(sorted(to for found in peer.messages() for to in found.to), ["c@two.example", "d@one.example"])

    def test_bounce(self):
        """queue bounce: gives up now, and the sender gets a report"""
        with Peer(replies=BUSY) as peer, Peer() as home, Relaying(
                {"one.example": at(peer), "example.org": at(home)}, quick=False) as server:
            uuid = server.queued("a@one.example")
            server.deferred()
            self.succeeded(server.ask("bounce", uuid))
            self.assertIn(b"a@one.example", home.received()[0].data)
            server.empty()

    def test_retry(self):
        """queue retry, --qunstick: all, one mail, one domain"""
        peer, server = self.serving()
        with server:
            uuids = self.waiting(server)
            peer.replies = {}
            self.succeeded(server.haraka("--qunstick", "two.example"))
            self.assertEqual(peer.received()[0].to, ["c@two.example"])
            self.succeeded(server.ask("retry", uuids[2]))
            self.assertEqual(peer.received(2)[1].to, ["e@three.example"])
            done = server.haraka("--qunstick", "--json")
            self.assertEqual(json.loads(done.stdout), {"count": 2})
            peer.received(4)
            server.empty()

    def test_flags(self):
        """--qlist, --qstat: Haraka's lines, and JSON"""
        def check(server, uuids):
            lines = server.haraka("--qlist")
            self.assertEqual(lines.stdout.splitlines(), [
                f"Q: {uuids[0]} rcpt:2 from:<alice@example.org> domain:one.example",
                f"Q: {uuids[0]} rcpt:1 from:<alice@example.org> domain:two.example",
                f"Q: {uuids[1]} rcpt:1 from:<carol@example.org> domain:one.example",
                f"Q: {uuids[2]} rcpt:1 from:<> domain:three.example"])
            self.assertEqual(len(json.loads(server.haraka("--qlist", "--json").stdout)), 4)
            self.assertEqual(server.haraka("--qstat").stdout, f"{{ queue_dir: '{server.queue}', queue_count: 3 }}\n")
            stat = json.loads(server.haraka("--qstat", "--json").stdout)
            self.assertEqual((stat["queue_dir"], stat["queue_count"]), (server.queue, 3))
        self.both(check)

    def test_qempty(self):
        """--qempty: asks back on a terminal, wants --yes elsewhere, says how many, and is right"""
        peer, server = self.serving()
        with server:
            self.waiting(server)
            self.assertEqual(server.haraka("--qempty").returncode, 255)
            for word, status in ((b"no\n", 255), (b"yes\n", 0)):
                ours, theirs = pty.openpty()
                process = subprocess.Popen([HARAKA, "-c", server.folder, "--qempty"], stdin=theirs, stdout=subprocess.PIPE,
                                           stderr=subprocess.STDOUT)
                os.write(ours, word)
                out, _ = process.communicate(timeout=LIMIT)
                os.close(ours)
                os.close(theirs)
                self.assertEqual(process.returncode, status, out)
            self.assertIn(b"removed: 4", out)
            until("nothing left", lambda: not server.files())
            self.assertEqual(json.loads(server.haraka("--qempty", "--yes", "--json").stdout), {"count": 0})

    def test_long_list(self):
        """queue list: thousands of rows come in pieces, each once"""
        everybody = [f"u@d{number}.example" for number in range(1300)]
        with Relaying(ini="disabled=true\n", config={"connection.ini": "[max]\nrecipients=2000\n"}) as server:
            server.queued(*everybody)
            self.assertEqual([row["to"][0] for row in server.rows()], everybody)
            self.assertEqual(len(server.rows("--limit", "700")), 700)


class Sendmail(OutboundTest):
    def sendmail(self, folder, text, *arguments, **more):
        return subprocess.run([HARAKA, "sendmail", "-c", folder, *arguments], input=text, capture_output=True, timeout=LIMIT,
                              check=False, **more)

    def test_running(self):
        """sendmail: hands a mail to the running server, its header made whole"""
        with Sink() as peer, Relaying({"example.net": at(peer)}) as server:
            done = self.sendmail(server.folder, b"Subject: x\n\nHello\n.\nnot this\n", "-f", "alice@example.org", "-F", "Alice A.",
                                 "bob@example.net")
            self.assertEqual((done.returncode, done.stderr), (0, b""))
            found = peer.received()[0]
            self.assertEqual((found.sender, found.to), ("alice@example.org", ["bob@example.net"]))
            parsed = email.message_from_bytes(found.data, policy=email.policy.default)
            self.assertEqual((parsed["From"], parsed["Subject"]), ('"Alice A." <alice@example.org>', "x"))
            self.assertIsNotNone(parsed["Date"].datetime)
            self.assertRegex(parsed["Message-Id"], r"\A<[0-9A-F.-]+@mx\.example\.com>\Z")
            self.assertEqual(parsed.get_content().split(), ["Hello"])

    def test_recipients(self):
        """sendmail -t: To, Cc and Bcc in all their forms; Bcc is removed; with -i a dot ends nothing"""
        text = (b'To: "Bob, the \\"B\\"" <bob@example.net>, carol@example.net (a comment, with a comma)\r\n'
                b"Cc: Friends: dave@example.net, <erin@example.net>;\r\nBcc: secret@example.net,\r\n frank@example.net\r\n"
                b"From: me@example.org\r\n\r\na\r\n.\r\n.b\r\n")
        with Peer() as peer, Relaying({"example.net": at(peer)}) as server:
            done = self.sendmail(server.folder, text, "-t", "-i", "-falice@example.org", "gina@example.net")
            self.assertEqual((done.returncode, done.stderr), (0, b""))
            found = peer.received()[0]
            self.assertEqual(sorted(found.to), [f"{name}@example.net" for name in
                                                ("bob", "carol", "dave", "erin", "frank", "gina", "secret")])
            self.assertNotIn(b"secret", found.data)
            self.assertNotIn(b"frank", found.data)
            self.ends_with(found.data, b"\r\n\r\na\r\n.\r\n.b\r\n")

    def test_stopped(self):
        """sendmail: without a server the mail waits in the queue, and is delivered at the start"""
        with Peer() as peer:
            server = Relaying({"example.net": at(peer)})
            with server:
                self.assertEqual(server.stop(), 0)
                done = self.sendmail(server.folder, b"Subject: x\n\n.Gr\xc3\xbc\xc3\x9fe\n", "-f", "<>", "-i", "bob@example.net")
                self.assertEqual((done.returncode, done.stderr), (0, b""))
                self.assertEqual([(row["from"], row["to"]) for row in server.rows()], [("", ["bob@example.net"])])
                server.again()
                found = peer.received()[0]
                self.assertEqual((found.sender, found.to), ("", ["bob@example.net"]))
                self.ends_with(found.data, b"\r\n\r\n.Gr\xc3\xbc\xc3\x9fe\r\n")
                self.assertIn(b"(Haraka sendmail, from uid", found.data)
                server.empty()

    def test_exit_status(self):
        """sendmail: ends with the status of sysexits.h that says whose mistake it was"""
        refuse = {"mine": """HARAKA_REGISTER(self) { (void)self; return HARAKA_SUCCESS; }
HARAKA_HOOK(rcpt)
{
    const haraka_address *to = haraka_argument_address(call, 0);
    if (haraka_equal(to->user, haraka_text("nobody"))) return haraka_answer(call, HARAKA_DENY, "no such user");
    if (haraka_equal(to->user, haraka_text("later"))) return haraka_answer(call, HARAKA_DENYSOFT, "later");
    return HARAKA_CONT;
}
"""}
        with Relaying(ini="disabled=true\n", code=refuse) as server:
            for status, arguments, text in (
                    (64, [], b""), (64, ["-bs"], b""), (64, ["-bp"], b""), (64, ["-q"], b""), (64, ["-Z", "a@b"], b""), (64, ["-f"], b""),
                    (65, ["-t"], b"Subject: x\n\n"), (65, ["not an address"], b"\n"), (65, ["a@example.net"], b"a\rb\n"),
                    (67, ["nobody@example.net"], b"\n"), (75, ["later@example.net"], b"\n"), (67, ["a@example.net", "nobody@example.net"], b"\n"),
                    (0, ["-oi", "-oem", "-odb", "-bm", "a@example.net"], b"")):
                with self.subTest(arguments):
                    done = self.sendmail(server.folder, text, *arguments)
                    self.assertEqual(done.returncode, status, done.stderr)
                    self.assertEqual(bool(done.stderr), status != 0)
            until("the one that was taken", lambda: len(server.files()) == 1)
            self.assertEqual(self.sendmail("/nonexistent", b"\n", "a@b.example").returncode, 78)
