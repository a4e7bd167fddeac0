"""Encryption of outbound mail: docs/outbound.md "Connections and TLS"."""
import os

from outbound import MESSAGE, OutboundTest, Relaying, at
from peer import Certificates, Close, NoTLS, Peer

NAME = "mx.example.net"


class OutboundTLS(OutboundTest):
    @classmethod
    def setUpClass(cls):
        cls.made = Certificates().__enter__()
        cls.addClassCleanup(cls.made.__exit__)
        cls.good = cls.made.certificate("127.0.0.1")
        cls.self_signed = cls.made.certificate("127.0.0.1", signed=False)

    def server(self, peer, tls="", ini="", trusted=False, **more):
        server = Relaying({"example.net": at(peer)}, ini=ini, config={"tls.ini": f"[outbound]\n{tls}"}, **more)
        if trusted:
            server.popen["env"] = {**os.environ, "SSL_CERT_FILE": self.made.authority}
        return server

    def test_opportunistic(self):
        """outbound tls: what is offered is used, whoever has signed the certificate"""
        for certificate in (self.good, self.self_signed):
            with Peer(tls=certificate) as peer, self.server(peer) as server:
                server.queued("bob@example.net")
                self.arrived(peer, MESSAGE)
                self.assertIn(peer.messages()[0].session.tls, ("TLSv1.2", "TLSv1.3"))
                self.assertEqual(peer.messages()[0].session.verbs()[:3], ["EHLO", "STARTTLS", "EHLO"])

    def test_off(self):
        """outbound tls: enable_tls=false and no_tls_hosts use none"""
        for ini, tls in (("enable_tls=false\n", ""), ("", "no_tls_hosts[]=example.net\n"), ("", "no_tls_hosts[]=127.0.0.1\n")):
            with self.subTest((ini, tls)), Peer(tls=self.good) as peer, self.server(peer, tls, ini) as server:
                server.queued("bob@example.net")
                self.arrived(peer, MESSAGE)
                self.assertIsNone(peer.messages()[0].session.tls)

    def test_broken(self):
        """outbound tls: after a handshake that fails the mail goes without TLS at once, and the next one does not try again"""
        for tls, replies in ((NoTLS(), {}), (self.good, {"STARTTLS": "454 4.7.0 TLS not available"}), (self.good, {"STARTTLS": Close()})):
            with self.subTest(replies), Peer(tls=tls, replies=replies) as peer, self.server(peer, quick=False) as server:
                server.queued("bob@example.net")
                self.arrived(peer, MESSAGE)
                tried = sum("STARTTLS" in one.verbs() for one in peer.sessions)
                server.queued("bob@example.net")
                self.arrived(peer, MESSAGE, 2)
                self.assertEqual(tried, 1)
                if not replies:
                    self.assertEqual(sum("STARTTLS" in one.verbs() for one in peer.sessions), 1)

    def test_forced(self):
        """outbound tls: force_tls_hosts sends with a certificate that is vouched for, and with no other"""
        forced = "force_tls_hosts[]=example.net\n"
        with Peer(tls=self.good) as peer, self.server(peer, forced, trusted=True) as server:
            server.queued("bob@example.net")
            self.arrived(peer, MESSAGE)
            self.assertIsNotNone(peer.messages()[0].session.tls)
        for certificate in (self.self_signed, self.made.certificate("other.example"), NoTLS(), None):
            with self.subTest(certificate), Peer(tls=certificate) as peer, self.server(
                    peer, forced, trusted=True, quick=False) as server:
                server.queued("bob@example.net")
                self.assertRegex(server.deferred()[0]["error"], r"(?i)tls|certificate|verif")
                self.assertEqual((peer.messages(), peer.seen), ([], []))

    def test_forced_network(self):
        """outbound tls: force_tls_hosts may name a network"""
        with Peer() as peer, self.server(peer, "force_tls_hosts[]=127.0.0.0/8\n", quick=False) as server:
            server.queued("bob@example.net")
            self.assertRegex(server.deferred()[0]["error"], r"(?i)tls")
            self.assertEqual(peer.seen, [])
