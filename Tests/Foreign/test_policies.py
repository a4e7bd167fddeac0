"""What becomes of a plugin that crashes too often. docs/faults.md "Policies"."""
import re
import time

from inline import hooked
from server import CRASH, LIMIT, MEASURE, until
from wire import EHLO
from workers import BOOM, MAIL, RCPT, Nodes, WorkersTest

LIMIT_OF_TWO = "crash_limit=2\ncrash_window=60\n"


class Policies(WorkersTest):
    def server(self, policy, name="fault_abort", path=None, more="", **others):
        """A server, not yet started, whose plugin `name` aborts at the recipient boom@..."""
        return Nodes([name], {name: path or self.animal("fault_abort", as_name=name)},
                     ini=f"{LIMIT_OF_TWO}on_crash={policy}\n{more}", **others)

    def crash(self, server, name="fault_abort"):
        """One more crash, logged, on a worker that serves after it."""
        since = len(server.lines)

        def crashed():
            try:
                with server.client() as client:
                    for command in (EHLO, MAIL):
                        if client.say(command)[:3] != b"250":
                            return False
                    return client.say(BOOM) == b""
            except OSError:
                return False
        until("the crash", crashed)
        server.logged(CRASH.format(name), since)

    def crash_to_the_limit(self, server, name="fault_abort"):
        for _ in range(2):
            self.crash(server, name)
        measure = server.logged(MEASURE.format(name))
        with server.pair():
            pass
        return measure

    def replies(self, client, *commands):
        return [client.say(command) for command in commands]

    def state(self, server, name="fault_abort"):
        """What status shows of the plugin: its state and why. The reason names signal or status, and the hook."""
        plugin = next(plugin for plugin in server.status()["plugins"] if plugin["name"] == name)
        return plugin["state"], plugin.get("reason", "")

    def everywhere(self, server, check):
        """`check(client)` on both workers."""
        def settled():
            with server.pair() as pair:
                return all(check(client) for client in pair)
        until("both workers follow the measure", settled)

    def test_below_the_limit(self):
        """policies: below the limit the worker is started again, and the plugin goes on"""
        with self.server("tempfail") as server:
            self.crash(server)
            self.everywhere(server, lambda client: client.deliver("after")[:4] == b"250 ")
            self.assertEqual(self.state(server)[0], "loaded")
            self.assertIsNone(server.found(MEASURE.format("fault_abort")))
            self.assertEqual([crash["plugin"] for crash in server.status()["crashes"]], ["fault_abort"])

    def test_tempfail(self):
        """policies: tempfail answers 4xx in the plugin's hooks, all others go on; a reload lifts it"""
        with self.server("tempfail") as server:
            measure = self.crash_to_the_limit(server)
            self.assertRegex(measure["what"], r"on_crash=tempfail")

            def refuses(client):
                replies = self.replies(client, EHLO, MAIL, RCPT)
                return [reply[:2] for reply in replies] == [b"25", b"25", b"45"] and client.say(BOOM)[:2] == b"45"
            self.everywhere(server, refuses)
            state, reason = self.state(server)
            self.assertEqual(state, "tempfail")
            self.assertRegex(reason, r"\brcpt\b")
            self.assertEqual(len(server.status()["crashes"]), 2)
            self.succeeded(server.reload())
            self.assertEqual(self.state(server)[0], "loaded")
            self.everywhere(server, lambda client: client.deliver("after")[:4] == b"250 ")

    def test_other_hooks(self):
        """policies: tempfail of a plugin at data_post leaves MAIL and RCPT alone, and plugins beside it"""
        at_the_end = self.plugin("late", hooked(data_post="__builtin_trap();"))
        beside = self.plugin("beside", hooked(
            data_post='(void)haraka_header_add(call->transaction, "X-Beside", haraka_text("1")); return HARAKA_CONT;'))
        with Nodes(["beside", "late"], {"late": at_the_end, "beside": beside},
                   ini=f"{LIMIT_OF_TWO}on_crash=skip\n[late]\non_crash=tempfail\n") as server:
            for _ in range(2):
                since = len(server.lines)

                def crashed():
                    try:
                        with server.client() as client:
                            return client.deliver("lost") == b""
                    except OSError:
                        return False
                until("the crash", crashed)
                server.logged(CRASH.format("late"), since)
            server.logged(MEASURE.format("late"))

            def refuses_at_the_end(client):
                before = self.replies(client, EHLO, MAIL, RCPT, b"DATA\r\n")
                return ([reply[:3] for reply in before], client.say(b"\r\n.\r\n")[:2]) == (
                    [b"250", b"250", b"250", b"354"], b"45")
            self.everywhere(server, refuses_at_the_end)
            self.assertEqual(server.numbers(), [])

    def test_skip(self):
        """policies: skip leaves the plugin out, mail passes as if it were not there; a reload lifts it"""
        with self.server("skip") as server:
            self.assertRegex(self.crash_to_the_limit(server)["what"], r"on_crash=skip")
            self.everywhere(server, lambda client: client.deliver("1", b"boom@example.com")[:4] == b"250 ")
            self.assertEqual(self.state(server)[0], "skip")
            self.succeeded(server.reload())
            self.crash(server)

    def test_previous(self):
        """policies: previous returns to the last good bytes by itself; a reload tries the new ones"""
        good = self.plugin("mine", hooked(
            mail='(void)haraka_header_add(call->transaction, "X-Number", haraka_text("good build")); return HARAKA_CONT;'))
        bad = self.animal("fault_abort", as_name="mine")
        with self.server("previous", "mine", good) as server:
            server.install("mine", bad)
            self.succeeded(server.reload())
            self.assertRegex(self.crash_to_the_limit(server, "mine")["what"], r"on_crash=previous")
            self.everywhere(server, lambda client: client.deliver("1", b"boom@example.com")[:4] == b"250 ")
            self.everywhere(server, lambda client: client.deliver("1")[:4] == b"250 ")
            self.assertIn("good build", server.numbers())
            self.assertEqual(self.state(server, "mine")[0], "previous")
            self.succeeded(server.reload())
            self.crash(server, "mine")

    def test_previous_without_any(self):
        """policies: previous without good bytes is tempfail"""
        with self.server("previous") as server:
            self.crash_to_the_limit(server)
            self.everywhere(server, lambda client: self.replies(client, EHLO, MAIL, RCPT)[2][:2] == b"45")
            self.assertEqual(self.state(server)[0], "tempfail")

    def test_new_bytes(self):
        """policies: other bytes of the plugin have a clean sheet"""
        mended = self.plugin("fault_abort", hooked(rcpt="return HARAKA_CONT;"))
        with self.server("tempfail") as server:
            self.crash_to_the_limit(server)
            server.install("fault_abort", mended)
            self.succeeded(server.reload())
            self.everywhere(server, lambda client: client.deliver("1", b"boom@example.com")[:4] == b"250 ")
            self.assertEqual(self.state(server)[0], "loaded")

    def test_stop(self):
        """policies: stop ends the server with a status that is not 0, and says why"""
        with self.server("stop") as server:
            for _ in range(2):
                self.crash(server)
            status = server.process.wait(LIMIT)
            server.reader.join(LIMIT)
            self.assertNotIn(status, (0, None))
            self.assertRegex(server.log(), r"error: .*\bfault_abort has crashed 2 times\b")
            self.assertRegex(server.log(), r"\[ALERT\] .*\(on_crash=stop\)")

    def test_limit_0(self):
        """policies: with crash_limit=0 no number of crashes is too many"""
        with self.server("stop", more="crash_limit=0\n") as server:
            for _ in range(3):
                self.crash(server)
            self.serves(server)
            self.assertIsNone(server.found(MEASURE.format("fault_abort")))

    def test_backoff(self):
        """policies: a worker that ends again and again is started ever later, and the log says so"""
        with self.server("stop", more="crash_limit=0\n") as server:
            began, count = time.monotonic(), 0
            while not server.found(r"\[WARN\] .*keeps ending; it is started again in"):
                self.crash(server)
                count += 1
                self.assertLess(time.monotonic() - began, LIMIT)
            self.assertLessEqual(count, 6)
            self.serves(server)
            self.assertEqual(len(re.findall(CRASH.format("fault_abort"), "\n".join(server.lines))), count)
