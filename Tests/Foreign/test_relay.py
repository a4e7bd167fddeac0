"""relay through its real shared object. PluginsSrc/relay/README.md."""
import tempfile

from inline import hooked, server_with
from peer import Peer
from server import ForeignTest, Server, until
from wire import EHLO, Wire

MAIL = b"MAIL FROM:<a@example.org>\r\n"
RCPT = b"RCPT TO:<b@example.com>\r\n"
DENIED = b"550 You are not allowed to relay\r\n"
# Tells at the end how the message would be queued.
QUEUES = hooked(queue='return haraka_answer(call, HARAKA_DENY, "inbound");',
                queue_outbound='return haraka_answer(call, HARAKA_DENY, "outbound");')


class Relay(ForeignTest):
    def server(self, allow="", domains="", ini="", plugins=(), **code):
        config = {"log.ini": "level=info\n", "relay_acl_allow": allow, "relay.ini": f"[relay]\n{ini}"}
        if domains:
            config["relay_dest_domains.ini"] = f"[domains]\n{domains}"
        with tempfile.TemporaryDirectory(prefix="haraka-test-") as scratch:
            return server_with(scratch, ["relay", *plugins, "rcpt_to.in_host_list", *code], code, config, Server)

    def rcpt(self, client, *addresses):
        return [client.say(b"RCPT TO:<%s>\r\n" % address) for address in addresses]

    def begin(self, client):
        for command in (EHLO, MAIL):
            self.assertEqual(client.say(command)[:3], b"250", command)

    def test_networks(self):
        """relay: a client in a network of relay_acl_allow may send to anywhere, any other may not"""
        for allow, ini, expected in (("127.0.0.1\n", "", b"250"), ("127.0.0.0/8\n", "acl=true\n", b"250"),
                                     ("# none\n::/0\n127.0.0.2/32\n", "", b"550"), ("", "", b"550"),
                                     ("127.0.0.0/8\n", "acl=false\n", b"550")):
            with self.server(allow, ini=ini) as server, Wire(server.port) as client:
                self.begin(client)
                self.assertEqual(self.rcpt(client, b"x@anywhere.example")[0][:3], expected, (allow, ini))

    def test_mistakes(self):
        """relay: a line of relay_acl_allow that is no network is named, and the others count"""
        with self.server("# ours\n127.0.0.0/33\n127.0.0.0/8\n") as server, Wire(server.port) as client:
            server.logged(r"\[ERROR\] .*\[relay\] relay_acl_allow:2: left out: 127\.0\.0\.0/33: no network")
            self.begin(client)
            self.assertEqual(self.rcpt(client, b"x@anywhere.example")[0][:3], b"250")

    def test_connect(self):
        """relay: a client that may relay is not shown to the plugins of connect behind it"""
        refuse = hooked(connect='return haraka_answer(call, HARAKA_DENY, "no");')
        for allow, expected in (("127.0.0.1\n", b"220"), ("", b"554")):
            with self.server(allow, refuse=refuse) as server, Wire(server.port) as client:
                self.assertEqual(client.banner[:3], expected)

    DOMAINS = ('accept.example = { "action": "accept" }\ncontinue.example = {"action":"continue"}\n'
               'deny.example={"action":"deny"}\nOther.example={"action":"other"}\n')

    def test_domains(self):
        """relay: dest_domains accepts, leaves to others and refuses by the recipient's domain"""
        with self.server(domains=self.DOMAINS, ini="dest_domains=true\n") as server, Wire(server.port) as client:
            self.begin(client)
            said = self.rcpt(client, b"x@deny.example", b"x@unlisted.example", b"b@example.com", b"x@other.example")
            self.assertEqual(said, [DENIED] * 3 + [b"550 Mail for that recipient is not accepted here.\r\n"])
            said = self.rcpt(client, b"x@ACCEPT.example", b"x@continue.example")
            self.assertEqual([reply[:3] for reply in said], [b"250"] * 2)

    def test_any(self):
        """relay: the domain any stands for those that are not listed"""
        domains = self.DOMAINS + 'any={"action":"accept"}\n'
        with self.server(domains=domains, ini="dest_domains=true\n") as server, Wire(server.port) as client:
            self.begin(client)
            said = self.rcpt(client, b"x@unlisted.example", b"x@deny.example")
            self.assertEqual([said[0][:3], said[1]], [b"250", DENIED])

    def test_one_domain_opens_no_other(self):
        """relay: a recipient in a listed domain opens the transaction to no other, not even with delay_deny"""
        for plugins in ((), ("delay_deny",)):
            server = self.server(domains=self.DOMAINS, ini="dest_domains=true\n", plugins=plugins, mine=QUEUES)
            with server, Wire(server.port) as client:
                self.begin(client)
                said = self.rcpt(client, b"x@accept.example", b"x@unlisted.example", b"x@accept.example",
                                 b"x@deny.example")
                self.assertEqual([reply[:3] for reply in said], [b"250", b"550", b"250", b"550"], plugins)
                client.say(b"DATA\r\n")
                self.assertRegex(client.say(b"\r\ny\r\n.\r\n"), rb"550 outbound \(", plugins)
                self.begin(client)
                self.assertEqual(self.rcpt(client, b"x@unlisted.example")[0][:3], b"550", plugins)

    def test_trusted(self):
        """relay: a client that may relay anyway is not asked for a domain"""
        with self.server("127.0.0.1\n", self.DOMAINS, "dest_domains=true\n") as server, Wire(server.port) as client:
            self.begin(client)
            said = self.rcpt(client, b"x@deny.example", b"x@unlisted.example")
            self.assertEqual([reply[:3] for reply in said], [b"250"] * 2)

    def test_all(self):
        """relay: with all every recipient is accepted, and the message goes out"""
        with self.server(ini="all=true\n", mine=QUEUES) as server, Wire(server.port) as client:
            self.begin(client)
            said = self.rcpt(client, b"x@anywhere.example", b"b@example.com")
            self.assertEqual([reply[:3] for reply in said], [b"250"] * 2)
            client.say(b"DATA\r\n")
            self.assertRegex(client.say(b"\r\ny\r\n.\r\n"), rb"550 outbound \(")

    def test_next_hop(self):
        """relay: mail for a domain with a nexthop goes there, unless force_routing is off"""
        with Peer() as peer:
            domains = 'x.example = { "action": "accept", "nexthop": "127.0.0.1:%d" }\n' % peer.port
            with self.server("127.0.0.1\n", domains) as server:
                with Wire(server.port) as client:
                    self.begin(client)
                    self.assertEqual(self.rcpt(client, b"y@x.example")[0][:3], b"250")
                    client.say(b"DATA\r\n")
                    self.assertEqual(client.say(b"\r\ny\r\n.\r\n")[:3], b"250")
                self.assertEqual(peer.received()[0].to, ["y@x.example"])

    def test_changes(self):
        """relay: networks, domains and switches change at once; a file with a mistake changes nothing"""
        def accepted(address=b"x@accept.example"):
            with Wire(server.port) as client:
                self.begin(client)
                return self.rcpt(client, address)[0][:3] == b"250"
        with self.server("192.0.2.1\n") as server:
            self.assertFalse(accepted())
            server.configure("relay_acl_allow", "192.0.2.1\n127.0.0.0/8\n")
            until("the new networks", accepted)
            server.configure("relay_acl_allow", "192.0.2.1\nmx.example.com\n")
            server.logged(r"\[ERROR\] .*relay_acl_allow stays as it was: line 2: mx\.example\.com: no network")
            self.assertTrue(accepted())
            server.configure("relay.ini", "[relay]\nacl=flase\n")
            server.logged(r"\[ERROR\] .*relay\.ini: all stays as it was: \[relay\] acl is neither true nor false")
            self.assertTrue(accepted())
            server.configure("relay_dest_domains.ini", "[domains]\n" + self.DOMAINS)
            server.logged(r"\[INFO\] .*relay_dest_domains\.ini has changed: 4 domains")
            server.configure("relay.ini", "[relay]\nacl=off\ndest_domains=on\n")
            until("the new switches", lambda: accepted() and not accepted(b"x@unlisted.example"))
            server.configure("relay_dest_domains.ini", "[domains]\naccept.example=deny\n")
            server.logged(r"\[ERROR\] .*relay_dest_domains\.ini stays as it was: accept\.example: ")
            self.assertTrue(accepted())
