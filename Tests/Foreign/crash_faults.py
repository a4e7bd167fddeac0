"""Lets the system calls of the queue fail, one after the other, in a real server: `FAULTS=1 Scripts/crash`, and in short
test_queue_faults.py.

strace attaches to the worker and has one call return an error, with each errno that is to be expected. Whoever sends gets a 4xx
and no 250, the log names the cause, nothing is left behind, the next mail is taken and delivered. Where a delivery meets the
fault, nothing is lost, nobody is told a falsehood, and nothing comes twice.
"""
import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

from crash import workers
from outbound import MESSAGE, QUEUED, Relaying, at
from peer import Peer, path
from server import LIMIT, until

ALARM = r"\[(EMERG|ALERT|CRIT|ERROR)\] "
LONG = 100  # seconds in which whatever met a fault is tried again


def missing():
    """Why faults cannot be made here; empty: they can."""
    if not shutil.which("strace"):
        return "strace is not installed"
    with tempfile.NamedTemporaryFile() as out:
        done = subprocess.run(["strace", "-o", out.name, "-e", "inject=fsync:error=EIO", "true"], capture_output=True,
                              text=True, check=False)
    return f"strace may not trace here: {done.stderr.strip()}" if done.returncode else ""


class Fault:
    """`with Fault(process, {"fsync": "EIO"}, folder)`: in each of the process's threads the first such call fails; with a path,
    the first one about that path. `when`: the how manieth."""

    def __init__(self, process, calls, about=None, when=1, how=None):
        self.process, self.calls = process, calls
        rules = [f"inject={call}:{how or f'error={code}:when={when}'}" for call, code in calls.items()]
        self.command = ["strace", "-f", "-qq", "-p", str(process), "-e", f"trace={','.join(calls)}"]
        self.command += [word for rule in rules for word in ("-e", rule)] + (["-P", about] if about else [])

    def __enter__(self):
        self.out = tempfile.NamedTemporaryFile(prefix="haraka-fault-")
        self.tracer = subprocess.Popen(self.command + ["-o", self.out.name], stderr=subprocess.PIPE, text=True)
        until(f"strace attaches: {self.command}", self.is_attached)
        return self

    def is_attached(self):
        if self.tracer.poll() is not None:
            raise AssertionError(f"strace: {self.tracer.stderr.read()}")
        return all(traced(f"/proc/{self.process}/task/{task}/status") for task in os.listdir(f"/proc/{self.process}/task"))

    def hits(self):
        with open(self.out.name, encoding="utf-8", errors="replace") as file:
            return re.findall(r"(\w+)\(.*(?:INJECTED|DELAYED)", file.read())

    def hit(self, limit=LIMIT):
        """Waits until a call has failed."""
        return until(f"one of {self.calls} fails", self.hits, limit)

    def __exit__(self, *_):
        self.tracer.send_signal(signal.SIGINT)
        self.tracer.wait(LIMIT)
        self.tracer.stderr.close()
        self.out.close()
        return False


def traced(status):
    try:
        with open(status, encoding="ascii", errors="replace") as file:
            return not re.search(r"^TracerPid:\t0$", file.read(), re.M)
    except OSError:
        return True


class Faulty:
    """A server under trial, and a peer that takes `ok`, refuses `bad`, takes `later` at the second attempt, and defers `held` and
    `lost` for as long as they are `waiting`; then it takes the one and refuses the other. `disk`: options of a tmpfs for the queue."""

    def __init__(self, ini="min_free_disk=0\n", disk="", show=print):
        self.peer = Peer(replies={"RCPT": self.rcpt})
        self.refused, self.rows, self.number, self.waiting = set(), [], 0, set()
        self.ini, self.disk, self.show = ini, disk, show

    def rcpt(self, session, argument):
        address = path(argument)
        is_first = address not in self.refused
        self.refused.add(address)
        if address.startswith(tuple(self.waiting)) or address.startswith("later") and is_first:
            return "451 4.2.1 not now"
        return "550 5.1.1 no such user" if address.startswith(("bad", "lost")) else None

    def __enter__(self):
        self.peer.__enter__()
        places = {f"{name}.example": at(self.peer) for name in ("near", "home")}
        self.server = Relaying(places, ini=self.ini, config={"smtp.ini": "listen=127.0.0.1:0\nnodes=1\n"})
        if self.disk:
            os.mkdir(self.server.queue, 0o700)
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"{self.disk},mode=700", "tmpfs", self.server.queue], check=True)
        self.server.__enter__()
        return self

    def __exit__(self, *error):
        try:
            if self.disk and self.server.process.poll() is None:
                self.server.stop()
                subprocess.run(["umount", "-l", self.server.queue], check=True)
            self.server.__exit__(*error)
        finally:
            self.peer.__exit__()
        return False

    def worker(self, role):
        return until(f"a {role} worker", lambda: workers(self.server)[role])[0]

    # ------------------------------------------------------------------------------------------------------- a trial ----
    def to(self, *kinds):
        self.number += 1
        return [f"{kind}{self.number}@near.example" for kind in kinds]

    def send(self, to):
        message = MESSAGE.replace(b"a test", b"%d" % self.number)
        return self.server.send(*to, message=message, sender="me@home.example")

    def copies(self, recipient):
        return sum(recipient in message.to for message in self.peer.messages())

    def reports(self, recipient):
        return sum(not message.sender and recipient.encode() in message.data for message in self.peer.messages())

    def litter(self):
        """What is in the queue's folder beyond what belongs there."""
        return sorted(set(os.listdir(self.server.queue)) - {".lock", ".active", ".suspects"})

    def wait_for_attempt(self, recipient):
        until("an attempt", lambda: recipient in self.refused)
        time.sleep(0.3)  # and its end, which is written down

    def clean(self, limit=LONG):
        """Waits until nothing is left; retries what waits."""
        def empty():
            with contextlib.suppress(AssertionError):
                self.server.retry()
            time.sleep(0.1)
            return not self.litter()
        until("an empty queue", empty, limit)

    def trial(self, what, call, code, body):
        """`body` returns what happened, in a few words, or raises."""
        began, line = time.monotonic(), len(self.server.lines)
        try:
            outcome, good = body(line), True
        except AssertionError as error:
            outcome, good = f"WRONG: {str(error).splitlines()[0][:100]}", False
            for name in self.litter():  # the next one begins with a clean house
                with contextlib.suppress(OSError):
                    os.unlink(os.path.join(self.server.queue, name))
        self.rows.append((what, call, code, outcome, good))
        self.show(f"{what:34} {call:11} {code:7} {outcome} ({time.monotonic() - began:.1f} s)", flush=True)
        return good


# ------------------------------------------------------------------------------------------------- while a mail is taken ----
DISK = ["ENOSPC", "EDQUOT", "EIO", "EROFS", "ENOMEM"]
ACCEPT = [
    ("free space is asked for", "fstatfs", True, ["EIO", "ENOMEM", "EINTR"]),
    ("the file is made", "openat", True, DISK + ["EMFILE", "ENFILE", "EACCES", "EINTR"]),
    ("the file is written", "pwrite64", False, DISK + ["EFBIG", "EINTR"]),
    ("the file is named", "linkat", True, DISK + ["EACCES", "EMLINK", "EINTR"]),
    ("the file is synced", "fdatasync", False, DISK + ["EINTR"]),
    ("the folder is synced", "fsync", True, DISK + ["EINTR"]),
]
# Whoever is interrupted tries again, but for a sync: what one has not written the next does not write either.
RETRIED = {"fstatfs", "openat", "pwrite64", "linkat"}


def accepting(faulty, call, code, by_path, line):
    """A sender meets the fault."""
    worker, server = faulty.worker("smtp"), faulty.server
    time.sleep(1.1)  # free space is asked for once in a second
    to = faulty.to("ok")
    with Fault(worker, {call: code}, server.queue if by_path else None) as fault:
        reply = faulty.send(to)
        assert fault.hits(), "the call was not made"
    if code == "EINTR" and call in RETRIED:
        assert QUEUED.fullmatch(reply), f"interrupted: {reply!r}"
        until("the mail", lambda: faulty.copies(to[0]) == 1)
        faulty.clean()
        return "taken and delivered all the same"
    assert re.match(rb"4\d\d ", reply), f"not refused for now: {reply!r}"
    assert not faulty.litter(), f"left behind: {faulty.litter()}"
    server.logged(ALARM + rf".*(message not queued|refused for now): .*{'statvfs' if call == 'fstatfs' else call[:6]}", line)
    if call == "fstatfs":
        time.sleep(1.1)
    after = faulty.to("ok")
    again = faulty.send(after)
    assert QUEUED.fullmatch(again), f"the next one: {again!r}"
    until("the next mail", lambda: faulty.copies(after[0]) == 1)
    faulty.clean()
    assert faulty.copies(to[0]) == 0, "refused, and delivered"
    return f"{reply[:3].decode()}, alarm; the next mail is taken and delivered"


def not_taken_back(faulty, _):
    """The sync fails, and then the file cannot be removed either."""
    line, to = len(faulty.server.lines), faulty.to("ok")
    with Fault(faulty.worker("smtp"), {"fdatasync": "EIO", "unlinkat": "EIO"}):
        reply = faulty.send(to)
    assert re.match(rb"4\d\d ", reply), f"not refused for now: {reply!r}"
    faulty.server.logged(ALARM + ".*fdatasync .*; then unlinkat .*", line)
    assert len(faulty.litter()) == 1, "the file is still there"
    os.unlink(os.path.join(faulty.server.queue, faulty.litter()[0]))
    return f"{reply[:3].decode()}, alarm names both calls; the file stays"


# -------------------------------------------------------------------------------------------------- while it is delivered ----
def settled(faulty, to):
    """In the end: one copy each, one report each, nothing left."""
    faulty.clean()
    for one in to:
        copies, reports = faulty.copies(one), faulty.reports(one)
        assert (copies, reports) == ((0, 1) if one.startswith("bad") else (1, 0)), f"{one}: {copies} copies, {reports} reports"


def delivering(faulty, calls, kinds, by_path=False):
    """The fault meets the way of a new mail, from its being found to its end."""
    line, to = len(faulty.server.lines), faulty.to(*kinds)
    began = time.monotonic()
    with Fault(faulty.worker("delivery"), calls, faulty.server.queue if by_path else None) as fault:
        reply = faulty.send(to)
        assert QUEUED.fullmatch(reply), f"not taken: {reply!r}"
        fault.hit()
    settled(faulty, to)
    seconds = time.monotonic() - began
    said = faulty.server.found(ALARM + ".*", line)
    assert said or "EINTR" in calls.values(), "no alarm"
    end = "reported once" if kinds == ["bad"] else "delivered once"
    return f"{end}{', alarm' if said else ''}, after {seconds:.0f} s"


def trying_again(faulty, calls, by_path=False):
    """The fault meets the second attempt."""
    line, to = len(faulty.server.lines), faulty.to("later")
    reply = faulty.send(to)
    assert QUEUED.fullmatch(reply), f"not taken: {reply!r}"
    with Fault(faulty.worker("delivery"), calls, faulty.server.queue if by_path else None) as fault:
        fault.hit()
    settled(faulty, to)
    said = faulty.server.found(ALARM + ".*", line)
    assert said or "EINTR" in calls.values(), "no alarm"
    return f"delivered once{', alarm' if said else ''}"


def writing_down(faulty, calls):
    """One has the mail, one waits, and that cannot be written down at first; later the worker dies."""
    line, to = len(faulty.server.lines), faulty.to("ok", "held")
    faulty.waiting = {"held", "lost"}
    with Fault(faulty.worker("delivery"), calls) as fault:
        reply = faulty.send(to)
        assert QUEUED.fullmatch(reply), f"not taken: {reply!r}"
        fault.hit()
    if "EINTR" not in calls.values() or "fdatasync" in calls:
        faulty.server.logged(ALARM + ".*cannot be written down, it is tried again", line)
    file = os.path.join(faulty.server.queue, QUEUED.fullmatch(reply)[1].decode())

    def is_written():
        with open(file, "rb") as content:
            return b"delivered 0" in content.read()
    until("it is written down", is_written)
    os.kill(faulty.worker("delivery"), signal.SIGKILL)
    faulty.waiting = set()
    settled(faulty, to)
    return "written down at last; no second copy after a kill"


def starting(faulty, calls, about, when=1, torn=False):
    """The fault meets the start of a delivery worker."""
    server, to = faulty.server, faulty.to("held")
    faulty.waiting = {"held", "lost"}
    reply = faulty.send(to)
    assert QUEUED.fullmatch(reply), f"not taken: {reply!r}"
    uuid = QUEUED.fullmatch(reply)[1].decode()
    file = os.path.join(server.queue, uuid)
    faulty.wait_for_attempt(to[0])
    line, old = len(server.lines), faulty.worker("delivery")
    place = {"file": file, "folder": server.queue, "lock": f"{server.queue}/.lock"}[about]
    with Fault(server.process.pid, calls, place, when) as fault:
        os.kill(old, signal.SIGSTOP)
        if torn:
            os.truncate(file, 300)
        os.kill(old, signal.SIGKILL)
        fault.hit()
        time.sleep(0.5)
    faulty.waiting = set()
    if torn:
        until("it is set aside", lambda: faulty.litter() == [f"error.{uuid}"], LONG)
        server.logged(ALARM + f".*{uuid}", line)
        os.unlink(os.path.join(server.queue, f"error.{uuid}"))
        return "named in the log, set aside"
    settled(faulty, to)
    said = [one for one in server.lines[line:] if re.search(ALARM, one) and "was killed by" not in one and "killed by signal" not in one]
    assert said or "EINTR" in calls.values(), "no alarm"
    return f"delivered once{', alarm' if said else ''}"


def rows(short=False):
    """(what, call, errno, trial) of each."""
    for what, call, by_path, codes in ACCEPT:
        for code in codes[:1] if short else codes:
            yield what, call, code, lambda faulty, line, c=call, e=code, p=by_path: accepting(faulty, c, e, p, line)
    yield "a sync fails, removal too", "unlinkat", "EIO", not_taken_back
    if short:
        return

    def each(what, call, codes, trial, *more, **keys):
        for code in codes:
            yield what, call, code, lambda faulty, line, e=code: trial(faulty, {call: e}, *more, **keys)
    reading = ["EMFILE", "ENFILE", "EIO", "EACCES", "ENOMEM", "EINTR"]
    yield from each("a new mail is opened", "openat", reading, delivering, ["ok"], by_path=True)
    yield from each("a new mail is read", "pread64", ["EIO", "ENOMEM", "EINTR"], delivering, ["ok"])
    yield from each("a waiting mail is opened", "openat", reading, trying_again, by_path=True)
    yield from each("a waiting mail is read", "pread64", ["EIO", "ENOMEM", "EINTR"], trying_again)
    yield from each("a delivery is written down", "pwrite64", DISK + ["EINTR"], writing_down)
    yield from each("what is written down is synced", "fdatasync", DISK + ["EINTR"], writing_down)
    yield from each("a delivered mail is removed", "unlinkat", ["EIO", "EROFS", "EACCES", "ENOMEM", "EINTR"], delivering, ["ok"],
                    by_path=True)
    for call in ("pwrite64", "linkat", "fdatasync", "fsync"):
        yield from each("a report is stored", call, ["ENOSPC", "EIO"], delivering, ["bad"])
    yield from each("the folder is locked", "flock", ["ENOLCK", "EINTR"], starting, "lock")
    yield from each("the folder is looked through", "getdents64", ["EIO", "ENOMEM"], starting, "folder")
    yield from each("its files are opened", "openat", ["EIO", "EACCES"], starting, "folder", when=2)
    yield from each("its files are read", "pread64", ["EIO", "EINTR"], starting, "file")
    yield from each("a torn file is set aside", "renameat2", ["EIO", "EROFS"], starting, "folder", torn=True)


def run(short=False, word="", show=print):
    """What is wrong, a row each."""
    with Faulty(show=show) as faulty:
        for what, call, code, body in rows(short):
            if word in f"{what} {call} {code}":
                faulty.trial(what, call, code, lambda line, b=body: b(faulty, line))
        return [row for row in faulty.rows if not row[-1]]
