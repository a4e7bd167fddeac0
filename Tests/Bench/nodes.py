"""What supervision costs a message, and what a second worker gains: nodes=0, 1 and 2 in turns."""
import contextlib
import statistics

from measured import MESSAGES, ROUNDS, SESSIONS, haraka, say, smtp_source, spread

NODES = [0, 1, 2]
AIM = 1.03  # times the CPU of nodes=0: what the machine itself makes of two runs of the same server


def measure(build):
    turns = {kept: measure_turns(build, kept) for kept in (False, True)}
    aims = []
    for kept, rounds in turns.items():
        ratios = [costs[1][1] / costs[0][1] for costs in rounds]
        what = "connections kept" if kept else "a connection for each"
        aims.append((f"CPU per message, nodes=1 / nodes=0, {what}", f"<= {AIM}", statistics.median(ratios) <= AIM,
                     spread(ratios)))
    return aims, [*table(turns)]


def load(server, kept, messages):
    """(messages a second, microseconds of all processes of the server for each)"""
    before = server.nanoseconds()
    seconds = smtp_source(server, kept, messages)
    return messages / seconds, (server.nanoseconds() - before) / 1000 / messages


def measure_turns(build, kept):
    """[{nodes: load}, ...], one for each round; who begins changes from round to round."""
    with contextlib.ExitStack() as stack:
        servers = {nodes: stack.enter_context(haraka(build, nodes=nodes)) for nodes in NODES}
        for server in servers.values():
            load(server, kept, max(MESSAGES // 10, SESSIONS))
        rounds = []
        for number in range(ROUNDS):
            first = number % len(NODES)
            order = NODES[first:] + NODES[:first]
            costs = {nodes: load(servers[nodes], kept, MESSAGES) for nodes in order}
            rounds.append(costs)
            say(f"nodes, {'kept' if kept else 'new'} connections, round {number + 1} of {ROUNDS}: " + ", ".join(
                f"{nodes}: {costs[nodes][0]:.0f} a second, {costs[nodes][1]:.1f} us" for nodes in NODES))
        return rounds


def table(turns):
    yield "| load | nodes | messages/s | CPU per message | CPU / nodes=0 | messages/s / nodes=1 |"
    yield "|---|---:|---:|---:|---:|---:|"
    for kept, rounds in turns.items():
        load_name = "connections that are kept (`-d`)" if kept else "one connection for each message"
        for nodes in NODES:
            speed, cost = (statistics.median(costs[nodes][place] for costs in rounds) for place in (0, 1))
            dearer = spread([costs[nodes][1] / costs[0][1] for costs in rounds])
            faster = spread([costs[nodes][0] / costs[1][0] for costs in rounds])
            yield f"| {load_name} | {nodes} | {speed:.0f} | {cost:.1f} us | {dearer} | {faster} |"
    yield ""
