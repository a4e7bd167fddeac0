"""Starting and running as an administrator does: what stops a start, signals, users. docs/command-line.md."""
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import unittest

from inline import compiled
from server import BUILD, HARAKA, LIMIT, ForeignTest, Server, until
from wire import EHLO, QUEUED, Wire, exchange, replies

SLOW_SHUTDOWN = """
    HARAKA_REGISTER(self) { (void)self; return HARAKA_SUCCESS; }
    HARAKA_SHUTDOWN()
    {
        haraka_log(call->self, HARAKA_LOG_NOTICE, haraka_of_server(), "shutdown has begun");
        return HARAKA_PENDING;
    }
"""
REFUSES = "HARAKA_REGISTER(self) { (void)self; return HARAKA_E_UNSUPPORTED; }"


class Start(ForeignTest):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="haraka-test-")
        self.addCleanup(scratch.cleanup)
        self.scratch = scratch.name

    def check_no_start(self, server, *words):
        """It ends with 255 and one clear line, and never listened."""
        self.addCleanup(server.abandon)
        done = subprocess.run([HARAKA, "-c", server.folder], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=LIMIT, check=False)
        self.assertEqual(done.returncode, 255, done)
        self.assertNotIn("Listening on", done.stdout)
        errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
        self.assertEqual(len(errors), 1, done)
        for word in words:
            self.assertIn(word, errors[0])
        return done

    def test_port_that_is_taken(self):
        """start: a second server on one port ends with a line that names the port and why"""
        with Server() as first:
            second = Server(config={"smtp.ini": f"listen=127.0.0.1:{first.port}\nnodes=0\n"})
            self.check_no_start(second, f"cannot listen on 127.0.0.1:{first.port}: Address already in use")
            self.assertEqual(replies(exchange(first, b"QUIT\r\n")), [220, 221])

    def test_one_folder_twice(self):
        """start: a second server in one folder does not take the control socket from the first"""
        with Server() as first:
            second = subprocess.Popen([HARAKA, "-c", first.folder], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE)
            try:
                said = second.communicate(timeout=3)[1].decode()
            except subprocess.TimeoutExpired:
                second.kill()
                said = second.communicate()[1].decode()
            self.assertEqual((second.returncode, said[:7]), (255, "error: "), said)
            self.succeeded(first.reload())

    def test_broken_plugins(self):
        """start: a plugin that is text, empty, refuses or is not there ends the start with one line that names it"""
        refuses = compiled(self.scratch, "broken", REFUSES)
        for content in (b"text", b"", b"\x7fELF" + b"\0" * 60, None, refuses):
            server = Server(plugins=["broken", "rcpt_to.in_host_list"])
            if isinstance(content, str):
                server.install("broken", content)
            elif content is not None:
                with open(os.path.join(server.folder, "plugins", "broken.so"), "wb") as out:
                    out.write(content)
            done = self.check_no_start(server, "plugin broken: ")
            self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)

    def test_ignored_plugins(self):
        """start: with ignore_bad_plugins the broken plugins are left out and named, the others run"""
        server = Server(plugins=["broken", "absent", "rcpt_to.in_host_list", "queue/maildir"],
                        config={"smtp.ini": "listen=127.0.0.1:0\nnodes=0\nignore_bad_plugins=1\n"})
        server.install("broken", compiled(self.scratch, "broken", REFUSES))
        with server, Wire(server.port) as client:
            self.assertRegex(client.envelope(b"Subject: x\r\n\r\ny\r\n.\r\n"), QUEUED)
            for name in ("broken", "absent"):
                self.assertRegex(server.log(), rf"\[(ERROR|CRIT|WARN)\] .*\b{name}\b")

    def test_deprecated_names(self):
        """start: an old name of a plugin works, with a notice; the prefix haraka-plugin- is dropped"""
        server = Server(plugins=["rdns.regexp", "haraka-plugin-queue/maildir", "rcpt_to.in_host_list"])
        server.install("access", compiled(self.scratch, "access", "HARAKA_REGISTER(self) { (void)self; return 0; }"))
        with server, Wire(server.port) as client:
            self.assertRegex(client.envelope(b"Subject: x\r\n\r\ny\r\n.\r\n"), QUEUED)
            self.assertRegex(server.log(), r"\[NOTICE\] .*rdns\.regexp.*\baccess\b")

    def test_plugins_of_others(self):
        """start: a plugin that others may write is refused and the permission is named"""
        server = Server(plugins=["open"])
        server.install("open", compiled(self.scratch, "open", "HARAKA_REGISTER(self) { (void)self; return 0; }"))
        os.chmod(os.path.join(server.folder, "plugins", "open.so"), 0o777)
        self.check_no_start(server, "plugin open: ", "chmod go-w ")

    def test_no_run_folder(self):
        """start: a run folder that cannot be made ends the start with one line"""
        server = Server()
        with open(os.path.join(server.folder, "run"), "w", encoding="ascii"):
            pass
        self.check_no_start(server, os.path.join(server.folder, "run"))

    def test_unknown_user(self):
        """start: a user or group that is not there ends the start with one line"""
        for key in ("user", "group"):
            server = Server(config={"smtp.ini": f"listen=127.0.0.1:0\nnodes=0\n{key}=nobody_has_this\n"})
            self.check_no_start(server, "nobody_has_this")

    @unittest.skipUnless(os.geteuid() == 0, "only root can become somebody else")
    def test_user(self):
        """start: with user= the server runs as that user for good, whose plugins and those of root it loads"""
        nobody = pwd.getpwnam("nobody")
        server = Server(plugins=["rcpt_to.in_host_list", "own", "queue/maildir"],
                        config={"smtp.ini": "listen=127.0.0.1:0\nnodes=0\nuser=nobody\n"})
        server.install("own", compiled(self.scratch, "own", "HARAKA_REGISTER(self) { (void)self; return 0; }"))
        for folder, _, names in os.walk(server.folder):
            for name in ["", *names]:
                os.chown(os.path.join(folder, name), nobody.pw_uid, nobody.pw_gid)
        with server, Wire(server.port) as client:
            with open(f"/proc/{server.process.pid}/status", encoding="ascii") as status:
                lines = dict(line.rstrip("\n").split(":\t", 1) for line in status if ":\t" in line)
            self.assertEqual(set(lines["Uid"].split()), {str(nobody.pw_uid)})
            self.assertEqual(set(lines["Gid"].split()), {str(nobody.pw_gid)})
            self.assertEqual(set(lines["Groups"].split()), {str(nobody.pw_gid)})
            self.assertEqual(int(lines["CapEff"], 16), 0)
            self.assertRegex(client.envelope(b"Subject: x\r\n\r\ny\r\n.\r\n"), QUEUED)
            self.assertEqual(os.stat(server.stored()[0]).st_uid, nobody.pw_uid)
            self.succeeded(server.reload())

    @unittest.skipUnless(os.geteuid() == 0, "only root can give files away")
    def test_plugin_of_a_stranger(self):
        """start: a plugin that belongs to neither root nor the server's user is refused"""
        server = Server(plugins=["alien"])
        server.install("alien", compiled(self.scratch, "alien", "HARAKA_REGISTER(self) { (void)self; return 0; }"))
        os.chown(os.path.join(server.folder, "plugins", "alien.so"), pwd.getpwnam("nobody").pw_uid, -1)
        self.check_no_start(server, "plugin alien: ", "own")


class Running(ForeignTest):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="haraka-test-")
        self.addCleanup(scratch.cleanup)
        self.scratch = scratch.name

    def test_control_socket(self):
        """running: the control socket is for its owner alone, refuses nonsense, and is gone after the end"""
        with Server() as server:
            path = os.path.join(server.folder, "run", "control.sock")
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
            self.assertEqual(stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode), 0o700)
            for said in (b"\n", b"nonsense\n", b"reload now\n", b"\0\xff\n"):
                with socket.socket(socket.AF_UNIX) as client, client.makefile("rwb") as file:
                    client.settimeout(LIMIT)
                    client.connect(path)
                    client.sendall(said)
                    self.assertRegex(file.read(), rb"\nERROR\n\Z", said)
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(LIMIT)
                client.connect(path)
                client.sendall(b"x" * 10000)
                with client.makefile("rb") as file:
                    self.assertEqual(file.read(), b"the command is too long\nERROR\n")
            self.assertEqual(server.stop(), 0)
            self.assertFalse(os.path.exists(path))

    def test_signal_to_reload(self):
        """running: SIGUSR2 loads the plugins anew, and says so; a failure leaves all as it was"""
        with Server() as server:
            server.configure("host_list", "example.com\nnew.example\n")
            server.process.send_signal(signal.SIGUSR2)
            until("the reload", lambda: "plugins loaded, generation 2" in server.log())
            asked = EHLO + b"MAIL FROM:<>\r\nRCPT TO:<b@new.example>\r\nQUIT\r\n"
            self.assertEqual(replies(exchange(server, asked)), [220, 250, 250, 250, 221])
            server.configure("plugins", "not_there\n")
            server.process.send_signal(signal.SIGUSR2)
            until("the refusal", lambda: "reload failed, everything stays as it was" in server.log())
            self.assertEqual(replies(exchange(server, asked)), [220, 250, 250, 250, 221])

    def test_other_signals(self):
        """running: SIGHUP and a reader that left end nothing"""
        with Server() as server:
            server.process.send_signal(signal.SIGHUP)
            server.process.send_signal(signal.SIGPIPE)
            until("the line", lambda: "SIGHUP received" in server.log())
            self.assertEqual(replies(exchange(server, b"QUIT\r\n")), [220, 221])

    def test_second_signal(self):
        """running: a second SIGTERM ends a server at once that is waiting for its plugins, with status 1"""
        server = Server(plugins=["slow"])
        server.install("slow", compiled(self.scratch, "slow", SLOW_SHUTDOWN))
        with server:
            server.process.send_signal(signal.SIGTERM)
            until("the end begins", lambda: "shutdown has begun" in server.log())
            self.assertIsNone(server.process.poll())
            self.assertEqual(server.stop(), 1)

    def test_build_is_untouched(self):
        """running: a server makes nothing outside of its folder: the installed plugins stay as they were"""
        plugins = os.path.join(BUILD, "lib", "haraka", "plugins")
        before = [(path, sorted(names)) for path, _, names in os.walk(plugins)]
        with Server() as server:
            shutil.rmtree(os.path.join(server.folder, "plugins"))
            exchange(server, b"QUIT\r\n")
        self.assertEqual([(path, sorted(names)) for path, _, names in os.walk(plugins)], before)
