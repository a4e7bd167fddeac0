"""The longest that a client waits for a reply while twelve plugins are loaded anew, and while they are not."""
import bisect
import os
import statistics
import subprocess
import tempfile
import threading
import time

from inline import compiled as compiled_plugin
from measured import LIMIT, ROOT, compiled, haraka, read, say
from soak import STAMP, STAMPS

BUNDLED = ["tarpit", "delay_deny", "record_envelope_addresses", "queue/quarantine", "rcpt_to.in_host_list",
           "queue/discard"]
NODES, RELOADS, LOAD = [1, 2], 20, 4  # LOAD: connections at a time
AFTER = 0.25  # seconds after a reload that still count: the old generation ends then
AIM = 20  # milliseconds


def measure(build):
    aims, rows = [], []
    for nodes in NODES:
        quiet, loaded, took = pauses(build, nodes)
        aims.append((f"longest wait for a reply, {RELOADS} reloads of 12 plugins, nodes={nodes}", f"< {AIM} ms",
                     max(loaded) < AIM, f"{max(loaded):.1f} ms ({max(quiet):.1f} ms without)"))
        cells = [nodes, *(f"{call(one):.1f} ms" for one in (quiet, loaded) for call in (statistics.median, max))]
        cells += [f"{max(loaded) - max(quiet):+.1f} ms", f"{statistics.median(took):.0f} ms"]
        rows.append("| " + " | ".join(map(str, cells)) + " |")
    return aims, ["| nodes | longest waits without a reload: median | worst | with a reload: median | worst | "
                  "difference | a reload takes |",
                  "|---:|---:|---:|---:|---:|---:|---:|", *rows, ""]


class Stamps:
    """Six plugins in C, of which each `install` makes other files."""

    def __init__(self, folder):
        self.objects = {}
        for number in range(STAMPS):
            with open(compiled_plugin(folder, f"stamp_{number}", STAMP, f'-DNUMBER="{number}"'), "rb") as file:
                self.objects[f"stamp_{number}"] = file.read()

    def install(self, folder, build):
        for name, code in self.objects.items():
            target = os.path.join(folder, f"{name}.so")
            with open(f"{target}.new", "wb") as out:
                out.write(code.replace(b"BUILD:00000000", b"BUILD:%08d" % build))
            os.rename(f"{target}.new", target)


class Pauses:
    """The clients: every wait of every one of them."""

    def __init__(self, program, server):
        self.process = subprocess.Popen([program, str(server.port), str(LOAD)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.server = server

    def end(self):
        guard = threading.Timer(LIMIT, self.process.kill)
        guard.start()
        printed, errors = self.process.communicate()
        guard.cancel()
        if self.process.returncode != 0:
            raise RuntimeError(f"{errors}{read(self.server.log)[-2000:]}")
        self.waits = sorted(tuple(map(int, line.split())) for line in printed.splitlines())

    def longest(self, span):
        """The longest wait that touches the span of nanoseconds, in milliseconds."""
        begin, end = span
        last = bisect.bisect(self.waits, (end,))
        return max(took for began, took in self.waits[:last] if began + took >= begin) / 1e6


def pauses(build, nodes):
    """Milliseconds: the longest wait of each span without a reload, of each with one, and what each reload took."""
    with tempfile.TemporaryDirectory(prefix="haraka-bench-") as scratch:
        source = os.path.join(ROOT, "Tests", "Bench", "pauses.c")
        program = compiled(source, os.path.join(scratch, "pauses"), "-pthread")
        stamps = Stamps(scratch)
        os.mkdir(os.path.join(scratch, "first"))
        stamps.install(os.path.join(scratch, "first"), 0)
        first = {name: os.path.join(scratch, "first", f"{name}.so") for name in stamps.objects}
        with haraka(build, [*stamps.objects, *BUNDLED], first, nodes=nodes) as server:
            load = Pauses(program, server)
            try:
                spans = [spans_of_round(build, server, stamps, number) for number in range(RELOADS + 1)]
            finally:
                load.end()
    del spans[0]  # the first one warms up
    quiet, loaded = ([load.longest(span) for span in column] for column in list(zip(*spans))[:2])
    say(f"reload, nodes={nodes}: {len(load.waits)} waits, the longest {max(loaded):.1f} ms, "
        f"without reloads {max(quiet):.1f} ms")
    return quiet, loaded, [took for *_, took in spans]


def spans_of_round(build, server, stamps, number):
    """A reload of other files, then as long a time without: (the quiet span, the other one, ms of the reload)."""
    begin = time.monotonic_ns()
    stamps.install(os.path.join(server.folder, "plugins"), number + 1)
    done = subprocess.run([os.path.join(build, "bin", "haraka"), "-c", server.folder, "--reload"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT, check=False)
    took = (time.monotonic_ns() - begin) / 1e6
    if done.returncode != 0:
        raise RuntimeError(f"reload {number}: {done.stdout}{done.stderr}")
    time.sleep(AFTER)
    middle = time.monotonic_ns()
    time.sleep((middle - begin) / 1e9)
    return (middle, time.monotonic_ns()), (begin, middle), took
