"""How long after a plugin has crashed the only SMTP worker a new connection is served by its successor.

From the command that makes the plugin crash, so what the dying process writes down about it counts too.
"""
import contextlib
import os
import re
import statistics
import tempfile
import time

from inline import compiled as compiled_plugin
from measured import ROOT, Client, compiled, haraka, say, spread
from workers import WHO

CRASHES = 10
AIM = 100  # milliseconds
PLUGINS = ["who", "fault_crash_hook", "rcpt_to.in_host_list", "queue/discard"]


def measure(build):
    with tempfile.TemporaryDirectory(prefix="haraka-bench-") as folder:
        animal = os.path.join(ROOT, "Tests", "ABI", "zoo", "fault_crash_hook.c")
        objects = {
            "who": compiled_plugin(folder, "who", WHO, '-DBUILD="1"'),
            "fault_crash_hook": compiled(animal, os.path.join(folder, "fault_crash_hook.so"), "-shared", "-fPIC",
                                         "-I", os.path.join(build, "include"))}
        times = [milliseconds(build, objects) for _ in range(CRASHES)]
    say(f"crash: {spread(times, 1)} ms")
    aims = [("from a crash until its port is served again", f"< {AIM} ms", max(times) < AIM, f"{spread(times, 1)} ms")]
    return aims, [f"| crash of the only worker, {CRASHES} times | median | the longest |", "|---|---:|---:|",
                  "| until a connection is served by its successor | "
                  f"{statistics.median(times):.1f} ms | {max(times):.1f} ms |", ""]


def milliseconds(build, objects):
    """Of one crash. Each has a server of its own, since a worker that dies again and again is started more slowly."""
    with haraka(build, PLUGINS, objects, nodes=1) as server, Client(server.port) as client:
        crashed = process(client)
        for line in (b"EHLO client.example.org", b"MAIL FROM:<a@example.org>"):
            client.say(line)
        began = time.monotonic_ns()
        with contextlib.suppress(ConnectionError):
            client.say(b"RCPT TO:<boom@example.com>")
            raise RuntimeError("the plugin that should crash has not")
        while True:
            with contextlib.suppress(ConnectionError), Client(server.port) as successor:
                if process(successor) != crashed:
                    return (time.monotonic_ns() - began) / 1e6
            if time.monotonic_ns() - began > 20e9:
                raise RuntimeError("nobody serves after a crash")


def process(client):
    return int(re.match(rb"250 (\d+) ", client.say(b"WHO")).group(1))
