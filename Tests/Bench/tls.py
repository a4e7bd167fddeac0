"""What a TLS 1.3 handshake with a whole SMTP session costs, beside `openssl s_server` with the same key, and an idle TLS
connection's memory."""
import contextlib
import os
import socket
import ssl
import statistics
import subprocess
import tempfile

from measured import ROUNDS, Measured, free_port, haraka, say, spread
from memory import settled

HANDSHAKES = int(os.environ.get("HANDSHAKES", "1000"))  # of each turn
IDLE = int(os.environ.get("TLS_CONNECTIONS", "1000"))
AIM_RATE, AIM_MEMORY = 0.80, 40  # of s_server's rate; KiB
MESSAGE = b"Subject: bench\r\n\r\nhello\r\n.\r\n"


def measure(build):
    """(lines of the table of aims, lines of tables)"""
    with tempfile.TemporaryDirectory(prefix="haraka-bench-") as folder:
        key, certificate = os.path.join(folder, "key.pem"), os.path.join(folder, "cert.pem")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
             "-subj", "/CN=mx.example.com", "-keyout", key, "-out", certificate], check=True, capture_output=True, timeout=30)
        with open(key, encoding="ascii") as one, open(certificate, encoding="ascii") as other:
            files = {"tls_key.pem": one.read(), "tls_cert.pem": other.read()}
        turns = handshakes(build, files, key, certificate)
        kibibytes = idle(build, files)
    aims = []
    for kind, pairs in turns.items():
        ratios = [theirs / ours for ours, theirs in pairs]
        aims.append((f"TLS 1.3, {kind} handshake and session: rate / s_server", f">= {AIM_RATE:.2f}",
                     statistics.median(ratios) >= AIM_RATE, spread(ratios)))
    shown = f"{kibibytes:.1f} KiB"
    aims.append(("memory of an idle TLS connection", f"< {AIM_MEMORY} KiB", kibibytes < AIM_MEMORY, shown))
    return aims, [*table(turns)]


@contextlib.contextmanager
def tls_haraka(build, files):
    port = free_port()
    config = {**files, "connection.ini": "[max]\nconnections_per_ip=0\n",
              "smtp.ini": f"smtps_port={port}\nnodes=0\nlisten=127.0.0.1:{port},127.0.0.1:{free_port()}\n"}
    with haraka(build, config=config, tls_port=port) as server:
        yield server


class OpenSSLServer(Measured):
    """`openssl s_server`, which sends each line back reversed."""

    def wait_until_it_greets(self):
        while True:
            if self.process.poll() is not None:
                raise RuntimeError("openssl s_server did not start")
            with contextlib.suppress(ConnectionError), socket.create_connection(("127.0.0.1", self.port), timeout=5):
                return


def context():
    made = ssl.create_default_context()
    made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    made.minimum_version = ssl.TLSVersion.TLSv1_3
    return made


def session(port, made, resumed, is_smtp):
    """One connection from its beginning to its end; what resumes the next one."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as plain:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with made.wrap_socket(plain, server_hostname="mx.example.com", session=resumed) as client:
            if resumed is not None and not client.session_reused:
                raise RuntimeError("the session was not resumed")
            if is_smtp:
                client.recv(4096)
                for words in (b"EHLO a.example.org", b"MAIL FROM:<a@example.org>", b"RCPT TO:<b@example.com>", b"DATA"):
                    client.sendall(words + b"\r\n")
                    client.recv(4096)
                client.sendall(MESSAGE)
                client.recv(4096)
                client.sendall(b"QUIT\r\n")
            else:
                client.sendall(b"hello\n")
            client.recv(4096)
            return client.session


def cost(server, is_smtp, resumes):
    """Microseconds of the server for each connection."""
    made = context()
    first = session(server.port, made, None, is_smtp)
    before = server.nanoseconds()
    for _ in range(HANDSHAKES):
        session(server.port, made, first if resumes else None, is_smtp)
    return (server.nanoseconds() - before) / 1000 / HANDSHAKES


def handshakes(build, files, key, certificate):
    """{kind: [(microseconds of ours, of s_server), ...]}"""
    port = free_port()
    words = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-key", key, "-cert", certificate, "-quiet", "-rev",
             "-tls1_3"]
    turns = {"full": [], "resumed": []}
    with tempfile.TemporaryDirectory(prefix="haraka-bench-") as folder, tls_haraka(build, files) as ours, \
            OpenSSLServer(words, port, folder) as theirs:
        for number in range(ROUNDS + 1):
            for kind in turns:
                pair = {}
                for server in (ours, theirs) if number % 2 == 0 else (theirs, ours):
                    pair[server] = cost(server, server is ours, kind == "resumed")
                if number:  # nobody is measured cold
                    turns[kind].append((pair[ours], pair[theirs]))
                say(f"tls, {kind}: {pair[ours]:.0f} us, s_server {pair[theirs]:.0f} us")
    return turns


def idle(build, files):
    """KiB of memory of one TLS connection that has said EHLO."""
    made, clients = context(), []
    with tls_haraka(build, files) as server:
        for _ in range(20):
            session(server.port, made, None, True)
        before = settled(server)
        try:
            for _ in range(IDLE):
                plain = socket.create_connection(("127.0.0.1", server.port), timeout=20)
                clients.append(made.wrap_socket(plain, server_hostname="mx.example.com"))
                clients[-1].recv(4096)
                clients[-1].sendall(b"EHLO a.example.org\r\n")
                clients[-1].recv(4096)
            after = settled(server)
        finally:
            for client in clients:
                client.close()
    return (after["Private_Dirty"] - before["Private_Dirty"]) / IDLE


def table(turns):
    yield "| TLS 1.3, P-256, a connection for each message | CPU | of `openssl s_server`, without SMTP | rate / s_server |"
    yield "|---|---:|---:|---:|"
    for kind, pairs in turns.items():
        ours, theirs = (statistics.median(column) for column in zip(*pairs))
        yield f"| {kind} handshake | {ours:.0f} us | {theirs:.0f} us | {spread([b / a for a, b in pairs])} |"
    yield ""
