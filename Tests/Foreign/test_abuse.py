"""Clients that want to hold the server up, and a machine that runs out of something: others are served, nothing is lost.
docs/configuration.md "max", "pressure"."""
import os
import re
import resource
import socket
import subprocess
import threading
import time
import unittest

from inline import hooked, server_with
from server import LIMIT, Server, until
from test_bundled import MAIL, MESSAGE, RCPT, Bundled
from test_starttls import Implicit, hello, implicit
from wire import EHLO, ENVELOPE, QUEUED, Wire, seconds

TIMEOUT = b"421 timeout\r\n"
TOO_MANY_HERE = b"421 Too many connections from your address\r\n"
TOO_MANY = b"421 Too many connections, try again later\r\n"


def elsewhere(target, address="127.0.0.3"):
    """A connection from another address of this host; `target` is a port or an (address, port)."""
    where = target if isinstance(target, tuple) else ("127.0.0.1", target)
    return socket.create_connection(where, timeout=LIMIT, source_address=(address, 0))


def first_line(connection):
    with connection, connection.makefile("rb") as file:
        return file.readline()


def memory(server):
    """Bytes that the server's process holds."""
    with open(f"/proc/{server.process.pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def processor(server):
    """Seconds of processor time that the server has used."""
    with open(f"/proc/{server.process.pid}/stat", encoding="ascii") as file:
        words = file.read().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


class Abuse(Bundled):
    def server(self, connection="", **files):
        return Server(config={"connection.ini": connection, "log.ini": "level=info\n", **files})

    def is_served(self, server, within=5):
        """An honest client's message arrives."""
        took, said = seconds(lambda: self.deliver(server))
        self.assertRegex(said, QUEUED)
        self.assertLess(took, within)
        return took

    def deliver(self, server):
        with Wire(server.port) as client:
            return client.say(EHLO) and client.envelope(MESSAGE)


class Slow(Abuse):
    def drip(self, client, text):
        """Sends it byte by byte until the server has had enough; what it said."""
        def send():
            try:
                for byte in text:
                    client.send(bytes([byte]))
                    time.sleep(0.05)
            except OSError:
                pass
        thread = threading.Thread(target=send)
        thread.start()
        took, said = seconds(client.reply)
        client.half_close()
        thread.join()
        return took, said

    def test_command(self):
        """abuse: a command line that drips in is not waited for longer than max.command_seconds"""
        with self.server("[max]\ncommand_seconds=0.5\n") as server, Wire(server.port) as client:
            self.assertEqual(client.say(b"NOOP\r\n"), b"250 OK\r\n")
            took, said = self.drip(client, b"NOOP " + b"x" * 200)
            self.assertEqual(said, TIMEOUT)
            self.assertTrue(0.4 < took < 5, took)

    def test_message(self):
        """abuse: a message that drips in is not waited for longer than max.message_seconds"""
        with self.server("[max]\nmessage_seconds=0.7\n") as server, Wire(server.port) as client:
            client.envelope()
            took, said = self.drip(client, b"Subject: x\r\n\r\n" + b"x\r\n" * 100)
            self.assertEqual(said, TIMEOUT)
            self.assertTrue(0.6 < took < 5, took)
            self.assertEqual(server.stored(), [])

    def test_patient(self):
        """abuse: who sends whole lines now and then is not slow"""
        with self.server("[max]\ncommand_seconds=0.3\n") as server, Wire(server.port) as client:
            for _ in range(4):
                time.sleep(0.2)
                self.assertEqual(client.say(b"NOOP\r\n"), b"250 OK\r\n")
            time.sleep(0.6)
            self.assertEqual(client.say(b"NOOP\r\n"), b"250 OK\r\n")


class Floods(Abuse):
    def test_recipients(self):
        """abuse: after max.refused_recipients the client is sent away, whatever it has sent behind"""
        with self.server("[max]\nrefused_recipients=5\n") as server, Wire(server.port) as client:
            self.begin(client, MAIL)
            client.send(b"RCPT TO:<x@example.net>\r\n" * 1000)
            said = client.rest().splitlines(keepends=True)
            self.assertEqual([line[:3] for line in said], [b"550"] * 4 + [b"421"])
            self.assertEqual(said[-1], b"421 Too many bad recipients\r\n")

    def test_many_recipients(self):
        """abuse: recipients beyond max.recipients are refused for now, and cost nothing"""
        with self.server("[max]\nrecipients=100\n") as server, Wire(server.port) as client:
            self.begin(client, MAIL)
            before = memory(server)

            def flood():
                for _ in range(100):
                    client.send(RCPT * 1000)
                client.send(b"QUIT\r\n")
            thread = threading.Thread(target=flood)
            thread.start()
            said = client.rest().splitlines()
            thread.join()
            self.assertEqual([line[:3] for line in said[:100]], [b"250"] * 100)
            self.assertEqual({line[:3] for line in said[100:-1]}, {b"452"})
            self.assertLess(memory(server) - before, 20_000_000)

    def test_errors(self):
        """abuse: after max.errors the client is sent away"""
        with self.server("[max]\nerrors=3\n") as server, Wire(server.port) as client:
            client.send(b"WHAT\r\n" * 100)
            said = client.rest().splitlines()
            self.assertEqual([line[:3] for line in said], [b"500", b"500", b"421"])

    def test_header(self):
        """abuse: an endless header is refused after the dot, and is not kept"""
        with self.server("[max]\nheader_bytes=65536\n") as server, Wire(server.port) as client:
            client.envelope()
            before = memory(server)
            for _ in range(200):
                client.send((b"X-Long: " + b"y" * 90 + b"\r\n") * 1000)
            self.assertLess(memory(server) - before, 10_000_000)
            self.assertEqual(client.say(b".\r\n"), b"550 Message header too long\r\n")
            self.assertRegex(client.envelope(MESSAGE), QUEUED)

    def test_header_line(self):
        """abuse: so is one that is one endless line; a command line ends the session"""
        with self.server("[max]\nheader_bytes=65536\n") as server:
            with Wire(server.port) as client:
                client.envelope()
                for _ in range(200):
                    client.send(b"y" * 100_000)
                self.assertEqual(client.say(b"\r\n.\r\n")[:4], b"550 ")
            with Wire(server.port) as client:
                try:
                    for _ in range(200):
                        client.send(b"y" * 100_000)
                except OSError:
                    pass
            with Wire(server.port) as client:
                self.assertEqual(client.say(b"y" * 5000), b"521 Command line too long\r\n")
            self.assertLess(memory(server), 300_000_000)
            self.is_served(server)


class Crowds(Abuse):
    def test_address(self):
        """abuse: one address has max.connections_per_ip, others are served, and a flood is few lines in the log"""
        with self.server("[max]\nconnections_per_ip=3\n") as server:
            clients = [Wire(server.port) for _ in range(3)]
            for _ in range(300):
                self.assertEqual(first_line(socket.create_connection(("127.0.0.1", server.port), timeout=LIMIT)), TOO_MANY_HERE)
            self.assertEqual(first_line(elsewhere(server.port))[:4], b"220 ")
            clients.pop().close()
            until("there is room again", lambda: first_line(elsewhere(server.port, "127.0.0.1"))[:4] == b"220 ")
            for client in clients:
                self.assertEqual(client.say(b"NOOP\r\n"), b"250 OK\r\n")
                client.close()
            line = r"\[NOTICE\] .*client turned away: too many connections from this address ip=127\.0\.0\.1"
            server.logged(line + r" count=\d+")
            self.assertLess(len(re.findall(line, server.log())), 30)
            self.assertNotIn("plugin", server.log().lower().partition("client turned away")[2])

    def test_total(self):
        """abuse: max.connections holds for all together; who is in stays in"""
        with self.server("[max]\nconnections=2\n[main]\nenhanced_status_codes=true\n") as server:
            with Wire(server.port) as first, Wire(server.port):
                said = first_line(elsewhere(server.port))
                self.assertEqual(said, b"421 4.3.2 Too many connections, try again later\r\n")
                self.assertEqual(first.say(b"NOOP\r\n"), b"250 2.0.0 OK\r\n")
            until("there is room again", lambda: first_line(elsewhere(server.port))[:4] == b"220 ")

    def test_early_words(self):
        """abuse: who is turned away hears why, also when it has spoken first"""
        with self.server("[max]\nconnections_per_ip=1\n") as server, Wire(server.port):
            for _ in range(50):
                with socket.create_connection(("127.0.0.1", server.port), timeout=LIMIT) as client:
                    client.sendall(EHLO)
                    with client.makefile("rb") as file:
                        try:
                            said = file.readline()
                        except ConnectionResetError:
                            said = b""  # it spoke after we had looked
                        self.assertIn(said, (TOO_MANY_HERE, b""))

    def test_idle(self):
        """abuse: 10,000 idle clients take little memory, and an honest one is served meanwhile"""
        count = 10_000
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard != resource.RLIM_INFINITY and hard < count + 500:
            self.skipTest(f"only {hard} descriptors are allowed here")
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        clients = []
        self.addCleanup(lambda: [client.close() for client in clients])
        with self.server("[max]\nconnections_per_ip=0\n", **{"log.ini": "level=notice\n"}) as server:
            self.is_served(server)
            before = memory(server)
            for _ in range(count):
                clients.append(socket.create_connection(("127.0.0.1", server.port), timeout=LIMIT))
            for client in clients:
                self.assertEqual(client.recv(4), b"220 ")
            each = (memory(server) - before) / count
            took = self.is_served(server)
            print(f"        {count} idle clients: {each / 1024:.1f} KiB each, an honest one is served in {took * 1000:.0f} ms",
                  flush=True)
            self.assertLess(each, 16 * 1024)
            while clients:
                clients.pop().close()
            self.is_served(server)


class Handshakes(Abuse):
    def test_flood(self):
        """abuse: one address has so many handshakes under way; the rest are closed, and others are served"""
        with implicit() as server:
            target = server.targets[1]
            clients = [elsewhere(target, "127.0.0.1") for _ in range(100)]
            try:
                for client in clients:
                    try:
                        client.sendall(hello()[:40])
                    except OSError:
                        pass
                server.logged(r"client turned away: too many TLS handshakes ip=127\.0\.0\.1")
                took, client = seconds(lambda: Secured(elsewhere(target)))
                with client:
                    self.assertEqual(client.banner[:4], b"220 ")
                    self.assertRegex(client.say(EHLO) and client.envelope(MESSAGE), QUEUED)
                self.assertLess(took, 5)
            finally:
                for client in clients:
                    client.close()
            with Implicit(server.targets[1]) as client:
                self.assertEqual(client.banner[:4], b"220 ")

    def test_processor(self):
        """abuse: while others do nothing but handshakes, commands in the clear are answered soon"""
        with implicit() as server:
            target, stops, done = server.targets[1], threading.Event(), []

            def flood(address):
                while not stops.is_set():
                    try:
                        with elsewhere(target, address) as client:
                            client.sendall(hello())
                            client.recv(1)
                            done.append(1)
                    except OSError:
                        pass
            threads = [threading.Thread(target=flood, args=(f"127.0.2.{1 + index}",)) for index in range(40)]
            for thread in threads:
                thread.start()
            try:
                with Wire(server.targets[0]) as client:
                    times = [seconds(lambda: client.say(b"NOOP\r\n"))[0] for _ in range(200)]
            finally:
                stops.set()
                for thread in threads:
                    thread.join()
            self.assertGreater(len(done), 20)
            print(f"        {len(done)} handshakes meanwhile; NOOP: median {sorted(times)[100] * 1000:.1f} ms, "
                  f"longest {max(times) * 1000:.1f} ms", flush=True)
            self.assertLess(sorted(times)[190], 1)


class Secured(Implicit):
    """TLS from the first byte on a connection that is there."""

    def __init__(self, connection):
        self.socket = connection
        self.file = connection.makefile("rb")
        self.secure()
        self.banner = self.reply()


class Pressure(Abuse):
    def test_descriptors(self):
        """abuse: the last descriptors are kept for the server's work: clients are told to come back, and are served then"""
        server = self.server("[max]\nconnections_per_ip=0\n[pressure]\nspare_descriptors=30\n")
        server.popen = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))}
        short = b"421 Short of file descriptors, try again later\r\n"
        with server:
            clients = [socket.create_connection(("127.0.0.1", server.port), timeout=LIMIT) for _ in range(100)]
            said = [client.makefile("rb").readline() for client in clients]
            self.assertEqual({line[:4] for line in said}, {b"220 ", b"421 "})
            self.assertEqual(said[-1], short)
            self.assertGreater(sum(line[:4] == b"220 " for line in said), 10)
            with clients[0].makefile("rwb", buffering=0) as inside:
                inside.write(b"MAIL FROM:<a@example.org>\r\n")
                self.assertEqual(inside.readline(), b"503 Use EHLO/HELO before MAIL\r\n")
            for client in clients:
                client.close()
            until("it is over", lambda: first_line(elsewhere(server.port))[:4] == b"220 ")
            server.logged(r"short of file descriptors: clients are told to try again later")
            server.logged("pressure is over")
            self.is_served(server)

    def test_no_descriptor(self):
        """abuse: without any descriptor the listener waits, without turning round and round, and goes on afterwards"""
        hog = """
            static int taken[4096];
            static int count;
            if (count == 0) { while (count < 4096 && (taken[count] = open("/dev/null", O_RDONLY)) >= 0) count++; }
            else { while (count > 0) close(taken[--count]); }
            return HARAKA_CONT;"""
        code = "#include <fcntl.h>\n#include <unistd.h>\n" + hooked(noop=hog)
        server = server_with(self.scratch, ["mine", "rcpt_to.in_host_list", "queue/maildir"], {"mine": code},
                             {"log.ini": "level=info\n"})
        server.popen = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200))}
        with server, Wire(server.port) as client:
            self.assertEqual(client.say(b"NOOP\r\n"), b"250 OK\r\n")
            with socket.create_connection(("127.0.0.1", server.port), timeout=LIMIT) as waiting:
                server.logged("cannot accept clients: Too many open files")
                before = processor(server)
                time.sleep(1)
                self.assertLess(processor(server) - before, 0.4)
                self.assertEqual(client.say(b"NOOP\r\n"), b"250 OK\r\n")
                self.assertIn(waiting.makefile("rb").readline()[:4], (b"220 ", b"421 "))
            until("it is over", lambda: first_line(elsewhere(server.port))[:4] == b"220 ")
            self.is_served(server)
            self.assertLess(server.log().count("cannot accept clients"), 10)

    def test_memory(self):
        """abuse: a worker that holds more than pressure.max_memory takes no new clients and no new messages"""
        with self.server() as server, Wire(server.port) as client:
            self.begin(client)
            server.configure("connection.ini", f"spool_dir={server.spool}\n[pressure]\nmax_memory=1000\n")
            short = b"421 Short of memory, try again later\r\n"
            until("new clients are turned away", lambda: first_line(elsewhere(server.port)) == short)
            self.assertEqual(client.say(MAIL), b"452 Short of memory, try again later\r\n")
            server.configure("connection.ini", f"spool_dir={server.spool}\n")
            until("clients are welcome", lambda: first_line(elsewhere(server.port))[:4] == b"220 ")
            self.assertEqual(client.say(MAIL)[:4], b"250 ")
            self.assertEqual(len(re.findall(r"\[ALERT\] .*short of memory: clients are told", server.log())), 1)
            server.logged(r"\[NOTICE\] .*pressure is over")

    @unittest.skipUnless(os.geteuid() == 0, "only root mounts a small file system")
    def test_disk(self):
        """abuse: on a disk that is nearly full nothing is begun; what fills it is refused for now and leaves nothing behind"""
        server = self.server()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", server.spool], check=False,
                                 capture_output=True)
        if mounted.returncode != 0:
            server.abandon()
            self.skipTest("mount is not allowed here")
        unmount = ["umount", "-l", server.spool]
        self.addCleanup(subprocess.run, unmount, check=False, capture_output=True)
        spool = f"spool_dir={server.spool}\nspool_after=1000\n"
        server.configure("connection.ini", spool + "[pressure]\nmin_free_disk=0\n")
        try:
            with server, Wire(server.port) as client:
                large = b"Subject: large\r\n\r\n" + b"0123456789\r\n" * 500_000 + b".\r\n"
                self.assertRegex(client.envelope(large), rb"^451 ")
                self.assertRegex(client.envelope(MESSAGE), QUEUED)
                self.assertEqual([names for _, _, names in os.walk(server.spool) if names], [])
                server.configure("connection.ini", spool + "[pressure]\nmin_free_disk=1000000\n")
                with open(os.path.join(server.spool, "filler"), "wb") as filler:
                    filler.write(bytes(3_500_000))
                short = b"421 Short of disk space, try again later\r\n"
                until("new clients are turned away", lambda: first_line(elsewhere(server.port)) == short)
                self.assertEqual(client.say(MAIL), b"452 Short of disk space, try again later\r\n")
                os.unlink(os.path.join(server.spool, "filler"))
                until("clients are welcome", lambda: first_line(elsewhere(server.port))[:4] == b"220 ")
                self.assertRegex(client.envelope(MESSAGE), QUEUED)
        finally:
            subprocess.run(unmount, check=False, capture_output=True)
