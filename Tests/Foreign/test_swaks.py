"""swaks: what a system administrator tries first."""
import os
import subprocess

from server import LIMIT, ForeignTest, Server

MESSAGE = (
    "From: Alice <alice@example.org>\r\n"
    "To: Bob <bob@example.com>\r\n"
    "Subject: dots and spaces\r\n"
    "\r\n"
    ".a line that begins with a dot\r\n"
    "..and one with two\r\n"
    ".\r\n"
    "a tab\tand trailing spaces   \r\n"
    "\r\n"
    "the last line\r\n")


class Swaks(ForeignTest):
    def swaks(self, server, *arguments):
        return subprocess.run(
            ["swaks", "--server", "127.0.0.1", "--port", str(server.port), "--helo", "client.example.org", *arguments],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT, check=False)

    def test_lands_in_the_maildir(self):
        """swaks: a message lands in the Maildir byte for byte, behind a Received field"""
        with Server() as server:
            path = os.path.join(server.folder, "message")
            with open(path, "w", encoding="ascii", newline="") as out:
                out.write(MESSAGE.removesuffix("\r\n"))  # swaks adds the last one
            sent = self.swaks(server, "--from", "alice@example.org", "--to", "bob@example.com", "--data", f"@{path}")
            self.succeeded(sent)
            self.assertIn("<-  250 Message Queued (", sent.stdout)
            (stored,) = server.messages()
            self.ends_with(stored, MESSAGE.replace("\r\n", "\n").encode())
            self.assertIn(b"Received: from client.example.org (", stored)
            self.assertIn(b"by mx.example.com (Haraka", stored)
            self.assertEqual(os.listdir(server.spool), [])

    def test_refused_recipient(self):
        """swaks: a recipient in nobody's host list is refused with 550 and nothing is stored"""
        with Server() as server:
            sent = self.swaks(server, "--from", "alice@example.org", "--to", "bob@elsewhere.test")
            self.assertEqual(sent.returncode, 24, sent.stdout)  # swaks: no recipient was accepted
            self.assertIn("<** 550 I cannot deliver mail for <bob@elsewhere.test>", sent.stdout)
            self.assertEqual(server.stored(), [])

    def test_pipelining(self):
        """swaks: MAIL, RCPT and DATA in one packet are answered in order"""
        with Server() as server:
            sent = self.swaks(server, "--pipeline", "--from", "<>", "--to", "bob@example.com,carol@example.com")
            self.succeeded(sent)
            self.assertIn("<-  354 go ahead, make my day", sent.stdout)
            self.assertEqual(len(server.stored()), 2)
