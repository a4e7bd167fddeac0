"""Servers that relay, where their mail goes, and what is in their queue: for tests of outbound mail."""
import contextlib
import email
import email.policy
import glob
import json
import os
import re
import signal
import subprocess
import tempfile
import time

from inline import NOTHING, compiled
from server import HARAKA, LIMIT, ForeignTest, Server, until
from wire import EHLO, Wire

HEADER = (b"From: Alice <alice@example.org>\r\nTo: Bob <bob@example.net>\r\nSubject: a test\r\n"
          b"Date: Sat, 21 Nov 2026 12:00:00 +0000\r\nMessage-Id: <1@example.org>\r\n")
MESSAGE = HEADER + b"\r\nHello\r\n"
QUEUED = re.compile(rb"250 (?:2\.0\.0 )?Message Queued \(([0-9A-F-]{36}\.\d+)\)\r\n")


def routes(table, relays=True):
    """C code of a plugin whose get_mx answers a domain of `table` with a text, or with the texts of a list in order, or with C
    code that returns. `relays`: whoever connects may relay."""
    rows = []
    for domain, target in table.items():
        if isinstance(target, str) and "return" in target:
            body = target
        elif isinstance(target, str):
            body = (f'haraka_value v = haraka_text_value(haraka_text("{target}")); '
                    "return haraka_answer_value(call, HARAKA_OK, &v);")
        else:
            items = ", ".join(f'haraka_text_value(haraka_text("{one}"))' for one in target)
            body = (f"haraka_value items[] = {{{items}}}; haraka_value v = haraka_list_value(items, {len(target)}); "
                    "return haraka_answer_value(call, HARAKA_OK, &v);")
        rows.append(f'if (haraka_equal(domain, haraka_text("{domain}"))) {{ {body} }}')
    return (NOTHING + (RELAYING if relays else "") + "HARAKA_HOOK(get_mx) { haraka_str domain = haraka_argument_text(call, 0); (void)domain; "
            + "\n".join(rows) + " return HARAKA_CONT; }\n")


def at(peer, scheme=""):
    """The place of a peer, as get_mx may say it."""
    return f"{scheme}127.0.0.1:{peer.port}"


# Whoever connects may send to anywhere.
RELAYING = """HARAKA_HOOK(connect_init) {
    const haraka_value yes = haraka_boolean(1);
    (void)haraka_table->set(haraka_of_connection(call->connection), HARAKA_CONN_RELAYING, &yes);
    return HARAKA_CONT;
}
"""
# What fails for now is tried again a second later, and not on the schedule of minutes.
SOON_AGAIN = """HARAKA_HOOK(deferred) { (void)call;
    haraka_value v = haraka_integer(1); return haraka_answer_value(call, HARAKA_DENYSOFT, &v); }
"""


class Relaying(Server):
    """Relays for everybody on this host. `to`: routes by domain; `ini`: outbound.ini; `code`: more plugins in C, by name, before
    the one that routes; `quick=False`: retries as the schedule says."""

    def __init__(self, to=None, ini="", config=None, plugins=(), code=None, quick=True, nodes=1):
        files = {"smtp.ini": f"listen=127.0.0.1:0\nnodes={nodes}\n", "log.ini": "level=info\n",
                 "outbound.ini": ini, **(config or {})}
        code = {"routes": routes(to or {}) + (SOON_AGAIN if quick else ""), **(code or {})}
        order = [name for name in code if name != "routes"] + ["routes", *plugins]
        super().__init__(plugins=order, config=files)
        self.queue = os.path.join(self.folder, "queue")
        with tempfile.TemporaryDirectory(prefix="haraka-test-") as scratch:
            for name, text in code.items():
                self.install(name, compiled(scratch, name, text))

    # ------------------------------------------------------------------------------------------------------- sending ----
    def send(self, *recipients, message=MESSAGE, sender="alice@example.org", mail=b""):
        """The last reply of a dialogue that hands in a mail with these exact bytes."""
        with Wire(self.port) as client:
            commands = [EHLO, b"MAIL FROM:<%s>%s\r\n" % (sender.encode(), mail)]
            commands += [b"RCPT TO:<%s>\r\n" % one.encode() for one in recipients]
            for command in commands:
                reply = client.say(command)
                if reply[:1] != b"2":
                    return reply
            client.say(b"DATA\r\n")
            return client.say(stuffed(message) + b".\r\n")

    def queued(self, *recipients, **more):
        """The same; the uuid, for it must be taken."""
        reply = self.send(*recipients, **more)
        match = QUEUED.fullmatch(reply)
        assert match, f"not queued: {reply!r}"
        return match[1].decode()

    # ----------------------------------------------------------------------------------------------------- the queue ----
    def files(self):
        """Names in the queue's folder, but for drafts."""
        return sorted(os.path.basename(path) for path in glob.glob(f"{self.queue}/*"))

    def empty(self, limit=LIMIT):
        """Waits until nothing is left to be delivered."""
        until(f"an empty queue, not {self.files()}", lambda: not self.files(), limit)

    def ask(self, *arguments, **more):
        """`haraka queue ...`."""
        return subprocess.run([HARAKA, "queue", *arguments, "-c", self.folder], capture_output=True, text=True, timeout=LIMIT,
                              check=False, stdin=subprocess.DEVNULL, **more)

    def rows(self, *filters):
        shown = self.ask("list", "--json", *filters)
        assert shown.returncode == 0, shown.stderr
        return json.loads(shown.stdout)

    def row(self, **wanted):
        """Waits for a row with these members."""
        def found():
            return next((row for row in self.rows() if all(row.get(key) == value for key, value in wanted.items())), None)
        return until(f"a row with {wanted} among {self.rows()}", found)

    def deferred(self, count=1):
        return until(f"{count} deferred", lambda: rows if len(rows := [
            row for row in self.rows() if row["state"] == "deferred"]) >= count else None)

    def retry(self):
        done = self.ask("retry", "--all")
        assert done.returncode == 0, done.stderr

    # ------------------------------------------------------------------------------------------------- its processes ----
    def worker(self, role="delivery"):
        """The process of a worker."""
        return next(one["pid"] for one in self.status()["workers"] if one["role"] == role and one["state"] == "serving")

    def kill(self, role="delivery"):
        """SIGKILL; waits for its replacement."""
        old = self.worker(role)
        os.kill(old, signal.SIGKILL)

        def replaced():
            with contextlib.suppress(StopIteration, AssertionError):
                return self.worker(role) != old
            return False
        until(f"a new {role} worker", replaced)

    def again(self):
        """Starts the same folder once more."""
        self.lines, self.ports = [], []
        self.start()


def stuffed(message):
    return re.sub(rb"(?m)^\.", b"..", message)


def report(message):
    """The parts of a delivery report: the parsed whole, fields about the mail, fields of each recipient."""
    whole = email.message_from_bytes(message, policy=email.policy.default)
    parts = list(whole.iter_parts())
    blocks = parts[1].get_payload()
    return whole, blocks[0], blocks[1:]


class OutboundTest(ForeignTest):
    """Assertions about what has arrived."""

    def arrived(self, peer, message, count=1):
        """The last of them ends with exactly these bytes, behind Received fields and nothing else."""
        last = peer.received(count)[-1]
        self.ends_with(last.data, message)
        head = last.data[:len(last.data) - len(message)]
        for field in re.split(rb"\r\n(?![ \t])", head)[:-1]:
            self.assertRegex(field, rb"\AReceived: ")
        return last

    def stays_at(self, peer, count, seconds=1.5):
        """Nothing comes after those."""
        time.sleep(seconds)
        self.assertEqual(len(peer.messages()), count)


def maildir(data):
    """A message as Maildirs have it, with CR LF."""
    return data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


