"""What it costs that a plugin looks into a message: 10 MiB in 1,000 parts, not looked at, all visited, all read."""
import contextlib
import os
import statistics
import tempfile

from bodies import HEADING, MEBIBYTES, SENDERS, Sender, high_water, letters, per_cpu, row
from measured import ROOT, ROUNDS, compiled, haraka, say, spread

PARTS, SIZE = 1000, 10 << 20  # the whole message is the first part
AIM, MOST = 200, 16  # MB for each second of processor time; MiB of memory for one such message
PLUGINS = ["rcpt_to.in_host_list", "queue/discard"]
KINDS = {"nobody looks at them": None, "all parts visited": [], "all parts read, base64 undone": ["-DREADS"]}


def measure(build):
    """(lines of the table of aims, lines of tables)"""
    with tempfile.TemporaryDirectory(prefix="haraka-bench-") as folder:
        sender = Sender(folder)
        path = sender.kept("mime", message)
        objects = {kind: compile_plugin(build, folder, number, flags)
                   for number, (kind, flags) in enumerate(KINDS.items())}
        turns = measure_turns(build, sender, path, objects)
        peaks = {(kind, connections): peak(build, sender, path, objects[kind], connections)
                 for kind in KINDS for connections in (1, 16)}
    visited, name = turns[list(KINDS)[1]], f"{SIZE >> 20} MiB in {PARTS} parts, all visited"
    rates = [per_cpu(load) for load in visited]
    more = (peaks[list(KINDS)[2], 1] - peaks[list(KINDS)[0], 1]) / 1024
    aims = [(f"MB per CPU second, {name}", f"> {AIM}", statistics.median(rates) > AIM, spread(rates, 0)),
            ("peak memory for one such message, read as well", f"< {MOST} MiB more", more < MOST, f"{more:.1f} MiB")]
    return aims, [*table(turns), *table_of_peaks(peaks)]


def message():
    """As it goes over the wire behind DATA."""
    head = b"From: <a@example.org>\r\nTo: <b@example.com>\r\nSubject: parts\r\nMIME-Version: 1.0\r\n" \
           b"Content-Type: multipart/mixed; boundary=\"one-of-many\"\r\n\r\n"
    text, line = letters(76), 78
    parts = []
    for number in range(1, PARTS):
        header = f"--one-of-many\r\nContent-Type: application/octet-stream; name=\"{number}.bin\"\r\n" \
                 f"Content-Disposition: attachment; filename=\"{number}.bin\"\r\n" \
                 "Content-Transfer-Encoding: base64\r\n\r\n".encode()
        lines = (SIZE // (PARTS - 1) - len(header)) // line
        parts.append(header + text[number * line:(number + lines) * line])
    return head + b"".join(parts) + b"--one-of-many--\r\n.\r\n"


def compile_plugin(build, folder, number, flags):
    if flags is None:
        return None
    return compiled(os.path.join(ROOT, "Tests", "Bench", "visit_parts.c"), os.path.join(folder, f"visit_{number}.so"),
                    "-shared", "-fPIC", f"-DWANTED={PARTS}", "-I", os.path.join(build, "include"), *flags)


def server_with(build, shared):
    return haraka(build, ["visit_parts", *PLUGINS], {"visit_parts": shared}) if shared else haraka(build, PLUGINS)


def measure_turns(build, sender, path, objects):
    """{kind: [load, ...]}"""
    count = max(MEBIBYTES // (SIZE >> 20) // SENDERS, 1)
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(server_with(build, shared)) for shared in objects.values()]
        for server in servers:
            sender.send(server, path, SENDERS, 1)
        turns = []
        for number in range(ROUNDS):
            turns.append([sender.send(server, path, SENDERS, count) for server in servers])
            say(f"mime, round {number + 1} of {ROUNDS}: "
                + ", ".join(f"{per_cpu(load):.0f}" for load in turns[-1]) + " MB per CPU second")
        return dict(zip(objects, zip(*turns)))


def peak(build, sender, path, shared, connections):
    """KiB: the most memory that a new server ever had."""
    with server_with(build, shared) as server:
        sender.send(server, path, connections, 2)
        return high_water(server)


def table(turns):
    yield f"| {SIZE >> 20} MiB in {PARTS} parts | {HEADING[0]}"
    yield f"|---|{HEADING[1]}"
    for kind, loads in turns.items():
        yield row(kind, loads)
    yield ""


def table_of_peaks(peaks):
    yield "| most memory (VmHWM) | 1 connection | 16 connections |"
    yield "|---|---:|---:|"
    for kind in KINDS:
        cells = " | ".join(f"{peaks[kind, connections] / 1024:.1f} MiB" for connections in (1, 16))
        yield f"| {kind} | {cells} |"
    yield ""
