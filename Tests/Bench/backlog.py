"""What a long queue costs: the memory of a recipient that waits, and the time from a start until the first mail arrives."""
import os
import tempfile
import time

from measured import say, smtp_source
from memory import settled
from relays import Sink, at_rest, haraka_relay

RECIPIENTS = int(os.environ.get("RECIPIENTS", "100000"))
DOMAINS = 20
KINDS = {"100 recipients a mail": 100, "one recipient a mail": 1}
AIM_BYTES, AIM_SECONDS = 400, 5


def measure(build):
    """(lines of the table of aims, lines of tables)"""
    aims, rows = [], []
    for kind, together in KINDS.items():
        mails, each, started, seconds, cpu = measure_kind(build, together)
        say(f"backlog, {kind}: {each:.0f} bytes a recipient, {started:.0f} after a start; first mail after {seconds:.2f} s")
        aims += [
            (f"memory of one of {RECIPIENTS} queued recipients, {kind}", f"< {AIM_BYTES} B", max(each, started) < AIM_BYTES,
             f"{max(each, started):.0f} B"),
            (f"from the start to the first delivery, {RECIPIENTS} queued, {kind}", f"< {AIM_SECONDS} s",
             seconds < AIM_SECONDS, f"{seconds:.2f} s")]
        rows.append(f"| {kind} | {mails} | {each:.0f} B | {started:.0f} B | {seconds:.2f} s | {cpu:.2f} s |")
    return aims, [f"| {RECIPIENTS} queued recipients in {DOMAINS} domains | mails | memory of each | the same, after a start | "
                  "from the start to the first delivery | CPU until then |",
                  "|---|---:|---:|---:|---:|---:|", *rows, ""]


def measure_kind(build, together):
    """(mails, bytes of a recipient, the same in a process that found them, seconds to the first delivery, CPU until then)"""
    with tempfile.TemporaryDirectory(prefix="haraka-bench-") as folder, Sink() as sink:
        queue = os.path.join(folder, "queue")
        with haraka_relay(build, sink.port, True, folder=queue) as server:
            before = memory(server)
            fill(server, together)
            mails, grown = server.queued(), memory(server) - before
        with haraka_relay(build, sink.port, True, folder=queue) as server:
            found = memory(server) - before
        began = time.monotonic()
        with haraka_relay(build, sink.port, folder=queue) as server:
            sink.wait(1)
            seconds, cpu = time.monotonic() - began, server.spent()
            server.process.kill()
        return mails, grown / RECIPIENTS, found / RECIPIENTS, seconds, cpu


def memory(server):
    """Bytes that nobody but the delivery worker uses, once it has nothing to do."""
    at_rest(server)
    return settled(server)["Private_Dirty"] * 1024


def fill(server, together):
    """Has all recipients queued."""
    for number in range(DOMAINS):
        smtp_source(server, True, RECIPIENTS // together // DOMAINS, "-r", str(together), "-l", "400",
                    "-t", f"b@d{number}.example.com")
