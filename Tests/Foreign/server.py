"""The real server for tests: a folder of its own, ports that the system chooses, and a stop that must be clean."""
import email
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
BUILD = os.environ.get("HARAKA_BUILD", os.path.join(ROOT, "build"))
HARAKA = os.path.join(BUILD, "bin", "haraka")
INCLUDE = os.path.join(BUILD, "include")
LISTENING = re.compile(r"Listening on (.*):(\d+)\s*$")
LIMIT = 90.0  # seconds that anything here may take before a test fails; a starved machine is no defect

# What the server says of its processes and of plugins at fault, all in one place. {} is a plugin's name.
WORKER_SERVES = r"\[INFO\] .*(smtp worker \d+|delivery worker) \(process (\d+)\) serves"
WORKER_AT_FAULT = r"\[CRIT\] .*(smtp worker \d+|delivery worker) \(process (\d+)\)"
CRASH = r"\[CRIT\] .*\bplugin {} \((?P<hash>[0-9a-f]{{12,64}})\) (?P<what>.*)"
MEASURE = r"\[ALERT\] .*\bplugin {} has crashed \d+ times: (?P<what>.*)"
HELD = r"\[WARN\] \[(?P<uuid>[\w-]{{36}})\] \[\S+\] plugin {} has held the loop for (?P<milliseconds>\d+) ms in hook (?P<hook>\w+)"
CLOSE_REFUSED = r"\[CRIT\] .*\bplugin {} tried to close the server's descriptor \d+ \(hook (?P<hook>\S+)\); refused"
HANDLER_REPLACED = r"\[CRIT\] .*\bplugin {} had replaced the server's handler of signal (?P<signal>\d+); put back"
HANDLER_PUT_BACK = r"\[CRIT\] .*had replaced the server's handler of signal (?P<signal>\d+); put back"
NAMED = r"\[(CRIT|ERROR|WARN)\] .*\b{}\b"
GENERATION_ENDED = r"\[NOTICE\] .*plugin generation (\d+) has ended"
RELOADED = r"\[NOTICE\] .*plugins loaded, generation (\d+)"
RELOAD_FAILED = r"\[ERROR\] .*reload failed, everything stays as it was"
READ_AT_LOAD_ONLY = r"\[NOTICE\] .*read only when a plugin is loaded.*\b{} \((?P<file>\S+)\)"
NEEDS_RESTART = r"\[WARN\] .*smtp\.ini: {} has changed, which takes a restart"
CONFIGURATION_KEPT = r"\[ERROR\] .*the configuration has mistakes; all settings stay as they were"
WORKERS_REPLACED = r"Reload complete, workers: \[([\d, ]+)\]"

PLUGINS = ["rcpt_to.in_host_list", "queue/maildir"]
CONFIG = {
    "smtp.ini": "listen=127.0.0.1:0\nnodes=0\n",
    "log.ini": "level=notice\n",
    "me": "mx.example.com\n",
    # Nobody is there: a test that looks names up brings a name server (zones.py), and the others ask nobody outside.
    "dns.ini": "servers[]=127.0.0.1@1\ntimeout=1\n",
    "host_list": "example.com\n",
}


def until(what, condition, limit=LIMIT):
    """Waits until `condition()` is true and returns what it returned; fails with `what` when the limit is over."""
    end = time.monotonic() + limit
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"not within {limit:.0f} s: {what}")
        time.sleep(0.01)


class Server:
    """`with Server(plugins=[...], config={name: text}) as server:`; leaving it stops the server and wants exit status 0."""

    def __init__(self, plugins=None, config=None, objects=None):
        self.folder = tempfile.mkdtemp(prefix="haraka-test-")
        self.mail = os.path.join(self.folder, "mail")
        self.spool = os.path.join(self.folder, "spool")
        for name in ("config", "plugins", "mail", "spool"):
            os.mkdir(os.path.join(self.folder, name), 0o700)
        files = dict(CONFIG)
        files["plugins"] = "".join(f"{name}\n" for name in (PLUGINS if plugins is None else plugins))
        files["connection.ini"] = f"spool_dir={self.spool}\n"
        files["queue.maildir.ini"] = f"root={self.mail}\n"
        files.update(config or {})
        for name, text in files.items():
            self.configure(name, text)
        for name, path in (objects or {}).items():
            self.install(name, path)
        self.lines, self.ports, self.process = [], [], None
        self.command = [HARAKA, "-c", self.folder]
        self.popen = {}  # more for subprocess.Popen: an environment, descriptors

    # ---------------------------------------------------------------------------------- configuration and plugins ----
    def configure(self, name, text):
        """Writes a file of config/. Exact bytes in these tests are Haraka's, so enhanced status codes are off unless the text
        says otherwise."""
        if name == "connection.ini" and "enhanced_status_codes" not in text:
            text += "\n[main]\nenhanced_status_codes=false\n"
        with open(os.path.join(self.folder, "config", name), "w", encoding="utf-8") as out:
            out.write(text)

    def install(self, name, path):
        """Puts a shared object into plugins/, whole or not at all."""
        target = os.path.join(self.folder, "plugins", f"{name}.so")
        os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
        shutil.copyfile(path, target + ".new")
        os.chmod(target + ".new", 0o755)
        os.rename(target + ".new", target)

    # ----------------------------------------------------------------------------------------------- start and stop ----
    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.abandon()
            raise
        return self

    def start(self):
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **self.popen)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        with open(os.path.join(self.folder, "config", "smtp.ini"), encoding="utf-8") as ini:
            wanted = sum(len(line.split(",")) for line in re.findall(r"^listen=(.*)$", ini.read(), re.M))

        def ready():
            if self.process.poll() is not None:
                raise AssertionError(f"the server did not start: status {self.process.returncode}\n{self.log()}")
            return len(self.ports) >= wanted
        until("the server listens", ready)

    def read(self):
        for raw in self.process.stdout:
            line = raw.decode("utf-8", "replace").rstrip("\n")
            self.lines.append(line)
            if match := LISTENING.search(line):
                self.ports.append(int(match.group(2)))

    def log(self):
        return "".join(f"    | {line}\n" for line in self.lines[-200:])

    def stop(self, signal_number=signal.SIGTERM):
        """Ends the server as an administrator does and returns its exit status."""
        self.process.send_signal(signal_number)
        try:
            status = self.process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the server did not end\n{self.log()}") from None
        self.reader.join(LIMIT)
        return status

    def __exit__(self, kind, error, trace):
        try:
            if kind is None and self.process.poll() is None:
                status = self.stop()
                if status != 0:
                    raise AssertionError(f"the server ended with status {status}\n{self.log()}")
            elif kind is not None:
                print(f"        the server's log:\n{self.log()}", end="", flush=True)
        finally:
            self.abandon()
        return False

    def abandon(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.process is not None:
            # Workers that have lost their supervisor hold the pipe until they end, which is soon.
            self.reader.join(LIMIT)
            self.process.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # ------------------------------------------------------------------------------------------------ while it runs ----
    @property
    def port(self):
        return self.ports[0]

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def haraka(self, *arguments):
        """`haraka -c DIR ...`: the finished process, with what it printed."""
        return subprocess.run([HARAKA, "-c", self.folder, *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=LIMIT, check=False)

    def reload(self):
        return self.haraka("--reload")

    def status(self):
        """What `haraka -c DIR status --json` shows."""
        shown = self.haraka("status", "--json")
        assert shown.returncode == 0, f"status: {shown.returncode} {shown.stdout}{shown.stderr}"
        return json.loads(shown.stdout)

    def found(self, expression, since=0):
        """The first line of the log, from line `since` on, that the expression matches somewhere; or None."""
        return next(filter(None, (re.search(expression, line) for line in self.lines[since:])), None)

    def logged(self, expression, since=0, limit=LIMIT):
        """The same, waiting for it."""
        return until(f"a line of the log like {expression}", lambda: self.found(expression, since), limit)

    def stored(self):
        """Paths of the messages in any Maildir, oldest first."""
        found = []
        for parent, _, names in os.walk(self.mail):
            if os.path.basename(parent) == "new":
                found += [os.path.join(parent, name) for name in names]
        return sorted(found, key=lambda path: (os.stat(path).st_mtime_ns, path))

    def messages(self):
        """Each stored message as bytes, oldest first."""
        return [read(path) for path in self.stored()]

    def dialogue(self):
        return Dialogue(self.port)


class Dialogue:
    """A client that does exactly what a test says, byte for byte."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=LIMIT)
        self.file = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.file.close()
        self.socket.close()

    def reply(self):
        """The next reply, all its lines, as text without the last CR LF; empty at the end of the connection."""
        lines = []
        while True:
            line = self.file.readline()
            if not line:
                return "\n".join(lines)
            assert line.endswith(b"\r\n"), f"a reply ends in CR LF, not in {line!r}"
            lines.append(line[:-2].decode("utf-8"))
            if line[3:4] != b"-":
                return "\n".join(lines)

    def send(self, line):
        self.socket.sendall(line.encode("utf-8") + b"\r\n")

    def say(self, line):
        self.send(line)
        return self.reply()


class ForeignTest(unittest.TestCase):
    """Assertions that read well when they fail."""

    maxDiff = 4000

    def succeeded(self, process):
        self.assertEqual(process.returncode, 0, f"{process.args}\n{process.stdout}{process.stderr}")

    def ends_with(self, whole, end):
        """`whole` ends with the bytes `end`; a failure shows both ends."""
        if not whole.endswith(end):
            self.fail(f"stored   ...{whole[-len(end) - 80:]!r}\nexpected ...{end!r}")


def read(path):
    with open(path, "rb") as file:
        return file.read()


def header(message, name):
    """The values of a header field, in order."""
    return [value.strip() for value in email.message_from_bytes(message).get_all(name, [])]


def compile_plugin(source, target, *flags):
    """What an author types: cc -shared -fPIC."""
    subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "-I", INCLUDE, *flags,
                    "-o", target, source], check=True, timeout=LIMIT)
    return target
