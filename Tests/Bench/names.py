"""What the answer to a lookup costs that is known already, through dns/1, to a plugin."""
import os
import statistics
import tempfile

from measured import ROOT, ROUNDS, Client, compiled, haraka, say, spread

LOOKUPS, NOOPS = 100, 200  # of each NOOP, as in names.c; of each turn
AIM = 20  # microseconds


def measure(build):
    """(lines of the table of aims, lines of tables)"""
    with tempfile.TemporaryDirectory(prefix="haraka-bench-") as folder:
        shared = compiled(os.path.join(ROOT, "Tests", "Bench", "names.c"), os.path.join(folder, "names.so"), "-shared",
                          "-fPIC", "-I", os.path.join(build, "include"))
        hosts = os.path.join(folder, "hosts")
        with open(hosts, "w", encoding="ascii") as out:
            out.write("192.0.2.1 cached.example.com\n")
        config = {"dns.ini": f"hosts={hosts}\nresolv_conf=/dev/null\n"}
        with haraka(build, ["names"], {"names": shared}, config=config) as server, Client(server.port) as client:
            turns = [turn(server, client) for _ in range(ROUNDS + 1)][1:]
    say(f"names: {spread(turns)} us")
    return [("a name that is known, to a plugin", f"< {AIM} us", statistics.median(turns) < AIM, f"{spread(turns)} us")], []


def turn(server, client):
    """Microseconds of the server for each lookup."""
    before = server.nanoseconds()
    for _ in range(NOOPS):
        reply = client.say(b"NOOP")
        if not reply.startswith(b"250"):
            raise RuntimeError(f"names: {reply!r}")
    return (server.nanoseconds() - before) / 1000 / NOOPS / LOOKUPS
