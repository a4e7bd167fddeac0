"""A queue whose disk is full, slow, or has no descriptor to spare: the second half of `FAULTS=1 Scripts/crash`.

The folder is a small tmpfs, in a mount namespace of this process alone.
"""
import contextlib
import os
import re
import resource
import threading
import time

from crash_faults import ALARM, Fault, Faulty, settled
from outbound import MESSAGE, QUEUED, stuffed
from server import LIMIT, until
from wire import EHLO, Wire

HANG = 8  # seconds that a sync takes on a disk that hangs


def fill(faulty, leave=0):
    """Leaves so many bytes free."""
    with open(os.path.join(faulty.server.queue, ".filler"), "wb", buffering=0) as file:
        with contextlib.suppress(OSError):
            while True:
                file.write(b"\0" * 65536)
        file.truncate(max(0, file.tell() - leave))


def make_room(faulty):
    for name in os.listdir(faulty.server.queue):
        if name.startswith(".filler"):
            os.unlink(os.path.join(faulty.server.queue, name))


def taken_again(faulty):
    to = faulty.to("ok")
    until("mail is taken again", lambda: QUEUED.fullmatch(faulty.send(to)))
    until("and delivered", lambda: faulty.copies(to[0]))


def is_early(faulty):
    """The reply to MAIL, RCPT and DATA: which one refuses, and with what."""
    with Wire(faulty.server.port) as client:
        client.say(EHLO)
        for command in (b"MAIL FROM:<me@home.example>\r\n", b"RCPT TO:<ok@near.example>\r\n", b"DATA\r\n"):
            reply = client.say(command)
            if reply[:1] not in b"23":
                return command.split()[0].decode(), reply.decode().strip()
        reply = client.say(b".\r\n")
        return "the message", reply.decode().strip()


def watermark(faulty, line):
    fill(faulty, 4 << 20)
    time.sleep(1.1)
    stage, reply = is_early(faulty)
    assert reply[:2] == "45", f"{stage}: {reply}"
    faulty.server.logged(ALARM + ".*refused for now: .*MiB are free, 8 MiB are wanted", line)
    make_room(faulty)
    taken_again(faulty)
    faulty.server.logged("there is room for the queue again", line)
    faulty.clean()
    return f"{reply[:3]} to {stage}, alarm; taken again when there is room, and that is said"


def inodes(faulty, line):
    for number in range(400):
        open(os.path.join(faulty.server.queue, f".filler{number}"), "wb").close()
    time.sleep(1.1)
    stage, reply = is_early(faulty)
    assert reply[:2] == "45", f"{stage}: {reply}"
    faulty.server.logged(ALARM + ".*refused for now: .*inodes are free", line)
    make_room(faulty)
    taken_again(faulty)
    faulty.clean()
    return f"{reply[:3]} to {stage}, alarm; taken again when there is room"


def full(faulty, line):
    """One waits, one will need a report, and there is not a byte left."""
    faulty.waiting = {"held", "lost"}
    to = faulty.to("held") + faulty.to("lost")
    for one in to:
        reply = faulty.send([one])
        assert QUEUED.fullmatch(reply), f"not taken: {reply!r}"
        faulty.wait_for_attempt(one)
    fill(faulty)
    refused = faulty.to("ok")
    reply = faulty.send(refused)
    assert re.match(rb"4\d\d ", reply), f"not refused for now: {reply!r}"
    faulty.server.logged(ALARM + ".*not queued: .*No space left", line)
    # A report needs room, and waits for it; a delivery needs none.
    faulty.waiting = {"held"}
    until("the report is tried", lambda: sum("not queued" in one for one in faulty.server.lines[line:]) >= 2)
    assert faulty.reports(to[1]) == 0, "a report without room for it"
    faulty.waiting = set()
    until("the one that waits", lambda: faulty.copies(to[0]) == 1)
    make_room(faulty)
    faulty.clean()
    assert (faulty.reports(to[1]), faulty.copies(to[1])) == (1, 0), "the report"
    assert faulty.copies(refused[0]) == 0 and faulty.copies(to[0]) == 1, "copies"
    taken_again(faulty)
    faulty.clean()
    return f"{reply[:3].decode()}, alarm; deliveries go on, a report waits for room; taken again when there is"


def descriptors(faulty, line):
    """An SMTP worker has none left when the last dot comes."""
    worker, to = faulty.worker("smtp"), faulty.to("ok")
    with Wire(faulty.server.port) as client:
        for command in (EHLO, b"MAIL FROM:<me@home.example>\r\n", b"RCPT TO:<%s>\r\n" % to[0].encode(), b"DATA\r\n"):
            client.say(command)
        with only(worker):
            reply = client.say(MESSAGE + b".\r\n")
        assert re.match(rb"4\d\d ", reply), f"not refused for now: {reply!r}"
        faulty.server.logged(ALARM + ".*not queued: .*Too many open files", line)
    taken_again(faulty)
    faulty.clean()
    return f"{reply[:3].decode()}, alarm; taken again when there are some"


def no_descriptors_to_deliver(faulty, line):
    worker, to = faulty.worker("delivery"), faulty.to("ok", "bad")
    with only(worker):
        reply = faulty.send(to)
        assert QUEUED.fullmatch(reply), f"not taken: {reply!r}"
        faulty.server.logged(ALARM + ".*Too many open files", line)
    settled(faulty, to)
    return "delivered when there are some, alarm, no false report"


@contextlib.contextmanager
def only(process):
    """The process may have the descriptors that it has, and no other."""
    old = resource.prlimit(process, resource.RLIMIT_NOFILE)
    used = {int(name) for name in os.listdir(f"/proc/{process}/fd")}
    first = next(number for number in range(1 << 20) if number not in used)
    resource.prlimit(process, resource.RLIMIT_NOFILE, (first, old[1]))
    try:
        yield
    finally:
        resource.prlimit(process, resource.RLIMIT_NOFILE, old)


# ------------------------------------------------------------------------------------------------------ a disk that hangs ----
def timed(work):
    began = time.monotonic()
    result = work()
    return time.monotonic() - began, result


def hanging(faulty, line):
    """Each sync of the SMTP worker takes long: who waits for one waits, and others do not."""
    to, replies = faulty.to("ok"), []
    with Fault(faulty.worker("smtp"), {"fdatasync": ""}, how=f"delay_enter={HANG * 1_000_000}"):
        sender = threading.Thread(target=lambda: replies.append(timed(lambda: faulty.send(to))))
        sender.start()
        time.sleep(1)
        assert not replies, "it did not hang"
        with Wire(faulty.server.port) as client:
            seconds, _ = timed(lambda: [client.say(word) for word in (EHLO, b"MAIL FROM:<a@home.example>\r\n",
                                                                      b"RCPT TO:<ok@near.example>\r\n", b"RSET\r\n")])
        asked, _ = timed(faulty.server.status)
        sender.join(LIMIT)
    assert replies and QUEUED.fullmatch(replies[0][1]), f"the one who waited: {replies}"
    assert seconds < HANG / 2, f"others waited {seconds:.1f} s"
    until("the mail", lambda: faulty.copies(to[0]) == 1)
    faulty.clean()
    return f"250 after {replies[0][0]:.1f} s; others have their replies after {seconds:.2f} s, status after {asked:.1f} s"


def given_up(faulty, line):
    """The client leaves before its reply. It may send again, and then there are two: nobody can know."""
    to = faulty.to("ok")
    with Fault(faulty.worker("smtp"), {"fdatasync": ""}, how=f"delay_enter={HANG * 1_000_000 // 2}"):
        with Wire(faulty.server.port) as client:
            for command in (EHLO, b"MAIL FROM:<me@home.example>\r\n", b"RCPT TO:<%s>\r\n" % to[0].encode(), b"DATA\r\n"):
                client.say(command)
            client.send(stuffed(MESSAGE) + b".\r\n")
            time.sleep(0.5)
            client.abort()
        until("the mail", lambda: faulty.copies(to[0]) == 1)
    faulty.clean()
    taken_again(faulty)
    faulty.clean()
    return "the mail is delivered once, the server goes on"


def hanging_deliveries(faulty, line):
    """What is delivered cannot be written down for long: other mails are delivered meanwhile."""
    faulty.waiting = {"held", "lost"}
    slow, quick = faulty.to("ok", "held"), None
    with Fault(faulty.worker("delivery"), {"fdatasync": ""}, how=f"delay_enter={HANG * 1_000_000}") as fault:
        reply = faulty.send(slow)
        assert QUEUED.fullmatch(reply), f"not taken: {reply!r}"
        until("the first copy", lambda: faulty.copies(slow[0]))
        quick = faulty.to("ok")
        began = time.monotonic()
        faulty.send(quick)
        until("the second mail", lambda: faulty.copies(quick[0]))
        seconds = time.monotonic() - began
        until("its file is gone", lambda: len(faulty.litter()) == 1)
        removed = time.monotonic() - began
        fault.hit()
    faulty.waiting = set()
    settled(faulty, slow + quick)
    assert seconds < HANG / 2, f"another mail waited {seconds:.1f} s"
    return f"another mail is delivered after {seconds:.1f} s, its file removed after {removed:.1f} s"


def stopping(faulty, line):
    """SIGTERM while a sync hangs."""
    to, replies = faulty.to("ok"), []
    with Fault(faulty.worker("smtp"), {"fdatasync": ""}, how=f"delay_enter={HANG * 1_000_000}"):
        sender = threading.Thread(target=lambda: replies.append(faulty.send(to)))
        sender.start()
        time.sleep(1)
        seconds, status = timed(faulty.server.stop)
        sender.join(LIMIT)
    assert status == 0, f"exit status {status}"
    assert replies and (QUEUED.fullmatch(replies[0]) or not replies[0] or replies[0][:1] == b"4"), f"{replies}"
    queued = faulty.litter()
    faulty.server.again()
    if queued or QUEUED.fullmatch(replies[0]):
        until("the mail", lambda: faulty.copies(to[0]) == 1)
    faulty.clean()
    return f"ends after {seconds:.1f} s with status 0; the client had {replies[0][:3].decode() or 'no reply'}"


def run(word=""):
    """What is wrong, a row each."""
    wrong = []
    trials = [
        ("size=24m", "min_free_disk=8388608\n", [("the disk is nearly full", "-", "-", watermark)]),
        ("size=24m,nr_inodes=1200", "min_free_disk=1\n", [("inodes are nearly used up", "-", "-", inodes)]),
        ("size=4m", "min_free_disk=0\n", [("the disk is full", "-", "ENOSPC", full)]),
        ("", "min_free_disk=0\n", [
            ("no descriptor for a new mail", "openat", "EMFILE", descriptors),
            ("no descriptor to deliver", "openat", "EMFILE", no_descriptors_to_deliver),
            ("a new mail's sync hangs", "fdatasync", "-", hanging),
            ("the client gives up meanwhile", "fdatasync", "-", given_up),
            ("a delivery's sync hangs", "fdatasync", "-", hanging_deliveries),
            ("the server is stopped meanwhile", "fdatasync", "-", stopping),
        ]),
    ]
    for disk, ini, bodies in trials:
        if not any(word in f"{what} {call} {code}" for what, call, code, _ in bodies):
            continue
        with Faulty(ini, disk) as faulty:
            for what, call, code, body in bodies:
                if word in f"{what} {call} {code}":
                    faulty.trial(what, call, code, lambda line, b=body: b(faulty, line))
            wrong += [row for row in faulty.rows if not row[-1]]
    return wrong
