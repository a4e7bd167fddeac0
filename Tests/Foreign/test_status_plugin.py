"""status through its real shared object: what STATUS answers, and to whom. Its README.md."""
import json

from inline import hooked, server_with
from server import until
from test_bundled import Bundled
from test_limit import QUICKLY, comes_from
from wire import EHLO, Wire


class Status(Bundled):
    def server(self, address=None):
        hooks = comes_from(address) if address else {"connect_init": "return HARAKA_CONT;"}
        return server_with(self.scratch, ["mine", "status"], {"mine": hooked(**hooks)}, QUICKLY)

    def test_local(self):
        """status: a client on this machine is offered STATUS, and answered"""
        with self.server() as server, Wire(server.port) as client:
            self.assertIn(b"250 STATUS\r\n", client.say(EHLO))
            self.assertEqual(client.say(b"STATUS POOL LIST\r\n"), b"211 {}\r\n")
            self.assertEqual(client.say(b"status pool list\r\n"), b"211 {}\r\n")
            for command in (b"STATUS", b"STATUS QUEUE", b"STATUS QUEUE FLUSH", b"STATUS LIST"):
                self.assertEqual(client.say(command + b"\r\n"), b"500 Unrecognized command\r\n")
            for command, reply in ((b"STATS", b'211 "0/0/0"'), (b"LIST", b"211 []"), (b"DISCARD ../x", b"500 No such file in the queue"),
                                   (b"INSPECT", b'211 {"delivery_queue":[],"temp_fail_queue":[]}'),
                                   (b"PUSH x", b"500 No such file in the queue")):
                self.assertEqual(client.say(b"STATUS QUEUE " + command + b"\r\n"), reply + b"\r\n")
            self.assertEqual(client.say(b"STATE\r\n"), b"500 Unrecognized command\r\n")

    def test_remote(self):
        """status: a client of another machine is not offered it, and told that it may not"""
        for address in ("93.184.216.34", "10.1.2.3"):
            with self.server(address) as server, Wire(server.port) as client:
                self.assertNotIn(b"STATUS", client.say(EHLO))
                self.assertEqual(client.say(b"STATUS POOL LIST\r\n"), b"500 STATUS not allowed remotely\r\n")

    def test_figures(self):
        """status: the connections that are open, and all there were"""
        with self.server() as server, Wire(server.port) as client:
            def stats():
                said = client.say(b"STATUS CONNECTION STATS\r\n")
                self.assertEqual(said[:4], b"211 ")
                return json.loads(said[4:])
            self.assertEqual(stats()["process"], server.process.pid)
            with Wire(server.port):
                self.assertEqual((stats()["open"], stats()["total"]), (2, 2))
            until("the other one has gone", lambda: (stats()["open"], stats()["total"]) == (1, 2))
