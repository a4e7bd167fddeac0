"""What it costs to take a mail to disk, and to take, queue and deliver one, beside Postfix: the two take their turns."""
import contextlib
import os
import statistics
import time

from measured import MESSAGES, ROUNDS, SESSIONS, say, smtp_source, spread
from relays import REST, Sink, aside, at_rest, haraka_relay, postfix_relay

FACTOR = 3  # times Postfix: mails a second, and what a CPU second does
TURN = max(MESSAGES // 5, SESSIONS)  # mails; each waits for the disk, so they take longer than others here
LOADS = {  # (holds mail, runs on one processor)
    "to disk": (True, False), "to disk, servers on one processor": (True, True), "to disk and delivered": (False, False)}


def measure(build):
    """(lines of the table of aims, lines of tables)"""
    turns = {name: measure_turns(build, name) for name, (_, on_one) in LOADS.items() if REST or not on_one}
    aims = []
    for name, pairs in turns.items():
        for what, place in (("mails a second", 0), ("mails per CPU second", 1)):
            ratios = [a[place] / b[place] for a, b in pairs if b]
            if ratios:
                aims.append((f"{what} / Postfix, {name}", f">= {FACTOR}", statistics.median(ratios) >= FACTOR,
                             spread(ratios)))
    return aims, [*table(turns)]


def measure_turns(build, name):
    """The turns of the server and of Postfix: [(load of A, load of B), ...]; B is None where Postfix cannot be started."""
    holds, on_one = LOADS[name]
    with contextlib.ExitStack() as stack:
        enter = stack.enter_context
        servers = []
        for make in (lambda port: haraka_relay(build, port, holds, on_one), lambda port: postfix_relay(port, holds, on_one)):
            if servers and os.geteuid() != 0:
                say("outbound: Postfix begins as root, so there is nothing to compare with")
                break
            sink = enter(Sink())
            servers.append((enter(make(sink.port)), sink))
        for server, sink in servers:
            load(server, sink, name, max(TURN // 10, SESSIONS))  # nobody is measured cold
        pairs = []
        for number in range(ROUNDS):
            # Who begins changes: a folder that has grown, or a disk that is still busy, is nobody's alone.
            order = servers[::-1] if number % 2 else servers
            found = [load(server, sink, name, TURN) for server, sink in order]
            pairs.append(tuple((found[::-1] if number % 2 else found) + [None] * (2 - len(found))))
            say(f"outbound, {name}, round {number + 1} of {ROUNDS}: "
                + " and ".join(f"{one[0]:.0f} a second, {1e6 / one[1]:.0f} us" for one in pairs[-1] if one))
        return pairs


def load(server, sink, name, count):
    """(mails a second, mails that a CPU second of all its processes is enough for)"""
    holds, on_one = LOADS[name]
    before, arrived, began = at_rest(server), sink.count, time.monotonic()
    with aside(on_one):
        smtp_source(server, True, count)
    if not holds:
        sink.wait(arrived + count)
    seconds = time.monotonic() - began
    # What it does after its last answer is a part of it, too.
    if not holds:
        server.emptied()
    return count / seconds, count / max(at_rest(server) - before, 0.01)


def table(turns):
    yield "| mails of 2 KiB, connections kept | server | mails/s | CPU per mail | mails/s / Postfix | CPU / Postfix |"
    yield "|---|---|---:|---:|---:|---:|"
    for name, pairs in turns.items():
        for place, server in enumerate(("Haraka", "Postfix")):
            loads = [pair[place] for pair in pairs if pair[place]]
            if not loads:
                continue
            speed, rate = (statistics.median(column) for column in zip(*loads))
            ratios = ["1", "1"] if place else ["", ""]
            if not place and pairs[0][1]:
                ratios = [spread([a[0] / b[0] for a, b in pairs]), spread([b[1] / a[1] for a, b in pairs])]
            yield f"| {name} | {server} | {speed:.0f} | {1e6 / rate:.0f} us | {' | '.join(ratios)} |"
    yield ""
