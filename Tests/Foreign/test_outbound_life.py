"""Mail in the queue while the server is reloaded, replaced, stopped, killed, or its disk is full. docs/outbound.md."""
import os
import resource
import signal
import subprocess
import sys
import threading
import time

from outbound import MESSAGE, OutboundTest, Relaying, at
from peer import Peer, Wait
from server import ROOT, until


class Life(OutboundTest):
    def test_restart(self):
        """outbound: what waits when the server stops is delivered when it starts again, and its attempts still count"""
        with Peer(replies={"RCPT": ["451 4.2.1 busy", "250 ok"]}) as peer:
            server = Relaying({"example.net": at(peer)}, quick=False)
            with server:
                uuid = server.queued("bob@example.net")
                before = server.deferred()[0]
                self.assertEqual(server.stop(), 0)
                self.assertEqual(server.files(), [uuid])
                server.again()
                row = server.row(uuid=before["uuid"])
                self.assertEqual((row["attempts"], row["next_attempt"]), (1, before["next_attempt"]))
                self.assertIn("4.2.1 busy", row["error"])
                server.retry()
                self.arrived(peer, MESSAGE)
                server.empty()

    def test_reload_and_replace(self):
        """outbound: a reload and new workers lose nothing and repeat nothing"""
        with Peer(replies={".": Wait(0.05, None)}) as peer, Relaying({"example.net": at(peer)}) as server:
            sent = 0
            for change in ("--reload", "--graceful", "--reload"):
                thread = threading.Thread(target=server.haraka, args=(change,))
                thread.start()
                while thread.is_alive():
                    server.queued(f"u{sent}@example.net")
                    sent += 1
                thread.join()
            server.empty()
            self.assertEqual(sorted(found.to[0] for found in peer.messages()), sorted(f"u{number}@example.net" for number in range(sent)))

    def test_killed_before(self):
        """outbound: the delivery worker is killed before the final dot: nothing is lost, nothing comes twice"""
        for stage in ("connect", "MAIL", "DATA"):
            with self.subTest(stage), Peer(replies={stage: [Wait(60, None), None]}) as peer, Relaying({"example.net": at(peer)}) as server:
                server.queued("bob@example.net")
                peer.tried(1, "" if stage == "connect" else stage)
                server.kill()
                self.arrived(peer, MESSAGE)
                server.empty()
                self.assertEqual(len(peer.seen), 1)

    def test_killed_after(self):
        """outbound: killed while the last reply is on its way the mail comes again; nothing is lost"""
        with Peer(replies={".": [Wait(60, None), None]}) as peer, Relaying({"example.net": at(peer)}) as server:
            server.queued("bob@example.net")
            until("the message", lambda: peer.seen)
            server.kill()
            until("the message again", lambda: len(peer.seen) == 2)
            server.empty()

    def test_killed_with_partial(self):
        """outbound: who had the mail before the worker was killed does not get it again"""
        replies = {"RCPT": {"later@example.net": ["451 4.2.1 busy", "250 ok"]}}
        with Peer(replies=replies) as peer, Relaying({"example.net": at(peer)}, quick=False) as server:
            server.queued("now@example.net", "later@example.net")
            server.deferred()
            server.kill()
            server.deferred()
            server.retry()
            server.empty()
            self.assertEqual([found.to for found in peer.messages()], [["now@example.net"], ["later@example.net"]])

    def test_smtp_worker_killed(self):
        """outbound: what an SMTP worker acknowledged is delivered, though it dies right after"""
        with Peer() as peer, Relaying({"example.net": at(peer)}) as server:
            server.queued("bob@example.net")
            server.kill("smtp")
            self.arrived(peer, MESSAGE)
            server.queued("carol@example.net")
            peer.received(2)

    def test_hangup(self):
        """outbound: SIGHUP tries all that waits at once"""
        with Peer(replies={"RCPT": ["451 4.2.1 busy", "250 ok"]}) as peer, Relaying({"example.net": at(peer)}, quick=False) as server:
            server.queued("bob@example.net")
            server.deferred()
            server.process.send_signal(signal.SIGHUP)
            self.arrived(peer, MESSAGE)
            server.logged(r"SIGHUP received, flushing the queue")

    def test_disabled(self):
        """outbound: disabled=true takes mail and delivers none, until it is false again, without a restart"""
        with Peer() as peer, Relaying({"example.net": at(peer)}, ini="disabled=true\n") as server:
            server.queued("bob@example.net")
            self.stays_at(peer, 0)
            server.configure("outbound.ini", "disabled=false\n")
            self.arrived(peer, MESSAGE)

    def test_torn(self):
        """outbound: a torn file is set aside and named, and others go on"""
        with Peer() as peer:
            server = Relaying({"example.net": at(peer)}, ini="disabled=true\n")
            with server:
                torn, whole = (server.queued(f"{name}@example.net") for name in ("torn", "whole"))
                self.assertEqual(server.stop(), 0)
                path = os.path.join(server.queue, torn)
                os.truncate(path, os.path.getsize(path) // 2)
                server.configure("outbound.ini", "")
                server.again()
                self.assertEqual(peer.received()[0].to, ["whole@example.net"])
                server.logged(rf"\[(ALERT|CRIT|ERROR)\] .*{torn}")
                until("only the torn one", lambda: server.files() == [f"error.{torn}"])
                shown = server.ask("show", torn)
                self.assertEqual(shown.returncode, 1)
                self.assertIn("set aside", shown.stderr)

    def test_poison(self):
        """outbound: a mail that ends the delivery worker three times is set aside, and the others are delivered"""
        boom = r"""HARAKA_REGISTER(self) { (void)self; return HARAKA_SUCCESS; }
HARAKA_HOOK(get_mx) { if (haraka_equal(haraka_argument_text(call, 0), haraka_text("boom.example"))) __builtin_trap(); return HARAKA_CONT; }
"""
        with Peer() as peer, Relaying({"example.net": at(peer)}, code={"boom": boom},
                                      config={"plugins.ini": "[main]\ncrash_limit=0\n"}) as server:
            uuid = server.queued("bob@boom.example")
            server.queued("bob@example.net")
            until("quarantine", lambda: f"quarantine.{uuid}" in server.files(), 60)
            peer.received()
            server.queued("carol@example.net")
            peer.received(2)


class Disk(OutboundTest):
    def test_watermark(self):
        """outbound: below min_free_disk mail is refused for now, early, and taken again when there is room"""
        with Peer() as peer, Relaying({"example.net": at(peer)}, ini=f"min_free_disk={1 << 60}\n") as server:
            self.assertRegex(server.send("bob@example.net"), rb"\A45[12] ")
            self.assertEqual(server.files(), [])
            server.logged(r"\[(ALERT|CRIT|ERROR|WARN)\] .*(?i:free|space|disk)")
            server.configure("outbound.ini", "min_free_disk=1\n")
            until("room", lambda: server.send("bob@example.net")[:3] == b"250")
            self.arrived(peer, MESSAGE)

    def test_file_limit(self):
        """outbound: a write that fails is a 4xx for the client, and leaves nothing behind"""
        with Peer() as peer:
            server = Relaying({"example.net": at(peer)}, config={"connection.ini": "[main]\nspool_after=-1\n"})
            server.popen["preexec_fn"] = lambda: signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            with server:
                resource.prlimit(server.worker("smtp"), resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
                self.assertRegex(server.send("bob@example.net", message=MESSAGE + b"0123456789abcde\r\n" * 100_000), rb"\A4\d\d ")
                self.assertEqual(server.files(), [])
                server.queued("bob@example.net")
                self.arrived(peer, MESSAGE)


class Crash(OutboundTest):
    def test_kills(self):
        """outbound: SIGKILL of any process at any moment loses nothing that was acknowledged (the short form of make crash)"""
        done = subprocess.run([sys.executable, os.path.join(ROOT, "Scripts", "crash")], capture_output=True, text=True, timeout=300,
                              check=False, env={**os.environ, "ROUNDS": "8", "SEED": str(int(time.time()))})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("0 lost, 0 torn", done.stdout)
