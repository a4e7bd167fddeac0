"""The log: three formats that programs can read, and lines that no client can write. docs/objects.md "Log"."""
import json
import re

from server import ForeignTest, Server
from wire import EHLO, ENVELOPE, Listener, Wire, exchange, replies, summaries

UUID = r"[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}(?:\.\d+)?"
LEVELS = "DATA|PROTOCOL|DEBUG|INFO|NOTICE|WARN|ERROR|CRIT|ALERT|EMERG"
DEFAULT = re.compile(rf"\[({LEVELS})\] \[({UUID}|-)\] \[([^\]]+)\] (.*)\Z")
PAIR = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|[^\s"=\\]+)(?: |\Z)')
FORGED = b"[EMERG] [-] [core] forged"
TRICKS = [
    b"HELO x\n" + FORGED, b"HELO x\r" + FORGED, b"HELO \x1b[2J\x1b[31m" + FORGED, b"HELO x\0" + FORGED,
    b"EHLO \xe2\x80\xa8" + FORGED, b"EHLO \xc2\x85" + FORGED, b"EHLO \xff\xfe" + FORGED, b'EHLO "' + FORGED + b'"',
    b'EHLO a\\"},{"level":"EMERG"', b"MAIL FROM:<\"\\\n" + FORGED + b'"@example.org>', b"NONSENSE\n" + FORGED,
    b"MAIL FROM:<a@b\n" + FORGED + b">", b"VRFY \n\n" + FORGED, b'MAIL FROM:<"a\\\x01b"@example.org>', b"RSET",
    b'MAIL FROM:<"a\\"b"@example.org>', b'RCPT TO:<"x\\" forged=yes "@elsewhere.example>',
    b"RCPT TO:<\xe2\x80\xa9@x.example>",
]


class Log(ForeignTest):
    def lines(self, form, policy="accept"):
        """All lines of a server that was told every trick, at the chattiest level."""
        config = {"log.ini": f"level=data\nformat={form}\n", "connection.ini": f"[main]\nbare_newline={policy}\n"}
        with Listener(config=config) as server:
            for trick in TRICKS:
                message = b"Subject: x\n" + FORGED + b"\r\n\r\n" + FORGED + b"\r\n.\r\n"
                said = exchange(server, EHLO + trick + b"\r\n" + ENVELOPE + b"DATA\r\n" + message + b"QUIT\r\n")
                self.assertEqual(replies(said)[-1], 221, trick)
            self.assertEqual(server.stop(), 0)
            lines = list(server.lines)
        self.assertGreater(len(lines), 10 * len(TRICKS))
        for line in lines:
            self.assertNotRegex(line, r"[\0-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")
        return lines

    def test_default(self):
        """log: the default format is one line for one event, whatever clients say"""
        for policy in ("accept", "reject"):
            for line in self.lines("default", policy=policy):
                match = DEFAULT.match(line)
                self.assertIsNotNone(match, line)
                self.assertNotEqual(match[1], "EMERG", line)

    def test_logfmt(self):
        """log: logfmt lines are pairs from end to end, whatever clients say"""
        for line in self.lines("logfmt"):
            pairs = PAIR.findall(line)
            self.assertEqual("".join(match[0] for match in PAIR.finditer(line)), line)
            self.assertEqual([key for key, _ in pairs[:4]], ["level", "uuid", "origin", "message"], line)
            self.assertEqual(len({key for key, _ in pairs}), len(pairs), line)
            self.assertNotIn("forged", [key for key, _ in pairs])
            self.assertNotEqual(pairs[0][1], "EMERG")

    def test_json(self):
        """log: json lines are one object each, whatever clients say"""
        for line in self.lines("json"):
            event = json.loads(line)
            self.assertEqual(list(event)[:4], ["level", "uuid", "origin", "message"])
            self.assertNotEqual(event["level"], "EMERG")

    def test_fields(self):
        """log: in json the summary of a session has its numbers as fields of their own"""
        with Listener(config={"log.ini": "level=notice\nformat=json\n"}) as server:
            exchange(server, b"HELO x\r\nQUIT\r\n")
            self.assertEqual(server.stop(), 0)
            (event,) = [event for event in map(json.loads, server.lines) if event["message"].startswith("disconnect")]
            self.assertEqual({key: event.get(key) for key in ("message", "ip", "helo", "errors")},
                             {"message": "disconnect", "ip": "127.0.0.1", "helo": "x", "errors": "0"})

    def test_timestamps(self):
        """log: timestamps begin each line"""
        with Server(config={"log.ini": "level=notice\ntimestamps=true\n"}) as server:
            self.assertEqual(server.stop(), 0)
            for line in server.lines:
                self.assertRegex(line, r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \[")

    def test_levels(self):
        """log: what is less urgent than the level is not written; loglevel wins over log.ini"""
        with Server(config={"log.ini": "level=data\n", "loglevel": "notice\n"}) as server:
            exchange(server, EHLO + b"QUIT\r\n")
            summaries(server)
            self.assertEqual(server.stop(), 0)
            self.assertEqual({DEFAULT.match(line)[1] for line in server.lines}, {"NOTICE"})

    def test_summary(self):
        """log: the summary of a session counts what happened"""
        with Server() as server, Wire(server.port) as client:
            client.say(EHLO)
            for line in (b"MAIL FROM:<a@example.org>", b"RCPT TO:<b@example.com>", b"RCPT TO:<c@elsewhere.example>",
                         b"BLAH", b"DATA", b"Subject: x\r\n\r\ny\r\n.", b"QUIT"):
                client.say(line + b"\r\n")
            self.assertEqual(client.rest(), b"")
            (line,) = summaries(server)
            self.assertEqual({key: value for key, value in line.items() if key not in ("rdns", "time")}, {
                "ip": "127.0.0.1", "helo": "client.example.org", "relay": "N", "early": "N", "esmtp": "Y", "tls": "N",
                "pipe": "N", "errors": "1", "txns": "1", "rcpts": "1/0/1", "msgs": "1/0/0", "bytes": "17",
                "lr": "500 Unrecognized command"})

    def test_summary_is_not_forged(self):
        """log: no client adds a field to the summary of its session"""
        with Server() as server:
            exchange(server, b'EHLO x"relay=Y"\r\nMAIL FROM:<a@b.example>\r\n'
                             b'RCPT TO:<"b\\"relay=Y\\"c"@elsewhere.example>\r\nQUIT\r\n')
            summaries(server)
            (line,) = [line for line in server.lines if "disconnect ip=" in line]
            text = line.split("] disconnect ", 1)[1]
            self.assertEqual("".join(match[0] for match in PAIR.finditer(text)), text)
            self.assertEqual(summaries(server)[0]["relay"], "N")

    def test_nothing_is_lost_at_the_end(self):
        """log: all lines of 200 sessions are there after the exit"""
        with Server() as server:
            for _ in range(200):
                exchange(server, b"QUIT\r\n")
            self.assertEqual(server.stop(), 0)
            self.assertEqual(sum("] [core] disconnect ip=" in line for line in server.lines), 200)
