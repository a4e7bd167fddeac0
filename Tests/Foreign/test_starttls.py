"""TLS on both doors: what is thrown away, what is forgotten, and how it ends. docs/encryption.md, RFC 3207, RFC 8314."""
import functools
import socket
import ssl
import time

from server import ForeignTest, header, until
from test_tls_plugin import READY, STARTTLS, TLSWire, certificate
from server import Server
from wire import EHLO, ENVELOPE, GOODBYE, QUEUED, Listener, Wire, seconds, summaries

MESSAGE = b"Subject: x\r\n\r\ny\r\n.\r\n"
PLUGINS = ["tls", "rcpt_to.in_host_list", "queue/maildir"]
# 465's manner on a port that the system chooses.
IMPLICIT = "nodes=0\nlisten=127.0.0.1:0\n[submission]\nlisten=127.0.0.2:0\ntls=implicit\nauth_required=false\n"


def server(ini="", kind=Server, **files):
    config = {"tls.ini": ini, "log.ini": "level=info\n", **certificate(), **files}
    return kind(plugins=PLUGINS, config=config)


def implicit(ini=""):
    return server(ini, Listener, **{"smtp.ini": IMPLICIT})


class Implicit(TLSWire):
    """A client that speaks TLS from the first byte."""

    def __init__(self, target):
        super().__init__(target, banner=False)
        self.secure()
        self.banner = self.reply()


@functools.cache
def hello():
    """The first flight of a TLS client."""
    outgoing = ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="mx.example.com")
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


class StartTLS(ForeignTest):
    def still_serves(self, running):
        with TLSWire(running.port) as client:
            self.assertRegex(client.started().envelope(MESSAGE), QUEUED)

    def test_injection(self):
        """STARTTLS: commands that come in the clear behind it, whole or half, are never executed"""
        with server() as running:
            for extra in (b"MAIL FROM:<evil@example.org>\r\n", b"RSE", b"EHLO evil\r\nMAIL FROM:<evil@example.org>\r\nRC",
                          b"\r", b"STARTTLS\r\n", b"NOOP\n"):
                with TLSWire(running.port) as client:
                    client.say(EHLO)
                    self.assertEqual(client.say(STARTTLS + extra), READY, extra)
                    client.secure()
                    self.assertEqual(client.say(b"NOOP\r\n"), b"250 OK\r\n", extra)
                    self.assertEqual(client.say(b"RCPT TO:<b@example.com>\r\n")[:4], b"503 ", extra)
                    self.assertEqual(client.say(b"QUIT\r\n"), GOODBYE)

    def test_long_injection(self):
        """STARTTLS: more of it than is read at once ends the connection, and nothing of it is executed"""
        with server() as running, Wire(running.port) as client:
            client.say(EHLO)
            self.assertEqual(client.say(STARTTLS + ENVELOPE * 500), READY)
            try:
                self.assertNotIn(b"250", client.rest())
            except ConnectionResetError:
                pass
            running.logged("TLS handshake failed: ")
            self.assertEqual(summaries(running)[0]["txns"], "0")

    def test_forgets(self):
        """STARTTLS: hello, transaction and recipients are forgotten"""
        with server() as running, TLSWire(running.port) as client:
            client.say(EHLO)
            client.say(b"MAIL FROM:<a@example.org>\r\n")
            client.say(b"RCPT TO:<b@example.com>\r\n")
            client.say(STARTTLS)
            client.secure()
            self.assertEqual(client.say(b"DATA\r\n"), b"503 MAIL required first\r\n")
            self.assertEqual(client.say(b"MAIL FROM:<a@example.org>\r\n"), b"503 Use EHLO/HELO before MAIL\r\n")
            self.assertNotIn(b"STARTTLS", client.say(EHLO))
            self.assertRegex(client.envelope(MESSAGE), QUEUED)
            (received,) = header(running.messages()[0], "Received")
            self.assertIn("with ESMTPS id", received)
            self.assertEqual(len(running.stored()), 1)

    def test_twice(self):
        """STARTTLS: a second one is refused inside TLS, and TLS goes on"""
        with server() as running, TLSWire(running.port) as client:
            client.started()
            self.assertEqual(client.say(STARTTLS)[:4], b"503 ")
            self.assertRegex(client.envelope(MESSAGE), QUEUED)

    def test_vanishes(self):
        """STARTTLS: a client may vanish at any stage, by a reset or by closing its side, and nothing is left of it"""
        first = hello()
        stages = [b"", first[:1], first[:5], first[:60], first[:-1], first, first + b"\x14\x03\x03\0\1\1"]
        with server() as running:
            for stage in stages:
                for resets in (True, False):
                    with Wire(running.port) as client:
                        client.say(EHLO)
                        self.assertEqual(client.say(STARTTLS), READY)
                        client.send(stage)
                        if resets:
                            client.abort()
                        else:
                            client.half_close()
                            self.assertNotIn(b"250", client.rest())
            for gone in summaries(running, len(stages) * 2):
                self.assertEqual((gone["tls"], gone["helo"]), ("N", "client.example.org"))
            self.still_serves(running)

    def test_garbage(self):
        """STARTTLS: garbage in the place of a handshake ends the connection with one line in the log"""
        with server() as running:
            for garbage in (b"EHLO x\r\n", b"\x16\x03\x01\xff\xff" + b"x" * 100, b"\0" * 1000, b"GET / HTTP/1.1\r\n\r\n"):
                since = len(running.lines)
                with Wire(running.port) as client:
                    client.say(EHLO)
                    client.say(STARTTLS)
                    client.send(garbage)
                    try:
                        self.assertNotIn(b"250", client.rest())
                    except ConnectionResetError:
                        pass
                running.logged(r"\[INFO\] .*TLS handshake failed: .* ip=127\.0\.0\.1", since)
            self.still_serves(running)
            self.assertEqual(running.log().count("TLS handshake failed"), 4)

    def test_slow(self):
        """STARTTLS: a handshake has its time limit, however the bytes drip"""
        first = hello()
        with server("handshake_timeout=1\n") as running, Wire(running.port) as client:
            client.say(EHLO)
            client.say(STARTTLS)

            def drip():
                try:
                    for byte in first:
                        client.send(bytes([byte]))
                        time.sleep(0.02)
                except OSError:
                    pass
                try:
                    client.rest()
                except ConnectionResetError:
                    pass
            took, _ = seconds(drip)
            self.assertLess(took, 5)
            running.logged("TLS handshake failed: no handshake within")

    def test_client_hello_on_plain_port(self):
        """TLS: a ClientHello where none is expected is answered in the clear, and the connection ends"""
        with server() as running, Wire(running.port) as client:
            client.send(hello())
            self.assertEqual(client.reply(), b"501 SSL attempted over a non-SSL socket\r\n")
            self.assertEqual(client.rest(), b"")

    def test_large_message(self):
        """TLS: a message of 10 MiB arrives whole, with commands and the next message sent behind it at once"""
        body = b"".join(b"%08d 0123456789012345678901234567890123456789012345678901234567890\r\n" % i for i in range(140_000))
        with implicit() as running:
            for secure in (lambda: TLSWire(running.targets[0]).started(), lambda: Implicit(running.targets[1])):
                with secure() as client:
                    self.assertEqual(client.say(EHLO)[:4], b"250-")
                    client.send(ENVELOPE + b"DATA\r\n")
                    self.assertEqual([client.reply()[:3] for _ in range(3)], [b"250", b"250", b"354"])
                    message = b"Subject: large\r\n\r\n" + body
                    client.send(message + b".\r\n" + ENVELOPE)
                    self.assertRegex(client.reply(), QUEUED)
                    self.assertEqual([client.reply()[:3] for _ in range(2)], [b"250", b"250"])
                    self.assertEqual(client.say(b"DATA\r\n")[:3], b"354")
                    self.assertRegex(client.say(MESSAGE), QUEUED)
                    self.assertTrue(running.messages()[-2].endswith(message.replace(b"\r\n", b"\n")), "it was changed")

    def test_implicit(self):
        """TLS from the first byte: banner, message and farewell are inside, and STARTTLS is not offered"""
        with implicit() as running, Implicit(running.targets[1]) as client:
            self.assertRegex(client.banner, rb"220 mx\.example\.com ESMTP ")
            self.assertNotIn(b"STARTTLS", client.say(EHLO))
            self.assertRegex(client.envelope(MESSAGE), QUEUED)
            self.assertEqual(client.say(b"QUIT\r\n"), GOODBYE)
            self.assertEqual(summaries(running)[0]["tls"], "Y")

    def test_implicit_plain(self):
        """TLS from the first byte: who speaks in the clear hears nothing"""
        with implicit() as running, Wire(running.targets[1], banner=False) as client:
            client.send(EHLO)
            try:
                self.assertNotIn(b"220", client.rest())
            except ConnectionResetError:
                pass
            running.logged("TLS handshake failed: ")
            self.assertNotIn("disconnect ip=", running.log())

    def test_implicit_silent(self):
        """TLS from the first byte: who says nothing is sent away after the limit"""
        with implicit("handshake_timeout=1\n") as running, Wire(running.targets[1], banner=False) as client:
            took, said = seconds(client.rest)
            self.assertEqual(said, b"")
            self.assertGreater(took, 0.2)

    def test_close_notify(self):
        """TLS: the server says that it ends, and takes it from the client"""
        with implicit() as running:
            with Implicit(running.targets[1]) as client:
                self.assertEqual(client.say(b"QUIT\r\n"), GOODBYE)
                client.socket.suppress_ragged_eofs = False
                self.assertEqual(client.socket.recv(1), b"")
            with Implicit(running.targets[1]) as client:
                client.say(EHLO)
                # Raises if the server's own close_notify does not come.
                client.socket.unwrap()
            until("both sessions have ended", lambda: len(summaries(running, 2)) == 2)

    def test_cut_off(self):
        """TLS: a message that is cut off without the final dot is not taken"""
        with implicit() as running:
            with Implicit(running.targets[1]) as client:
                client.say(EHLO)
                client.send(ENVELOPE + b"DATA\r\n")
                for _ in range(3):
                    client.reply()
                client.send(b"Subject: x\r\n\r\nhalf of it\r\n")
                client.socket.shutdown(socket.SHUT_RDWR)
            summaries(running)
            self.assertEqual(running.stored(), [])
