"""What a TLS 1.3 handshake with a whole SMTP session costs, beside `openssl s_server` with the same key; and what memory an
idle TLS connection takes.

s_server does nothing but send lines back. It is measured with one line after the handshake, and with as many lines as the
session of ours has, which is what it is compared with.
"""
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
SESSION = [b"EHLO a.example.org\r\n", b"MAIL FROM:<a@example.org>\r\n", b"RCPT TO:<b@example.com>\r\n", b"DATA\r\n", MESSAGE,
           b"QUIT\r\n"]


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
        ratios = [lines / ours for ours, _, lines in pairs]
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


def session(port, made, resumed, lines, greets=True):
    """One connection from its beginning to its end; what resumes the next one."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as plain:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with made.wrap_socket(plain, server_hostname="mx.example.com", session=resumed) as client:
            if resumed is not None and not client.session_reused:
                raise RuntimeError("the session was not resumed")
            if greets:
                client.recv(4096)
            for line in lines:
                client.sendall(line)
                client.recv(4096)
            return client.session


def cost(server, lines, resumes):
    """Microseconds of the server for each connection."""
    made, greets = context(), not isinstance(server, OpenSSLServer)
    first = session(server.port, made, None, lines, greets)
    before = server.nanoseconds()
    for _ in range(HANDSHAKES):
        session(server.port, made, first if resumes else None, lines, greets)
    return (server.nanoseconds() - before) / 1000 / HANDSHAKES


def handshakes(build, files, key, certificate):
    """{kind: [(microseconds of ours, of s_server with one line, with as many as ours has), ...]}"""
    port = free_port()
    words = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-key", key, "-cert", certificate, "-quiet", "-rev",
             "-tls1_3"]
    turns = {"full": [], "resumed": []}
    with tempfile.TemporaryDirectory(prefix="haraka-bench-") as folder, tls_haraka(build, files) as ours, \
            OpenSSLServer(words, port, folder) as theirs:
        for number in range(ROUNDS + 1):
            for kind in turns:
                todo = [(ours, SESSION), (theirs, [b"hello\n"]), (theirs, [b"hello\n"] * len(SESSION))]
                places = range(len(todo)) if number % 2 == 0 else reversed(range(len(todo)))
                spent = {place: cost(*todo[place], kind == "resumed") for place in places}
                if number:  # nobody is measured cold
                    turns[kind].append(tuple(spent[place] for place in range(len(todo))))
                say(f"tls, {kind}: {spent[0]:.0f} us, s_server {spent[1]:.0f} us, with as many lines {spent[2]:.0f} us")
    return turns


def idle(build, files):
    """KiB of memory of one TLS connection that has said EHLO."""
    made, clients = context(), []
    with tls_haraka(build, files) as server:
        for _ in range(20):
            session(server.port, made, None, SESSION)
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
    yield "| TLS 1.3, P-256, a connection for a message | CPU | s_server, one line | as many lines | rate / s_server |"
    yield "|---|---:|---:|---:|---:|"
    for kind, pairs in turns.items():
        ours, theirs, lines = (statistics.median(column) for column in zip(*pairs))
        ratio = spread([c / a for a, _, c in pairs])
        yield f"| {kind} handshake | {ours:.0f} us | {theirs:.0f} us | {lines:.0f} us | {ratio} |"
    yield ""
