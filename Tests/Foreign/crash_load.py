"""What a server is busy with while crash.py kills it: senders of numbered mails, a peer that remembers every copy, and the
moments between them that a kill can wait for."""
import collections
import contextlib
import hashlib
import os
import random
import re
import threading
import time

from outbound import QUEUED, stuffed
from peer import Dialogue, Over, Peer, Session, path
from server import LIMIT
from wire import EHLO, Wire

SENDERS = 4
CROWD = 400  # files in the queue at which senders wait: what is queued must be delivered in the end, too
NUMBER = re.compile(rb"X-Number: (\d+)\r\n")
BLAMED = re.compile(rb"^Final-Recipient: *rfc822; *(\S+)\r\n", re.M | re.I)


class Moments:
    """What the server is doing now, as it is seen from outside."""

    def __init__(self):
        self.wanted, self.come = None, threading.Event()

    def tell(self, state):
        if state == self.wanted:
            self.come.set()

    def wait(self, state, limit):
        """False: it did not come in time."""
        self.come.clear()
        self.wanted = state
        try:
            return self.come.wait(limit)
        finally:
            self.wanted = None


class Recorder(Peer):
    """Remembers who got what, when it was replied to, and how the session ended."""

    def __init__(self, moments):
        self.moments = moments
        self.refused_once = set()
        self.refusals = collections.defaultdict(list)  # number: times of 550
        self.copies = collections.defaultdict(list)  # (number, recipient): [Received]
        self.torn, self.slandered = [], []
        self.open = set()  # sessions between DATA and the last reply
        super().__init__(replies={"RCPT": self.rcpt, ".": self.dot})

    def client(self, client, address):
        with self.lock:
            session = Session(len(self.sessions), address)
            self.sessions.append(session)
        session.was_reset = False
        client.settimeout(LIMIT * 2)
        try:
            with contextlib.suppress(Over, ValueError):
                Watched(self, session, client).run()
        except ConnectionError:
            # With a reply that nobody has read the system of a killed process resets the connection; else it closes it.
            session.was_reset = True
        except OSError:
            pass
        client.close()
        self.sockets.remove(client)

    def rcpt(self, session, argument):
        address = path(argument)
        if address.startswith("bad"):
            self.refusals[int(re.search(r"\d+", address)[0])].append(time.monotonic())
            self.moments.tell("bouncing")
            return "550 5.1.1 no such user"
        if address.startswith("later") and address not in self.refused_once:
            self.refused_once.add(address)
            self.moments.tell("deferring")
            return "451 4.2.1 not now"
        return None

    def dot(self, session, argument):
        self.moments.tell("delivering")

    def note(self, message):
        """Keeps what matters of a message, and not its bytes."""
        match = NUMBER.search(message.data)
        number = int(match[1]) if match else None
        if number is None or message.sender and not is_whole(message.data):
            self.torn.append(f"{number} to {message.to}")
        if not message.sender:
            self.slandered += [one.decode() for one in BLAMED.findall(message.data) if not one.startswith(b"bad")]
        for recipient in message.to:
            self.copies[number, recipient if message.sender else f"report to {recipient}"].append(message)
        message.data = b""
        self.accepted.clear()
        self.seen.clear()


class Watched(Dialogue):
    """A session of the recorder."""

    def do_data(self, argument):
        self.peer.moments.tell("delivering")
        self.peer.open.add(self.session)
        try:
            super().do_data(argument)
        finally:
            self.peer.open.discard(self.session)

    def finish(self, message, argument):
        try:
            super().finish(message, argument)
        finally:
            message.replied = time.monotonic()
            self.peer.note(message)


def is_whole(data):
    """The body has the digest that the header says."""
    head, _, body = data.partition(b"\r\n\r\n")
    match = re.search(rb"X-Digest: (\w+)", head)
    return bool(match) and hashlib.sha256(body).hexdigest().encode() == match[1]


class Sender:
    """One client after the other; each mail has a number of its own."""

    def __init__(self, crash, place):
        self.crash, self.place = crash, place
        self.random = random.Random(crash.seed * 100 + place)
        self.to = {}  # number: recipients, of each mail whose end was sent
        self.acknowledged, self.refused = set(), set()
        self.uuids = {}
        self.sent, self.awaited = 0, None
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.crash.over.is_set():
            try:
                with Wire(self.crash.server.port) as client:
                    if client.banner[:3] == b"220" and client.say(EHLO)[:3] == b"250":
                        while self.one(client) and not self.crash.over.wait(0.005):
                            pass
            except (OSError, IndexError):
                pass
            self.awaited = None
            self.crash.over.wait(0.02)

    def one(self, client):
        if self.sent % 20 == 0:
            while len(os.listdir(self.crash.server.queue)) > CROWD and not self.crash.over.wait(0.1):
                pass
        self.sent += 1
        number = self.sent * SENDERS + self.place
        kinds = self.random.choice([["ok"], ["ok", "also"], ["later"], ["bad"], ["ok", "later", "bad"], ["far", "ok"]])
        recipients = [f"{kind}{number}@{'far' if kind == 'far' else 'near'}.example" for kind in kinds]
        message = self.message(number)
        commands = [b"MAIL FROM:<me@home.example>\r\n", *(b"RCPT TO:<%s>\r\n" % one.encode() for one in recipients), b"DATA\r\n"]
        for command in commands:
            if client.say(command)[:1] not in (b"2", b"3"):
                return False
        self.to[number] = recipients
        client.send(stuffed(message) + b".\r\n")
        self.awaited = number
        self.crash.moments.tell("accepting")
        reply = client.reply()
        self.awaited = None
        if match := QUEUED.fullmatch(reply):
            self.uuids[number] = match[1].decode()
            self.acknowledged.add(number)
            self.crash.acknowledged(number, recipients, match[1].decode())
        elif reply[:1] in (b"4", b"5"):
            self.refused.add(number)
        return bool(match)

    def message(self, number):
        body = self.random.randbytes(self.random.choice([10, 500, 40_000])).hex().encode()
        body = b"".join(body[at:at + 70] + b"\r\n" for at in range(0, len(body), 70))
        return (b"X-Number: %d\r\nX-Digest: %s\r\nFrom: <me@home.example>\r\nSubject: crash\r\n\r\n"
                % (number, hashlib.sha256(body).hexdigest().encode())) + body
