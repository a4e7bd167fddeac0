"""Servers that are measured: each in a folder of its own, on a port that the system chooses, and gone afterwards."""
import contextlib
import os
import pwd
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
ROUNDS = int(os.environ.get("ROUNDS", "5"))
MESSAGES = int(os.environ.get("MESSAGES", "20000"))
CONNECTIONS = int(os.environ.get("CONNECTIONS", "5000"))
SESSIONS, BYTES = 20, 2048
LIMIT = 180.0  # seconds that one step may take


def say(text):
    print(text, file=sys.stderr, flush=True)


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def spread(values, digits=2):
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def free_port():
    """The system's choice. smtp-sink cannot tell which port it got, so all are told one that was free just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def compiled(source, target, *words):
    """An object or a program of one C file."""
    command = ["cc", "-O2", "-Wall", "-Wextra", "-Werror", *words, "-o", target, source]
    subprocess.run(command, check=True, timeout=LIMIT)
    return target


class Measured:
    """A server, with the workers that it may have: started, measured, ended."""

    def __init__(self, words, port, folder, environment=None):
        self.port, self.folder, self.log = port, folder, os.path.join(folder, "log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, **(environment or {})})

    def __enter__(self):
        try:
            self.wait_until_it_greets()
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, *_):
        self.end()

    def wait_until_it_greets(self):
        end = time.monotonic() + 20
        while True:
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"no server: {self.process.args}\n{read(self.log)}")
            with contextlib.suppress(ConnectionError), Client(self.port) as client:
                client.say(b"QUIT")
                return
            time.sleep(0.02)

    def end(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def processes(self):
        """Itself and its workers."""
        own = self.process.pid
        return [own, *map(int, read(f"/proc/{own}/task/{own}/children").split())]

    def cpu(self):
        """Seconds of user and of system time of all their threads, ended ones too: (user, system)."""
        spent = [read(f"/proc/{process}/stat").rpartition(")")[2].split()[11:13] for process in self.processes()]
        tick = os.sysconf("SC_CLK_TCK")
        return tuple(sum(map(int, column)) / tick for column in zip(*spent))

    def nanoseconds(self):
        """Time on a processor of the threads that live: finer than the hundredths of a second of `cpu`."""
        tasks = [f"/proc/{process}/task/{task}" for process in self.processes()
                 for task in os.listdir(f"/proc/{process}/task")]
        return sum(int(read(f"{task}/schedstat").split()[0]) for task in tasks)

    def kibibytes(self):
        """The memory of its first process by the kernel's words (Rss, Pss, Private_Dirty ...) in KiB."""
        rollup = read(f"/proc/{self.process.pid}/smaps_rollup")
        return {name: int(size) for name, size in re.findall(r"^(\w+): +(\d+) kB$", rollup, re.M)}


class Client:
    """One connection that has read the greeting."""

    def __init__(self, port, limit=20):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=limit)
        self.reply()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def reply(self):
        answer = b""
        while not re.search(rb"(^|\n)\d{3} [^\n]*\n$", answer):
            more = self.socket.recv(4096)
            if not more:
                raise ConnectionError(f"closed after {answer!r}")
            answer += more
        return answer

    def say(self, line):
        self.socket.sendall(line + b"\r\n")
        return self.reply()


@contextlib.contextmanager
def haraka(build, plugins=("rcpt_to.in_host_list", "queue/discard"), objects=None, nodes=0, config=None, under=(), tls_port=None):
    """The server: accepts for example.com, throws away, logs warnings only. `under`: the words of what runs it. `tls_port`: where
    it speaks TLS at once, if `config` says so; it is what the server is known by."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="haraka-bench-") as folder:
        files = {
            "smtp.ini": f"listen=127.0.0.1:{port}\nnodes={nodes}\n", "log.ini": "level=warn\n",
            "me": "mx.example.com\n", "connection.ini": f"spool_dir={folder}/spool\n[max]\nconnections_per_ip=0\n", "host_list": "example.com\n",
            "plugins": "".join(f"{name}\n" for name in plugins), **(config or {})}
        for name in ("config", "plugins", "spool"):
            os.mkdir(os.path.join(folder, name), 0o700)
        for name, text in files.items():
            with open(os.path.join(folder, "config", name), "w", encoding="utf-8") as out:
                out.write(text)
        for name, path in (objects or {}).items():
            shutil.copyfile(path, os.path.join(folder, "plugins", f"{name}.so"))
        words = [*under, os.path.join(build, "bin", "haraka"), "-c", folder]
        if tls_port is not None:
            port = int(re.search(r"^listen=.*,127\.0\.0\.1:(\d+)$", files["smtp.ini"], re.M).group(1))
        with Measured(words, port, folder, {"YES_REALLY_DO_DISCARD": "1"}) as server:
            server.port = tls_port or port
            yield server


@contextlib.contextmanager
def smtp_sink():
    port = free_port()
    # It wants to be told whom to become if it is started by root.
    user = ["-u", pwd.getpwnam("nobody").pw_name] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory(prefix="haraka-bench-") as folder:
        with Measured(["smtp-sink", *user, f"127.0.0.1:{port}", "1024"], port, folder) as server:
            yield server


def smtp_source(server, kept, messages, *more):
    """Sends messages; the seconds that it took. `more`: options that go beyond the usual, or before them."""
    words = ["smtp-source", "-s", str(SESSIONS), "-m", str(messages), "-l", str(BYTES), "-f", "a@example.org",
             "-t", "b@example.com", *(["-d"] if kept else []), *more, f"127.0.0.1:{server.port}"]
    began = time.monotonic()
    sent = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT, check=False)
    seconds = time.monotonic() - began
    if sent.returncode != 0 or sent.stderr:
        raise RuntimeError(f"{words}: {sent.stderr}{read(server.log)[-2000:]}")
    return seconds
