"""Servers that queue mail and send it on: Haraka and Postfix, each as it ships, their queues on the same disk; and where their
mail goes."""
import contextlib
import os
import pwd
import re
import subprocess
import threading
import time

import peers
from measured import LIMIT, free_port, haraka, read

FIRST, *REST = sorted(os.sched_getaffinity(0))  # processors
ON_ONE = ("taskset", "-c", str(FIRST))


def tree(process):
    """A process and all that descend from it and live."""
    found = [process]
    for parent in found:
        with contextlib.suppress(OSError):
            for task in os.listdir(f"/proc/{parent}/task"):
                found += map(int, read(f"/proc/{parent}/task/{task}/children").split())
    return found


def spent(process, without=""):
    """Seconds of processor time of its tree, with what has ended, but for living processes called `without`."""
    ticks = 0
    for one in tree(process):
        with contextlib.suppress(OSError):
            name, _, fields = read(f"/proc/{one}/stat").partition("(")[2].rpartition(")")
            ticks += sum(map(int, fields.split()[11:15])) if name != without else 0
    return ticks / os.sysconf("SC_CLK_TCK")


def is_busy(process):
    """Whether a thread of its tree runs, wants to, or waits for the disk."""
    for one in tree(process):
        with contextlib.suppress(OSError):
            for task in os.listdir(f"/proc/{one}/task"):
                if read(f"/proc/{one}/task/{task}/stat").rpartition(")")[2].split()[0] in "RD":
                    return True
    return False


def at_rest(server):
    """Waits until it does nothing any more; the processor time that it has taken so far."""
    end, last, calm = time.monotonic() + LIMIT, server.spent(), 0
    while time.monotonic() < end:
        time.sleep(0.1)
        now = server.spent()
        calm = calm + 1 if now - last < 0.015 and not is_busy(server.process.pid) else 0
        if calm == 3:
            return now
        last = now
    raise RuntimeError(f"busy for {LIMIT:.0f} s with nothing to do: {server}")


@contextlib.contextmanager
def aside(on_one):
    """What is started meanwhile keeps off the servers' processor, if they have only one."""
    own = os.sched_getaffinity(0)
    os.sched_setaffinity(0, REST if on_one and REST else own)
    try:
        yield
    finally:
        os.sched_setaffinity(0, own)


class Relay:
    """A server that is measured: `port`, `spent()`, `queued()`."""

    def __init__(self, process, port, queues):
        self.process, self.port, self.queues, self.log = process, port, queues, os.devnull

    def spent(self):
        """What Postfix logs, another program writes elsewhere, so this is not its time."""
        return spent(self.process.pid, "postlogd")

    def kibibytes(self):
        """The memory of the process that delivers, as the kernel tells it."""
        own = next((one for one in tree(self.process.pid) if "delivery worker" in read(f"/proc/{one}/cmdline")), self.process.pid)
        return {name: int(size) for name, size in re.findall(r"^(\w+): +(\d+) kB$", read(f"/proc/{own}/smaps_rollup"), re.M)}

    def queued(self):
        """How many mails it has."""
        return sum(not name.startswith(".") for folder in self.queues for _, _, names in os.walk(folder) for name in names)

    def emptied(self):
        """Waits until it has none."""
        end = time.monotonic() + LIMIT
        while left := self.queued():
            if time.monotonic() > end:
                raise RuntimeError(f"{left} mails are still queued")
            time.sleep(0.05)


@contextlib.contextmanager
def haraka_relay(build, sink, holds=False, on_one=False, folder=None):
    """As it ships: a process for each processor. `holds`: takes mail and delivers none."""
    config = {
        "relay_acl_allow": "127.0.0.1/32\n", "log.ini": "",
        "relay_dest_domains.ini": '[domains]\nany={"action":"accept","nexthop":"127.0.0.1:%d"}\n' % sink,
        "outbound.ini": f"disabled={'true' if holds else 'false'}\n"}
    if folder is not None:
        config["queue_dir"] = f"{folder}\n"
    with haraka(build, ["relay"], nodes=1 if on_one else "cpus", config=config, under=ON_ONE if on_one else ()) as server:
        yield Relay(server.process, server.port, [folder or os.path.join(server.folder, "queue")])


class Postfix(peers.Postfix):
    """The services that take, queue and send."""

    SERVICES = peers.Postfix.SERVICES + "smtp unix - - n - - smtp\nscache unix - - n - 1 scache\n"

    def __init__(self, on_one, **settings):
        # Without in_flow_delay=0 it takes 100 mails a second more than it delivers, and no more.
        super().__init__(
            mynetworks="127.0.0.0/8", virtual_mailbox_domains="", smtpd_relay_restrictions="permit_mynetworks,reject",
            in_flow_delay="0", **settings)
        self.on_one = on_one

    def command(self):
        self.settings["maillog_file"] = os.path.join(self.folder, "mail.log")
        self.settings["maillog_file_prefixes"] = self.folder
        return [*(ON_ONE if self.on_one else ()), *super().command()]


@contextlib.contextmanager
def postfix_relay(sink, holds=False, on_one=False):
    """The same of Postfix."""
    hold = {"smtpd_client_restrictions": "check_client_access static:HOLD"} if holds else {}
    with Postfix(on_one, relayhost=f"[127.0.0.1]:{sink}", **hold) as server:
        yield Relay(server.process, server.port, [os.path.join(server.folder, "queue", name) for name in (
            "maildrop", "incoming", "active", "deferred", "hold")])


class Sink:
    """smtp-sink, which throws mail away and counts it."""

    def __init__(self, port=None):
        self.port = port or free_port()
        self.count, self.changed = 0, threading.Condition()

    def __enter__(self):
        # It wants to be told whom to become if it is started by root.
        user = ["-u", pwd.getpwnam("nobody").pw_name] if os.geteuid() == 0 else []
        self.process = subprocess.Popen(["smtp-sink", "-c", *user, f"127.0.0.1:{self.port}", "1024"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)
        self.reader.join(20)
        self.process.stdout.close()

    def read(self):
        rest = b""
        while piece := os.read(self.process.stdout.fileno(), 65536):
            rest = (rest + piece)[-400:]
            if counts := re.findall(rb"mesg=(\d+)\s", rest):
                with self.changed:
                    self.count = int(counts[-1])
                    self.changed.notify_all()

    def wait(self, count, limit=LIMIT):
        """Until so many mails have arrived in all."""
        with self.changed:
            if not self.changed.wait_for(lambda: self.count >= count, limit):
                raise RuntimeError(f"{self.count} of {count} mails have arrived within {limit:.0f} s")
