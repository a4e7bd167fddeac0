"""What the server takes at start, and an idle connection."""
import time

from measured import CONNECTIONS, LIMIT, Client, haraka, say

AIM_CONNECTION, AIM_START = 6, 30  # KiB, MiB


def measure(build):
    start, before, after = settled_memory(build)
    each = (after["Private_Dirty"] - before["Private_Dirty"]) / CONNECTIONS
    mebibytes = start["Rss"] / 1024
    aims = [
        ("memory of an idle connection", f"< {AIM_CONNECTION} KiB", each < AIM_CONNECTION, f"{each:.1f} KiB"),
        ("memory at start", f"< {AIM_START} MiB", mebibytes < AIM_START, f"{mebibytes:.1f} MiB")]
    return aims, [*table(start, before, after)]


def settled(server):
    """Its memory once two looks in a row are equal, or after five seconds."""
    last, end = server.kibibytes(), time.monotonic() + 5
    while time.monotonic() < end:
        time.sleep(0.3)
        now = server.kibibytes()
        if now == last:
            break
        last = now
    return last


def settled_memory(build):
    """KiB: (at start, with no connection, with CONNECTIONS idle ones)."""
    with haraka(build) as server:
        start = settled(server)
        for _ in range(20):
            with Client(server.port) as client:
                client.say(b"EHLO client.example.org")
                client.say(b"QUIT")
        before = settled(server)
        began, clients = time.monotonic(), []
        try:
            while len(clients) < CONNECTIONS:
                clients.append(Client(server.port))
                clients[-1].say(b"EHLO client.example.org")
                if time.monotonic() - began > LIMIT:
                    raise RuntimeError(f"only {len(clients)} connections in {LIMIT:.0f} s")
            after = settled(server)
        finally:
            for client in clients:
                client.socket.close()
        say(f"memory: {start['Rss']} KiB at start, {len(clients)} connections in {time.monotonic() - began:.0f} s")
        return start, before, after


def table(start, before, after):
    yield f"| memory | at start | without connections | with {CONNECTIONS} idle ones | per connection |"
    yield "|---|---:|---:|---:|---:|"
    for name in ("Rss", "Pss", "Private_Dirty"):
        grown = (after[name] - before[name]) / CONNECTIONS
        yield f"| {name} | {start[name]} KiB | {before[name]} KiB | {after[name]} KiB | {grown:.2f} KiB |"
    yield ""
