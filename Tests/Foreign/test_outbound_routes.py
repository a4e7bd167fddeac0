"""Where mail goes: DNS and get_mx. docs/outbound.md "Where mail goes"."""
import contextlib
import tempfile
import time

from outbound import MESSAGE, OutboundTest, Relaying, at, report
from peer import Peer
from peers import free_port
from server import until
from zones import NameServer

# Mail exchangers listen on port 25; every test has addresses of this host of its own.
OURS = "local_mx_ok=true\n"


class Exchanges(OutboundTest):
    @contextlib.contextmanager
    def world(self, records, peers, home=True, ini=OURS, **more):
        """Peers at addresses of loopback, port 25, by their last number; a server that finds them by DNS."""
        with contextlib.ExitStack() as stack:
            found = {number: stack.enter_context(Peer(address=f"127.0.0.{number}", port=25, **(options or {})))
                     for number, options in peers.items()}
            sender = stack.enter_context(Peer()) if home else None
            names = stack.enter_context(NameServer(records))
            to = {"example.org": at(sender)} if home else {}
            server = stack.enter_context(Relaying(to, ini=ini, config=names.config(), **more))
            yield server, found, sender, names

    def test_order(self):
        """outbound: the exchanger with the lowest number is asked first"""
        records = {"example.net": {"MX": ["20 b.example.net", "10 a.example.net"]},
                   "a.example.net": {"A": "127.0.0.21"}, "b.example.net": {"A": "127.0.0.22"}}
        with self.world(records, {21: None, 22: None}) as (server, peers, _, _):
            server.queued("bob@example.net")
            self.arrived(peers[21], MESSAGE)
            self.assertEqual(len(peers[22].sessions), 0)

    def test_fallback(self):
        """outbound: an exchanger that is not there, says 4xx or 5xx at its greeting, or 421 later gives way to the next"""
        records = {"example.net": {"MX": ["10 a.example.net", "20 b.example.net"]},
                   "a.example.net": {"A": "127.0.0.23"}, "b.example.net": {"A": "127.0.0.24"}}
        for first in (None, {"connect": "450 4.3.2 busy"}, {"connect": "554 5.3.2 no service"}, {"EHLO": "421 4.3.2 no"},
                      {"MAIL": "450 4.3.2 no"}):
            peers = {24: None} if first is None else {23: {"replies": first}, 24: None}
            with self.subTest(first), self.world(records, peers) as (server, found, _, _):
                server.queued("bob@example.net")
                self.arrived(found[24], MESSAGE)
                server.empty()

    def test_implicit(self):
        """outbound: a domain without MX is its own exchanger (RFC 5321 section 5.1)"""
        with self.world({"example.net": {"A": "127.0.0.25"}}, {25: None}) as (server, peers, _, _):
            server.queued("bob@example.net")
            self.arrived(peers[25], MESSAGE)

    def test_cname(self):
        """outbound: a domain that is an alias has the exchangers of its target, and keeps its name in the envelope"""
        records = {"alias.example": {"CNAME": "example.net"}, "example.net": {"MX": "10 a.example.net"},
                   "a.example.net": {"A": "127.0.0.26"}}
        with self.world(records, {26: None}) as (server, peers, _, _):
            server.queued("bob@alias.example")
            self.assertEqual(peers[26].received()[0].to, ["bob@alias.example"])

    def test_nowhere(self):
        """outbound: null MX, and domains that do not exist, come back at once with their status"""
        records = {"null.example": {"MX": "0 ."}}
        with self.world(records, {}) as (server, _, home, _):
            for domain, status in (("null.example", "5.1.10"), ("missing.example", "5.1.2")):
                with self.subTest(domain):
                    count = len(home.messages())
                    server.queued(f"bob@{domain}")
                    _, _, recipients = report(home.received(count + 1)[-1].data)
                    self.assertEqual(recipients[0]["Action"], "failed")
                    self.assertEqual(recipients[0]["Status"].split()[0], status)
            server.empty()

    def test_silence(self):
        """outbound: a name server that fails is asked again later"""
        records = {"example.net": {"MX": "10 a.example.net"}, "a.example.net": {"A": "127.0.0.27"}}
        with self.world(records, {27: None}, quick=False) as (server, peers, _, names):
            names.mode("example.net", "servfail")
            server.queued("bob@example.net")
            self.assertIn("DNS lookup failure", server.row(attempts=1)["error"])
            names.mode("example.net")
            # What failed is remembered by the resolver for some seconds.
            until("a delivery", lambda: time.sleep(2) or server.retry() or peers[27].messages())
            server.empty()

    def test_this_host(self):
        """outbound: without local_mx_ok mail does not go round in circles through this host"""
        records = {"example.net": {"MX": "10 a.example.net"}, "a.example.net": {"A": "127.0.0.28"}}
        with self.world(records, {28: None}, ini="") as (server, peers, home, _):
            server.queued("bob@example.net")
            self.assertIn(b"bob@example.net", home.received()[0].data)
            self.assertEqual(peers[28].sessions, [])

    def test_literal(self):
        """outbound: an address literal is an address"""
        with self.world({}, {29: None}) as (server, peers, _, _):
            server.queued("bob@[127.0.0.29]")
            self.assertEqual(peers[29].received()[0].to, ["bob@[127.0.0.29]"])


class GetMX(OutboundTest):
    def test_forms(self):
        """get_mx: host:port, URLs, lists, LMTP and unix sockets"""
        with tempfile.TemporaryDirectory(prefix="haraka-test-") as folder, Peer() as peer, Peer(lmtp=True) as lmtp, \
                Peer(lmtp=True, unix=f"{folder}/lmtp") as unix:
            dead = free_port()
            to = {"plain.example": at(peer), "url.example": at(peer, "smtp://"), "lmtp.example": at(lmtp, "lmtp://"),
                  "unix.example": f"lmtp://{folder}/lmtp", "list.example": [f"127.0.0.1:{dead}", at(peer)]}
            with Relaying(to) as server:
                for domain, target in (("plain", peer), ("url", peer), ("lmtp", lmtp), ("unix", unix), ("list", peer)):
                    with self.subTest(domain):
                        count = len(target.messages())
                        server.queued(f"bob@{domain}.example")
                        self.assertEqual(target.received(count + 1)[-1].to, [f"bob@{domain}.example"])
                server.empty()

    def test_refusals(self):
        """get_mx: DENY comes back, DENYSOFT waits"""
        with Peer() as home:
            to = {"example.org": at(home), "deny.example": 'return haraka_answer(call, HARAKA_DENY, "not there");',
                  "soft.example": "return HARAKA_DENYSOFT;"}
            with Relaying(to, quick=False) as server:
                server.queued("bob@deny.example")
                _, _, recipients = report(home.received()[0].data)
                self.assertEqual(recipients[0]["Status"].split()[0], "5.1.2")
                server.queued("bob@soft.example")
                self.assertEqual(server.deferred()[0]["domain"], "soft.example")

    def test_login(self):
        """get_mx: a user and a password log in, by the best method that both know"""
        for methods, used in (("AUTH PLAIN LOGIN CRAM-MD5", b"CRAM-MD5"), ("AUTH LOGIN PLAIN", b"PLAIN"), ("AUTH LOGIN", b"LOGIN")):
            with self.subTest(methods), Peer(users={"user": "secret"}) as peer:
                offers = f"250-peer.example.net\n250-PIPELINING\n250-8BITMIME\n250 {methods}"
                peer.replies["EHLO"] = offers
                with Relaying({"example.net": f"smtp://user:secret@127.0.0.1:{peer.port}"}) as server:
                    server.queued("bob@example.net")
                    self.arrived(peer, MESSAGE)
                    self.assertEqual(peer.sessions[0].user, "user")
                    said = next(command for command in peer.sessions[0].commands if command.startswith(b"AUTH "))
                    self.assertEqual(said.split(b" ")[1], used)

    def test_wrong_password(self):
        """get_mx: a server that does not let us in is no reason for a report at once"""
        with Peer(users={"user": "secret"}, replies={"AUTH": "454 4.7.0 later"}) as peer, Relaying(
                {"example.net": f"smtp://user:wrong@127.0.0.1:{peer.port}"}, quick=False) as server:
            server.queued("bob@example.net")
            self.assertIn("454", server.deferred()[0]["error"])
