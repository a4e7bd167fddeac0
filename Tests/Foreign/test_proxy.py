"""Clients that come through a load balancer: haproxy's PROXY protocol. docs/listeners.md "Proxies"."""
import re
import struct

from inline import hooked, server_with
from server import Server, header, until
from test_bundled import Bundled
from test_starttls import IMPLICIT, Implicit
from test_tls_plugin import TLSWire, certificate
from wire import EHLO, QUEUED, Listener, Wire, exchange, replies, summaries

HOSTS = "[haproxy]\nhosts[]=127.0.0.0/8\n"
LINE = b"PROXY TCP4 203.0.113.9 198.51.100.1 56324 25\r\n"
MESSAGE = b"Subject: x\r\n\r\ny\r\n.\r\n"
INVALID = b"421 Invalid PROXY format\r\n"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
PLUGINS = ["rcpt_to.in_host_list", "queue/maildir"]
# NOOP tells which client the plugins see.
SEES = """
    static char words[200];
    haraka_str ip = haraka_connection_text(call->connection, HARAKA_CONN_REMOTE_IP);
    haraka_str here = haraka_connection_text(call->connection, HARAKA_CONN_LOCAL_IP);
    size_t at = 0;
    for (size_t i = 0; i < ip.len; i++) words[at++] = ip.ptr[i];
    words[at++] = ' ';
    for (size_t i = 0; i < here.len; i++) words[at++] = here.ptr[i];
    words[at] = 0;
    return haraka_answer(call, HARAKA_DENY, words);"""


def binary(command=0x21, family=0x11, addresses=None, extras=b""):
    if addresses is None:
        addresses = bytes([203, 0, 113, 9, 198, 51, 100, 1]) + struct.pack(">HH", 56324, 25)
    return SIGNATURE + bytes([command, family]) + struct.pack(">H", len(addresses + extras)) + addresses + extras


class Proxy(Bundled):
    def server(self, connection=HOSTS, kind=Server, **files):
        config = {"connection.ini": connection, "log.ini": "level=info\n", **files}
        return server_with(self.scratch, ["mine", *PLUGINS], {"mine": hooked(noop=SEES)}, config, kind)

    def test_addresses(self):
        """PROXY: both versions, IPv4 and IPv6, give plugins the client's address and ours"""
        v6 = bytes.fromhex("20010db8000000000000000000000009" "20010db8000000000000000000000001") + b"\xdc\x04\0\x19"
        headers = [
            (LINE, b"203.0.113.9 198.51.100.1"), (binary(), b"203.0.113.9 198.51.100.1"),
            (b"PROXY TCP6 2001:db8::9 2001:db8::1 56324 25\r\n", b"2001:db8::9 2001:db8::1"),
            (binary(0x21, 0x21, v6), b"2001:db8::9 2001:db8::1"),
            (binary(extras=b"\x02\0\2ab\x04\0\0"), b"203.0.113.9 198.51.100.1"),
        ]
        with self.server() as server:
            for head, expected in headers:
                with Wire(server.port, banner=False) as client:
                    client.send(head)
                    self.assertEqual(client.reply()[:4], b"220 ")
                    self.assertEqual(client.say(b"NOOP\r\n"), b"500 " + expected + b"\r\n", head)

    def test_message(self):
        """PROXY: the Received field and the log name the client, not the proxy; commands may come with the header"""
        with self.server() as server:
            said = exchange(server, LINE + EHLO + b"MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n" + MESSAGE)
            self.assertEqual(replies(said), [220, 250, 250, 250, 354, 250])
            (received,) = header(server.messages()[0], "Received")
            self.assertIn("[203.0.113.9]", received)
            self.assertEqual(summaries(server)[0]["ip"], "203.0.113.9")
            server.logged(r"client of a proxy: ip=203\.0\.113\.9 port=56324 proxy=127\.0\.0\.1 version=1")

    def test_byte_by_byte(self):
        """PROXY: a header may come in any pieces, with what follows or without"""
        with self.server() as server:
            for head in (LINE, binary()):
                for cut in range(0, len(head), 7):
                    with Wire(server.port, banner=False) as client:
                        client.send(head[:cut])
                        client.send(head[cut:] + EHLO)
                        self.assertEqual((client.reply()[:4], client.reply()[:4]), (b"220 ", b"250-"))

    def test_own_address(self):
        """PROXY: health checks (LOCAL, UNKNOWN) are served as the proxy's own clients"""
        with self.server() as server:
            for head in (binary(0x20), binary(0x20, 0, b""), b"PROXY UNKNOWN\r\n", b"PROXY UNKNOWN 1 2 3 4\r\n"):
                with Wire(server.port, banner=False) as client:
                    client.send(head)
                    self.assertEqual(client.reply()[:4], b"220 ")
                    self.assertEqual(client.say(b"NOOP\r\n"), b"500 127.0.0.1 127.0.0.1\r\n")

    def test_malformed(self):
        """PROXY: what is no header ends the connection before any plugin hears of it"""
        broken = [b"EHLO x\r\n", b"PROXY TCP4 1.2.3 1.2.3.4 1 25\r\n", b"PROXY " + b"x" * 200, binary(0x22), binary(0x21, 0x13),
                  binary(0x21, 0x21), binary(extras=b"\x03\0\4abcd"), b"\0" * 20]
        with self.server() as server:
            for head in broken:
                with Wire(server.port, banner=False) as client:
                    client.send(head)
                    self.assertEqual(client.reply(), INVALID, head)
                    self.assertEqual(client.rest(), b"")
            line = re.compile(r"\[INFO\] .*Invalid PROXY format: .* ip=127\.0\.0\.1")
            until("a line for each", lambda: len(line.findall(server.log())) == len(broken))
            self.assertNotRegex(server.log(), r"connect ip=")

    def test_strangers(self):
        """PROXY: who is not listed needs no header and may send none"""
        with self.server("[haproxy]\nhosts[]=192.0.2.1\n") as server, Wire(server.port) as client:
            self.assertEqual(client.say(LINE), b"421 PROXY not allowed from 127.0.0.1\r\n")
            self.assertEqual(client.rest(), b"")

    def test_leaves(self):
        """PROXY: a proxy that leaves without a header leaves nothing behind"""
        with self.server() as server:
            for _ in range(3):
                Wire(server.port, banner=False).abort()
                with Wire(server.port, banner=False) as client:
                    client.send(b"PROX")
                    client.half_close()
                    self.assertEqual(client.rest(), b"")
            with Wire(server.port, banner=False) as client:
                client.send(LINE)
                self.assertEqual(client.reply()[:4], b"220 ")
            self.assertEqual(summaries(server)[0]["ip"], "203.0.113.9")
            self.assertEqual(server.log().count(" connect ip="), 1)

    def test_counted(self):
        """PROXY: limits by address count the header's address, not the proxy's"""
        with self.server(HOSTS + "[max]\nconnections_per_ip=1\n") as server:
            with Wire(server.port, banner=False) as first, Wire(server.port, banner=False) as second, \
                    Wire(server.port, banner=False) as third:
                first.send(LINE)
                self.assertEqual(first.reply()[:4], b"220 ")
                second.send(LINE)
                self.assertEqual(second.reply(), b"421 Too many connections from your address\r\n")
                third.send(LINE.replace(b"113.9 ", b"113.10 "))
                self.assertEqual(third.reply()[:4], b"220 ")

    def test_implicit_tls(self):
        """PROXY: TLS from the first byte stands behind the header"""
        with self.server(kind=Listener, **{"smtp.ini": IMPLICIT, **certificate()}) as server:
            with TLSWire(server.targets[1], banner=False) as client:
                client.send(LINE)
                client.secure()
                self.assertEqual(client.reply()[:4], b"220 ")
                self.assertEqual(client.say(b"NOOP\r\n"), b"500 203.0.113.9 198.51.100.1\r\n")
            gone = summaries(server)[0]
            self.assertEqual((gone["ip"], gone["tls"]), ("203.0.113.9", "Y"))
