"""What twelve plugins that look at every message cost it, beside the two without which no message is accepted."""
import contextlib
import os
import statistics

from measured import MESSAGES, ROUNDS, SESSIONS, haraka, say, smtp_source, spread

LEAST = ["rcpt_to.in_host_list", "queue/discard"]
MORE = ["early_talker", "access", "relay", "limit", "helo.checks", "delay_deny", "tarpit", "bounce",
        "record_envelope_addresses", "headers", "data.signatures", "aliases"]
AIM = 10  # microseconds for each plugin and message
PIECES = 4  # of a round
# All of them have something to do, and let the mail pass.
CONFIG = {
    "early_talker.ini": "pause=0\n",
    "mail_from.access.blacklist": "spammer@example.net\n", "rcpt_to.access.blacklist": "nobody@example.com\n",
    "limit.ini": "[concurrency]\nenabled=true\nmax=1000\n[recipients]\nenabled=true\nmax=100000000\n",
    "data.signatures": "http://spam.example/offer\n", "aliases.json": '{"nobody": {"action": "drop"}}\n',
}


def measure(build):
    """(lines of the table of aims, lines of tables)"""
    found = [name for name in MORE if os.path.exists(os.path.join(build, "lib", "haraka", "plugins", f"{name}.so"))]
    if not found:
        raise RuntimeError(f"none of these plugins is there: {', '.join(MORE)}")
    if len(found) < len(MORE):
        say(f"chain: not built: {', '.join(name for name in MORE if name not in found)}")
    turns = {kept: measure_turns(build, found, kept) for kept in (False, True)}
    aims = []
    for kept, pairs in turns.items():
        each = [(b - a) / len(found) for a, b in pairs]
        what = "connections kept" if kept else "a connection for each"
        aims.append((f"CPU of a bundled plugin per message, {what}", f"< {AIM} us", statistics.median(each) < AIM,
                     f"{spread(each, 1)} us"))
    return aims, [*table(turns, found)]


def load(server, kept, messages):
    """Microseconds of the server for each message."""
    before = server.nanoseconds()
    smtp_source(server, kept, messages)
    return (server.nanoseconds() - before) / 1000 / messages


def measure_turns(build, found, kept):
    """[(microseconds with LEAST, with `found` before them), ...], one for each turn."""
    messages = max(MESSAGES // PIECES, SESSIONS)
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(haraka(build, [*more, *LEAST], config=CONFIG)) for more in ([], found)]
        for server in servers:
            load(server, kept, messages)  # nobody is measured cold
        pairs = []
        for number in range(ROUNDS * PIECES):
            order = servers if number % 2 == 0 else servers[::-1]
            costs = {server.port: load(server, kept, messages) for server in order}
            pairs.append(tuple(costs[server.port] for server in servers))
    few, many = (statistics.median(column) for column in zip(*pairs))
    say(f"chain, {'kept' if kept else 'new'} connections: {few:.1f} us a message, {many:.1f} us with {len(found)} "
        "plugins more")
    return pairs


def table(turns, found):
    yield f"| load | CPU per message, {len(LEAST)} plugins | with {len(found)} more | ratio | each of them |"
    yield "|---|---:|---:|---:|---:|"
    for kept, pairs in turns.items():
        name = "connections that are kept (`-d`)" if kept else "one connection for each message"
        few, many = (statistics.median(column) for column in zip(*pairs))
        dearer, each = spread([b / a for a, b in pairs]), statistics.median((b - a) / len(found) for a, b in pairs)
        yield f"| {name} | {few:.1f} us | {many:.1f} us | {dearer} | {each:.2f} us |"
    yield ""
    yield f"The {len(found)} plugins: {', '.join(found)}."
    yield ""
