"""The command line: what it prints, where, and its exit status. docs/command-line.md."""
import os
import re
import shutil
import subprocess
import tempfile

from server import BUILD, HARAKA, LIMIT, ROOT, ForeignTest, Server, read
from wire import Listener, Wire

BUNDLED = sorted(os.path.relpath(folder, os.path.join(ROOT, "PluginsSrc"))
                 for folder, _, names in os.walk(os.path.join(ROOT, "PluginsSrc")) if "plugin.ini" in names)


def haraka(*arguments, **more):
    return subprocess.run([HARAKA, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT,
                          check=False, **more)


class CommandLine(ForeignTest):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="haraka-test-")
        self.addCleanup(scratch.cleanup)
        self.scratch = scratch.name
        self.folder = os.path.join(scratch.name, "mail")

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)

    def check_failure(self, done, *words):
        """Exit status 255, nothing on the standard output, `error: ...` on the other."""
        self.assertEqual((done.returncode, done.stdout), (255, ""), done)
        self.assertEqual(done.stderr[:7], "error: ", done)
        for word in words:
            self.assertIn(word, done.stderr)

    def test_version(self):
        """command line: -v and --version print the version"""
        for flag in ("-v", "--version"):
            shown = haraka(flag)
            self.succeeded(shown)
            self.assertRegex(shown.stdout, r"\AHaraka for Swift - Version: \d+\.\d+\.\d+\n\Z")

    def test_list(self):
        """command line: -l lists every bundled plugin with its summary"""
        shown = haraka("-l")
        self.succeeded(shown)
        self.assertEqual(shown.stdout.splitlines()[0], f"*global ({BUILD}/lib/haraka/plugins)")
        self.assertEqual([line.split()[0] for line in shown.stdout.splitlines()[1:]], BUNDLED)

    def test_list_of_a_folder(self):
        """command line: -l -c DIR lists the folder's own plugins first, and says which of them cannot be used"""
        self.write("config/smtp.ini", "listen=127.0.0.1:0\n")
        self.write("plugins/broken.so", "this is no plugin\n")
        shutil.copy(f"{BUILD}/lib/haraka/plugins/tarpit.so", f"{self.folder}/plugins/tarpit.so")
        lines = haraka("-l", "-c", self.folder).stdout.splitlines()
        self.assertEqual(lines[0], f"*local ({self.folder}/plugins)")
        self.assertRegex(lines[1], r"\A  broken +cannot be used: .*\S")
        self.assertRegex(lines[2], r"\A  tarpit +1\.0 +Makes clients wait")
        self.assertEqual(lines[3][:8], "*global ")

    def test_usage(self):
        """command line: -h shows the usage: the command's name, and each flag once"""
        shown = haraka("-h")
        self.succeeded(shown)
        self.assertRegex(shown.stdout, r"\AUSAGE: haraka ")
        for flag in ("config", "install", "list", "help", "order", "reload", "check", "force", "version"):
            self.assertEqual(len(re.findall(rf"(?m)^  (?:-\w, )?--{flag}\b", shown.stdout)), 1, flag)

    def test_pages(self):
        """command line: -h NAME shows the page of each bundled plugin, of a topic, and of the folder"""
        for name in BUNDLED:
            self.assertEqual(haraka("-h", name).stdout.splitlines()[0], f"# {name}")
        self.assertEqual(haraka("-h", "reload").stdout.splitlines()[0], "# Reload")
        self.write("config/smtp.ini", "")
        self.write("docs/plugins/mine.md", "# my own\n")
        self.assertEqual(haraka("-h", "mine", "-c", self.folder).stdout, "# my own\n")

    def test_no_page(self):
        """command line: -h with a name that nothing has, or that leaves the folders, is an error"""
        self.check_failure(haraka("-h", "nothing_has_this"), "No documentation found for: nothing_has_this\n")
        for name in ("../../../etc/passwd", "/etc/passwd", "."):
            self.assertNotIn("root:", self.checked_failure(haraka("-h", name)))

    def checked_failure(self, done):
        self.check_failure(done)
        return done.stderr

    def test_errors(self):
        """command line: what cannot be done is said in Haraka's words, exit status 255"""
        nowhere = os.path.join(self.scratch, "nowhere")
        os.mkdir(self.folder)
        self.check_failure(haraka("-c", nowhere), f"No such directory: {nowhere}\n")
        self.check_failure(haraka("-c", self.folder), f"No smtp.ini at: {self.folder}/config/smtp.ini\n",
                           f"Did you install a Haraka config? (haraka -i {self.folder})\n")
        self.check_failure(haraka(), "Undefined or erroneous arguments", "USAGE: ")
        self.check_failure(haraka("--nothing-of-ours"), "--nothing-of-ours", "USAGE: ")
        self.check_failure(haraka("-c"), "USAGE: ")
        self.check_failure(haraka("-i", "/proc/nowhere/x"), "/proc/nowhere/x")

    def test_order(self):
        """command line: -o shows hook by hook who is asked, with method, priority and time limit"""
        self.write("config/smtp.ini", "")
        self.write("config/plugins", "rcpt_to.in_host_list\ntarpit\nqueue/maildir\n")
        self.write("config/tarpit.timeout", "7\n")
        shown = haraka("-c", self.folder, "-o")
        self.succeeded(shown)
        (rcpt,) = [part for part in shown.stdout.split("\n\n") if part.startswith("Hook: rcpt -")]
        lines = rcpt.splitlines()
        self.assertEqual(lines[1].split(), ["Plugin", "Method", "Prio", "T/O"])
        self.assertEqual([line.split()[:1] + line.split()[2:] for line in lines[3:]],
                         [["rcpt_to.in_host_list", "0", "30"], ["tarpit", "0", "7"]])

    def test_skeleton(self):
        """command line: -i makes a folder that runs, and private enough for plugins"""
        self.succeeded(haraka("-i", self.folder))
        self.assertEqual(sorted(os.listdir(self.folder)), ["README", "config", "docs", "plugins"])
        self.assertEqual(sorted(os.listdir(f"{self.folder}/config")),
                         ["connection.ini", "host_list", "log.ini", "me", "plugins", "plugins.ini", "smtp.ini"])
        self.succeeded(haraka("-c", self.folder, "--check"))
        server = Listener()
        shutil.rmtree(server.folder)
        shutil.move(self.folder, server.folder)
        server.configure("smtp.ini", "listen=127.0.0.1:0\nnodes=0\n")
        with server, Wire(server.port) as client:
            self.assertEqual(client.say(b"EHLO x\r\n")[:4], b"250-")
            name = read(f"{server.folder}/config/me").strip()
            client.say(b"MAIL FROM:<>\r\n")
            self.assertEqual(client.say(b"RCPT TO:<b@%s>\r\n" % name)[:4], b"250 ")

    def test_skeleton_twice(self):
        """command line: a second -i keeps what is there, -f overwrites it"""
        self.succeeded(haraka("-i", self.folder))
        fresh = read(f"{self.folder}/config/log.ini")
        self.write("config/log.ini", "level=debug\n")
        self.write("config/mine", "mine\n")
        os.unlink(f"{self.folder}/config/plugins")
        self.succeeded(haraka("-i", self.folder))
        self.assertEqual(read(f"{self.folder}/config/log.ini"), b"level=debug\n")
        self.assertIn(b"\nqueue/maildir\n", read(f"{self.folder}/config/plugins"))
        self.succeeded(haraka("-i", self.folder, "-f"))
        self.assertEqual(read(f"{self.folder}/config/log.ini"), fresh)
        self.assertEqual(read(f"{self.folder}/config/mine"), b"mine\n")

    def test_reload_without_a_server(self):
        """command line: --reload without a server, or with the socket of a dead one, is an error that says so"""
        self.write("config/smtp.ini", "")
        self.check_failure(haraka("-c", self.folder, "--reload"), "no server runs in ", self.folder)
        with Server() as server:
            server.process.kill()
            server.process.wait()
            self.check_failure(haraka("-c", server.folder, "--reload"), "no server runs in ")


class Check(ForeignTest):
    """`--check`: every mistake with its place, nothing is run."""

    MISTAKES = [
        ("smtp.ini", "listen=127.0.0.1:xx\n", "1:8"), ("smtp.ini", "\nnodes=lots\n", "2:7"),
        ("smtp.ini", "inactivity_timeout=soon\n", "1:20"), ("smtp.ini", "two words\n", "1:5"),
        ("smtp.ini", "ignore_bad_plugins=perhaps\n", "1:20"),
        ("connection.ini", "[main]\nspool_after=x\n", "2:13"),
        ("connection.ini", "[main]\nbare_newline=maybe\n", "2:14"),
        ("connection.ini", "[max]\nbytes=1e9\n", "2:7"), ("connection.ini", "[max]\nrecipients=0\n", "2:12"),
        ("connection.ini", "[max]\nline_length=-1\n", "2:13"),
        ("connection.ini", "[max\n", "1:5"), ("log.ini", "level=loud\n", "1:7"), ("log.ini", "format=xml\n", "1:8"),
        ("loglevel", "loud\n", "1:1"), ("plugin_timeout", "soon\n", "1:1"),
        ("rcpt_to.in_host_list.timeout", "soon\n", "1:1"),
        ("mine.json", '{"a": }\n', "1:7"), ("mine.ini", "[half\n", "1:6"),
        ("plugins", "tarpit\n\n# no such thing\n  not_there\n", "4:3"), ("plugins", "../../etc/passwd\n", "1:1"),
    ]

    def check(self, server):
        before = sorted(os.walk(server.folder))
        done = haraka("-c", server.folder, "--check")
        self.assertEqual(sorted(os.walk(server.folder)), before, "a check makes nothing")
        return done

    def test_good(self):
        """check: a good folder has no mistakes, exit status 0, and nothing was run"""
        server = Server()
        self.addCleanup(server.abandon)
        done = self.check(server)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, f"{server.folder}: no mistakes found\n", ""))

    def test_mistakes(self):
        """check: each mistake is named with file, line and column, exit status 1"""
        wrong = []
        for name, text, place in self.MISTAKES:
            server = Server(config={name: text})
            done = self.check(server)
            first = done.stdout.split("\n", 1)[0]
            if done.returncode != 1 or not first.startswith(f"{server.folder}/config/{name}:{place}: error: "):
                wrong.append((name, text, place, done.returncode, first))
            server.abandon()
        self.assertEqual(wrong, [])

    def test_warnings(self):
        """check: an unknown key is a warning with its place, exit status 0"""
        server = Server(config={"smtp.ini": "listen=127.0.0.1:0\nlisten_hots=x\n"})
        self.addCleanup(server.abandon)
        done = self.check(server)
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"\A\S+/config/smtp\.ini:2:1: warning: listen_hots .*listen_host")

    def test_all_at_once(self):
        """check: several mistakes in several files are all named"""
        server = Server(config={"smtp.ini": "nodes=lots\nuser\n", "log.ini": "level=loud\n", "plugins": "a\nb\n"})
        self.addCleanup(server.abandon)
        done = self.check(server)
        self.assertEqual(done.returncode, 1)
        for word in ("smtp.ini:1:7: ", "log.ini:1:7: ", "plugin a: ", "plugin b: "):
            self.assertIn(word, done.stdout)
