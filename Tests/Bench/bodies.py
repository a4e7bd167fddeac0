"""What a large body costs, beside smtp-sink: the two take their turns; and the most memory that it takes."""
import base64
import contextlib
import os
import random
import re
import statistics
import subprocess
import tempfile

from measured import LIMIT, ROOT, ROUNDS, Client, compiled, haraka, read, say, smtp_sink, spread
from memory import settled

MEBIBYTES = int(os.environ.get("MEBIBYTES", "512"))  # of each turn
SENDERS = 4  # kept connections, each a message at a time
KINDS = {"1 MiB, lines of 76": (1, 76), "10 MiB, lines of 76": (10, 76), "10 MiB, lines of 998": (10, 998)}
FACTOR, MOST = 5, 8  # times smtp-sink's rate; MiB that a message of 10 MiB may add to 1 MiB's peak, 16 at a time
IDLE, CLIENTS = 16, 200  # KiB of a connection that has sent a large message; how many of them
PLACES = ["spool_dir on this disk", "spool_dir in /dev/shm", "memory only (`spool_after=-1`)"]


def measure(build):
    """(lines of the table of aims, lines of tables)"""
    with tempfile.TemporaryDirectory(prefix="haraka-bench-") as folder:
        sender = Sender(folder)
        turns = {kind: measure_turns(build, sender, kind) for kind in KINDS}
        places = measure_places(build, sender)
        peaks = {(mebibytes, connections): peak(build, sender, mebibytes, connections)
                 for mebibytes in (1, 10) for connections in (1, 16)}
        kept = idle_afterwards(build, sender)
    aims = []
    for kind, pairs in turns.items():
        ratios = [ratio(pair) for pair in pairs]
        aims.append((f"bytes per CPU second / smtp-sink, {kind}", f">= {FACTOR}", statistics.median(ratios) >= FACTOR,
                     spread(ratios)))
    more = (peaks[10, 16] - peaks[1, 16]) / 1024
    aims.append(("peak memory, 16 messages at a time: 10 MiB beside 1 MiB", f"< {MOST} MiB more", more < MOST,
                 f"{more:.1f} MiB"))
    aims.append(("memory of an idle connection after a message of 1 MiB", f"< {IDLE} KiB", kept < IDLE,
                 f"{kept:.1f} KiB"))
    return aims, [*table(turns), *table_of_places(places), *table_of_peaks(peaks)]


def letters(line):
    """A good MiB of base64 in lines of that length."""
    text = base64.b64encode(random.Random(line).randbytes(3 << 18))
    return b"".join(text[at:at + line] + b"\r\n" for at in range(0, len(text) - line, line))


def body(mebibytes, line):
    """A message as it goes over the wire behind DATA: a header, lines as of base64, the final dot."""
    header = b"From: <a@example.org>\r\nTo: <b@example.com>\r\nSubject: bulk\r\nMIME-Version: 1.0\r\n" \
             b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    text = letters(line) * (mebibytes + 1)
    return header + text[:(mebibytes << 20) // (line + 2) * (line + 2)] + b".\r\n"


class Sender:
    """Sends messages out of memory; smtp-source would be slower than the server."""

    def __init__(self, folder):
        self.folder = folder
        source = os.path.join(ROOT, "Tests", "Bench", "sender.c")
        self.program = compiled(source, os.path.join(folder, "sender"), "-pthread")
        self.files = {}

    def file(self, mebibytes, line):
        return self.kept((mebibytes, line), lambda: body(mebibytes, line))

    def kept(self, key, make):
        """The path of a message that `make` makes when it is first wanted."""
        if key not in self.files:
            self.files[key] = os.path.join(self.folder, f"message-{len(self.files)}")
            with open(self.files[key], "wb") as out:
                out.write(make())
        return self.files[key]

    def send(self, server, path, connections, messages):
        """`messages` on each of some connections: (bytes, seconds, user seconds of the server, system seconds)."""
        before, ticks = server.nanoseconds(), server.cpu()
        words = [self.program, str(server.port), str(connections), str(messages), path]
        sent = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT,
                              check=False)
        if sent.returncode != 0:
            raise RuntimeError(f"{words}: {sent.stderr}{read(server.log)[-2000:]}")
        spent = (server.nanoseconds() - before) / 1e9
        # Hundredths of a second are too coarse for the sum, not for the share of each.
        user, system = (now - then for then, now in zip(ticks, server.cpu()))
        share = user / max(user + system, 0.01)
        return (os.path.getsize(path) * messages * connections, int(sent.stdout) / 1e9, spent * share,
                spent * (1 - share))


def measure_turns(build, sender, kind):
    """The turns of the server and of smtp-sink: [(load of A, load of B), ...]."""
    mebibytes, line = KINDS[kind]
    path = sender.file(mebibytes, line)
    count = max(MEBIBYTES // mebibytes // SENDERS, 1)
    with haraka(build) as a, smtp_sink() as b:
        for server in (a, b):
            sender.send(server, path, SENDERS, max(count // 10, 1))  # nobody is measured cold
        pairs = []
        for number in range(ROUNDS):
            pairs.append(tuple(sender.send(server, path, SENDERS, count) for server in (a, b)))
            say(f"bodies, {kind}, round {number + 1} of {ROUNDS}: {per_cpu(pairs[-1][0]):.0f} and "
                f"{per_cpu(pairs[-1][1]):.0f} MB per CPU second, x {ratio(pairs[-1]):.2f}")
        return pairs


def measure_places(build, sender):
    """10 MiB messages kept in different places, in turns: {place: [load, ...]}."""
    path, count = sender.file(10, 76), max(MEBIBYTES // 10 // SENDERS, 1)
    with contextlib.ExitStack() as stack:
        memory = stack.enter_context(tempfile.TemporaryDirectory(prefix="haraka-bench-", dir="/dev/shm"))
        configs = [None, {"connection.ini": f"spool_dir={memory}\n"}, {"connection.ini": "spool_after=-1\n"}]
        servers = [stack.enter_context(haraka(build, config=config)) for config in configs]
        for server in servers:
            sender.send(server, path, SENDERS, 1)
        turns = []
        for number in range(ROUNDS):
            turns.append([sender.send(server, path, SENDERS, count) for server in servers])
            say(f"bodies, places, round {number + 1} of {ROUNDS}: "
                + ", ".join(f"{per_cpu(load):.0f}" for load in turns[-1]) + " MB per CPU second")
        return dict(zip(PLACES, zip(*turns)))


def peak(build, sender, mebibytes, connections):
    """KiB: the most memory that a new server ever had, after a good many messages on each connection."""
    with haraka(build) as server:
        sender.send(server, sender.file(mebibytes, 76), connections, max(160 // mebibytes // connections, 2))
        return high_water(server)


def idle_afterwards(build, sender):
    """KiB that a connection still takes after a message of 1 MiB, once it has nothing to say any more."""
    with open(sender.file(1, 76), "rb") as file:
        wire = file.read()
    with haraka(build) as server, contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Client(server.port)) for _ in range(CLIENTS + 1)]
        bring(clients.pop(), wire)  # what the first message brings into memory is no connection's
        before = settled(server)["Private_Dirty"]
        for client in clients:
            bring(client, wire)
        return (settled(server)["Private_Dirty"] - before) / CLIENTS


def bring(client, wire):
    for line in (b"EHLO client.example.org", b"MAIL FROM:<a@example.org>", b"RCPT TO:<b@example.com>", b"DATA"):
        client.say(line)
    client.socket.sendall(wire)
    client.reply()


def high_water(server):
    return int(re.search(r"^VmHWM:\s+(\d+) kB$", read(f"/proc/{server.process.pid}/status"), re.M).group(1))


def per_cpu(load):
    """MB for each second of processor time."""
    size, _, user, system = load
    return size / 1e6 / (user + system)


def ratio(pair):
    return per_cpu(pair[0]) / per_cpu(pair[1])


def row(name, loads):
    """Medians: MB per second, MB per CPU second, CPU seconds per GiB, user, system."""
    columns = [(size / 1e6 / seconds, per_cpu((size, seconds, user, system)), (user + system) * 2**30 / size,
                user * 2**30 / size, system * 2**30 / size) for size, seconds, user, system in loads]
    speed, rate, total, user, system = map(statistics.median, zip(*columns))
    return f"| {name} | {speed:.0f} | {rate:.0f} | {total:.2f} s | {user:.2f} s | {system:.2f} s |"


HEADING = ["MB/s | MB per CPU second | CPU per GiB | of it user | system |", "---:|---:|---:|---:|---:|"]


def table(turns):
    yield f"| messages | server | {HEADING[0]}"
    yield f"|---|---|{HEADING[1]}"
    for kind, pairs in turns.items():
        for place, server in enumerate(("Haraka", "smtp-sink")):
            yield row(f"{kind} | {server}", [pair[place] for pair in pairs])
    yield ""


def table_of_places(places):
    yield f"| 10 MiB, lines of 76: where it is kept | {HEADING[0]}"
    yield f"|---|{HEADING[1]}"
    for place, loads in places.items():
        yield row(place, loads)
    yield ""


def table_of_peaks(peaks):
    yield "| most memory (VmHWM) | 1 connection | 16 connections |"
    yield "|---|---:|---:|"
    for mebibytes in sorted({size for size, _ in peaks}):
        cells = " | ".join(f"{peaks[mebibytes, connections] / 1024:.1f} MiB" for connections in (1, 16))
        yield f"| messages of {mebibytes} MiB | {cells} |"
    yield ""
