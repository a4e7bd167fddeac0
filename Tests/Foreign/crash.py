"""Kills processes of a real server at random instants under load, and counts what that did. Used by test_outbound_life.py and
Scripts/crash.

Senders hand in numbered mails, to recipients that are taken, taken at the second attempt, or refused, which makes a report. A
recording peer takes everything. In the end each mail that was acknowledged has reached each recipient whole, or its sender was
told. A second copy is excused only where the peer's last reply was on its way when a process was killed.
"""
import collections
import contextlib
import hashlib
import os
import random
import re
import signal
import threading
import time

from outbound import QUEUED, Relaying, at, stuffed
from peer import Peer
from server import LIMIT, until
from wire import EHLO, Wire

ROLES = ["supervisor", "smtp", "delivery"]
SENDERS = 4
JUST = 0.5  # seconds before a kill in which a reply counts as just sent
NUMBER = re.compile(rb"X-Number: (\d+)\r\n")


class Recorder(Peer):
    """Remembers who got what, when it was replied to, and whether its client said anything afterwards."""

    def __init__(self):
        self.refused_once = set()
        self.copies = collections.defaultdict(list)  # (number, recipient): [Copy]
        self.torn = []
        super().__init__(replies={"RCPT": self.rcpt})

    def rcpt(self, session, argument):
        address = argument.split(b"<")[1].split(b">")[0].decode()
        if address.startswith("bad"):
            return "550 5.1.1 no such user"
        if address.startswith("later") and address not in self.refused_once:
            self.refused_once.add(address)
            return "451 4.2.1 not now"
        return None

    def settle(self):
        """Sorts what has arrived."""
        for message in self.accepted:
            match = NUMBER.search(message.data)
            number = int(match[1]) if match else None
            if message.sender and not is_whole(message.data):
                self.torn.append(number)
            for recipient in message.to:
                self.copies[number, recipient if message.sender else f"report to {recipient}"].append(message)


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
        self.acknowledged = {}  # number: recipients
        self.sent = 0
        self.uuids = {}
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.crash.over.is_set():
            try:
                with Wire(self.crash.server.port) as client:
                    if client.banner[:3] == b"220" and client.say(EHLO)[:3] == b"250":
                        while self.one(client) and not self.crash.over.wait(0.005):
                            pass
            except (OSError, IndexError, AssertionError):
                pass
            self.crash.over.wait(0.02)

    def one(self, client):
        self.sent += 1
        number = self.sent * SENDERS + self.place
        kinds = self.random.choice([["ok"], ["ok", "also"], ["later"], ["bad"], ["ok", "later", "bad"], ["far", "ok"]])
        recipients = [f"{kind}{number}@{'far' if kind == 'far' else 'near'}.example" for kind in kinds]
        body = self.random.randbytes(self.random.choice([10, 500, 40_000])).hex().encode()
        body = b"".join(body[at:at + 70] + b"\r\n" for at in range(0, len(body), 70))
        message = (b"X-Number: %d\r\nX-Digest: %s\r\nFrom: <me@home.example>\r\nSubject: crash\r\n\r\n"
                   % (number, hashlib.sha256(body).hexdigest().encode())) + body
        commands = [b"MAIL FROM:<me@home.example>\r\n", *(b"RCPT TO:<%s>\r\n" % one.encode() for one in recipients), b"DATA\r\n"]
        for command in commands:
            if client.say(command)[:1] not in (b"2", b"3"):
                return False
        reply = client.say(stuffed(message) + b".\r\n")
        if match := QUEUED.fullmatch(reply):
            self.acknowledged[number] = recipients
            self.uuids[number] = match[1].decode()
        return bool(match)


class Crash:
    def __init__(self, rounds, seed):
        self.rounds, self.seed = rounds, seed
        self.random = random.Random(seed)
        self.over = threading.Event()
        self.kills = []  # (time, role)
        self.began = time.monotonic()

    def run(self):
        """What is wrong; empty: nothing."""
        with Recorder() as peer:
            self.peer = peer
            places = {f"{name}.example": at(peer) for name in ("near", "far", "home")}
            self.server = Relaying(places, nodes=2, ini="crash_limit=0\nmin_free_disk=0\n", config={
                "log.ini": "level=notice\n", "smtp.ini": "listen=127.0.0.1:0\nnodes=2\ngraceful_shutdown=false\n",
                "connection.ini": "[max]\nconnections_per_ip=1000\nerrors=0\n"})
            with self.server:
                self.senders = [Sender(self, place) for place in range(SENDERS)]
                while len(self.kills) < self.rounds:
                    self.over.wait(self.random.uniform(0.05, 0.6))
                    self.kill(self.random.choice(ROLES))
                self.over.wait(1)
                self.over.set()
                for sender in self.senders:
                    sender.thread.join(LIMIT)
                # What waits for its time is tried now; files that were set aside stay and are reported.
                until("an empty queue", self.is_empty, 120)
                self.aside = [name for name in self.server.files() if name.startswith(("error.", "quarantine."))]
            peer.settle()
        return self.wrong()

    def is_empty(self):
        with contextlib.suppress(AssertionError):
            self.server.retry()
        time.sleep(0.2)
        return not [name for name in self.server.files() if not name.startswith(("error.", "quarantine.", "__tmp__."))]

    def kill(self, role):
        server = self.server
        if role == "supervisor":
            workers = [one["pid"] for one in server.status()["workers"]]
            self.kills.append((time.monotonic(), role))
            server.process.kill()
            server.process.wait(LIMIT)
            # As a service manager does: nobody of the old server is left when the new one starts.
            until("the workers' end", lambda: not any(map(is_alive, workers)))
            server.reader.join(LIMIT)
            server.process.stdout.close()
            server.again()
            return
        workers = [one["pid"] for one in server.status()["workers"] if one["role"] == role]
        if not workers:
            return  # it is being started
        self.kills.append((time.monotonic(), role))
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.random.choice(workers), signal.SIGKILL)

    # --------------------------------------------------------------------------------------------------- what it did ----
    def wrong(self):
        self.acknowledged = {number: to for sender in self.senders for number, to in sender.acknowledged.items()}
        self.lost, self.twice = [], collections.Counter()
        for number, recipients in self.acknowledged.items():
            for recipient in recipients:
                key = (number, "report to me@home.example") if recipient.startswith("bad") else (number, recipient)
                if not self.peer.copies.get(key):
                    self.lost.append(key)
        for key, copies in self.peer.copies.items():
            for copy in copies[:-1]:
                self.twice["report" if key[1].startswith("report") else self.excuse(copy)] += 1
        named = {uuid for sender in self.senders for uuid in sender.uuids.values()}
        torn = self.peer.torn + [name for name in self.aside if name.split(".", 1)[1] in named]
        self.torn = torn
        wrong = [f"lost: {key}" for key in self.lost] + [f"torn: {one}" for one in torn]
        if self.twice["others"]:
            wrong.append(f"{self.twice['others']} second copies without an excuse")
        if not self.acknowledged:
            wrong.append("nothing was acknowledged at all")
        return wrong

    def excuse(self, copy):
        """Why there may be another copy after this one."""
        if len(copy.session.commands) <= copy.after:
            return "in flight"
        return "just replied" if any(0 <= at - copy.time <= JUST for at, _ in self.kills) else "others"

    def table(self):
        roles = collections.Counter(role for _, role in self.kills)
        sent = sum(sender.sent for sender in self.senders)
        return (f"{len(self.kills)} kills ({', '.join(f'{roles[role]} {role}' for role in ROLES)}) in "
                f"{time.monotonic() - self.began:.0f} s, seed {self.seed}\n"
                f"{sent} mails begun, {len(self.acknowledged)} acknowledged, {len(self.lost)} lost, {len(self.torn)} torn\n"
                f"{sum(map(len, self.peer.copies.values()))} copies; second copies: {self.twice['in flight']} whose reply was in flight, "
                f"{self.twice['just replied']} just replied to, {self.twice['others']} others; {self.twice['report']} second reports\n"
                f"{len(self.aside)} unfinished files set aside")


def is_alive(process):
    try:
        with open(f"/proc/{process}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
