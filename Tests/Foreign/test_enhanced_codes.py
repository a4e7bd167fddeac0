"""Enhanced status codes over the wire (RFC 2034, RFC 3463): on unless connection.ini says otherwise."""
import re

from inline import hooked, server_with
from server import Server
from test_bundled import Bundled
from wire import EHLO, Wire

ON = {"connection.ini": "enhanced_status_codes=true\n"}
STATUS = re.compile(rb"^([245])\d\d[ -]([245])\.(\d{1,3})\.(\d{1,3}) \S")
DIALOGUE = [b"NOOP\r\n", b"VRFY a\r\n", b"HELP\r\n", b"RSET\r\n", b"MAIL FROM:<a@example.org>\r\n", b"MAIL FROM:<a@example.org>\r\n",
            b"RCPT TO:<b@example.com>\r\n", b"RCPT TO:<b@elsewhere.example>\r\n", b"RCPT TO:<\r\n", b"NONSENSE\r\n", b"DATA x\r\n",
            b"RCPT TO:<d@example.com> NOTIFY=MAYBE\r\n", b"MAIL FROM:<a@example.org> SIZE=99999999999\r\n"]


class EnhancedCodes(Bundled):
    def check(self, reply):
        self.assertNotEqual(reply, b"")
        for line in reply.splitlines(keepends=True):
            found = STATUS.match(line)
            self.assertTrue(found, line)
            self.assertEqual(found.group(1), found.group(2), line)
            self.assertIsNone(re.match(rb"^\d{3}[ -]\d\.\d+\.\d+ \d\.\d+\.\d+", line), line)

    def test_everywhere(self):
        """enhanced codes: every reply but the banner, EHLO's and 354 has one, of its own class, once"""
        with Server(config=ON) as server, Wire(server.port) as client:
            self.assertEqual(client.banner[:21], b"220 mx.example.com ES")
            offered = client.say(EHLO)
            self.assertIn(b"ENHANCEDSTATUSCODES\r\n", offered)
            self.assertIsNone(re.search(rb"\d\.\d\.\d", offered.split(b"\r\n")[1]))
            for command in DIALOGUE:
                self.check(client.say(command))
            self.assertEqual(client.say(b"RSET\r\n")[:10], b"250 2.0.0 ")
            client.say(b"MAIL FROM:<a@example.org>\r\n")
            client.say(b"RCPT TO:<b@example.com>\r\n")
            self.assertEqual(client.say(b"DATA\r\n"), b"354 go ahead, make my day\r\n")
            self.check(client.say(b"Subject: x\r\n\r\nhello\r\n.\r\n"))
            self.check(client.say(b"QUIT\r\n"))

    def test_plugins(self):
        """enhanced codes: plugins' refusals have one, a DSN keeps its own, and words that begin with one get no second"""
        code = hooked(
            mail='return haraka_answer(call, HARAKA_DENY, "no");',
            vrfy='return haraka_answer_dsn(call, HARAKA_DENYSOFT, 450, 4, 7, 1, "later");',
            noop='return haraka_answer(call, HARAKA_DENY, "5.3.4 too much of it\\n5.3.4 really");')
        with server_with(self.scratch, ["mine"], {"mine": code}, ON) as server, Wire(server.port) as client:
            client.say(EHLO)
            self.assertEqual(client.say(b"MAIL FROM:<a@example.org>\r\n"), b"550 5.7.1 no\r\n")
            self.assertEqual(client.say(b"VRFY a\r\n"), b"450 4.7.1 later\r\n")
            self.assertEqual(client.say(b"NOOP\r\n"), b"500-5.3.4 too much of it\r\n500 5.3.4 really\r\n")

    def test_default(self):
        """enhanced codes: they are on without a word in connection.ini, and changing it holds for the next client"""
        config = {"plugins.ini": "watch_settle=0.1\n", "connection.ini": ";enhanced_status_codes\n"}
        with Server(config=config) as server, Wire(server.port) as client:
            self.assertIn(b"ENHANCEDSTATUSCODES\r\n", client.say(EHLO))
            self.assertEqual(client.say(b"NOOP\r\n"), b"250 2.0.0 OK\r\n")
