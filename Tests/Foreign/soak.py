"""Reloads without end under load: nothing fails, nothing is lost, nothing grows. Used by test_soak.py and Scripts/soak."""
import collections
import os
import re
import statistics
import subprocess
import threading
import time

from inline import compiled
from server import GENERATION_ENDED, LIMIT, NAMED, WORKER_AT_FAULT, until
from wire import EHLO
from workers import WORKERS, Client, Nodes

BUNDLED = ["tarpit", "delay_deny", "record_envelope_addresses", "queue/quarantine"]  # and the two of every server
STAMPS = 6
BATCH = 20  # messages of one run of smtp-source
SENDERS = 2
EACH_ROUND = 25  # messages between two reloads, at least
GROWTH = 5 << 20  # bytes of resident memory

# Writes into each message which build of it decided, three times, and says so at its end. Builds differ in eight bytes, which
# are written into the object: what counts is that the bytes are other ones.
STAMP = r"""
    #include <string.h>
    HARAKA_REGISTER(self) { (void)self; return HARAKA_SUCCESS; }
    static const volatile char mark[] = "BUILD:00000000";
    static haraka_str build(void)
    {
        static char digits[8];
        int i;
        for (i = 0; i < 8; i++) digits[i] = mark[6 + i];
        return haraka_bytes(digits, 8);
    }
    HARAKA_HOOK(mail) { (void)haraka_header_add(call->transaction, "X-Stamp-" NUMBER, build()); return HARAKA_CONT; }
    HARAKA_HOOK(rcpt) { (void)haraka_header_add(call->transaction, "X-Stamp-" NUMBER, build()); return HARAKA_CONT; }
    HARAKA_HOOK(data_post) { (void)haraka_header_add(call->transaction, "X-Stamp-" NUMBER, build()); return HARAKA_CONT; }
    HARAKA_SHUTDOWN()
    {
        char line[64] = "shut down: stamp " NUMBER " build ";
        strncat(line, build().ptr, 8);
        haraka_log(call->self, HARAKA_LOG_NOTICE, haraka_of_server(), line);
        return HARAKA_SUCCESS;
    }
"""
SHUT_DOWN = re.compile(r"shut down: stamp (\d) build (\d{8})")
STAMPED = re.compile(rb"(?m)^X-Stamp-(\d): (\d{8})\r?$")
NUMBERED = re.compile(rb"(?m)^X-Number: (\S+?)\r?$")


class Gate:
    """Lets the load through, or holds it between two messages and tells when it stands."""

    def __init__(self, count):
        self.opened, self.standing, self.count = True, 0, count
        self.changed = threading.Condition()

    def pass_through(self):
        with self.changed:
            self.standing += 1
            self.changed.notify_all()
            self.changed.wait_for(lambda: self.opened)
            self.standing -= 1

    def close(self):
        with self.changed:
            self.opened = False
            if not self.changed.wait_for(lambda: self.standing == self.count, LIMIT):
                raise AssertionError("the load does not stand still")

    def open(self):
        with self.changed:
            self.opened = True
            self.changed.notify_all()


class Source:
    """smtp-source again and again."""

    def __init__(self, soak):
        self.soak, self.sent, self.failures = soak, 0, []

    def run(self):
        command = ["smtp-source", "-s", "4", "-m", str(BATCH), "-l", "1024", "-f", "a@example.org", "-t", "source@example.com",
                   self.soak.server.address]
        while not self.soak.over and not self.failures:
            self.soak.gate.pass_through()
            batch = subprocess.run(command, capture_output=True, text=True, timeout=2 * LIMIT, check=False)
            if batch.returncode != 0 or batch.stderr:
                self.failures.append(f"smtp-source: status {batch.returncode}: {batch.stderr}")
            else:
                self.sent += BATCH


class Sender:
    """Numbered messages, several over one connection."""

    def __init__(self, soak, name):
        self.soak, self.name = soak, name
        self.acknowledged, self.failures, self.longest = [], [], 0.0

    @property
    def sent(self):
        return len(self.acknowledged)

    def run(self):
        number = 0
        while not self.soak.over and not self.failures:
            self.soak.gate.pass_through()
            try:
                with TimedClient(self.soak.server.port) as client:
                    for _ in range(7):
                        number += 1
                        self.deliver(client, f"{self.name}-{number}")
                    if client.say(b"QUIT\r\n")[:3] != b"221":
                        self.failures.append(f"{self.name}-{number}: no farewell")
                    self.longest = max(self.longest, client.longest)
            except OSError as error:
                self.failures.append(f"{self.name}-{number}: {error!r}")

    def deliver(self, client, number):
        reply = client.deliver(number)
        if reply[:4] == b"250 ":
            self.acknowledged.append(number)
        else:
            self.failures.append(f"{number}: {reply!r}")


class TimedClient(Client):
    """Remembers the longest wait for a reply."""

    longest = 0.0

    def say(self, data):
        began = time.monotonic()
        reply = super().say(data)
        self.longest = max(self.longest, time.monotonic() - began)
        return reply


def usage(process):
    """Open descriptors, and bytes of resident memory."""
    with open(f"/proc/{process}/status", encoding="ascii", errors="replace") as status:
        kilobytes = next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))
    return len(os.listdir(f"/proc/{process}/fd")), kilobytes << 10


class Soak:
    """`rounds` reloads; what is measured after number `settled` is compared with what is measured after the last."""

    def __init__(self, scratch, rounds, settled):
        self.rounds, self.settled = rounds, settled
        self.objects = [self.compile(scratch, number) for number in range(STAMPS)]
        self.builds = [0] * STAMPS
        self.generations = [tuple(self.builds)]  # the builds of all stamps, for each generation
        self.scratch = scratch
        objects = {name: self.built(number) for number, name in enumerate(self.names())}
        self.server = Nodes([*self.names(), *BUNDLED], objects, config={"log.ini": "level=notice\n"})
        # The twelve are all: nobody asks WHO.
        self.server.configure("plugins", "".join(f"{name}\n" for name in [
            *self.names(), *BUNDLED, "rcpt_to.in_host_list", "queue/maildir"]))
        self.over = False
        self.times, self.usage = [], {}

    def names(self):
        return [f"stamp_{number}" for number in range(STAMPS)]

    def compile(self, scratch, number):
        with open(compiled(scratch, f"stamp_{number}", STAMP, f'-DNUMBER="{number}"'), "rb") as file:
            return file.read()

    def built(self, number):
        """The path of the present build of a stamp."""
        path = os.path.join(self.scratch, f"built-{number}.so")
        assert self.objects[number].count(b"BUILD:00000000") == 1
        with open(path, "wb") as file:
            file.write(self.objects[number].replace(b"BUILD:00000000", b"BUILD:%08d" % self.builds[number]))
        return path

    # ---------------------------------------------------------------------------------------------------- the load ----
    def run(self):
        """Returns what is wrong, as lines; none: all is well."""
        with self.server as server:
            self.load = [Source(self), *(Sender(self, f"sender{number}") for number in range(SENDERS))]
            self.gate = Gate(len(self.load))
            threads = [threading.Thread(target=each.run, daemon=True) for each in self.load]
            for thread in threads:
                thread.start()
            try:
                for number in range(1, self.rounds + 1):
                    if not self.failures():
                        self.round(number)
            finally:
                self.over = True
                self.gate.open()
                for thread in threads:
                    thread.join(2 * LIMIT)
            self.status = server.stop()
            return self.wrong()

    def sent(self):
        return sum(each.sent for each in self.load)

    def failures(self):
        return [failure for each in self.load for failure in each.failures]

    def round(self, number):
        """Two stamps are replaced, then all twelve plugins are loaded anew, then some mail follows."""
        for stamp in {number % STAMPS, number * 5 // 2 % STAMPS}:
            self.builds[stamp] = number
            self.server.install(f"stamp_{stamp}", self.built(stamp))
        self.generations.append(tuple(self.builds))
        began = time.monotonic()
        reloaded = self.server.reload()
        self.times.append(time.monotonic() - began)
        assert reloaded.returncode == 0, f"reload {number}: {reloaded.stdout}{reloaded.stderr}"
        wanted = self.sent() + EACH_ROUND
        until("mail goes on", lambda: self.failures() or self.sent() >= wanted)
        if number in (self.settled, self.rounds) and not self.failures():
            self.gate.close()
            until("the old generations have ended", lambda: self.ended() == number * WORKERS)
            self.usage[number] = {process: usage(process) for process in sorted(self.server.children())}
            self.gate.open()

    def ended(self):
        return sum(bool(re.search(GENERATION_ENDED, line)) for line in self.server.lines)

    # ------------------------------------------------------------------------------------------------- what is wrong ----
    def wrong(self):
        found = [*self.failures()]
        if self.status != 0:
            found.append(f"the server ended with status {self.status}")
        found += [match.string for line in self.server.lines if (match := re.search(WORKER_AT_FAULT, line))]
        found += [line for line in self.server.lines if re.search(NAMED.format(r"stamp_\d"), line)]
        found += self.wrong_mail() + self.wrong_shutdowns() + self.wrong_usage()
        return found

    def wrong_mail(self):
        """Each message once, and decided by one generation from its beginning to its end."""
        legitimate, numbers, self.counted, mixed = set(self.generations), collections.Counter(), collections.Counter(), []
        source = 0
        for path in self.server.stored():
            with open(path, "rb") as file:
                message = file.read()
            stamps = collections.Counter((int(number), int(build)) for number, build in STAMPED.findall(message))
            builds = tuple(build for _, build in sorted(stamps))
            if builds not in legitimate or set(stamps.values()) != {3}:
                mixed.append(f"{path}: stamps {sorted(stamps.items())}")
            self.counted[builds] += 1
            number = NUMBERED.findall(message)
            numbers.update(number)
            source += not number
        acknowledged = {number.encode() for each in self.load[1:] for number in each.acknowledged}
        self.lost = sorted(acknowledged - set(numbers))
        self.doubled = sorted(number for number, count in numbers.items() if count > 1)
        wrong = mixed[:10] + [f"lost: {number}" for number in self.lost] + [f"twice: {number}" for number in self.doubled]
        if source != self.load[0].sent:
            wrong.append(f"smtp-source sent {self.load[0].sent} messages, {source} are stored")
        self.mixed = len(mixed)
        return wrong

    def wrong_shutdowns(self):
        """Each plugin of each generation is shut down once in each process."""
        expected = collections.Counter()
        for builds in self.generations:
            expected.update({pair: WORKERS for pair in enumerate(builds)})
        seen = collections.Counter()
        for line in self.server.lines:
            if match := SHUT_DOWN.search(line):
                seen[int(match[1]), int(match[2])] += 1
        self.shutdowns = seen.total(), expected.total()
        return [f"stamp {stamp} build {build}: {seen[stamp, build]} shutdowns, not {expected[stamp, build]}"
                for stamp, build in sorted(expected | seen) if seen[stamp, build] != expected[stamp, build]]

    def wrong_usage(self):
        if self.rounds not in self.usage:
            return ["it did not come to the last reload"]
        before, after = self.usage[self.settled], self.usage[self.rounds]
        if before.keys() != after.keys():
            return [f"the workers are {sorted(after)}, they were {sorted(before)}"]
        wrong = []
        for process in before:
            if after[process][0] != before[process][0]:
                wrong.append(f"process {process}: {after[process][0]} descriptors, they were {before[process][0]}")
            if after[process][1] - before[process][1] > GROWTH:
                wrong.append(f"process {process}: grew by {(after[process][1] - before[process][1]) >> 10} KiB")
        return wrong

    # ----------------------------------------------------------------------------------------------------- the table ----
    def table(self):
        milliseconds = [1000 * each for each in self.times]
        lines = [
            ("reloads", f"{self.rounds} of {STAMPS + len(BUNDLED) + 2} plugins in {WORKERS} processes"),
            ("one reload, ms", f"median {statistics.median(milliseconds):.0f}, longest {max(milliseconds):.0f}"),
            ("messages", f"{self.sent()}, of them {self.load[0].sent} of smtp-source"),
            ("failed sessions", len(self.failures())),
            ("messages lost, doubled", f"{len(self.lost)}, {len(self.doubled)}"),
            ("decided by two generations", self.mixed),
            ("sets of builds that took mail", f"{len(self.counted)} of {len(set(self.generations))}"),
            ("shutdowns, expected", "{}, {}".format(*self.shutdowns)),
            ("longest wait for a reply, ms", f"{1000 * max(each.longest for each in self.load[1:]):.0f}"),
        ]
        after = self.usage.get(self.rounds, {})
        for process, (descriptors, memory) in self.usage.get(self.settled, {}).items():
            if process in after:
                lines.append((f"process {process}", f"descriptors {descriptors} -> {after[process][0]}, "
                              f"resident {memory >> 10} -> {after[process][1] >> 10} KiB (after {self.settled}, {self.rounds})"))
        width = max(len(name) for name, _ in lines)
        return "\n".join(f"{name:{width}}  {value}" for name, value in lines)
