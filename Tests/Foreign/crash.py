"""Kills processes of a real server under load, at moments of every kind, and counts what that did. Used by Scripts/crash and
test_outbound_life.py.

Senders hand in numbered mails, to recipients that are taken, taken at the second attempt, or refused, which makes a report. A
recording peer takes everything. In the end each mail that was acknowledged has reached each recipient whole, or its sender was
told. A second copy is excused only where the peer's last reply was unread or not yet written down when who delivers was killed.
"""
import collections
import contextlib
import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time

from crash_load import SENDERS, Moments, Recorder, Sender
from outbound import Relaying, at
from server import LIMIT, until

STATES = ["accepting", "deferring", "delivering", "bouncing", "starting", "any"]
ROLES = ["supervisor", "smtp", "delivery", "all"]  # all: every process in one go. With nodes=0 there is but one: "server"
DELIVERS = {"supervisor", "delivery", "all", "server"}
JUST = 0.25  # seconds that may pass between a reply and the disk's word that it is written down


class Kill:
    def __init__(self, role, state):
        self.role, self.state = role, state
        self.begin = self.end = time.monotonic()


class Crash:
    """`rounds` kills of a server with so many `nodes`. `sabotage`: what is done to the queue behind the server's back, which
    must be told as wrong: `lose` files, `tear` them, `copy` them back when they are delivered."""

    def __init__(self, rounds, seed, nodes=2, sabotage=""):
        self.seed, self.nodes, self.sabotage = seed, nodes, sabotage
        self.plan = plan(rounds, random.Random(seed), ROLES if nodes else ["server"])
        self.moments, self.over = Moments(), threading.Event()
        self.kills, self.missed = [], collections.Counter()
        self.awaited = self.transactions = self.harmed = 0
        self.late = {}  # sabotage: files to be put back
        self.began = time.monotonic()

    def run(self):
        """What is wrong; empty: nothing."""
        with Recorder(self.moments) as peer:
            self.peer = peer
            places = {f"{name}.example": at(peer) for name in ("near", "far", "home")}
            self.server = Relaying(places, ini="crash_limit=0\nmin_free_disk=0\n", config={
                "log.ini": "level=notice\n", "connection.ini": "[max]\nconnections_per_ip=1000\nerrors=0\n",
                "smtp.ini": f"listen=127.0.0.1:0\nnodes={self.nodes}\ngraceful_shutdown=false\n"})
            with self.server:
                self.senders = [Sender(self, place) for place in range(SENDERS)]
                for done, one in enumerate(self.plan):
                    if done % 50 == 0:
                        print(f"nodes={self.nodes}: {done} of {len(self.plan)} kills", file=sys.stderr, flush=True)
                    self.round(*one)
                    self.put_back()
                self.over.wait(1)
                if self.late:
                    # Found by whoever starts now.
                    self.put_back()
                    self.round(0, "any", "delivery" if self.nodes else "server", 0, 0)
                self.over.set()
                for sender in self.senders:
                    sender.thread.join(LIMIT)
                # What waits for its time is tried now; files that were set aside stay and are reported.
                with contextlib.suppress(AssertionError):
                    until("an empty queue", self.is_empty, 15 if self.sabotage else 120)
                self.left = self.queued()
                self.aside = [name for name in self.server.files() if name.startswith(("error.", "quarantine."))]
        return self.wrong()

    def queued(self):
        return [name for name in self.server.files() if not name.startswith(("error.", "quarantine.", "__tmp__."))]

    def is_empty(self):
        with contextlib.suppress(AssertionError):
            self.server.retry()
        time.sleep(0.2)
        return not self.queued()

    # ----------------------------------------------------------------------------------------------------- the kills ----
    def round(self, pause, state, role, delay, place):
        if state == "starting":
            # A first kill makes it start; the second comes while it does.
            self.kill(role, "any", place)
            if role in ("smtp", "delivery"):
                self.process(role, place)
            else:
                self.launch()
            delay *= 20
        else:
            self.over.wait(pause)
            if role in ("smtp", "delivery"):
                self.process(role, place)
            if state != "any" and not self.moments.wait(state, 10):
                self.missed[state] += 1
                state = "any"
        time.sleep(delay)
        self.kill(role, state, place)
        if role not in ("smtp", "delivery"):
            self.server.again()

    def kill(self, role, state, place):
        is_worker = role in ("smtp", "delivery")
        others = [] if is_worker else sum(workers(self.server).values(), [])
        targets = [self.process(role, place)] if is_worker else [self.server.process.pid]
        kill = Kill(role, state)
        self.awaited += sum(sender.awaited is not None for sender in self.senders)
        self.transactions += len(self.peer.open)
        kill.begin = time.monotonic()
        for one in targets + (others if role == "all" else []):
            with contextlib.suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)
        if not is_worker:
            # As a service manager does: nobody of the old server is left when the new one starts.
            self.server.process.wait(LIMIT)
            until("the workers' end", lambda: not any(map(is_alive, others)), LIMIT * 2)
            self.server.reader.join(LIMIT)
            self.server.process.stdout.close()
        kill.end = time.monotonic()
        self.kills.append(kill)

    def process(self, role, place):
        found = until(f"a {role} worker", lambda: workers(self.server)[role], LIMIT * 2)
        return found[place % len(found)]

    def launch(self):
        """Starts the server, and does not wait until it listens."""
        server = self.server
        server.lines, server.ports = [], []
        server.process = subprocess.Popen(
            server.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        server.reader = threading.Thread(target=server.read, daemon=True)
        server.reader.start()

    # --------------------------------------------------------------------------------- behind the server's back ----
    def acknowledged(self, number, recipients, uuid):
        """A sender has its 250."""
        file = os.path.join(self.server.queue, uuid)
        # One that waits for its second attempt is there for a second.
        if not self.sabotage or not recipients[0].startswith("later") or self.harmed == 20:
            return
        with contextlib.suppress(FileNotFoundError):
            if self.sabotage == "lose":
                os.unlink(file)
            elif self.sabotage == "tear":
                os.truncate(file, os.path.getsize(file) // 2)
            elif self.sabotage == "copy":
                shutil.copy(file, os.path.join(self.server.folder, uuid))
                self.late[uuid] = number, recipients[0]
            self.harmed += 1

    def put_back(self):
        """Copies of mails that were delivered long enough ago, so that no kill is an excuse. The next scan finds them."""
        for uuid, key in list(self.late.items()):
            copies = self.peer.copies.get(key)
            if os.path.exists(os.path.join(self.server.queue, uuid)):
                continue
            if copies and time.monotonic() - copies[-1].replied > 2 * JUST and self.gap(copies[-1].replied) is None:
                os.rename(os.path.join(self.server.folder, uuid), os.path.join(self.server.queue, uuid))
                del self.late[uuid]

    # --------------------------------------------------------------------------------------------------- what it did ----
    def wrong(self):
        """Lines, one for each thing that must not be."""
        self.to = {number: to for sender in self.senders for number, to in sender.to.items()}
        self.taken = set().union(*(sender.acknowledged for sender in self.senders))
        refused = set().union(*(sender.refused for sender in self.senders))
        self.lost, self.half, self.unheard = [], [], 0
        for number, recipients in self.to.items():
            keys = [(number, "report to me@home.example" if one.startswith("bad") else one) for one in recipients]
            missing = [key for key in keys if not self.peer.copies.get(key)]
            if number in self.taken:
                self.lost += missing
            elif len(missing) < len(keys):
                # Nobody was told that it is taken, so it may have been or not: but only all of it.
                self.unheard += 1
                self.half += [f"{key}" for key in missing]
                if number in refused:
                    self.half.append(f"{number} was refused and delivered")
        self.twice, self.gaps, bad = collections.Counter(), [0.0], []
        for key, copies in self.peer.copies.items():
            for copy in copies[:-1]:
                why = self.excuse(copy) or (self.excuse_report(key[0]) if key[1].startswith("report") else None)
                self.twice[why or "others"] += 1
                bad += [] if why else [f"a second copy without an excuse: {key}, {self.story(copy)}"]
        named = {uuid for sender in self.senders for uuid in sender.uuids.values()}
        self.torn = self.peer.torn + [name for name in self.aside if name.split(".", 1)[1] in named]
        return [*(f"lost: {key}" for key in self.lost), *(f"torn: {one}" for one in self.torn), *bad,
                *(f"by half: {one}" for one in self.half), *(f"still queued: {one}" for one in self.left),
                *(f"a false report about {one}" for one in self.peer.slandered),
                *([] if self.taken else ["nothing was acknowledged at all"])]

    def excuse(self, copy):
        """Why there may be another copy after this one; None: no reason."""
        if copy.session.was_reset and len(copy.session.commands) <= copy.after:
            return "unread"
        return self.excuse_at(copy.replied)

    def excuse_report(self, number):
        """One report follows from each 550 that was heard."""
        times = self.peer.refusals[number]
        return "read" if len(times) > 1 and all(self.gap(one) is not None for one in times[:-1]) else None

    def excuse_at(self, replied):
        gap = self.gap(replied)
        if gap is None:
            return None
        self.gaps.append(gap)
        return "read"

    def gap(self, replied):
        """Seconds from a reply to a kill of who had to write it down; None: nobody was killed just then."""
        gaps = [max(0.0, kill.begin - replied) for kill in self.kills
                if kill.role in DELIVERS and kill.end + 0.1 >= replied >= kill.begin - JUST]
        return min(gaps, default=None)

    def story(self, copy):
        """When its reply was sent, and who was killed then."""
        near = [f"{kill.role} {kill.begin - copy.replied:+.2f} s" for kill in self.kills if abs(kill.begin - copy.replied) < 3]
        return f"killed around its reply: {', '.join(near) or 'nobody'}; {len(copy.session.commands) - copy.after} commands after it"

    def table(self):
        counts = collections.Counter((kill.state, kill.role) for kill in self.kills)
        roles = sorted({kill.role for kill in self.kills}, key=(ROLES + ["server"]).index)
        rows = [f"nodes={self.nodes}, seed {self.seed}: {len(self.kills)} kills in {time.monotonic() - self.began:.0f} s",
                f"    {'while':12}" + "".join(f"{role:>12}" for role in roles)]
        rows += [f"    {state:12}" + "".join(f"{counts[state, role]:12}" for role in roles) for state in STATES]
        missed = ", ".join(f"{count} {state}" for state, count in self.missed.items())
        rows.append(f"    at those moments {self.awaited} clients waited for their 250, and {self.transactions} mails were on their "
                    f"way to the peer" + (f"; moments that did not come: {missed}" if missed else ""))
        rows.append(f"    {sum(sender.sent for sender in self.senders)} mails begun, {len(self.taken)} acknowledged, "
                    f"{len(self.lost)} lost, {len(self.torn)} torn; {self.unheard} delivered whose 250 was not heard")
        rows.append(f"    {sum(map(len, self.peer.copies.values()))} copies; second ones: {self.twice['unread']} whose reply was in "
                    f"flight, {self.twice['read']} whose reply was read up to {max(self.gaps) * 1000:.0f} ms before the kill, "
                    f"{self.twice['others']} others; {len(self.aside)} files set aside")
        return "\n".join(rows)


def plan(rounds, dice, roles):
    """(pause, state, role, delay, which of several), the same for the same seed: each state with each role in turn, shuffled.
    The last ones are about hints that die with who should give them: nobody who delivers starts anew after those."""
    pairs = list(itertools.product(STATES, roles))
    found = []
    while len(found) < rounds:
        dice.shuffle(pairs)
        found += pairs
    found = found[:rounds]
    if "smtp" in roles:
        found[-3:] = [("accepting", "smtp")] * len(found[-3:])
    return [(dice.uniform(0.02, 0.4), state, role, dice.choice([0.003, 0.02]) * dice.random(), dice.randrange(60))
            for state, role in found]


def workers(server):
    """Processes of its workers by role, without asking it."""
    found = {"smtp": [], "delivery": []}
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError, IndexError, ValueError):
            with open(f"/proc/{name}/stat", encoding="ascii", errors="replace") as file:
                state, parent = file.read().rsplit(")", 1)[1].split()[:2]
            if int(parent) != server.process.pid or state == "Z":
                continue
            with open(f"/proc/{name}/cmdline", encoding="utf-8", errors="replace") as file:
                _, word, role = file.read().split("\0")[:3]
            if word == "worker":
                found[role].append(int(name))
    return found


def is_alive(process):
    try:
        with open(f"/proc/{process}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
