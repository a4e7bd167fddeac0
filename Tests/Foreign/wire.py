"""A client of bytes: it sends exactly what a test says, and keeps exactly what it was told."""
import re
import socket
import time

from server import LIMIT, Server, until

EHLO = b"EHLO client.example.org\r\n"
ENVELOPE = b"MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\n"
QUEUED = re.compile(rb"250 Message Queued \([0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}\.\d+\)\r\n")
GOODBYE = b"221 mx.example.com closing connection. Have a jolly good day.\r\n"


class Wire:
    """One connection; `target` is a port of 127.0.0.1, an (address, port), or the path of a unix socket."""

    def __init__(self, target, banner=True):
        if isinstance(target, str):
            self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.socket.settimeout(LIMIT)
            self.socket.connect(target)
        else:
            where = target if isinstance(target, tuple) else ("127.0.0.1", target)
            self.socket = socket.create_connection(where, timeout=LIMIT)
        self.file = self.socket.makefile("rb")
        self.banner = self.reply() if banner else b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.file.close()
        self.socket.close()

    def abort(self):
        """Leaves with a reset instead of a farewell."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.close()

    def send(self, data):
        self.socket.sendall(data)

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)

    def reply(self):
        """The next reply with all its lines; empty at the end of the connection."""
        lines = []
        while line := self.file.readline():
            lines.append(line)
            if line[3:4] != b"-":
                break
        return b"".join(lines)

    def say(self, data):
        self.send(data)
        return self.reply()

    def rest(self):
        """All that still comes until the server closes."""
        return self.file.read()

    def envelope(self, message=b""):
        """From EHLO to the reply to DATA, one command after the other."""
        for command in (EHLO, *ENVELOPE.splitlines(keepends=True)):
            reply = self.say(command)
            assert reply[:3] == b"250", reply
        reply = self.say(b"DATA\r\n")
        assert reply == b"354 go ahead, make my day\r\n", reply
        return self.say(message) if message else reply


def exchange(server, data, half_close=True):
    """All that a client gets that sends everything at once, without waiting for anything."""
    with Wire(server.port, banner=False) as client:
        client.send(data)
        if half_close:
            client.half_close()
        return client.rest()


def replies(data):
    """The codes of all replies in `data`, one for each, and nothing but whole lines of replies."""
    codes = []
    for line in data.split(b"\r\n")[:-1]:
        assert re.match(rb"[2-5]\d\d[ -]", line), f"no line of a reply: {line!r}"
        if line[3:4] == b" ":
            codes.append(int(line[:3]))
    assert data == b"" or data.endswith(b"\r\n"), data
    return codes


def summaries(server, count=1):
    """The lines that sum up the first `count` sessions that ended, as dictionaries."""
    def found():
        lines = [line for line in list(server.lines) if "] [core] disconnect ip=" in line]
        return lines if len(lines) >= count else None
    pairs = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|\S*)')
    return [{key: value.strip('"') for key, value in pairs.findall(line)} for line in until("the summary", found)]


class Listener(Server):
    """A server whose listeners need not be ports: `targets` says where each of them is."""

    def start(self):
        self.ports = Places(self)
        super().start()
        self.targets = [self.target(place) for place in self.ports.places()]

    @property
    def port(self):
        return self.targets[0][1]

    def target(self, place):
        host, _, port = place.rpartition(":")
        return place if place.startswith("/") else (host.strip("[]"), int(port))


class Places(list):
    """The listeners that the log names, in any of its formats; unix sockets too."""

    def __init__(self, server):
        super().__init__()
        self.server = server

    def places(self):
        return re.findall(r'Listening on ([^\s"]+)', "\n".join(self.server.lines))

    def __len__(self):
        return len(self.places())


def seconds(action):
    """How long it took, and what it returned."""
    began = time.monotonic()
    answer = action()
    return time.monotonic() - began, answer
