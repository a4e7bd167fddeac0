"""Postfix's smtp-source: many sessions at once."""
import subprocess

from server import ForeignTest, Server

SESSIONS, MESSAGES = 20, 500


class SMTPSource(ForeignTest):
    def load(self, server, *flags):
        sent = subprocess.run(
            ["smtp-source", "-s", str(SESSIONS), "-m", str(MESSAGES), "-l", "2048", "-f", "a@example.org",
             "-t", "b@example.com", *flags, server.address], capture_output=True, text=True, timeout=120, check=False)
        self.succeeded(sent)
        self.assertEqual(sent.stderr, "")

    def test_one_connection_for_each_message(self):
        """smtp-source: 500 messages over 20 sessions, a connection for each, all arrive"""
        with Server() as server:
            self.load(server)
            self.assertEqual(len(server.stored()), MESSAGES)

    def test_connections_that_are_kept(self):
        """smtp-source: 500 messages over 20 kept connections all arrive"""
        with Server() as server:
            self.load(server, "-d")
            self.assertEqual(len(server.stored()), MESSAGES)
