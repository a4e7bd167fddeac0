"""The end: clients are told, plugins are told, and the exit status is 0."""
import signal

from server import ForeignTest, Server


class Stop(ForeignTest):
    def check_end(self, signal_number):
        with Server() as server, server.dialogue() as idle, server.dialogue() as busy:
            self.assertEqual(idle.reply()[:4], "220 ")
            self.assertEqual(busy.reply()[:4], "220 ")
            self.assertEqual(busy.say("EHLO client.example.org")[:3], "250")
            self.assertEqual(busy.say("MAIL FROM:<a@example.org>")[:4], "250 ")
            self.assertEqual(server.stop(signal_number), 0)
            for client in (idle, busy):
                self.assertEqual(client.reply()[:4], "421 ")
                self.assertEqual(client.reply(), "")

    def test_term(self):
        """stop: at SIGTERM open connections get 421 and the exit status is 0"""
        self.check_end(signal.SIGTERM)

    def test_interrupt(self):
        """stop: at SIGINT open connections get 421 and the exit status is 0"""
        self.check_end(signal.SIGINT)
