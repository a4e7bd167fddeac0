"""From DATA to the end of the message: what ends it, what is kept, what is refused. docs/hooks.md."""
import os
import signal

from server import ForeignTest, Server, header, until
from wire import EHLO, ENVELOPE, QUEUED, Wire, exchange, replies, summaries

DATA = EHLO + ENVELOPE + b"DATA\r\n"
BARE = b"550 Bare CR or LF in the message; lines end with CR LF (RFC 5321 2.3.8)\r\n"
SMUGGLED = b"MAIL FROM:<evil@example.org>\r\nRCPT TO:<b@example.com>\r\nDATA\r\nSubject: smuggled\r\n\r\nevil\r\n.\r\n"
SEQUENCES = [b"\n.\n", b"\r.\r", b"\n.\r\n", b"\r.\r\n", b"\r\n.\n", b"\r\n.\r", b"\n.\r", b"\r.\n",
             b"\r\n\0.\r\n", b"\r\r\n.\n"]


def policy(word):
    return {"connection.ini": f"[main]\nbare_newline={word}\n"}


class Message(ForeignTest):
    def body(self, message):
        return message.split(b"\n\n", 1)[1]

    def check_smuggling(self, word, refused):
        """A sequence that others take for the end must not begin a second message here."""
        for sequence in SEQUENCES:
            with Server(config=policy(word)) as server:
                said = exchange(server, DATA + b"Subject: x\r\n\r\nfirst" + sequence + SMUGGLED + b"QUIT\r\n")
                code = 550 if refused and sequence != b"\r\n\0.\r\n" else 250
                self.assertEqual(replies(said), [220, 250, 250, 250, 354, code, 221], sequence)
                self.assertEqual(BARE in said, code == 550, sequence)
                self.assertEqual(len(server.stored()), int(code == 250), sequence)
                for message in server.messages():
                    self.assertEqual(header(message, "Return-Path"), ["<a@example.org>"], sequence)
                    self.assertIn(b"Subject: smuggled", self.body(message), sequence)

    def test_smuggling_is_rejected(self):
        """message: bare_newline=reject swallows a smuggled message and says 550 once"""
        self.check_smuggling("reject", True)

    def test_smuggling_is_replaced(self):
        """message: bare_newline=replace keeps a smuggled message inside the first"""
        self.check_smuggling("replace", False)

    def test_smuggling_is_kept(self):
        """message: bare_newline=accept keeps a smuggled message inside the first"""
        self.check_smuggling("accept", False)

    def test_replaced(self):
        """message: bare_newline=replace makes a line end of a bare CR or LF, whose next dot means nothing"""
        with Server(config=policy("replace")) as server, Wire(server.port) as client:
            self.assertRegex(client.envelope(b"Subject: x\r\n\r\na\n.b\rc\r\n.\r\n"), QUEUED)
            self.assertEqual(self.body(server.messages()[0]), b"a\n.b\nc\n")

    def test_the_session_goes_on(self):
        """message: after a refused bare newline the session goes on and the next message is whole"""
        with Server() as server, Wire(server.port) as client:
            self.assertEqual(client.envelope(b"Subject: x\r\n\r\na\nb\r\n.\r\n"), BARE)
            self.assertRegex(client.envelope(b"Subject: x\r\n\r\nwhole\r\n.\r\n"), QUEUED)
            (stored,) = server.messages()
            self.assertEqual(self.body(stored), b"whole\n")

    def test_dots(self):
        """message: leading dots are unstuffed, a dot inside a line is nothing special"""
        with Server() as server, Wire(server.port) as client:
            self.assertRegex(client.envelope(b"Subject: x\r\n\r\n..\r\n...a\r\nb.\r\n.c\r\n.\r\n"), QUEUED)
            self.assertEqual(self.body(server.messages()[0]), b".\n..a\nb.\nc\n")

    def test_empty(self):
        """message: nothing but the dot is a message, too"""
        with Server() as server, Wire(server.port) as client:
            self.assertRegex(client.envelope(b".\r\n"), QUEUED)
            (stored,) = server.messages()
            self.assertEqual(len(header(stored, "Received")), 1)

    def test_any_bytes(self):
        """message: NUL and every byte beyond ASCII arrive as they were sent"""
        body = bytes(byte for byte in range(256) if byte not in (10, 13)) * 3
        with Server() as server, Wire(server.port) as client:
            self.assertRegex(client.envelope(b"Subject: x\r\n\r\n" + body + b"\r\n.\r\n"), QUEUED)
            self.assertEqual(self.body(server.messages()[0]), body + b"\n")

    def test_long_lines(self):
        """message: a line of 100,000 bytes arrives in one piece"""
        with Server() as server, Wire(server.port) as client:
            self.assertRegex(client.envelope(b"Subject: x\r\n\r\n" + b"l" * 100_000 + b"\r\n.\r\n"), QUEUED)
            self.assertEqual(self.body(server.messages()[0]), b"l" * 100_000 + b"\n")

    def test_too_big(self):
        """message: max.bytes is taken, one more gets 550 at the end and nothing is stored"""
        with Server(config={"connection.ini": "[max]\nbytes=1000\n"}) as server, Wire(server.port) as client:
            head = b"Subject: x\r\n\r\n"
            fits = head + b"x" * (1000 - len(head) - 2) + b"\r\n"
            self.assertEqual(client.envelope(b"y" + fits + b".\r\n"), b"550 Message too big!\r\n")
            self.assertRegex(client.envelope(fits + b".\r\n"), QUEUED)
            self.assertEqual(len(server.stored()), 1)

    def test_received(self):
        """message: more Received fields than headers.max_received get 550"""
        limit = {"connection.ini": "[headers]\nmax_received=3\n"}
        with Server(config=limit) as server, Wire(server.port) as client:
            hop = b"Received: from x by y; Sat, 1 Jan 2022 00:00:00 +0000\r\n"
            self.assertRegex(client.envelope(hop * 3 + b"\r\nx\r\n.\r\n"), QUEUED)
            self.assertEqual(client.envelope(hop * 4 + b"\r\nx\r\n.\r\n"),
                             b"550 Too many received headers - possible mail loop\r\n")
            self.assertEqual(len(server.stored()), 1)

    def test_received_is_ours(self):
        """message: the Received field says who, whom, how and which transaction"""
        with Server() as server, Wire(server.port) as client:
            queued = client.envelope(b"Subject: x\r\n\r\ny\r\n.\r\n")
            identifier = queued[len(b"250 Message Queued ("):-3].decode()
            (line,) = header(server.messages()[0], "Received")
            self.assertRegex(line, r"(?s)\Afrom client\.example\.org \(.*\[127\.0\.0\.1\]\)\s+by mx\.example\.com "
                                   r"\(Haraka/\S+\) with ESMTP id %s\s+envelope-from <a@example\.org>;"
                                   r"\s+\w{3}, \d\d \w{3} \d{4} [\d:]{8} [+-]\d{4}\Z"
                             % identifier)

    def test_authentication_results(self):
        """message: Authentication-Results of strangers are renamed"""
        with Server() as server, Wire(server.port) as client:
            client.envelope(b"Authentication-Results: mx.example.com; spf=pass\r\nSubject: x\r\n\r\ny\r\n.\r\n")
            (stored,) = server.messages()
            self.assertEqual(header(stored, "Authentication-Results"), [])
            self.assertEqual(header(stored, "Original-Authentication-Results"), ["mx.example.com; spf=pass"])

    def large(self):
        return b"".join(b"%07d 0123456789abcdefghijklmnopqrstuvwxyz\r\n" % line for line in range(230000))

    def test_ten_mebibytes(self):
        """message: 10 MiB go through the spool folder and leave nothing there"""
        body = self.large()
        self.assertGreater(len(body), 10 << 20)
        server = Server()
        server.configure("connection.ini", f"[main]\nspool_dir={server.spool}\nspool_after=100\n")
        with server, Wire(server.port) as client:
            self.assertRegex(client.envelope(b"Subject: long\r\n\r\n" + body + b".\r\n"), QUEUED)
            self.assertEqual(self.body(server.messages()[0]), body.replace(b"\r\n", b"\n"))
            self.assertEqual([name for _, _, names in os.walk(server.spool) for name in names], [])

    def test_client_leaves_in_the_middle(self):
        """message: a client that leaves in the middle of its message leaves nothing behind"""
        server = Server()
        server.configure("connection.ini", f"[main]\nspool_dir={server.spool}\nspool_after=100\n")
        with server:
            for leave in (Wire.close, Wire.abort):
                client = Wire(server.port)
                client.envelope()
                client.send(b"Subject: x\r\n\r\n" + b"half of it\r\n" * 10000)
                leave(client)
            found = summaries(server, 2)
            self.assertEqual([line["msgs"] for line in found], ["0/0/0"] * 2)
            self.assertEqual(server.stored(), [])
            self.assertEqual([name for _, _, names in os.walk(server.spool) for name in names], [])
            self.assertEqual(replies(exchange(server, b"QUIT\r\n")), [220, 221])

    def test_no_spool_folder(self):
        """message: a message that cannot be spooled gets 451, and the session goes on"""
        server = Server()
        server.configure("connection.ini", "[main]\nspool_dir=/proc/nowhere\nspool_after=100\n")
        with server, Wire(server.port) as client:
            self.assertEqual(client.envelope(b"Subject: x\r\n\r\n" + b"much\r\n" * 1000 + b".\r\n"),
                             b"451 Message could not be stored, try later\r\n")
            self.assertEqual(client.say(b"NOOP\r\n"), b"250 OK\r\n")
            self.assertEqual(server.stored(), [])

    def test_stop_in_the_middle(self):
        """message: a client in the middle of its message gets 421 when the server ends, and nothing is stored"""
        with Server() as server, Wire(server.port) as client:
            client.envelope()
            client.send(b"Subject: x\r\n")
            self.assertEqual(server.stop(signal.SIGTERM), 0)
            self.assertRegex(client.rest(), rb"\A421 [^\r\n]+\r\n\Z")
            self.assertEqual(server.stored(), [])
            until("the end", lambda: server.process.poll() is not None)
