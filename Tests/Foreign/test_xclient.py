"""xclient through its real shared object: who may say it, what it does, what is forgotten. PluginsSrc/xclient/README.md."""
import re
import socket
import tempfile

from inline import hooked, server_with
from server import LIMIT, ForeignTest, until
from wire import EHLO, QUEUED, Wire

BANNER = re.compile(rb"220 mx\.example\.com ESMTP [^\r]+\r\n")
BUSY = b"503 5.5.0 Mail transaction in progress\r\n"
STRANGER = b"550 5.5.0 Not authorized\r\n"
NO_ADDRESS = b"501 5.5.4 No valid IP address found\r\n"
UNKNOWN = b"500 Unrecognized command\r\n"
# VRFY shows the client as plugins see it; connect is written to the log.
SHOWS = hooked(
    vrfy="""
    static const int32_t texts[] = {HARAKA_CONN_REMOTE_IP, HARAKA_CONN_REMOTE_HOST, HARAKA_CONN_REMOTE_LOGIN, HARAKA_CONN_LOCAL_IP,
                                    HARAKA_CONN_HELLO_HOST, HARAKA_CONN_AUTH_USER, HARAKA_CONN_AUTH_METHOD};
    static const int32_t numbers[] = {HARAKA_CONN_REMOTE_PORT, HARAKA_CONN_LOCAL_PORT, HARAKA_CONN_RELAYING};
    static char line[600];
    size_t used = 0, i;
    for (i = 0; i < sizeof texts / sizeof *texts; i++) {
        haraka_str text = haraka_connection_text(call->connection, texts[i]);
        used += (size_t)snprintf(line + used, sizeof line - used, "%.*s|", (int)text.len, text.ptr == NULL ? "" : text.ptr);
    }
    for (i = 0; i < sizeof numbers / sizeof *numbers; i++)
        used += (size_t)snprintf(line + used, sizeof line - used, "%lld|",
                                 (long long)haraka_connection_integer(call->connection, numbers[i]));
    return haraka_answer(call, HARAKA_DENY, line);""",
    lookup_rdns="""
    haraka_log(call->self, HARAKA_LOG_NOTICE, haraka_of_connection(call->connection), "asked for the name");
    return HARAKA_CONT;""",
    connect="""
    haraka_str user = haraka_connection_text(call->connection, HARAKA_CONN_AUTH_USER);
    haraka_table->log(call->self, HARAKA_LOG_NOTICE, haraka_of_connection(call->connection),
                      user.len == 0 ? haraka_text("connect of nobody") : user);
    return HARAKA_CONT;""")


class Stranger(Wire):
    """A client with another address of this machine."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=LIMIT, source_address=("127.0.0.2", 0))
        self.file = self.socket.makefile("rb")
        self.banner = self.reply()


class XClient(ForeignTest):
    def server(self, hosts="", plugins=("xclient", "shows", "rcpt_to.in_host_list", "queue/maildir"), **more):
        config = {"log.ini": "level=info\n", "xclient.hosts": hosts, "plugins.ini": "watch_settle=0.1\n", **more}
        with tempfile.TemporaryDirectory(prefix="haraka-test-") as scratch:
            return server_with(scratch, plugins, {"shows": "#include <stdio.h>\n" + SHOWS}, config)

    def shown(self, client):
        """The properties that VRFY shows."""
        names = ("ip", "host", "login", "own_ip", "hello", "user", "method", "port", "own_port", "relaying")
        reply = client.say(b"VRFY x\r\n")
        self.assertEqual(reply[:4], b"550 ")
        return dict(zip(names, reply[4:-2].decode().split("|")))

    def begins(self, client, line):
        """XCLIENT with these attributes is answered with a banner."""
        self.assertRegex(client.say(b"XCLIENT " + line + b"\r\n"), BANNER)

    def test_offered(self):
        """xclient: it is offered to this machine, and to whom xclient.hosts names"""
        for hosts, expected in (("", False), ("127.0.0.2\n", True), ("# ours\n127.0.0.0/8\n", True), ("127.0.0.3\n", False)):
            with self.server(hosts) as server:
                with Wire(server.port) as client:
                    self.assertIn(b"XCLIENT NAME ADDR PROTO HELO LOGIN\r\n", client.say(EHLO))
                with Stranger(server.port) as client:
                    self.assertEqual(b"XCLIENT" in client.say(EHLO), expected, hosts)
                    reply = client.say(b"XCLIENT ADDR=192.0.2.9\r\n")
                    self.assertEqual(reply != STRANGER, expected, hosts)

    def test_live(self):
        """xclient: changes of xclient.hosts are taken at once; one with a mistake changes nothing"""
        with self.server() as server:
            def offered():
                with Stranger(server.port) as client:
                    return b"XCLIENT" in client.say(EHLO)
            self.assertFalse(offered())
            server.configure("xclient.hosts", "127.0.0.2\n")
            until("the file counts", offered)
            server.configure("xclient.hosts", "127.0.0.3\nnobody\n")
            server.logged(r"\[ERROR\] .*\[xclient\] xclient\.hosts stays as it was: line 2: nobody: no address or network")
            self.assertTrue(offered())

    def test_all_attributes(self):
        """xclient: what is said is what plugins see, in the new session"""
        with self.server() as server, Wire(server.port) as client:
            client.say(EHLO)
            self.begins(client, b"NAME=Mail.Example.org ADDR=192.0.2.9 PORT=5025 PROTO=ESMTP HELO=client.example "
                                b"LOGIN=Ann+2Bx@example.com DESTADDR=198.51.100.1 DESTPORT=2525")
            self.assertEqual(self.shown(client), {
                "ip": "192.0.2.9", "host": "mail.example.org", "login": "Ann+x@example.com", "own_ip": "198.51.100.1",
                "hello": "client.example", "user": "Ann+x@example.com", "method": "XCLIENT", "port": "5025",
                "own_port": "2525", "relaying": "1"})
            self.assertEqual([line for line in server.lines if "asked for the name" in line][1:], [])
            server.logged(r"\[shows\] Ann\+x@example\.com")
            server.logged(r"\[INFO\] .*\[xclient\] XCLIENT: 127\.0\.0\.1 speaks for 192\.0\.2\.9:5025 name=mail\.example\.org")

    def test_login_relays(self):
        """xclient: who was named with LOGIN may send to anywhere, the next one without LOGIN may not"""
        with self.server() as server, Wire(server.port) as client:
            client.say(EHLO)
            self.begins(client, b"ADDR=127.0.0.1 NAME=one.example LOGIN=ann")
            client.say(EHLO)
            client.say(b"MAIL FROM:<a@example.org>\r\n")
            self.assertEqual(client.say(b"RCPT TO:<x@elsewhere.example>\r\n")[:3], b"250")
            client.say(b"RSET\r\n")
            self.begins(client, b"ADDR=127.0.0.1 NAME=two.example")
            shown = self.shown(client)
            self.assertEqual((shown["user"], shown["method"], shown["login"], shown["relaying"]), ("", "", "", "0"))
            client.say(EHLO)
            client.say(b"MAIL FROM:<a@example.org>\r\n")
            self.assertEqual(client.say(b"RCPT TO:<x@elsewhere.example>\r\n")[:3], b"550")

    def test_relaying_of_the_proxy(self):
        """xclient: what the proxy was allowed does not count for its client"""
        config = {"relay_acl_allow": "127.0.0.0/8\n"}
        plugins = ("relay", "xclient", "shows", "rcpt_to.in_host_list")
        with self.server(plugins=plugins, **config) as server, Wire(server.port) as client:
            self.assertEqual(self.shown(client)["relaying"], "1")
            self.begins(client, b"ADDR=192.0.2.9 NAME=one.example")
            self.assertEqual(self.shown(client)["relaying"], "0")

    def test_anew(self):
        """xclient: the client has to say EHLO again, has another uuid, and its message tells of it"""
        with self.server() as server, Wire(server.port) as client:
            client.say(EHLO)
            self.begins(client, b"ADDR=IPV6:2001:db8::9 NAME=mail.example.org")
            self.assertEqual(client.say(b"MAIL FROM:<a@example.org>\r\n")[:3], b"503")
            self.assertRegex(client.envelope(b"Subject: x\r\n\r\nhello\r\n.\r\n"), QUEUED)
            self.assertIn(b"from client.example.org (mail.example.org [2001:db8::9])", server.messages()[0])
            asked = [re.search(r"\[([0-9A-F-]{36})\].*connect of nobody", line) for line in server.lines]
            uuids = [found.group(1) for found in asked if found]
            self.assertEqual(len(set(uuids)), 2)
            self.assertEqual(client.say(b"XCLIENT ADDR=192.0.2.10\r\n"), STRANGER)

    def test_name_unknown(self):
        """xclient: without a name, or with one that the proxy does not know, the name is looked up"""
        for name in (b"", b" NAME=[UNAVAILABLE]", b" NAME=[tempunavail]"):
            with self.server() as server, Wire(server.port) as client:
                client.say(EHLO)
                self.begins(client, b"ADDR=192.0.2.9 LOGIN=[UNAVAILABLE]" + name)
                self.assertEqual(len([line for line in server.lines if "asked for the name" in line]), 2)
                self.assertEqual(self.shown(client)["user"], "")

    def test_refusals(self):
        """xclient: not in a transaction, not without an address; the verb counts as it is written"""
        with self.server() as server, Wire(server.port) as client:
            client.say(EHLO)
            for line in (b"XCLIENT", b"XCLIENT ADDR=", b"XCLIENT NAME=a.example", b"XCLIENT ADDR=2001:db8::1",
                         b"XCLIENT ADDR=IPV6:192.0.2.1", b"XCLIENT ADDR=[UNAVAILABLE]", b"XCLIENT ADDR=192.0.2.256"):
                self.assertEqual(client.say(line + b"\r\n"), NO_ADDRESS, line)
            self.assertEqual(client.say(b"xclient ADDR=192.0.2.9\r\n"), UNKNOWN)
            self.assertEqual(self.shown(client)["ip"], "127.0.0.1")
            client.say(b"MAIL FROM:<a@example.org>\r\n")
            self.assertEqual(client.say(b"XCLIENT ADDR=192.0.2.9\r\n"), BUSY)
            client.say(b"RSET\r\n")
            self.assertRegex(client.say(b"XCLIENT addr=192.0.2.9 WHO=me Port=x\r\n"), BANNER)
            for word in ("WHO=me", "Port=x"):
                server.logged(rf"\[WARN\] .*\[xclient\] XCLIENT: ignored: {word}")
