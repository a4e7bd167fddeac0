"""The service manager's side: readiness, reloads, the end, sockets handed over. sd_notify(3), sd_listen_fds(3)."""
import os
import socket
import time

from server import LIMIT, until
from workers import Nodes, WorkersTest


class Notifications(WorkersTest):
    def prepare(self):
        super().prepare()
        self.path = os.path.join(self.scratch, "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.socket.close)
        self.socket.bind(self.path)
        self.socket.settimeout(LIMIT)

    def server(self, address=None, **environment):
        server = Nodes()
        server.popen["env"] = {**os.environ, "NOTIFY_SOCKET": address or self.path, **environment}
        return server

    def told(self):
        """The next datagram as a dictionary."""
        return dict(line.split("=", 1) for line in self.socket.recv(4096).decode().split("\n") if line)

    def told_until(self, key):
        while key not in (told := self.told()):
            pass
        return told

    def test_life(self):
        """systemd: READY after listening, RELOADING and READY at a reload, STOPPING at the end"""
        with self.server() as server:
            self.assertEqual(self.told_until("READY")["READY"], "1")
            server.who()
            before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
            self.succeeded(server.reload())
            reloading = self.told_until("RELOADING")
            self.assertEqual(reloading["RELOADING"], "1")
            after = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
            self.assertTrue(before <= int(reloading["MONOTONIC_USEC"]) <= after, reloading)
            self.assertIn("generation 2", self.told_until("READY")["STATUS"])
            self.assertEqual(server.stop(), 0)
            self.assertEqual(self.told_until("STOPPING")["STOPPING"], "1")

    def test_failed_reload(self):
        """systemd: a reload that fails is over too"""
        with self.server() as server:
            self.told_until("READY")
            server.configure("plugins", "not_there\n")
            self.assertEqual(server.reload().returncode, 1)
            self.told_until("RELOADING")
            self.assertIn("generation 1", self.told_until("READY")["STATUS"])

    def test_ready_is_true(self):
        """systemd: at READY a client is served"""
        server = self.server()
        with server:
            self.told_until("READY")
            self.assertEqual(len(server.builds()), 1)

    def test_abstract(self):
        """systemd: NOTIFY_SOCKET may be an abstract name; workers do not get it"""
        self.socket.close()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.settimeout(LIMIT)
        name = f"haraka-test-{os.getpid()}-{time.monotonic_ns()}"
        self.socket.bind(f"\0{name}")
        with self.server(f"@{name}") as server:
            self.told_until("READY")
            for process in server.children():
                with open(f"/proc/{process}/environ", "rb") as file:
                    self.assertNotIn(b"NOTIFY_SOCKET", file.read())

    def test_watchdog(self):
        """systemd: with WATCHDOG_USEC it says that it lives, twice in that time"""
        with self.server(WATCHDOG_USEC="400000"):
            times = []
            while len(times) < 4:
                self.told_until("WATCHDOG")
                times.append(time.monotonic())
            self.assertLess(times[-1] - times[0], 3 * 0.4)

    def test_nobody_listens(self):
        """systemd: a NOTIFY_SOCKET that nobody reads is no obstacle"""
        with self.server(os.path.join(self.scratch, "absent")) as server:
            self.serves(server)


class Activation(WorkersTest):
    def server(self, listeners, prefix="LISTEN_PID=$$"):
        """A server that is handed sockets from descriptor 3 on, as the service manager does it."""
        server = Nodes()
        count = len(listeners)
        # The descriptors may stand in each other's way, so they go up first.
        high = range(200, 200 + count)
        moves = [f"{up}<&{each.fileno()} {each.fileno()}<&-" for up, each in zip(high, listeners)]
        moves += [f"{3 + number}<&{up} {up}<&-" for number, up in enumerate(high)]
        script = f'exec {" ".join(moves)}; exec env {prefix} LISTEN_FDS={count} "$@"'
        server.command = ["bash", "-c", script, "bash", *server.command]
        server.popen["pass_fds"] = [each.fileno() for each in listeners]
        return server

    def listener(self):
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        return listener

    def test_handed_over(self):
        """systemd: a socket that is handed over takes the clients, and smtp.ini's listen is not opened"""
        listener = self.listener()
        port = listener.getsockname()[1]
        # A client that came before the server.
        early = socket.create_connection(("127.0.0.1", port), timeout=LIMIT)
        self.addCleanup(early.close)
        with self.server([listener]) as server:
            self.assertEqual(server.ports, [port])
            self.assertEqual(early.recv(4), b"220 ")
            self.assertEqual(server.builds(), {"1"})
            self.serves(server)
            for process in server.children():
                with open(f"/proc/{process}/environ", "rb") as file:
                    self.assertNotIn(b"LISTEN_FDS", file.read())

    def test_two(self):
        """systemd: two sockets are handed over"""
        listeners = [self.listener(), self.listener()]
        with self.server(listeners) as server:
            until("both are listened on", lambda: len(server.ports) == 2)
            self.assertEqual(set(server.ports), {each.getsockname()[1] for each in listeners})
            for each in listeners:
                with socket.create_connection(each.getsockname(), timeout=LIMIT) as client:
                    self.assertEqual(client.recv(4), b"220 ")

    def test_meant_for_another(self):
        """systemd: sockets that are meant for another process are left alone"""
        listener = self.listener()
        with self.server([listener], prefix="LISTEN_PID=1") as server:
            self.assertNotEqual(server.port, listener.getsockname()[1])
            self.serves(server)
