"""tls through its real shared object: who is offered STARTTLS, and what it is answered. PluginsSrc/tls/README.md."""
import functools
import os
import ssl
import subprocess
import tempfile

from inline import hooked, server_with
from server import LIMIT, ForeignTest, Server, header, until
from wire import EHLO, ENVELOPE, QUEUED, Wire

STARTTLS = b"STARTTLS\r\n"
READY = b"220 Go ahead.\r\n"
SYNTAX = b"501 5.5.4 Syntax error (no parameters allowed)\r\n"
ACTIVE = b"503 5.5.1 TLS is active already\r\n"
UNKNOWN = b"500 Unrecognized command\r\n"
# Shows what other plugins see of it.
SHOWS = hooked(vrfy="""
    haraka_value note = haraka_null(), result = haraka_null();
    (void)haraka_note_get(haraka_of_connection(call->connection), "tls", &note);
    (void)haraka_table->result_get(haraka_of_connection(call->connection), haraka_text("tls"), haraka_text("version"), &result);
    const haraka_str hello = haraka_hello_host(call->connection);
    haraka_str words[3] = {haraka_value_text(haraka_value_key(haraka_value_key(&note, "cipher"), "version")),
                           haraka_value_text(&result), hello.len == 0 ? haraka_text("nobody") : hello};
    haraka_reply reply = haraka_no_reply();
    reply.lines = words;
    reply.line_count = 3;
    (void)haraka_complete(call->next, HARAKA_DENY, &reply);
    return HARAKA_PENDING;""")


@functools.cache
def certificate():
    """A key and a certificate of its own for mx.example.com, as the texts of their files."""
    with tempfile.TemporaryDirectory(prefix="haraka-test-") as folder:
        key, cert = (os.path.join(folder, name) for name in ("key", "cert"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", "2", "-subj", "/CN=mx.example.com", "-addext", "subjectAltName=DNS:mx.example.com",
                        "-keyout", key, "-out", cert], check=True, capture_output=True, timeout=LIMIT)
        with open(key, encoding="ascii") as key, open(cert, encoding="ascii") as cert:
            return {"tls_key.pem": key.read(), "tls_cert.pem": cert.read()}


class TLSWire(Wire):
    """A client that can go on inside TLS; it trusts the test's certificate and nothing else."""

    def secure(self):
        context = ssl.create_default_context(cadata=certificate()["tls_cert.pem"])
        self.file.close()
        self.socket = context.wrap_socket(self.socket, server_hostname="mx.example.com")
        self.file = self.socket.makefile("rb")

    def started(self):
        """EHLO, STARTTLS, the handshake."""
        assert b"STARTTLS\r\n" in self.say(EHLO)
        reply = self.say(STARTTLS)
        assert reply == READY, reply
        self.secure()
        return self


class TLSPlugin(ForeignTest):
    PLUGINS = ["tls", "rcpt_to.in_host_list", "queue/maildir"]

    def server(self, ini="", plugins=(), objects=None, **more):
        config = {"tls.ini": ini, "log.ini": "level=info\n", "plugins.ini": "watch_settle=0.1\n", **certificate(), **more}
        return Server(plugins=[*plugins, *self.PLUGINS], config=config, objects=objects)

    def offered(self, server):
        with Wire(server.port) as client:
            return b"STARTTLS\r\n" in client.say(EHLO)

    def test_message(self):
        """tls: a message goes through STARTTLS, and says so"""
        with self.server() as server, TLSWire(server.port) as client:
            client.started()
            self.assertRegex(client.envelope(b"Subject: x\r\n\r\nhello\r\n.\r\n"), QUEUED)
            (received,) = header(server.messages()[0], "Received")
            self.assertRegex(received, r"with ESMTPS id ")
            server.logged(r'\[INFO\] .*\[tls\] secured: cipher=\S+ version=TLSv1\.[23] verified=false')

    def test_anew(self):
        """tls: nothing that was said in the clear counts inside TLS, and nothing that came behind STARTTLS is heard"""
        with self.server() as server, TLSWire(server.port) as client:
            for command in (EHLO, *ENVELOPE.splitlines(keepends=True)):
                self.assertEqual(client.say(command)[:3], b"250")
            self.assertEqual(client.say(STARTTLS + b"NOOP\r\nHELP\r\n"), READY)
            client.secure()
            self.assertEqual(client.say(b"MAIL FROM:<a@example.org>\r\n")[:3], b"503")
            self.assertNotIn(b"STARTTLS", client.say(EHLO))
            self.assertEqual(client.say(b"DATA\r\n")[:3], b"503")

    def test_words(self):
        """tls: STARTTLS in any case, with nothing behind it, and only once"""
        with self.server() as server, TLSWire(server.port) as client:
            client.say(EHLO)
            self.assertEqual(client.say(b"STARTTLS now\r\n"), SYNTAX)
            self.assertEqual(client.say(b"sTaRtTlS \r\n"), READY)
            client.secure()
            self.assertEqual(client.say(STARTTLS), ACTIVE)
            self.assertEqual(client.say(b"starttls now\r\n"), ACTIVE)
            client.say(EHLO)
            self.assertEqual(client.say(STARTTLS), ACTIVE)

    def test_not_offered(self):
        """tls: who was not offered it cannot have it: without EHLO, after HELO, without a certificate"""
        with self.server() as server, Wire(server.port) as client:
            self.assertEqual(client.say(STARTTLS), UNKNOWN)
            client.say(b"HELO client.example.org\r\n")
            self.assertEqual(client.say(STARTTLS), UNKNOWN)
        config = {"log.ini": "level=info\n"}
        with Server(plugins=self.PLUGINS, config=config) as server, Wire(server.port) as client:
            self.assertNotIn(b"STARTTLS", client.say(EHLO))
            self.assertEqual(client.say(STARTTLS), UNKNOWN)

    def test_hosts(self):
        """tls: no_tls_hosts are not offered it, and changes are taken at once"""
        for hosts, expected in (("127.0.0.1", False), ("127.0.0.0/8\n::1", False), ("127.0.0.2\n::/0", True)):
            with self.server(f"[no_tls_hosts]\n{hosts}\n") as server:
                self.assertEqual(self.offered(server), expected, hosts)
        with self.server() as server:
            self.assertTrue(self.offered(server))
            server.configure("tls.ini", "[no_tls_hosts]\n127.0.0.0/8\n")
            until("the network is excluded", lambda: not self.offered(server))

    def test_ports(self):
        """tls: no_starttls_ports; a change with a mistake, the server's or the plugin's, changes nothing"""
        with self.server() as server:
            server.configure("tls.ini", f"no_starttls_ports[]=25\nno_starttls_ports[]={server.port}\n")
            until("the port is excluded", lambda: not self.offered(server))
            server.configure("tls.ini", "no_starttls_ports[]=smtp\n")
            server.logged(r"\[ERROR\] .*tls\.ini:1:21: error: main\.no_starttls_ports is \"smtp\"")
            self.assertFalse(self.offered(server))
            server.configure("tls.ini", "[redis]\ndisable_for_failed_hosts=perhaps\n[no_tls_hosts]\n127.0.0.1\n")
            server.logged(r"\[ERROR\] .*\[tls\] tls\.ini: for STARTTLS all stays as it was: \[redis\] disable_for_failed_hosts is")

    def test_failed_handshake(self):
        """tls: a failed handshake ends the connection, and is forgotten unless it shall be remembered"""
        for ini, expected in (("", True), ("[redis]\ndisable_for_failed_hosts=true\n", False)):
            with self.server(ini) as server:
                with Wire(server.port) as client:
                    client.say(EHLO)
                    self.assertEqual(client.say(STARTTLS), READY)
                    client.send(b"this is no handshake\r\n" * 20)
                    self.assertNotIn(b"250", client.rest())
                until("it is over", lambda: server.found(r"\[core\] disconnect"))
                self.assertEqual(self.offered(server), expected, ini)

    def test_left_in_handshake(self):
        """tls: a client that leaves in the middle of its handshake is remembered, for a time"""
        for leave in (Wire.close, Wire.abort):
            with self.server("[redis]\ndisable_for_failed_hosts=true\ndisable_inbound_expiry=1\n") as server:
                client = Wire(server.port)
                client.say(EHLO)
                self.assertEqual(client.say(STARTTLS), READY)
                client.send(b"\x16\x03\x01")
                leave(client)
                server.logged(r"\[NOTICE\] .*\[tls\] no STARTTLS for this client in the next 1 s")
                until("it is forgotten", lambda: self.offered(server))

    def test_implicit(self):
        """tls: where sessions begin with TLS there is no STARTTLS, and the plugin notes it all the same"""
        smtp = {"smtp.ini": "nodes=0\n[mx]\nlisten=127.0.0.1:0\ntls=implicit\n"}
        with self.server(**smtp) as server, TLSWire(server.port, banner=False) as client:
            client.secure()
            self.assertEqual(client.reply()[:3], b"220")
            for _ in range(2):
                self.assertNotIn(b"STARTTLS", client.say(EHLO))
            self.assertEqual(client.say(STARTTLS), ACTIVE)
            server.logged(r"\[INFO\] .*\[tls\] secured: cipher=")
            self.assertEqual(len([line for line in server.lines if "secured: cipher=" in line]), 1)

    def test_redis(self):
        """tls: keys of redis that mean nothing are named, once for each reading"""
        with self.server("[redis]\nhost=127.0.0.1\ndb=3\n") as server:
            warned = server.logged(r"\[WARN\] .*\[tls\] tls\.ini: \[redis\] (.*): without effect, no redis is used")
            self.assertEqual(warned.group(1), "host, db")
            self.assertTrue(self.offered(server))
            self.assertEqual(len([line for line in server.lines if "no redis is used" in line]), 1)

    def test_seen_by_others(self):
        """tls: notes.tls and the results tell other plugins, and the hello is forgotten"""
        with tempfile.TemporaryDirectory(prefix="haraka-test-") as scratch:
            config = {"tls.ini": "", **certificate()}
            with server_with(scratch, ["tls", "shows"], {"shows": SHOWS}, config) as server:
                with TLSWire(server.port) as client:
                    client.started()
                    version = client.socket.version().encode()
                    self.assertEqual(client.say(b"VRFY x\r\n"), b"550-%s\r\n550-%s\r\n550 nobody\r\n" % (version, version))

    def test_swaks(self):
        """tls: swaks --tls"""
        with self.server() as server:
            sent = subprocess.run(
                ["swaks", "--server", "127.0.0.1", "--port", str(server.port), "--helo", "client.example.org", "--tls",
                 "--from", "a@example.org", "--to", "b@example.com"],
                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT, check=False)
            self.succeeded(sent)
            self.assertIn("=== TLS started with cipher TLSv1.", sent.stdout)
            self.assertEqual(len(server.messages()), 1)
