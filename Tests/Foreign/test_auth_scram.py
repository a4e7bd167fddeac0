"""SCRAM by a client of our own, which can do each thing wrong: downgrades, other channels, old messages, strangers."""
import ssl

from sasl import Exporter, Scram, end_point, scram_line
from server import ForeignTest
from test_auth import ANN, PASSWORD, auth_server, offered, users
from test_tls_plugin import TLSWire
from wire import EHLO, Wire

DONE = b"235 2.7.0 Authentication successful\r\n"
FAILED = b"535 5.7.8 Authentication failed\r\n"
MALFORMED = b"501 5.5.2 Invalid AUTH string\r\n"
QUICK = "[failures]\nmax=0\nmax_delay=0\n"


def quick_server(*lines, **more):
    return auth_server(users(*lines), auth_ini=QUICK, **more)


def challenge(reply):
    assert reply.startswith(b"334 "), reply
    return reply[4:-2]


def log_in(client, scram, name="SCRAM-SHA-256", **wrong):
    """The last reply of an exchange."""
    reply = client.say(f"AUTH {name} {scram.first()}\r\n".encode())
    if not reply.startswith(b"334 "):
        return reply
    reply = client.say(scram.final(challenge(reply), **wrong).encode() + b"\r\n")
    if not reply.startswith(b"334 "):
        return reply
    assert scram.is_signed(challenge(reply)), reply
    return client.say(b"\r\n")


class Bound(TLSWire):
    """Inside TLS of one version."""

    def secure_with(self, version):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.minimum_version = context.maximum_version = version
        assert self.say(b"STARTTLS\r\n")[:3] == b"220"
        self.file.close()
        self.socket = context.wrap_socket(self.socket, server_hostname="mx.example.com")
        self.file = self.socket.makefile("rb")
        self.names = offered(self.say(EHLO))
        return self

    @property
    def end_point(self):
        return end_point(self.socket.getpeercert(True))


class AuthScram(ForeignTest):
    def test_both(self):
        """auth: SCRAM-SHA-256 from a clear password and from keys, and the server proves itself"""
        for line in (f"{ANN}={PASSWORD}\n", scram_line(ANN, PASSWORD, iterations=5000)):
            with quick_server(line) as server, Wire(server.port) as client:
                client.say(EHLO)
                scram = Scram(ANN, PASSWORD)
                self.assertEqual(log_in(client, scram), DONE)
                self.assertEqual(scram.iterations, 4096 if line.endswith(f"={PASSWORD}\n") else 5000)

    def test_plus(self):
        """auth: SCRAM-SHA-256-PLUS bound to the certificate in TLS 1.2 and 1.3, and to the handshake in TLS 1.2"""
        with quick_server(scram_line(ANN, PASSWORD)) as server:
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                with Bound(server.port) as client:
                    client.say(EHLO)
                    client.secure_with(version)
                    self.assertIn("SCRAM-SHA-256-PLUS", client.names)
                    scram = Scram(ANN, PASSWORD, "p=tls-server-end-point,,", client.end_point)
                    self.assertEqual(log_in(client, scram, "SCRAM-SHA-256-PLUS"), DONE)
            with Bound(server.port) as client:
                client.say(EHLO)
                client.secure_with(ssl.TLSVersion.TLSv1_2)
                scram = Scram(ANN, PASSWORD, "p=tls-unique,,", client.socket.get_channel_binding("tls-unique"))
                self.assertEqual(log_in(client, scram, "SCRAM-SHA-256-PLUS"), DONE)

    def test_exporter(self):
        """auth: SCRAM-SHA-256-PLUS bound by tls-exporter, as openssl computes it, in TLS 1.3"""
        with quick_server(scram_line(ANN, PASSWORD)) as server:
            for wrong, last in ((b"", "235 2.7.0 Authentication successful"), (b"\1", "535 5.7.8 Authentication failed")):
                with Exporter(server.port) as client:
                    client.say("EHLO client.example.org")
                    scram = Scram(ANN, PASSWORD, "p=tls-exporter,,", client.binding + wrong)
                    reply = client.say(f"AUTH SCRAM-SHA-256-PLUS {scram.first()}")
                    reply = client.say(scram.final(reply[4:]))
                    self.assertEqual(client.say("") if reply.startswith("334 ") else reply, last)

    def test_wrong_channel(self):
        """auth: what binds to another connection, or to another kind of binding, is refused"""
        with quick_server(scram_line(ANN, PASSWORD)) as server, Bound(server.port) as client:
            client.say(EHLO)
            client.secure_with(ssl.TLSVersion.TLSv1_3)
            right = client.end_point
            for header, binding, reply in (
                    ("p=tls-server-end-point,,", right[:-1] + bytes([right[-1] ^ 1]), FAILED),
                    ("p=tls-server-end-point,,", b"", FAILED), ("p=tls-exporter,,", right, FAILED),
                    ("p=tls-unique,,", right, FAILED), ("p=tls-nothing,,", right, FAILED),
                    ("n,,", b"", FAILED), ("y,,", b"", FAILED), ("p=tls-server-end-point,,", right, DONE)):
                scram = Scram(ANN, PASSWORD, header, binding)
                self.assertEqual(log_in(client, scram, "SCRAM-SHA-256-PLUS"), reply, header)

    def test_downgrade(self):
        """auth: a client that could bind but saw no PLUS is refused if it was offered, and let in if it was not"""
        with quick_server(scram_line(ANN, PASSWORD)) as server, Bound(server.port) as client:
            client.say(EHLO)
            client.secure_with(ssl.TLSVersion.TLSv1_3)
            self.assertEqual(log_in(client, Scram(ANN, PASSWORD, "y,,")), FAILED)
            scram = Scram(ANN, PASSWORD, "p=tls-server-end-point,,", client.end_point)
            self.assertEqual(log_in(client, scram), FAILED)
            self.assertEqual(log_in(client, Scram(ANN, PASSWORD, "n,,")), DONE)
        with quick_server(scram_line(ANN, PASSWORD)) as server, Wire(server.port) as client:
            client.say(EHLO)
            self.assertEqual(log_in(client, Scram(ANN, PASSWORD, "y,,")), DONE)

    def test_wrong_proof(self):
        """auth: a wrong password, a wrong nonce, and what was right in another exchange are refused"""
        with quick_server(scram_line(ANN, PASSWORD)) as server, Wire(server.port) as client:
            client.say(EHLO)
            self.assertEqual(log_in(client, Scram(ANN, "wrong")), FAILED)
            self.assertEqual(log_in(client, Scram(ANN, PASSWORD), nonce="another"), FAILED)
            old = Scram(ANN, PASSWORD)
            reply = client.say(f"AUTH SCRAM-SHA-256 {old.first()}\r\n".encode())
            last = old.final(challenge(reply)).encode() + b"\r\n"
            self.assertEqual(client.say(last)[:4], b"334 ")
            # Who stops here has not authenticated.
            self.assertEqual(client.say(b"*\r\n"), b"501 5.7.0 Authentication cancelled\r\n")
            self.assertEqual(client.say(f"AUTH SCRAM-SHA-256 {old.first()}\r\n".encode())[:4], b"334 ")
            self.assertEqual(client.say(last), FAILED)
            self.assertEqual(client.say(b"MAIL FROM:<ann@example.com>\r\n")[:3], b"250")
            self.assertEqual(client.say(b"RCPT TO:<bob@example.net>\r\n")[:3], b"550")

    def test_strangers(self):
        """auth: a name that nobody has gets a salt like any other, the same each time, also after a reload"""
        lines = [scram_line(ANN, PASSWORD, iterations=7000), f"carl={PASSWORD}\n"]
        with quick_server(*lines) as server:
            seen = {}
            for _ in range(2):
                for name in ("nobody", "someone", ANN, "carl"):
                    with Wire(server.port) as client:
                        client.say(EHLO)
                        scram = Scram(name, "wrong")
                        self.assertEqual(log_in(client, scram), FAILED)
                        self.assertEqual(seen.setdefault(name, (scram.salt, scram.iterations)), (scram.salt, scram.iterations))
                self.succeeded(server.reload())
            self.assertEqual({len(salt) for salt, _ in seen.values()}, {16})
            self.assertEqual(len({salt for salt, _ in seen.values()}), 4)
            self.assertLessEqual({iterations for _, iterations in seen.values()}, {4096, 7000})

    def test_malformed(self):
        """auth: messages that are none end the exchange, and nothing else"""
        with quick_server(scram_line(ANN, PASSWORD)) as server, Wire(server.port) as client:
            client.say(EHLO)
            for first in (b"=", b"biws", b"bixu", b"////", b"bixhPXgsbj11LHI9eA=="):
                self.assertIn(client.say(b"AUTH SCRAM-SHA-256 " + first + b"\r\n"), (MALFORMED, FAILED), first)
            for last in (b"", b"biws", b"Yz1iaXdzLHI9eCxwPQ==", b"////"):
                self.assertEqual(client.say(f"AUTH SCRAM-SHA-256 {Scram(ANN, 'x').first()}\r\n".encode())[:4], b"334 ")
                self.assertEqual(client.say(last + b"\r\n"), MALFORMED, last)
            self.assertEqual(log_in(client, Scram(ANN, PASSWORD)), DONE)

    def test_later(self):
        """auth: the first message may come in answer to an empty challenge"""
        with quick_server(scram_line(ANN, PASSWORD)) as server, Wire(server.port) as client:
            client.say(EHLO)
            self.assertEqual(client.say(b"AUTH SCRAM-SHA-256\r\n"), b"334 \r\n")
            scram = Scram(ANN, PASSWORD)
            reply = client.say(scram.first().encode() + b"\r\n")
            self.assertEqual(client.say(scram.final(challenge(reply)).encode() + b"\r\n")[:4], b"334 ")
            self.assertEqual(client.say(b"=\r\n")[:3], b"501")
            self.assertEqual(log_in(client, scram := Scram(ANN, PASSWORD)), DONE)
