"""What one more empty hook costs: nanoseconds, and instructions where valgrind can count them."""
import contextlib
import os
import re
import shutil
import statistics
import subprocess
import tempfile
import threading
import time

from measured import LIMIT, ROOT, Client, compiled, haraka, read, say, spread

NOOPS, HOOKS, TURNS = 200_000, [0, 1, 10, 50], 5
COUNTED_NOOPS = 5_000  # under valgrind, which takes fifty times as long
AIM = 60  # nanoseconds


def measure(build):
    with tempfile.TemporaryDirectory(prefix="haraka-bench-") as folder:
        objects = {count: compile_empty_hook(build, count, folder) for count in HOOKS}
        costs = nanoseconds(build, objects)
        counts = instructions(without_debug_information(build, folder), objects) if shutil.which("valgrind") else None
    one, many = HOOKS[1], HOOKS[-1]
    further = [(b - a) / (many - one) for a, b in zip(costs[one], costs[many])]
    aims = [("an empty hook", f"< {AIM} ns", statistics.median(further) < AIM, f"{spread(further, 0)} ns")]
    return aims, [*table(costs, counts)]


def compile_empty_hook(build, count, folder):
    return compiled(os.path.join(ROOT, "Tests", "ABI", "bench", "empty_hook.c"),
                    os.path.join(folder, f"empty_hook_{count}.so"), "-shared", "-fPIC", f"-DHOOKS={count}",
                    "-I", os.path.join(build, "include"))


def server_with(build, shared, under=()):
    return haraka(build, ("empty_hook",), {"empty_hook": shared}, under=under)


def send_noops(server, count):
    """Many that are sent without waiting for an answer; what one costs the server, in nanoseconds."""
    with Client(server.port) as client:
        client.say(b"EHLO client.example.org")
        size = len(client.say(b"NOOP"))
        before = server.nanoseconds()
        sender = threading.Thread(target=client.socket.sendall, args=(b"NOOP\r\n" * count,), daemon=True)
        sender.start()
        missing, end = count * size, time.monotonic() + LIMIT
        while missing > 0:
            got = len(client.socket.recv(1 << 16))
            if got == 0 or time.monotonic() > end:
                raise RuntimeError(f"{missing // size} of {count} NOOPs were not answered\n{read(server.log)}")
            missing -= got
        spent = server.nanoseconds() - before
        sender.join(LIMIT)
        client.say(b"QUIT")
        return spent / count


def nanoseconds(build, objects):
    """Of a NOOP, by the number of empty hooks on it: {hooks: [ns, ...]}."""
    costs = {count: [] for count in HOOKS}
    with contextlib.ExitStack() as stack:
        servers = {count: stack.enter_context(server_with(build, shared)) for count, shared in objects.items()}
        for turn in range(TURNS + 1):
            for count, server in servers.items():
                cost = send_noops(server, NOOPS)
                if turn > 0:  # the first one warms up
                    costs[count].append(cost)
    say("hooks: " + ", ".join(f"{count}: {spread(many, 0)} ns a NOOP" for count, many in costs.items()))
    return costs


def instructions(build, objects):
    """Of a NOOP, by the number of empty hooks. Two runs for each, of which start and end are the same."""
    counts = {}
    for hooks, shared in objects.items():
        few, many = (counted(build, shared, noops) for noops in (COUNTED_NOOPS // 5, COUNTED_NOOPS))
        counts[hooks] = (many - few) / (COUNTED_NOOPS - COUNTED_NOOPS // 5)
    say("hooks: " + ", ".join(f"{hooks}: {count:.0f} instructions a NOOP" for hooks, count in counts.items()))
    return counts


def without_debug_information(build, folder):
    """The same server, in a build folder of its own: valgrind cannot read what the compiler writes for debuggers."""
    os.makedirs(os.path.join(folder, "bin"))
    source, target = (os.path.join(parent, "bin", "haraka") for parent in (build, folder))
    subprocess.run(["objcopy", "--strip-debug", source, target], check=True, timeout=LIMIT)
    return folder


def counted(build, shared, noops):
    """The instructions of a server from its start to its end."""
    with tempfile.TemporaryDirectory(prefix="haraka-bench-") as folder:
        output = os.path.join(folder, "counted")
        under = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={output}", f"--log-file={output}.log"]
        with server_with(build, shared, under) as server:
            send_noops(server, noops)
        return int(re.search(r"^(?:summary|totals): (\d+)", read(output), re.M).group(1))


def table(costs, counts):
    none, one, *_, many = HOOKS
    yield "| empty hooks on NOOP | " + " | ".join(map(str, HOOKS)) + " | the first one costs | each further one |"
    yield "|---|" + "---:|" * (len(HOOKS) + 2)
    medians = {count: statistics.median(each) for count, each in costs.items()}
    rows = [("CPU per NOOP, ns", medians)] + ([("instructions per NOOP", counts)] if counts else [])
    for name, row in rows:
        cells = [*row.values(), row[one] - row[none]]
        each = (row[many] - row[one]) / (many - one)
        yield f"| {name} | " + " | ".join(f"{cell:.0f}" for cell in cells) + f" | {each:.1f} |"
    yield ""
