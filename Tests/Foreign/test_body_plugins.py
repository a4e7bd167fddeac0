"""The plugins that look into messages, through their real shared objects. The README.md of each."""
import base64
import email.utils
import os
import quopri
import tempfile
import time

from inline import hooked, server_with
from server import ForeignTest, header, read, until
from wire import EHLO, QUEUED, Wire

QUEUE = ["rcpt_to.in_host_list", "queue/maildir"]
RELAY = "(void)haraka_set_relaying(call->connection, 1); return HARAKA_CONT;"
SIGNATURE = b"http://spam.example/offer?id=1"
SPAM = b"550 Mail matches a known spam signature\r\n"
LEAK = b"550 Credential leak detected: never give out your username/password to anyone!\r\n"


def note(path, text):
    """C code that sets a text note of the connection."""
    return (f'haraka_value v = haraka_text_value(haraka_text("{text}")); '
            f'(void)haraka_note_set(haraka_of_connection(call->connection), "{path}", &v);')


def results(plugin):
    """C code that logs what a plugin recorded about the transaction."""
    return (f'haraka_str s; if (haraka_table->result_collate(haraka_of_transaction(call->transaction), '
            f'haraka_text("{plugin}"), &s) == 0) '
            f'haraka_table->log(call->self, HARAKA_LOG_NOTICE, haraka_of_server(), s); return HARAKA_CONT;')


def part(content_type, content, encoding="7bit", more=b""):
    return (b"--b\r\nContent-Type: %s\r\nContent-Transfer-Encoding: %s\r\n%s\r\n%s\r\n"
            % (content_type, encoding.encode(), more, content))


def mixed(*parts, ending=b"--b--\r\n"):
    return (b"From: a@example.org\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
            + b"".join(parts) + ending)


def plain(text):
    return b"From: a@example.org\r\nSubject: x\r\n\r\n" + text + b"\r\n"


def date(days):
    return email.utils.formatdate(time.time() + days * 86400).encode()


class BodyPlugins(ForeignTest):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="haraka-test-")
        self.addCleanup(scratch.cleanup)
        self.scratch = scratch.name

    def server(self, plugins, config=None, **hooks):
        """A server whose first plugin is `mine`, with these hooks."""
        hooks.setdefault("noop", "return HARAKA_CONT;")
        server = server_with(self.scratch, ["mine", *plugins], {"mine": hooked(**hooks)}, config)
        server.configure("queue.maildir.ini", f"root={server.mail}\nenable_outbound=true\n")
        return server

    def send(self, server, message, recipient=b"b@example.com", sender=b"a@example.org"):
        """The reply to a message, sent over a connection of its own."""
        with Wire(server.port) as client:
            for command in (EHLO, b"MAIL FROM:<%s>\r\n" % sender, b"RCPT TO:<%s>\r\n" % recipient):
                self.assertEqual(client.say(command)[:3], b"250", command)
            self.assertEqual(client.say(b"DATA\r\n")[:3], b"354")
            return client.say(message + b".\r\n")


class Signatures(BodyPlugins):
    CONFIG = {"data.signatures": "# one\n" + SIGNATURE.decode() + "\n\nGrüße vom Nachbarn\n"}

    def test_texts(self):
        """data.signatures: a string in any text is found, whatever it is encoded in; elsewhere it is none"""
        encoded = base64.encodebytes(b"x" * 70000 + SIGNATURE).replace(b"\n", b"\r\n")
        soft = quopri.encodestring(b"y" * 60 + SIGNATURE).replace(b"\n", b"\r\n")
        latin = "Grüße vom Nachbarn".encode("latin-1")
        found = {
            "plain": plain(b"Look: " + SIGNATURE + b"!"),
            "html": mixed(part(b"text/plain", b"harmless"), part(b"text/html", b"<a href='" + SIGNATURE + b"'>")),
            "base64": mixed(part(b"text/plain", encoded, "base64")),
            "soft line break": mixed(part(b"text/plain", soft, "quoted-printable")),
            "charset": mixed(part(b"text/plain; charset=iso-8859-1", latin, "8bit")),
            "no boundary at the end": mixed(part(b"text/plain", SIGNATURE), ending=b""),
            "text as attachment": mixed(part(b"text/plain", SIGNATURE, more=b"Content-Disposition: attachment\r\n")),
        }
        none = {
            "other case": plain(SIGNATURE.upper()),
            "cut": plain(SIGNATURE[:-1]),
            "image": mixed(part(b"image/png", base64.encodebytes(SIGNATURE).replace(b"\n", b"\r\n"), "base64")),
            "subject": b"Subject: " + SIGNATURE + b"\r\n\r\nx\r\n",
        }
        with self.server(["data.signatures", *QUEUE], self.CONFIG) as server:
            for name, message in found.items():
                self.assertEqual(self.send(server, message), SPAM, name)
            for name, message in none.items():
                self.assertRegex(self.send(server, message), QUEUED, name)

    def test_much(self):
        """data.signatures: much text is searched as well, and many parts; the string is in the last one"""
        large = (b"x" * 70 + b"\r\n") * 30000
        many = [part(b"text/plain", b"part %d" % number) for number in range(300)]
        with self.server(["data.signatures", *QUEUE], self.CONFIG) as server:
            self.assertEqual(self.send(server, plain(large + SIGNATURE)), SPAM)
            self.assertRegex(self.send(server, plain(large)), QUEUED)
            self.assertEqual(self.send(server, mixed(*many, part(b"text/plain", SIGNATURE))), SPAM)
            self.assertRegex(self.send(server, mixed(*many)), QUEUED)

    def test_change(self):
        """data.signatures: a changed list counts from then on; an empty one refuses nothing"""
        with self.server(["data.signatures", *QUEUE], {"data.signatures": ""}) as server:
            self.assertRegex(self.send(server, plain(SIGNATURE)), QUEUED)
            server.configure("data.signatures", SIGNATURE.decode() + "\n")
            until("the list is taken", lambda: self.send(server, plain(SIGNATURE)) == SPAM)


class Credentials(BodyPlugins):
    USER = note("auth_user", "bob@example.com") + "}{" + note("auth_passwd", "s3cret-word")

    def users(self):
        return self.server(["prevent_credential_leaks", *QUEUE], {"log.ini": "level=data\n"},
                           connect="{" + self.USER + "} return HARAKA_CONT;")

    def test_leak(self):
        """prevent_credential_leaks: name and password in one text are refused, and the log has no password"""
        coded = base64.encodebytes(b"BOB and s3cret-word").replace(b"\n", b"\r\n")
        found = [plain(b"I am bob@example.com, s3cret-word"), plain(b"s3cret-word\r\nyours, Bob"),
                 mixed(part(b"text/plain", b"hello"), part(b"text/html", coded, "base64"))]
        none = [plain(b"I am bob@example.com"), plain(b"s3cret-word"), plain(b"bob S3CRET-WORD"),
                mixed(part(b"text/plain", b"bob"), part(b"text/plain", b"s3cret-word"))]
        with self.users() as server:
            for message in found:
                self.assertEqual(self.send(server, message), LEAK)
            for message in none:
                self.assertRegex(self.send(server, message), QUEUED)
            self.assertEqual([line for line in server.lines if "prevent_credential_leaks" in line and "s3cret" in line], [])

    def test_nobody(self):
        """prevent_credential_leaks: who has not authenticated has nothing to leak"""
        with self.server(["prevent_credential_leaks", *QUEUE]) as server:
            self.assertRegex(self.send(server, plain(b"bob s3cret-word")), QUEUED)


class BlockMe(BodyPlugins):
    CONFIG = {"block_me.recipient": "Block@example.com\n", "block_me.senders": "# ours\nus@example.org\n"}
    FORWARD = plain(b"unwanted:\r\n\r\n> From: Spam & Co <bad@spam.test>\r\n> To: us\r\nFrom: <other@spam.test>")

    def list(self, server):
        path = os.path.join(server.folder, "config", "mail_from.blocklist")
        return read(path) if os.path.exists(path) else None

    def forward(self, server, message, recipient=b"block@example.com", sender=b"us@example.org"):
        return self.send(server, message, recipient, sender)

    def test_block(self):
        """block_me: the forwarded sender is added to the list, once, and the message ends there"""
        with self.server(["block_me", *QUEUE], {**self.CONFIG, "mail_from.blocklist": "# bad\nold@spam.test"},
                         connect=RELAY) as server:
            for _ in range(2):
                self.assertRegex(self.forward(server, self.FORWARD), QUEUED)
            self.assertEqual(self.list(server), b"# bad\nold@spam.test\nbad@spam.test\n")
            html = mixed(part(b"text/html", b"<p>none</p>"), part(b"text/plain", b"From: new@spam.test"))
            self.assertRegex(self.forward(server, html), QUEUED)
            self.assertEqual(self.list(server), b"# bad\nold@spam.test\nbad@spam.test\nnew@spam.test\n")
            self.assertEqual(server.messages(), [])
            names = [name for name in os.listdir(os.path.join(server.folder, "config")) if name.startswith(".")]
            self.assertEqual(names, [])

    def test_inner_message(self):
        """block_me: a message that was forwarded as an attachment says its sender, too"""
        inner = part(b"message/rfc822", b"From: A <inner@spam.test>\r\nSubject: buy\r\n\r\nx")
        with self.server(["block_me", *QUEUE], self.CONFIG, connect=RELAY) as server:
            self.assertRegex(self.forward(server, mixed(part(b"text/plain", b"see below"), inner)), QUEUED)
            self.assertEqual(self.list(server), b"inner@spam.test\n")

    def test_others(self):
        """block_me: who may not block is refused; other recipients and strangers are nothing to it"""
        with self.server(["block_me", *QUEUE], self.CONFIG, connect=RELAY) as server:
            said = self.forward(server, self.FORWARD, sender=b"them@example.org")
            self.assertEqual(said, b"550 You are not allowed to block mail, them@example.org\r\n")
            self.assertRegex(self.forward(server, self.FORWARD, b"c@example.com"), QUEUED)
            self.assertRegex(self.forward(server, plain(b"no sender here")), QUEUED)
            server.logged(r"no sender found in the forwarded mail")
            self.assertEqual((self.list(server), len(server.messages())), (None, 2))
        with self.server(["block_me", *QUEUE], self.CONFIG) as server:
            self.assertRegex(self.forward(server, self.FORWARD), QUEUED)
            self.assertEqual((self.list(server), len(server.messages())), (None, 1))


    def test_unwritable(self):
        """block_me: if the list cannot be written, the client is told to come again, and the list stays"""
        with self.server(["block_me", *QUEUE], self.CONFIG, connect=RELAY) as server:
            path = os.path.join(server.folder, "config", "mail_from.blocklist")
            os.symlink("/dev/null", path)
            said = self.forward(server, self.FORWARD)
            self.assertEqual(said, b"450 The block list cannot be written, try again later\r\n")
            self.assertTrue(os.path.islink(path))
            server.logged(r"mail_from\.blocklist")


class Headers(BodyPlugins):
    GOOD = b"From: A <a@example.org>\r\nDate: %s\r\nMessage-Id: <1@example.org>\r\nReceived: from x\r\nX-Mailer: y\r\n\r\nz\r\n"
    ALL = ("[reject]\nduplicate_singular=true\nmissing_required=true\ninvalid_return_path=true\ninvalid_date=true\n"
           "from_phish=true\n")

    def recorded(self, message, config="", recipient=b"b@example.com", **hooks):
        """The reply to a message, the results of `headers`, and what was stored."""
        with self.server(["headers", *QUEUE], {"headers.ini": config}, queue=results("headers"), **hooks) as server:
            reply = self.send(server, message, recipient)
            line = server.logged(r"\[mine\] (.*(pass|fail):.*)").group(1) if reply.startswith(b"250") else ""
            return reply, line, server.messages()

    def test_good(self):
        """headers: what is in order passes, and is recorded"""
        reply, line, _ = self.recorded(self.GOOD % date(0), self.ALL)
        self.assertRegex(reply, QUEUED)
        for word in ("duplicate", "missing", "Return-Path", "invalid_date", "UA(y)", "direct-to-mx(2)", "from_match",
                     "from_phish", "not MLM"):
            self.assertIn(word, line)
        self.assertNotIn("fail:", line)

    def test_recorded_only(self):
        """headers: by default what is wrong is recorded, not refused; a foreign Return-Path is removed"""
        bad = b"From: PayPal <x@spam.test>\r\nFrom: b@c\r\nReturn-Path: <q@r>\r\nSubject: x\r\n\r\nz\r\n"
        reply, line, stored = self.recorded(bad)
        self.assertRegex(reply, QUEUED)
        for word in ("duplicate:From", "missing:Date", "Return-Path", "UA", "direct-to-mx(1)",
                     "from_match(example.org / spam.test)", "from_phish(paypal.com)"):
            self.assertIn(word, line.split("fail:")[1])
        self.assertNotIn("<q@r>", header(stored[0], "Return-Path"))

    def test_refused(self):
        """headers: each refusal has its words, if it is on"""
        good = self.GOOD % date(0)
        cases = {
            b"Subject: a\r\nSubject: b\r\n" + good: b"Only one Subject header allowed. See RFC 5322, Section 3.6",
            b"Subject: a\r\n" + good.split(b"\r\n", 1)[1]: b"Required header 'From' missing",
            self.GOOD % date(2.1): b"The Date header is too far in the future",
            self.GOOD % date(-15.1): b"The Date header is too old",
            good.replace(b"A <", b"eBay <"): b"Phishing message appears to impersonate ebay.com",
        }
        with self.server(["headers", *QUEUE], {"headers.ini": self.ALL}) as server:
            for message, words in cases.items():
                self.assertEqual(self.send(server, message), b"550 " + words + b"\r\n")
            for allowed in (good, self.GOOD % date(1.9), self.GOOD % date(-14.9)):
                self.assertRegex(self.send(server, allowed), QUEUED)

    def test_delivered_to(self):
        """headers: a Delivered-To with the recipient's address is refused by default"""
        message = b"Delivered-To: B@example.com\r\n" + self.GOOD % date(0)
        with self.server(["headers", *QUEUE]) as server:
            self.assertEqual(self.send(server, message), b"550 Invalid Delivered-To header content\r\n")
            self.assertRegex(self.send(server, message, b"c@example.com"), QUEUED)

    def test_outgoing(self):
        """headers: our users' mail must not have a Return-Path"""
        message = b"Return-Path: <q@r>\r\n" + self.GOOD % date(0)
        with self.server(["headers", *QUEUE], {"headers.ini": self.ALL}, connect=RELAY) as server:
            self.assertEqual(self.send(server, message),
                             b"550 outgoing mail must not have a Return-Path header (RFC 5321)\r\n")

    def test_change(self):
        """headers: a changed file counts from then on; a mistake changes nothing, and older names of the plugin mean it"""
        message = b"From: a@example.org\r\n\r\nx\r\n"
        with self.server(["data.headers", *QUEUE], {"headers.ini": ""}) as server:
            self.assertRegex(self.send(server, message), QUEUED)
            server.configure("headers.ini", "[reject]\nmissing_required=true\n")
            refused = b"550 Required header 'Date' missing\r\n"
            until("the file is taken", lambda: self.send(server, message) == refused)
            server.configure("headers.ini", "date_past_days=soon\n")
            server.logged(r"headers\.ini: all stays as it was: date_past_days is no number of days")
            self.assertEqual(self.send(server, message), refused)
