"""syslog through its real shared object, with a daemon of ours at a socket of its own. Its README.md."""
import os
import re
import socket

from inline import hooked, server_with
from server import until
from test_bundled import Bundled
from test_limit import QUICKLY
from wire import EHLO, Wire, seconds
from workers import Nodes

LINE = re.compile(rb"<(\d+)>(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d\d:\d\d:\d\d "
                  rb"(?P<tag>\S+): \[(?P<level>[A-Z]+)\] \[(?P<uuid>[^\]]+)\] \[(?P<origin>[^\]]+)\] (?P<text>.*)", re.S)


class Daemon:
    """Listens as syslogd does, and reads when it is told to."""

    def __init__(self, path):
        self.path, self.lines = path, []
        self.open()

    def open(self):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.setblocking(False)

    def close(self):
        self.socket.close()
        os.unlink(self.path)

    def read(self):
        try:
            while True:
                self.lines.append(self.socket.recv(65536))
        except BlockingIOError:
            return self.lines

    def has(self, expression):
        return until(f"a line like {expression}",
                     lambda: next((line for line in self.read() if re.search(expression, line)), None))


class Syslog(Bundled):
    def setUp(self):
        super().setUp()
        self.daemon = Daemon(os.path.join(self.scratch, "log"))
        self.addCleanup(self.daemon.socket.close)

    def logging(self, ini="", **hooks):
        hooks = hooks or {"noop": "return HARAKA_CONT;"}
        return server_with(self.scratch, ["syslog", "mine"], {"mine": hooked(**hooks)},
                           {**QUICKLY, "syslog.ini": f"[general]\nsocket={self.daemon.path}\n{ini}"})

    def test_lines(self):
        """syslog: every line of the log comes with number, time, name, process, level, uuid and origin"""
        with self.logging() as server, Wire(server.port) as client:
            client.say(EHLO)
            match = LINE.fullmatch(self.daemon.has(rb"connect ip=127\.0\.0\.1"))
            self.assertEqual((match[1], match["level"], match["origin"]), (b"22", b"INFO", b"core"))
            self.assertEqual(match["tag"], b"haraka[%d]" % server.process.pid)
            self.assertRegex(match["uuid"], rb"\A[0-9A-F-]{36}\Z")
            server.logged(r"\[INFO\] .* connect ip=127")

    def test_workers(self):
        """syslog: the lines of all workers come, each with the number of its process"""
        with Nodes(["syslog"], config={"syslog.ini": f"[general]\nsocket={self.daemon.path}\n"}) as server:
            with server.pair() as pair:
                workers = [client.who().pid for client in pair]
                self.daemon.read()
                for client in pair:
                    client.close()
                for pid in workers:
                    line = self.daemon.has(rb" haraka\[%d\]: .* disconnect ip=" % pid)
                    self.assertEqual(LINE.fullmatch(line)["tag"], b"haraka[%d]" % pid)

    def test_levels_and_names(self):
        """syslog: name, facility and pid as configured; levels beyond syslog's are debug"""
        server = self.logging("name=mx\nfacility=local3\npid=false\n")
        server.configure("log.ini", "level=data\n")
        with server, Wire(server.port) as client:
            client.say(b"NOOP\r\n")
            match = LINE.fullmatch(self.daemon.has(rb"\[PROTOCOL\]"))
            self.assertEqual((match[1], match["tag"]), (b"159", b"mx"))
            client.close()
            self.assertEqual(LINE.fullmatch(self.daemon.has(rb"disconnect ip="))[1], b"157")

    def test_one_line(self):
        """syslog: what a client sends never begins a line of its own"""
        hook = 'haraka_log(call->self, HARAKA_LOG_INFO, haraka_of_server(), "a\\n<0>b\\tc"); return HARAKA_CONT;'
        with self.logging(noop=hook) as server, Wire(server.port) as client:
            client.say(b"NOOP\r\n")
            line = self.daemon.has(rb"<0>b")
            self.assertEqual(LINE.fullmatch(line)["origin"], b"mine")
            self.assertFalse(re.search(rb"[\x00-\x1f\x7f]", line), line)

    def test_always_ok(self):
        """syslog: with always_ok a line that the daemon has is written nowhere else; one that it misses is"""
        with self.logging() as server:
            # Not from the start on: the test would not learn the port.
            server.configure("syslog.ini", f"[general]\nsocket={self.daemon.path}\nalways_ok=true\n")
            self.daemon.has(rb"syslog.ini has changed")
            with Wire(server.port):
                self.daemon.has(rb"connect ip=127")
            self.daemon.has(rb"disconnect ip=127")
            self.assertIsNone(server.found(r"connect ip=127"))
            self.daemon.close()
            with Wire(server.port):
                pass
            server.logged(r"disconnect ip=127")
            server.logged(r"\[ERROR\] .*\[syslog\] syslog misses lines: ")
            self.daemon.open()

            def found_again():
                with Wire(server.port):
                    return server.found(r"\[WARN\] .*\[syslog\] syslog is back; lines that it has missed: \d+")
            until("the daemon is found again", found_again)

    def test_daemon_that_hangs(self):
        """syslog: a daemon that does not read makes nobody wait, and once it reads, lines go through again"""
        hook = ('int i; for (i = 0; i < 2000; i++) haraka_log(call->self, HARAKA_LOG_INFO, haraka_of_server(), "again"); '
                "return HARAKA_CONT;")
        with self.logging(noop=hook) as server, Wire(server.port) as client:
            took, said = seconds(lambda: client.say(b"NOOP\r\n"))
            self.assertEqual(said, b"250 OK\r\n")
            self.assertLess(took, 5)
            server.logged(r"\[ERROR\] .*syslog misses lines: .*/log: the daemon does not keep up")
            self.assertEqual(client.say(b"RSET\r\n"), b"250 OK\r\n")
            self.daemon.read()
            self.daemon.lines.clear()
            client.close()
            self.daemon.has(rb"disconnect ip=127")
            self.assertRegex(server.log(), r"syslog is back; lines that it has missed: \d{2,}")

    def test_changes(self):
        """syslog: a change holds from the next line on; one with a mistake changes nothing and is named"""
        with self.logging() as server:
            server.configure("syslog.ini", f"[general]\nsocket={self.daemon.path}\nfacility=POST\n")
            server.logged(r"\[ERROR\] .*syslog.ini: all stays as it was: facility: expected MAIL")
            server.configure("syslog.ini", f"[general]\nsocket={self.daemon.path}\nname=other\n")
            server.logged(r"\[syslog\] syslog.ini has changed")
            with Wire(server.port):
                pass
            self.assertRegex(LINE.fullmatch(self.daemon.has(rb"disconnect ip="))["tag"], rb"\Aother\[\d+\]\Z")
