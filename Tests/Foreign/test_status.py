"""haraka -c DIR status: what the running server is made of. docs/command-line.md."""
import hashlib
import os
import signal

from inline import hooked
from server import ForeignTest, Server, read, until
from wire import EHLO
from workers import MAIL, Nodes, WorkersTest


class Status(WorkersTest):
    def test_text(self):
        """status: the text names server, workers and plugins"""
        with Nodes() as server:
            shown = server.haraka("status")
            self.succeeded(shown)
            self.assertEqual(shown.stderr, "")
            for word in ("smtp", "delivery", "who", "rcpt_to.in_host_list", "queue/maildir"):
                self.assertIn(word, shown.stdout)
            self.assertNotRegex(shown.stdout, r"\x1b|\bOK\n\Z")
            self.assertLessEqual(max(map(len, shown.stdout.splitlines())), 160)

    def test_workers(self):
        """status: each worker with role, process, generation and connections"""
        with Nodes() as server, server.pair() as pair:
            who = {client.who().pid for client in pair}
            workers = server.workers()
            self.assertEqual(set(workers), server.children())
            self.assertEqual(sorted(worker["role"] for worker in workers.values()), ["delivery", "smtp", "smtp"])
            self.assertEqual({worker["generation"] for worker in workers.values()}, {1})

            def counted():
                workers = server.workers()
                return all(workers[pid]["connections"] == 1 for pid in who)
            until("one connection each", counted)

    def test_plugins(self):
        """status: each plugin with hash, state, hooks, calls and time limit, summed over the workers"""
        slow = self.plugin("slow", "#include <unistd.h>\n" + hooked(mail="usleep(5000); return HARAKA_CONT;"))
        with Nodes(["slow"], {"slow": slow}, config={"slow.timeout": "7\n"}) as server:
            with server.pair() as pair:
                for client in pair:
                    for number in range(70):
                        self.assertEqual(client.say(EHLO if number == 0 else b"RSET\r\n")[:3], b"250")
                        self.assertEqual(client.say(MAIL)[:3], b"250")
            plugins = {plugin["name"]: plugin for plugin in server.status()["plugins"]}
            self.assertEqual(list(plugins), ["who", "slow", "rcpt_to.in_host_list", "queue/maildir"])
            plugin = plugins["slow"]
            self.assertEqual(plugin["hash"], hashlib.sha256(read(slow)).hexdigest())
            self.assertEqual((plugin["state"], plugin["timeout"]), ("loaded", 7))
            hook = next(hook for hook in plugin["hooks"] if hook["hook"] == "mail")
            self.assertEqual(hook["calls"], 140)
            self.assertGreaterEqual(hook["p50_us"], 4_000)
            self.assertLess(hook["p50_us"], 200_000)
            self.assertGreaterEqual(hook["max_us"], hook["p99_us"])
            self.assertGreaterEqual(hook["p99_us"], hook["p50_us"])

    def test_generations(self):
        """status: after a reload the generation is a new one everywhere, an old one that is held is shown"""
        with Nodes() as server, server.client() as early:
            holder = early.who().pid
            self.succeeded(server.reload())
            workers = server.workers()
            self.assertEqual({worker["generation"] for worker in workers.values()}, {2})
            self.assertIn(1, [generation["number"] for generation in workers[holder]["generations"]])

    def test_crashes(self):
        """status: the last crash with worker, plugin, hash, hook and reason; one of nobody's without a plugin"""
        with Nodes(["fault_abort"], {"fault_abort": self.animal("fault_abort")}) as server:
            self.assertEqual(server.status()["crashes"], [])
            with server.client() as client:
                who = client.who()
                client.deliver(1, b"boom@example.com")
            crash = until("the crash", lambda: server.status()["crashes"])[0]
            self.assertEqual((crash["plugin"], crash["hook"]), ("fault_abort", "rcpt"))
            self.assertIn(who.uuid, crash["summary"])
            self.assertIn(f"{who.pid}", crash["worker"] + crash["summary"])
            with server.pair(besides=[who.pid]) as pair:
                victim = pair[0].who().pid
            os.kill(victim, signal.SIGKILL)
            until("the next", lambda: len(server.status()["crashes"]) == 2)
            self.assertIsNone(server.status()["crashes"][0].get("plugin"))


class StatusOfOne(ForeignTest):
    def test_one_process(self):
        """status: nodes=0 has one worker, which is the server itself"""
        with Server() as server:
            workers = server.status()["workers"]
            self.assertEqual(len(workers), 1)
            self.assertEqual((workers[0]["pid"], workers[0]["generation"]), (server.process.pid, 1))

    def test_not_running(self):
        """status: without a server it says so, with status 255"""
        server = Server()
        self.addCleanup(server.abandon)
        for more in ([], ["--json"]):
            done = server.haraka("status", *more)
            self.assertEqual((done.returncode, done.stdout), (255, ""), done)
            self.assertRegex(done.stderr, r"\Aerror: no server runs in ")
