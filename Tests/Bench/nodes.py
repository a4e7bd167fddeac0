"""What supervision costs a message, and what a second worker gains: nodes=0, 1 and 2 in many short turns."""
import contextlib
import math
import statistics

from measured import MESSAGES, ROUNDS, SESSIONS, haraka, say, smtp_source

NODES = [0, 1, 2]
PIECES = 8  # of a round: what is looked for is smaller than what changes on a machine within a second
AIM = 1.02  # times the CPU of nodes=0. Nothing measurable: the median's interval reaches down to that


def measure(build):
    turns = {kept: measure_turns(build, kept) for kept in (False, True)}
    aims = []
    for kept, costs in turns.items():
        ratios = column(costs, 1, 1, 0)
        what = "connections kept" if kept else "a connection for each"
        aims.append((f"CPU per message, nodes=1 / nodes=0, {what}", f"<= {AIM}", interval(ratios)[0] <= AIM,
                     shown(ratios)))
    return aims, [*table(turns)]


def load(server, kept, messages):
    """(messages a second, microseconds of all processes of the server for each)"""
    before = server.nanoseconds()
    seconds = smtp_source(server, kept, messages)
    return messages / seconds, (server.nanoseconds() - before) / 1000 / messages


def measure_turns(build, kept):
    """[{nodes: load}, ...], one for each turn; who begins changes from turn to turn."""
    messages = max(MESSAGES // PIECES, SESSIONS)
    with contextlib.ExitStack() as stack:
        servers = {nodes: stack.enter_context(haraka(build, nodes=nodes)) for nodes in NODES}
        for server in servers.values():
            load(server, kept, messages)
        turns = []
        for number in range(ROUNDS * PIECES):
            first = number % len(NODES)
            order = NODES[first:] + NODES[:first]
            turns.append({nodes: load(servers[nodes], kept, messages) for nodes in order})
    say(f"nodes, {'kept' if kept else 'new'} connections: CPU of nodes=1 x {shown(column(turns, 1, 1, 0))}, "
        f"of nodes=2 x {shown(column(turns, 1, 2, 0))}")
    return turns


def column(turns, place, a, b):
    """In each turn, the speed (place 0) or the cost (1) of nodes=a in terms of nodes=b."""
    return [costs[a][place] / costs[b][place] for costs in turns]


def interval(values):
    """Where the median is with a probability of 95 %, by the ranks of the values."""
    ordered, count = sorted(values), len(values)
    reach = 0.98 * math.sqrt(count)
    low, high = math.floor(count / 2 - reach), math.ceil(count / 2 + reach)
    return ordered[max(low, 0)], ordered[min(high, count - 1)]


def shown(values):
    return "{:.2f} ({:.2f}-{:.2f})".format(statistics.median(values), *interval(values))


def table(turns):
    yield "| load | nodes | messages/s | CPU per message | CPU / nodes=0 | messages/s / nodes=1 |"
    yield "|---|---:|---:|---:|---:|---:|"
    for kept, rounds in turns.items():
        name = "connections that are kept (`-d`)" if kept else "one connection for each message"
        for nodes in NODES:
            speed, cost = (statistics.median(costs[nodes][place] for costs in rounds) for place in (0, 1))
            dearer = shown(column(rounds, 1, nodes, 0)) if nodes != 0 else "1"
            faster = shown(column(rounds, 0, nodes, 1)) if nodes != 1 else "1"
            yield f"| {name} | {nodes} | {speed:.0f} | {cost:.1f} us | {dearer} | {faster} |"
    yield ""
