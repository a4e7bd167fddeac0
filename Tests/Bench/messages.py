"""What a message costs, beside smtp-sink: the two take their turns, with new connections and with kept ones."""
import statistics

from measured import MESSAGES, ROUNDS, SESSIONS, haraka, say, smtp_sink, smtp_source, spread

AIM = 1.5  # times what smtp-sink takes


def measure(build):
    """(lines of the table of aims, lines of tables)"""
    turns = {kept: measure_turns(build, kept) for kept in (False, True)}
    aims = []
    for kept, pairs in turns.items():
        ratios = [ratio(pair) for pair in pairs]
        what = "connections kept" if kept else "a connection for each"
        aims.append((f"CPU per message / smtp-sink, {what}", f"<= {AIM}", statistics.median(ratios) <= AIM,
                     spread(ratios)))
    return aims, [*tables(turns)]


def load(server, kept, messages):
    """Messages a second and microseconds (user, system) of the server for each."""
    before = server.cpu()
    seconds = smtp_source(server, kept, messages)
    return [messages / seconds] + [(now - then) * 1e6 / messages for then, now in zip(before, server.cpu())]


def measure_turns(build, kept):
    """The turns of the server and of smtp-sink: [(load of A, load of B), ...]."""
    with haraka(build) as a, smtp_sink() as b:
        for server in (a, b):
            load(server, kept, max(MESSAGES // 10, SESSIONS))  # nobody is measured cold
        pairs = []
        for number in range(ROUNDS):
            pairs.append((load(a, kept, MESSAGES), load(b, kept, MESSAGES)))
            say(f"messages, {'kept' if kept else 'new'} connections, round {number + 1} of {ROUNDS}: "
                f"{pairs[-1][0][0]:.0f} and {pairs[-1][1][0]:.0f} a second, CPU x {ratio(pairs[-1]):.2f}")
        return pairs


def ratio(pair):
    (_, *a), (_, *b) = pair
    return sum(a) / sum(b)


def tables(turns):
    names = {False: "one connection for each message", True: "connections that are kept (`-d`)"}
    yield "| load | server | messages/s | CPU per message | of it user | system |"
    yield "|---|---|---:|---:|---:|---:|"
    for kept, pairs in turns.items():
        for place, server in enumerate(("Haraka", "smtp-sink")):
            speed, user, system = (statistics.median(column) for column in zip(*(pair[place] for pair in pairs)))
            total = statistics.median(sum(pair[place][1:]) for pair in pairs)
            yield f"| {names[kept]} | {server} | {speed:.0f} | {total:.1f} us | {user:.1f} us | {system:.1f} us |"
    yield ""
    yield f"| load | CPU per message, Haraka / smtp-sink, {ROUNDS} rounds | median |"
    yield "|---|---|---:|"
    for kept, pairs in turns.items():
        ratios = [ratio(pair) for pair in pairs]
        yield f"| {names[kept]} | {', '.join(f'{one:.2f}' for one in ratios)} | **{statistics.median(ratios):.2f}** |"
    yield ""
