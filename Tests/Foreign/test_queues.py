"""The queue plugins through their real shared objects: what is stored, where, and what a failure leaves."""
import os
import re
import stat
import subprocess
import tempfile
import unittest

from inline import hooked, server_with
from server import ForeignTest, Server, header, read, until
from wire import EHLO, QUEUED, Wire

MAIL = b"MAIL FROM:<a@example.org>\r\n"
MESSAGE = b"Subject: x\r\n\r\ny\r\n.\r\n"
FAILED = re.compile(rb"450 Delivery failed, try again later \([0-9A-F-]{36}\.1\)\r\n")
NO_QUEUE = re.compile(rb"451 Queuing declined or disabled, try later \([0-9A-F-]{36}\.1\)\r\n")


def files(folder):
    """Every file below, as paths from there."""
    return sorted(os.path.relpath(os.path.join(parent, name), folder)
                  for parent, _, names in os.walk(folder) for name in names)


def note(of, path, value):
    return f'{{ haraka_value v = {value}; (void)haraka_note_set(haraka_of_{of}(call->{of}), "{path}", &v); }} '


def text(words):
    return f'haraka_text_value(haraka_text("{words}"))'


class Queue(ForeignTest):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="haraka-test-")
        self.addCleanup(scratch.cleanup)
        self.scratch = scratch.name

    def send(self, server, *recipients):
        """What a client is told at the end of a message to these."""
        with Wire(server.port) as client:
            for command in (EHLO, MAIL, *(b"RCPT TO:<%s>\r\n" % name for name in recipients or [b"b@example.com"])):
                self.assertEqual(client.say(command)[:3], b"250", command)
            self.assertEqual(client.say(b"DATA\r\n")[:3], b"354")
            return client.say(MESSAGE)


class Maildir(Queue):
    def test_names(self):
        """queue/maildir: no address leads out of the root, and each has a mailbox of its own"""
        evil = {
            b'"../../../escape"@example.com': "%2E%2E%2F..%2F..%2Fescape", b'".."@example.com': "%2E%2E",
            b'"."@example.com': "%2E", b'"/etc/passwd"@example.com': "%2Fetc%2Fpasswd",
            b'"%2f..%2f"@example.com': "%252f..%252f",
            b'".hidden"@example.com': "%2Ehidden", b'"a:2,S"@example.com': "a%3A2%2Cs", b"UPPER@example.com": "upper",
            b"a+tag=x_y-z@example.com": "a+tag=x_y-z", b"`id`@example.com": "%60id%60",
            "zoë@example.com".encode(): "zo%C3%AB", b"%00@example.com": "%2500",
            b"new@example.com": "new", b"tmp@example.com": "tmp",
        }
        with Server() as server:
            said = self.send(server, *evil)
            self.assertRegex(said, QUEUED)
            self.assertEqual(sorted(os.listdir(server.mail)), ["example.com"])
            self.assertEqual(sorted(os.listdir(f"{server.mail}/example.com")), sorted(evil.values()))
            self.assertEqual(len(server.stored()), len(evil))
            for folder, names, _ in os.walk(f"{server.mail}/example.com"):
                for name in names:
                    self.assertEqual(stat.S_IMODE(os.stat(os.path.join(folder, name)).st_mode), 0o700)
            self.assertEqual({stat.S_IMODE(os.stat(path).st_mode) for path in server.stored()}, {0o600})

    def test_long_names(self):
        """queue/maildir: local parts that have no room as file names are shortened and kept apart"""
        domain = "d" * 60 + ".example"
        server = Server(config={"host_list": f"{domain}\n"})
        server.configure("queue.maildir.ini", f"root={server.mail}\npath=%a\n")
        with server:
            self.assertRegex(self.send(server, *(f'"{"/" * 61}{end}"@{domain}'.encode() for end in "ab")), QUEUED)
            names = os.listdir(server.mail)
            self.assertEqual((len(names), len(server.stored())), (2, 2))
            self.assertLessEqual(max(map(len, names)), 200)

    def test_several_recipients(self):
        """queue/maildir: each recipient gets a file that names nobody else; one given twice gets one"""
        with Server() as server:
            self.assertRegex(self.send(server, b"b@example.com", b"c@example.com", b"b@example.com"), QUEUED)
            found = {path.split("/")[-3]: read(path) for path in server.stored()}
            self.assertEqual((sorted(found), len(server.stored())), (["b", "c"], 2))
            for name, message in found.items():
                first = f"Return-Path: <a@example.org>\nDelivered-To: {name}@example.com\n".encode()
                self.assertEqual(message[:len(first)], first)
                self.assertNotIn(b"b@example.com" if name == "c" else b"c@example.com", message)

    def test_path_that_is_taken(self):
        """queue/maildir: if one of several mailboxes cannot be made, 450, and none has the message"""
        with Server() as server:
            os.mkdir(f"{server.mail}/example.com")
            with open(f"{server.mail}/example.com/c", "w", encoding="ascii"):
                pass
            self.assertRegex(self.send(server, b"b@example.com", b"c@example.com", b"d@example.com"), FAILED)
            self.assertEqual(files(server.mail), ["example.com/c"])
            line = re.compile(r"\[ERROR\] \[[0-9A-F-]{36}\.1\] \[queue/maildir\] .*\bc\b.*: Not a directory")
            until("the cause in the log", lambda: line.search(server.log()))
            os.unlink(f"{server.mail}/example.com/c")
            self.assertRegex(self.send(server, b"b@example.com", b"c@example.com"), QUEUED)
            self.assertEqual(len(server.stored()), 2)

    def test_links(self):
        """queue/maildir: a symbolic link in the place of a mailbox is not followed"""
        with Server() as server:
            outside = os.path.join(self.scratch, "outside")
            os.mkdir(outside)
            os.mkdir(f"{server.mail}/example.com")
            os.symlink(outside, f"{server.mail}/example.com/b")
            self.assertRegex(self.send(server), FAILED)
            self.assertEqual(files(outside), [])

    @unittest.skipUnless(os.geteuid() == 0, "only root mounts a small file system")
    def test_full_disk(self):
        """queue/maildir: when the disk is full, 450 and nothing is left behind; later the mail arrives"""
        server = Server(config={"connection.ini": "[main]\nspool_after=-1\n"})
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", server.mail], check=False,
                                 capture_output=True)
        if mounted.returncode != 0:
            server.abandon()
            self.skipTest("mount is not allowed here")
        self.addCleanup(subprocess.run, ["umount", "-l", server.mail], check=False, capture_output=True)
        try:
            with server, Wire(server.port) as client:
                large = b"Subject: large\r\n\r\n" + b"0123456789\r\n" * 10000 + b".\r\n"
                self.assertRegex(client.envelope(large), FAILED)
                self.assertEqual(files(server.mail), [])
                self.assertRegex(client.envelope(MESSAGE), QUEUED)
                self.assertEqual(len(server.stored()), 1)
        finally:
            subprocess.run(["umount", "-l", server.mail], check=False, capture_output=True)


class Discard(Queue):
    def refusing(self, code, environment=None):
        server = server_with(self.scratch, ["mine", "rcpt_to.in_host_list", "queue/discard"], {"mine": code})
        os.environ.update(environment or {})
        self.addCleanup(os.environ.pop, "YES_REALLY_DO_DISCARD", None)
        return server

    def test_notes(self):
        """queue/discard: takes what a note gives it, and nothing else"""
        for hook, takes in ((note("transaction", "discard", "haraka_boolean(1)"), True),
                            (note("connection", "discard", "haraka_boolean(1)"), True),
                            (note("transaction", "queue.wants", text("discard")), True), ("", False),
                            (note("connection", "discard", "haraka_boolean(1)")
                             + note("transaction", "queue.wants", text("maildir")), False)):
            with self.refusing(hooked(mail=hook + "return HARAKA_CONT;")) as server:
                self.assertRegex(self.send(server), QUEUED if takes else NO_QUEUE, hook)

    def test_environment(self):
        """queue/discard: YES_REALLY_DO_DISCARD makes it take everything"""
        with self.refusing(hooked(mail="return HARAKA_CONT;"), {"YES_REALLY_DO_DISCARD": "1"}) as server:
            self.assertRegex(self.send(server), QUEUED)


class Quarantine(Queue):
    def quarantining(self, notes):
        self.kept = os.path.join(self.scratch, "kept")
        os.makedirs(f"{self.kept}/tmp", exist_ok=True)
        with open(f"{self.kept}/tmp/left", "w", encoding="ascii"):
            pass
        return server_with(self.scratch, ["mine", "rcpt_to.in_host_list", "queue/quarantine", "queue/maildir"],
                           {"mine": hooked(mail=notes + "return HARAKA_CONT;")},
                           {"quarantine.ini": f"quarantine_path={self.kept}\n"})

    def test_folders(self):
        """queue/quarantine: a copy in the folder of the day, or below the one that a note names"""
        for value, folder in (("haraka_boolean(1)", ""), (text("virus"), "virus/")):
            with self.quarantining(note("transaction", "quarantine", value)) as server:
                before = set(files(self.kept))
                said = self.send(server)
                self.assertRegex(said, QUEUED)
                uuid = said[len(b"250 Message Queued ("):-3].decode()
                (kept,) = set(files(self.kept)) - before
                self.assertRegex(kept, rf"\A{folder}\d{{8}}/{uuid}\Z")
                (stored,) = server.messages()
                self.ends_with(stored, read(os.path.join(self.kept, kept)))
                self.assertEqual(header(read(os.path.join(self.kept, kept)), "Subject"), ["x"])

    def test_action(self):
        """queue/quarantine: quarantine_action is the answer afterwards"""
        action = ("{ haraka_value parts[2] = {haraka_integer(HARAKA_DENY), " + text("kept for later") + "}; "
                  "haraka_value v = haraka_list_value(parts, 2); "
                  '(void)haraka_note_set(haraka_of_transaction(call->transaction), "quarantine_action", &v); } ')
        with self.quarantining(note("connection", "quarantine", "haraka_boolean(1)") + action) as server:
            self.assertRegex(self.send(server), rb"\A550 kept for later \([0-9A-F-]{36}\.1\)\r\n\Z")
            self.assertEqual((len(files(self.kept)), server.stored()), (1, []))

    def test_names(self):
        """queue/quarantine: no note leads out of the folder"""
        for name in ("../../out", "/out", "a/../../out", ".."):
            with self.quarantining(note("transaction", "quarantine", text(name))) as server:
                self.send(server)
                outside = [path for path in files(self.scratch) if path.endswith(".1") and not path.startswith("kept/")]
                self.assertEqual(outside, [], name)
                self.assertFalse(os.path.exists("/out"))

    def test_failure(self):
        """queue/quarantine: if the copy cannot be stored, 450, and the mail goes nowhere"""
        with self.quarantining(note("transaction", "quarantine", text("virus"))) as server:
            with open(f"{self.kept}/virus", "w", encoding="ascii"):
                pass
            self.assertEqual(self.send(server)[:40], b"450 Quarantine failed, try again later (")
