"""Servers of several processes, and clients that know which of them they talk to."""
import collections
import contextlib
import os
import subprocess
import tempfile
import threading
import time

from ahead import AheadTest
from inline import NOTHING, compiled
from server import INCLUDE, LIMIT, ROOT, Server, header, until
from wire import EHLO, Wire

ZOO = os.path.join(ROOT, "Tests", "ABI", "zoo")
STAMP = os.path.join(ROOT, "Tests", "Foreign", "stamp.c")
MAIL = b"MAIL FROM:<a@example.org>\r\n"
RCPT = b"RCPT TO:<b@example.com>\r\n"
BOOM = b"RCPT TO:<boom@example.com>\r\n"
POLICY = ["rcpt_to.in_host_list", "queue/maildir"]
WORKERS = 3  # processes that load plugins with nodes=2: two for SMTP, one for delivery

# Answers WHO with the process, the build, and the connection's uuid.
WHO = NOTHING + r"""
    #include <stdio.h>
    #include <unistd.h>
    HARAKA_HOOK(unrecognized_command)
    {
        char text[128];
        haraka_str line;
        haraka_reply reply = haraka_no_reply();
        const haraka_str uuid = haraka_connection_text(call->connection, HARAKA_CONN_UUID);
        if (!haraka_equal(haraka_argument_text(call, 0), haraka_text("WHO"))) return HARAKA_CONT;
        snprintf(text, sizeof text, "%d %s %.*s", (int)getpid(), BUILD, (int)uuid.len, uuid.ptr);
        line = haraka_text(text);
        reply.lines = &line;
        reply.line_count = 1;
        (void)haraka_table->respond(call->connection, 250, &reply);
        return HARAKA_OK;
    }
"""
Who = collections.namedtuple("Who", "pid build uuid")


class Client(Wire):
    """A connection that can be asked who serves it. A connection that is lost says nothing, and raises nothing."""

    def reply(self):
        try:
            return super().reply()
        except ConnectionError:
            return b""

    def say(self, data):
        try:
            return super().say(data)
        except ConnectionError:
            return b""

    def who(self):
        answer = self.say(b"WHO\r\n").decode().split()
        assert len(answer) == 4 and answer[0] == "250", f"the answer to WHO is {answer}"
        return Who(int(answer[1]), answer[2], answer[3])

    def deliver(self, number, to=b"b@example.com"):
        """Sends a message that carries a number; the last reply, which may be that to an earlier command."""
        reply = b""
        for command in (EHLO, MAIL, b"RCPT TO:<%s>\r\n" % to, b"DATA\r\n"):
            reply = self.say(command)
            if reply[:1] not in (b"2", b"3"):
                return reply
        return self.say(b"Subject: x\r\nX-Number: %s\r\n\r\ny\r\n.\r\n" % str(number).encode())


class Load:
    """Light and steady load over one connection that is kept: a message, a short pause, the next message."""

    def __init__(self, client, name):
        self.client, self.name = client, name
        self.acknowledged, self.failure = [], None
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        number = 0
        while not self.over.wait(0.01) and self.failure is None:
            number += 1
            try:
                reply = self.client.deliver(f"{self.name}-{number}")
            except OSError as error:
                reply = repr(error).encode()
            if reply[:4] == b"250 ":
                self.acknowledged.append(f"{self.name}-{number}")
            else:
                self.failure = f"message {number}: {reply!r}"

    def goes_on(self):
        """Waits for some more messages."""
        wanted = len(self.acknowledged) + 3
        until(f"the load {self.name} goes on", lambda: self.failure or len(self.acknowledged) >= wanted)
        assert self.failure is None, f"load {self.name}: {self.failure}"

    def stop(self):
        """What was acknowledged."""
        self.over.set()
        self.thread.join(LIMIT)
        assert self.failure is None, f"load {self.name}: {self.failure}"
        return self.acknowledged


class Nodes(Server):
    """A server with two SMTP workers, whose first plugin answers WHO."""

    def __init__(self, plugins=(), objects=None, config=None, smtp="", ini=None, who="1"):
        files = {"smtp.ini": f"listen=127.0.0.1:0\nnodes=2\n{smtp}", "log.ini": "level=info\n"}
        if ini is not None:
            files["plugins.ini"] = f"[main]\n{ini}"
        files.update(config or {})
        super().__init__(plugins=["who", *plugins, *POLICY], config=files, objects=objects)
        self.scratch = tempfile.TemporaryDirectory(prefix="haraka-test-")
        self.build_who(who)

    def build_who(self, build):
        """Puts another build of `who` into plugins/."""
        self.install("who", compiled(self.scratch.name, "who", WHO, f'-DBUILD="{build}"'))

    def abandon(self):
        super().abandon()
        self.scratch.cleanup()

    # --------------------------------------------------------------------------------------------------- clients ----
    def client(self):
        return Client(self.port)

    def who(self):
        """Who serves a new connection."""
        with self.client() as client:
            return client.who()

    @contextlib.contextmanager
    def pair(self, besides=()):
        """Clients on the two workers, of which none is one of the processes `besides`."""
        with contextlib.ExitStack() as stack:
            found, spare = {}, []

            def both():
                # Who is not needed stays connected for a while, so that the next connection goes elsewhere.
                client = Client(self.port)
                try:
                    pid = client.who().pid
                except AssertionError:
                    client.close()
                    return False
                if pid in found or pid in besides:
                    spare.append(stack.enter_context(client))
                else:
                    found[pid] = stack.enter_context(client)
                while len(spare) > 30:
                    spare.pop(0).close()
                return len(found) == 2
            until("clients on two workers", both)
            for client in spare:
                client.close()
            yield list(found.values())

    def builds(self):
        """The builds of `who` that new connections get on both workers."""
        with self.pair() as pair:
            return {client.who().build for client in pair}

    # ------------------------------------------------------------------------------------------------- processes ----
    def children(self, process=None):
        """The processes of the workers."""
        process = process or self.process.pid
        try:
            with open(f"/proc/{process}/task/{process}/children", encoding="ascii") as file:
                return {int(word) for word in file.read().split()}
        except FileNotFoundError:
            return set()

    def workers(self):
        """What status shows of each worker, by process."""
        return {worker["pid"]: worker for worker in self.status()["workers"]}

    # ------------------------------------------------------------------------------------------------------ mail ----
    def numbers(self):
        """The numbers of the messages in the Maildir."""
        return [value for message in self.messages() for value in header(message, "X-Number")]


class WorkersTest(AheadTest):
    """With a folder to compile in, and what several tests look for."""

    def prepare(self):
        scratch = tempfile.TemporaryDirectory(prefix="haraka-test-")
        self.addCleanup(scratch.cleanup)
        self.scratch = scratch.name

    def animal(self, name, *flags, as_name=None):
        """The path of an animal of the zoo, compiled; `as_name`: under another name."""
        target = os.path.join(self.scratch, f"{as_name or name}-{time.monotonic_ns()}.so")
        renamed = [f'-DZOO_NAME="{as_name}"'] if as_name else []
        done = subprocess.run([os.path.join(ZOO, "compile"), name, target, *renamed, *flags], capture_output=True, text=True,
                              env={**os.environ, "HARAKA_INCLUDE": INCLUDE}, timeout=2 * LIMIT, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return target

    def plugin(self, name, text, *flags):
        return compiled(self.scratch, name, text, *flags)

    def serves(self, server, limit=5):
        """A new session is served, at once or soon."""
        def works():
            try:
                with server.client() as client:
                    return client.deliver("new")[:4] == b"250 "
            except OSError:
                return False
        until("a new session works", works, limit)

    def all_stored(self, server, acknowledged):
        """Each message that was acknowledged is there, once."""
        counts = collections.Counter(server.numbers())
        self.assertEqual({number: counts[number] for number in acknowledged}, dict.fromkeys(acknowledged, 1))
