"""queue/qmail-queue with a program of ours in qmail-queue's place, and queue/test. The README.md of each."""
import os
import re
import stat

from inline import hooked, server_with
from server import read, until
from test_bundled import MAIL, RCPT
from test_limit import QUICKLY
from test_queues import MESSAGE, NO_QUEUE, Queue, files, note, text
from wire import EHLO, Wire, seconds

QUEUED = re.compile(rb"250 Queued! \([0-9A-F-]{36}\.1\)\r\n")
# Keeps what it was given, as qmail-queue would, and ends as the file `status` says.
PROGRAM = """#!/usr/bin/env python3
import os, sys, time
folder = os.path.dirname(os.path.abspath(__file__))
def take(descriptor, name):
    with os.fdopen(descriptor, "rb", closefd=False) as pipe, open(f"{folder}/{name}", "wb") as out:
        out.write(pipe.read())
%s
take(0, "message")
take(1, "envelope")
sys.exit(int(open(f"{folder}/status").read()))
"""


class QmailQueue(Queue):
    def serving(self, status=0, before="", plugins=(), config=None, **hooks):
        self.program = os.path.join(self.scratch, "qmail-queue")
        with open(self.program, "w", encoding="ascii") as out:
            out.write(PROGRAM % before)
        os.chmod(self.program, 0o755)
        with open(f"{self.scratch}/status", "w", encoding="ascii") as out:
            out.write(str(status))
        config = {"qmail-queue.path": f"{self.program}\n", "smtp.ini": "listen=127.0.0.1:0\nnodes=1\n", **QUICKLY, **(config or {})}
        hooks = hooks or {"noop": "return HARAKA_CONT;"}
        return server_with(self.scratch, ["mine", "rcpt_to.in_host_list", "queue/qmail-queue", *plugins],
                           {"mine": hooked(**hooks)}, config)

    def given(self, name):
        return read(f"{self.scratch}/{name}")

    def test_queued(self):
        """queue/qmail-queue: the program reads the message with LF line ends and the envelope; its 0 is OK"""
        with self.serving() as server:
            self.assertRegex(self.send(server, b"b@example.com", b'"c,d"@Example.com'), QUEUED)
            self.assertEqual(self.given("envelope"), b"Fa@example.org\0Tb@example.com\0Tc,d@Example.com\0\0")
            message = self.given("message")
            self.assertTrue(message.startswith(b"Received: from "), message)
            self.ends_with(message, b"\nSubject: x\n\ny\n")
            self.assertNotIn(b"\r", message)

    def test_descriptors(self):
        """queue/qmail-queue: the program holds nothing of the server's but its standard error: no client, no epoll"""
        look = """held = [n for n in os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd/" + n)]
open(f"{folder}/held", "w").write(" ".join(sorted(held)))"""
        with self.serving(before=look) as server, Wire(server.port), Wire(server.port):
            self.assertRegex(self.send(server), QUEUED)
            self.assertEqual(self.given("held"), b"0 1 2")

    def test_without_workers(self):
        """queue/qmail-queue: with nodes=0 the end of the program is not taken for that of a worker"""
        with self.serving(config={"smtp.ini": "listen=127.0.0.1:0\nnodes=0\n"}) as server:
            for _ in range(8):
                self.assertRegex(self.send(server), QUEUED)

    def test_null_sender(self):
        """queue/qmail-queue: the null sender is an empty one"""
        with self.serving() as server, Wire(server.port) as client:
            for command in (EHLO, b"MAIL FROM:<>\r\n", RCPT):
                client.say(command)
            client.say(b"DATA\r\n")
            self.assertRegex(client.say(MESSAGE), QUEUED)
            self.assertEqual(self.given("envelope"), b"F\0Tb@example.com\0\0")

    def test_many_recipients_and_a_large_message(self):
        """queue/qmail-queue: an envelope beyond 4096 bytes, and a message beyond what a pipe holds, arrive whole"""
        with self.serving() as server, Wire(server.port) as client:
            client.send(EHLO + MAIL)
            self.assertEqual((client.reply()[:4], client.reply()[:4]), (b"250-", b"250 "))
            for index in range(500):
                self.assertEqual(client.say(b"RCPT TO:<recipient%d@example.com>\r\n" % index)[:4], b"250 ")
            client.say(b"DATA\r\n")
            body = b"0123456789abcde\r\n" * 100_000
            self.assertRegex(client.say(b"Subject: large\r\n\r\n" + body + b".\r\n"), QUEUED)
            self.assertEqual(self.given("envelope").count(b"\0T"), 500)
            self.ends_with(self.given("message"), b"\n\n" + body.replace(b"\r\n", b"\n"))

    def test_failures(self):
        """queue/qmail-queue: a passing failure leaves the mail to the next plugin, or to the client"""
        for status in (1, 51, 53, 71, 81, 91, 111):
            with self.serving(status) as server:
                self.assertRegex(self.send(server), NO_QUEUE, status)
                server.logged(r"\[ERROR\] \[[0-9A-F-]{36}\.1\] \[queue/qmail-queue\] .*/qmail-queue: ")
        with self.serving(53, plugins=["queue/maildir"]) as server:
            self.assertRegex(self.send(server), rb"\A250 Message Queued ")
            self.assertEqual(len(server.stored()), 1)

    def test_refusals(self):
        """queue/qmail-queue: a permanent error is one for the client, and nobody else is asked"""
        for status in (11, 31, 40):
            with self.serving(status, plugins=["queue/maildir"]) as server:
                self.assertRegex(self.send(server), rb"\A550 Message refused \([0-9A-F-]{36}\.1\)\r\n\Z")
                self.assertEqual(server.stored(), [])

    def test_program_that_ends_early(self):
        """queue/qmail-queue: a program that reads nothing is judged by its exit status, and the server goes on"""
        for before, expected in (("sys.exit(61)", NO_QUEUE), ("sys.exit(31)", re.compile(rb"550 Message refused ")),
                                 ("os.kill(os.getpid(), 9)", NO_QUEUE)):
            with self.serving(before=before) as server, Wire(server.port) as client:
                for command in (EHLO, MAIL, RCPT):
                    client.say(command)
                client.say(b"DATA\r\n")
                self.assertRegex(client.say(b"Subject: x\r\n\r\n" + b"0123456789\r\n" * 50_000 + b".\r\n"), expected)
                self.assertEqual(client.say(b"NOOP\r\n"), b"250 OK\r\n")

    def test_missing_program(self):
        """queue/qmail-queue: a program that is not there is a passing failure"""
        with self.serving(config={"qmail-queue.path": "/nowhere/qmail-queue\n"}) as server:
            self.assertRegex(self.send(server), NO_QUEUE)
            server.logged(r"\[ERROR\] .*/nowhere/qmail-queue: .*No such file or directory")

    def test_program_that_hangs(self):
        """queue/qmail-queue: a program that hangs is killed before the time limit; other clients do not wait for it"""
        config = {"queue/qmail-queue.timeout": "3\n"}
        server = self.serving(before='open(f"{folder}/pid", "w").write(str(os.getpid())); time.sleep(600)')
        os.makedirs(f"{server.folder}/config/queue", exist_ok=True)
        for name, content in config.items():
            server.configure(name, content)
        with server, Wire(server.port) as client, Wire(server.port) as other:
            for command in (EHLO, MAIL, RCPT):
                client.say(command)
            client.say(b"DATA\r\n")
            client.send(MESSAGE)
            until("the program runs", lambda: os.path.exists(f"{self.scratch}/pid") and self.given("pid"))
            took, said = seconds(lambda: other.say(b"NOOP\r\n"))
            self.assertEqual(said, b"250 OK\r\n")
            self.assertLess(took, 1)
            self.assertRegex(client.reply(), NO_QUEUE)
            server.logged(r"\[ERROR\] .*qmail-queue.*(timed out|Connection timed out)")
            self.assertFalse(os.path.exists(f"/proc/{self.given('pid').decode()}"))

    def test_stop_while_it_runs(self):
        """queue/qmail-queue: a stop waits for a program that runs"""
        wait = 'open(f"{folder}/began", "w").close(); time.sleep(1.5)'
        with self.serving(before=wait) as server, Wire(server.port) as client:
            for command in (EHLO, MAIL, RCPT):
                client.say(command)
            client.say(b"DATA\r\n")
            client.send(MESSAGE)
            until("the program runs", lambda: os.path.exists(f"{self.scratch}/began"))
            self.assertEqual(server.stop(), 0)
            self.assertEqual(self.given("envelope"), b"Fa@example.org\0Tb@example.com\0\0")

    def test_client_that_leaves(self):
        """queue/qmail-queue: if client and plugins have gone while the program runs, the log knows all the same how it ended"""
        wait = 'open(f"{folder}/began", "w").close()\nwhile not os.path.exists(f"{folder}/go"): time.sleep(0.02)'
        with self.serving(53, before=wait) as server:
            with Wire(server.port) as client:
                for command in (EHLO, MAIL, RCPT):
                    client.say(command)
                client.say(b"DATA\r\n")
                client.send(MESSAGE)
                until("the program runs", lambda: os.path.exists(f"{self.scratch}/began"))
                client.abort()
            server.logged("disconnect ip=127")
            self.succeeded(server.reload())

            def ended():
                return sum("plugin generation 1 has ended" in line for line in server.lines)
            until("the delivery worker's first generation has ended", lambda: ended() == 1)
            with open(f"{self.scratch}/go", "w", encoding="ascii"):
                pass
            server.logged(r"\[ERROR\] .*\[queue/qmail-queue\] .*/qmail-queue: writing failed", limit=5)
            until("that of the smtp worker has ended", lambda: ended() == 2)

    def test_outbound(self):
        """queue/qmail-queue: mail of clients that may relay, as enable_outbound says, which may change at any time"""
        relays = {"ehlo": "(void)haraka_set_relaying(call->connection, 1); return HARAKA_CONT;"}
        with self.serving(**relays) as server:
            self.assertRegex(self.send(server), QUEUED)
            server.configure("qmail-queue.ini", "enable_outbound=false\n")
            server.logged(r"qmail-queue.ini has changed")
            # Each worker reads it for itself; then the mail is for the server's own queue.
            until("the new switch", lambda: b"250 Message Queued (" in self.send(server))

    def test_wishes(self):
        """queue/qmail-queue: mail that another queue was named for is left alone"""
        for wish, expected in (("qmail-queue", QUEUED), ("maildir", NO_QUEUE)):
            hook = note("transaction", "queue.wants", text(wish)) + "return HARAKA_CONT;"
            with self.serving(mail=hook) as server:
                self.assertRegex(self.send(server), expected, wish)

    def test_change_of_the_path(self):
        """queue/qmail-queue: a new path holds for the next mail; a wrong one changes nothing and is named"""
        with self.serving() as server:
            server.configure("qmail-queue.path", "qmail-queue\n")
            server.logged(r"\[ERROR\] .*qmail-queue.path: all stays as it was: .* a path that begins with /")
            self.assertRegex(self.send(server), QUEUED)
            server.configure("qmail-queue.path", "/nowhere/qmail-queue\n")
            server.logged(r"qmail-queue.path has changed: /nowhere/qmail-queue")
            until("the new path", lambda: NO_QUEUE.search(self.send(server)))


class QueueTest(Queue):
    def serving(self, folder, **hooks):
        hooks = hooks or {"noop": "return HARAKA_CONT;"}
        server = server_with(self.scratch, ["mine", "rcpt_to.in_host_list", "queue/test"], {"mine": hooked(**hooks)}, QUICKLY)
        server.popen["env"] = {**os.environ, "TMPDIR": folder}
        return server

    def test_written(self):
        """queue/test: each mail is a file of its own in the temporary folder"""
        folder = os.path.join(self.scratch, "tmp")
        os.mkdir(folder)
        with self.serving(folder) as server:
            said = self.send(server)
            self.assertRegex(said, rb"\A250 Message Queued \([0-9A-F-]{36}\.1\)\r\n\Z")
            name = f"mail_{said[len(b'250 Message Queued ('):-3].decode()}.eml"
            self.assertEqual(files(folder), [name])
            written = read(f"{folder}/{name}")
            self.assertTrue(written.startswith(b"Received: from "), written)
            self.ends_with(written, b"\r\nSubject: x\r\n\r\ny\r\n")
            self.assertEqual(stat.S_IMODE(os.stat(f"{folder}/{name}").st_mode), 0o600)

    def test_failure(self):
        """queue/test: a folder that is not there is 450, and the log says why"""
        with self.serving(os.path.join(self.scratch, "missing")) as server:
            self.assertRegex(self.send(server), rb"\A450 Writing failed, try again later \([0-9A-F-]{36}\.1\)\r\n\Z")
            server.logged(r"\[ERROR\] .*\[queue/test\] .*missing: No such file or directory")

    def test_wishes(self):
        """queue/test: mail that another queue was named for is left alone"""
        hook = note("transaction", "queue.wants", text("maildir")) + "return HARAKA_CONT;"
        with self.serving(self.scratch, mail=hook) as server:
            self.assertRegex(self.send(server), NO_QUEUE)
