"""Plugins that break: the right one is named, the other worker's clients notice nothing, no mail is lost. docs/faults.md."""
import hashlib
import re
import shutil
import signal
import subprocess
import unittest

from server import (CLOSE_REFUSED, CRASH, HANDLER_PUT_BACK, HANDLER_REPLACED, HARAKA, HELD, LIMIT, NAMED, PLUGINS,
                    WORKER_AT_FAULT, Server, read, until)
from wire import EHLO
from workers import BOOM, MAIL, Load, Nodes, WorkersTest

# What the kinds of calls are called that are no hooks.
REGISTER, SHUTDOWN, TIMER, POST, JOB, CONFIG, CANCEL, DESTROY = (
    "register", "shutdown", "timer", "post", "job", "config", "cancel", "destroy")


def boom(_, client):
    """The recipient at which the plugin breaks."""
    for command in (EHLO, MAIL, BOOM):
        client.say(command)


def boom_and_leave(_, client):
    boom(_, client)
    client.close()


def boom_and_leave_unanswered(_, client):
    for command in (EHLO, MAIL):
        client.say(command)
    client.send(BOOM)
    client.half_close()


def boom_and_configure(server, client):
    boom(server, client)
    server.configure("fault.ini", "[main]\nchanged=1\n")


def boom_and_reload(server, client):
    boom(server, client)
    client.say(b"QUIT\r\n")
    client.close()
    server.reload()


class Faulty(WorkersTest):
    def server(self, animal, *flags, path=None, **more):
        """A server, not yet started, with that animal of the zoo before the policy."""
        return Nodes([animal], {animal: path or self.animal(animal, *flags)}, **more)

    def breaks(self, animal, call, *flags, provoke=boom, has_connection=True, **more):
        """The animal ends its worker in a call of that kind; all that must hold then, holds."""
        path = self.animal(animal, *flags)
        with self.server(animal, path=path, **more) as server, server.pair() as (doomed, other):
            who, neighbour = doomed.who(), other.who()
            self.assertEqual(doomed.deliver("before")[:4], b"250 ")
            load = Load(other, "neighbour")
            load.goes_on()
            provoke(server, doomed)
            crash = server.logged(CRASH.format(re.escape(animal)))
            self.assertTrue(hashlib.sha256(read(path)).hexdigest().startswith(crash["hash"]), crash[0])
            if call:
                self.assertRegex(crash["what"], rf"\b{call}\b")
            if has_connection:
                self.assertIn(who.uuid, crash["what"])
            self.serves(server)
            with server.pair(besides=[who.pid]) as pair:
                self.assertIn(neighbour.pid, {client.who().pid for client in pair})
            load.goes_on()
            acknowledged = load.stop()
            self.assertEqual(other.who(), neighbour)
            self.all_stored(server, ["before", *acknowledged])
            self.assertEqual(len(re.findall(CRASH.format(re.escape(animal)), "\n".join(server.lines))), 1)
            latest = server.status()["crashes"][0]
            self.assertEqual((latest["plugin"], latest["hash"][:12]), (animal, crash["hash"][:12]))

    def survives(self, server, pair, action):
        """`action(doomed client, its Who)` harms nobody: both workers and their clients go on."""
        doomed, other = pair
        who, neighbour = doomed.who(), other.who()
        load = Load(other, "neighbour")
        load.goes_on()
        action(doomed, who)
        load.goes_on()
        acknowledged = load.stop()
        self.assertEqual((other.who(), doomed.who()), (neighbour, who))
        self.assertEqual(doomed.say(b"RSET\r\n")[:4], b"250 ")
        self.assertEqual(doomed.deliver("after")[:4], b"250 ")
        self.all_stored(server, ["after", *acknowledged])
        self.assertIsNone(server.found(WORKER_AT_FAULT))

    def at(self, client, recipient):
        for command in (EHLO, MAIL):
            self.assertEqual(client.say(command)[:3], b"250", command)
        return client.say(b"RCPT TO:<%s@example.com>\r\n" % recipient)


class Crashes(Faulty):
    def test_hook(self):
        """faults: a crash in a hook"""
        self.breaks("fault_crash_hook", "rcpt")

    def test_timer(self):
        """faults: a crash in a timer"""
        self.breaks("fault_crash_timer", TIMER, has_connection=False)

    def test_post(self):
        """faults: a crash in a posted callback"""
        self.breaks("fault_crash_post", POST, has_connection=False)

    def test_job(self):
        """faults: a crash in a job, on a thread of the host's"""
        self.breaks("fault_crash_job", JOB, has_connection=False)

    def test_config(self):
        """faults: a crash in a configuration callback"""
        self.breaks("fault_crash_config", CONFIG, provoke=boom_and_configure, has_connection=False,
                    ini="watch_settle=0.1\n")

    def test_shutdown(self):
        """faults: a crash in haraka_shutdown, after a reload"""
        self.breaks("fault_crash_shutdown", SHUTDOWN, provoke=boom_and_reload, has_connection=False)

    def test_data(self):
        """faults: a crash in the destroy function of haraka_set_data"""
        self.breaks("fault_crash_data", DESTROY, has_connection=False)

    def test_note(self):
        """faults: a crash in the destroy function of a note"""
        self.breaks("fault_crash_note", DESTROY, provoke=boom_and_leave, has_connection=False)

    def test_cancel(self):
        """faults: a crash in on_cancel, when the client leaves"""
        self.breaks("fault_crash_cancel", CANCEL, provoke=boom_and_leave_unanswered, has_connection=False)

    def test_register_at_start(self):
        """faults: a crash in haraka_register at the start: the server does not start and names the plugin"""
        server = self.server("fault_crash_register", config={"fault.ini": "register=1\n"})
        self.addCleanup(server.abandon)
        done = subprocess.run([HARAKA, "-c", server.folder], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=LIMIT, check=False)
        self.assertEqual(done.returncode, 255, done)
        self.assertRegex(done.stderr, r"(?m)^error: .*\bfault_crash_register\b.*\bregister\b")
        self.assertNotIn("Listening on", done.stdout)

    def test_in_one_process(self):
        """faults: with nodes=0 a crash ends the server, which says whose it was"""
        path = self.animal("fault_crash_hook")
        with Server(["fault_crash_hook", *PLUGINS], objects={"fault_crash_hook": path}) as server:
            with server.dialogue() as client:
                for command in (EHLO, MAIL, BOOM):
                    client.socket.sendall(command)
                self.assertEqual(server.process.wait(LIMIT), -signal.SIGSEGV)
            server.reader.join(LIMIT)
            crash = server.found(r"plugin fault_crash_hook \((?P<hash>\w{12})\) crashed in hook rcpt for connection [\w-]{36}: signal 11")
            self.assertTrue(hashlib.sha256(read(path)).hexdigest().startswith(crash["hash"]), crash[0])

    def test_register_at_reload(self):
        """faults: a crash in haraka_register at a reload: it fails and names the plugin; not all clients are lost"""
        with self.server("fault_crash_register") as server, server.pair() as pair:
            self.assertEqual([client.deliver(number)[:4] for number, client in enumerate(pair)], [b"250 "] * 2)
            server.configure("fault.ini", "register=1\n")
            reloaded = server.reload()
            said = reloaded.stdout + reloaded.stderr
            self.assertEqual(reloaded.returncode, 1, said)
            self.assertRegex(said, r"\bfault_crash_register\b.*\bregister\b")
            self.assertTrue(any(client.say(b"NOOP\r\n") == b"250 OK\r\n" for client in pair), "both workers are gone")
            # Those that were lost run what all run: the old set, once its configuration is mended.
            server.configure("fault.ini", "register=0\n")
            self.serves(server)
            self.assertEqual(server.builds(), {"1"})
            self.all_stored(server, ["0", "1"])
            self.succeeded(server.reload())


class Ends(Faulty):
    def test_abort(self):
        """faults: abort()"""
        self.breaks("fault_abort", "rcpt")

    def test_stack(self):
        """faults: a stack that overflows"""
        self.breaks("fault_stack", "rcpt")

    def test_double_free(self):
        """faults: memory that is freed twice, found by the C library"""
        self.breaks("fault_double_free", "rcpt")

    def test_overflow(self):
        """faults: a write beyond the memory's end, found by the C library"""
        self.breaks("fault_overflow", "rcpt")

    def test_exit_0(self):
        """faults: exit(0) is nobody's wish, so it is a crash"""
        self.breaks("fault_exit_0", "rcpt")

    def test_exit_3(self):
        """faults: exit(3)"""
        self.breaks("fault_exit_3", "rcpt")

    def test_exit_now(self):
        """faults: _exit(0), which runs no handler"""
        self.breaks("fault_exit_now", "rcpt")

    def test_thread_crash(self):
        """faults: a crash in a thread of the plugin's own, later, is blamed by the address of its code"""
        self.breaks("fault_thread_crash", None, has_connection=False)

    def test_signal_ignored(self):
        """faults: a crash of a plugin that has just ignored the signal"""
        self.breaks("fault_signal_ignored", "rcpt")

    def test_signal_handler(self):
        """faults: a crash into a handler of the plugin's own, which ends the worker with status 0"""
        self.breaks("fault_signal_handler", "rcpt")

    def test_throws(self):
        """faults: a C++ exception that nobody catches"""
        self.breaks("fault_throws", "rcpt")

    @unittest.skipUnless(shutil.which("swiftc"), "no Swift here")
    def test_traps(self):
        """faults: Swift that reads beyond an array"""
        self.breaks("fault_traps", "rcpt")

    @unittest.skipUnless(shutil.which("rustc"), "no Rust here")
    def test_panics(self):
        """faults: Rust that panics up to the border"""
        self.breaks("fault_panics", "rcpt")

    @unittest.skipUnless(shutil.which("rustc"), "no Rust here")
    def test_panics_and_aborts(self):
        """faults: Rust whose panic is an abort"""
        self.breaks("fault_panics", "rcpt", "-C", "panic=abort")

    def test_loop(self):
        """faults: an endless loop: first a warning, then the worker is ended"""
        self.breaks("fault_loop", "rcpt", ini="loop_warn_ms=100\nloop_kill_ms=1000\n")

    def test_long_sleep(self):
        """faults: a minute of sleep in a hook ends the worker at loop_kill_ms"""
        self.breaks("fault_sleep", "rcpt", ini="loop_warn_ms=100\nloop_kill_ms=1000\n",
                    config={"fault.ini": "milliseconds=60000\n"})


class Nuisances(Faulty):
    def test_sleep(self):
        """faults: a sleep in a hook is one warning that names plugin, hook and connection"""
        with self.server("fault_sleep", ini="loop_warn_ms=100\n", config={"fault.ini": "milliseconds=600\n"}) as server:
            def sleep(client, who):
                self.assertEqual(self.at(client, b"boom")[:4], b"250 ")
                warned = server.logged(HELD.format("fault_sleep"))
                self.assertEqual((warned["hook"], warned["uuid"]), ("rcpt", who.uuid))
                self.assertTrue(100 <= int(warned["milliseconds"]) < 600, warned[0])
            with server.pair() as pair:
                self.survives(server, pair, sleep)
            self.assertEqual(len(re.findall(HELD.format("fault_sleep"), "\n".join(server.lines))), 1)

    def test_handlers_change(self):
        """faults: signal handlers that a plugin replaced are put back, and it is named"""
        for animal, expression in (("fault_signal_handler", HANDLER_REPLACED.format("fault_signal_handler")),
                                   ("fault_signal_ignored", HANDLER_PUT_BACK)):
            with self.server(animal) as server:
                def change(client, _):
                    self.assertEqual(self.at(client, b"change")[:4], b"250 ")
                    self.assertEqual(server.logged(expression)["signal"], "11")
                with server.pair() as pair:
                    self.survives(server, pair, change)

    def test_closes(self):
        """faults: closing the server's descriptors is refused, and the plugin is named"""
        with self.server("fault_closes") as server:
            def close(client, _):
                self.assertEqual(self.at(client, b"boom")[:4], b"250 ")
                server.logged(r"closed 0 foreign descriptors")
                self.assertEqual(server.logged(CLOSE_REFUSED.format("fault_closes"))["hook"], "rcpt")
            with server.pair() as pair:
                self.survives(server, pair, close)

    def test_thread(self):
        """faults: a thread that goes on after the plugin's end harms nobody, for its code stays mapped"""
        with self.server("fault_thread") as server, server.pair() as (doomed, other):
            who, neighbour = doomed.who(), other.who()
            self.assertEqual(self.at(doomed, b"boom")[:4], b"250 ")
            doomed.say(b"QUIT\r\n")
            doomed.close()
            self.succeeded(server.reload())
            server.logged(r"the thread goes on after the shutdown")
            with server.pair() as pair:
                self.assertEqual({client.who().pid for client in pair}, {who.pid, neighbour.pid})
            self.assertIsNone(server.found(WORKER_AT_FAULT))
            plugin = next(plugin for plugin in server.status()["plugins"] if plugin["name"] == "fault_thread")
            self.assertRegex(plugin["unloading"], r"thread")

    def test_long_reply(self):
        """faults: a megabyte of reply is refused or cut, never out of step"""
        for recipient in (b"boom", b"lines"):
            with self.server("fault_long_reply", config={"fault_long_reply.timeout": "1\n"}) as server:
                def long_reply(client, _):
                    reply = self.at(client, recipient)
                    self.assertRegex(reply, rb"\A[45]\d\d[ -]")
                    self.assertLessEqual(max(map(len, reply.splitlines(keepends=True))), 512)
                    self.assertLess(len(reply), 200_000)
                    self.assertEqual(client.say(b"NOOP\r\n"), b"250 OK\r\n")
                    server.logged(NAMED.format("fault_long_reply"))
                with server.pair() as pair:
                    self.survives(server, pair, long_reply)

    def test_crlf(self):
        """faults: CR LF in a reply forges none"""
        with self.server("fault_crlf") as server:
            def forge(client, _):
                self.assertEqual(self.at(client, b"boom"), b"550-no\r\n550-250 forged\r\n550 221 forged\r\n")
                naked = client.say(b"RCPT TO:<naked@example.com>\r\n")
                self.assertRegex(naked, rb"\A550[ -]")
                self.assertNotRegex(naked, rb"(?m)\0|\r[^\n]|^250")
                self.assertEqual(client.say(b"NOOP\r\n"), b"250 OK\r\n")
            with server.pair() as pair:
                self.survives(server, pair, forge)

    def test_log(self):
        """faults: a megabyte of log lines in one hook: each is whole or counted as dropped, nobody waits"""
        with self.server("fault_log") as server:
            def chatter(client, who):
                self.assertEqual(self.at(client, b"boom")[:4], b"250 ")
                self.assertEqual(client.say(b"RCPT TO:<line@example.com>\r\n")[:4], b"250 ")
                lines = until("the lines", lambda: [line for line in server.lines if "[fault_log] xxx" in line])
                for line in lines:
                    self.assertRegex(line, rf"\A\[NOTICE\] \[{who.uuid}(\.\d+)?\] \[fault_log\] x+")
                    self.assertLessEqual(len(line), 8300)
            with server.pair() as pair:
                self.survives(server, pair, chatter)

    def test_leaks(self):
        """faults: memory and descriptors that leak are the process's own, and gone with it"""
        with self.server("fault_leaks") as server:
            with server.pair() as pair:
                self.survives(server, pair, lambda client, _: [self.at(client, b"boom") for _ in range(20)])
                before = {client.who().pid for client in pair}
            self.succeeded(server.haraka("--graceful"))
            with server.pair(besides=before):
                pass

    def test_reenters(self):
        """faults: host functions called from within every kind of callback"""
        with self.server("reenters", path=self.animal("reenters"), config={"reenters.timeout": "1\n", "log.ini": "level=protocol\n"}) as server:
            def everything(client, _):
                client.say(EHLO)
                # Nobody answers, so the time limit cancels.
                self.assertEqual(client.say(MAIL), b"450 plugin timeout\r\n")
                for command in (b"TIMER\r\n", b"JOB\r\n", b"NOOP\r\n"):
                    client.send(command)
                self.assertEqual(client.reply(), b"250 OK\r\n")
                for where in ("cancel", "timer", "job"):
                    server.logged(rf"\[reenters\] {where}\Z")
            with server.pair() as pair:
                self.survives_without_mail(server, pair, everything)

    def survives_without_mail(self, server, pair, action):
        """As `survives`, for a plugin that decides over all mail."""
        who = [client.who() for client in pair]
        action(pair[0], who[0])
        self.assertEqual([client.who() for client in pair], who)
        self.assertIsNone(server.found(WORKER_AT_FAULT))

    def test_never_answers(self):
        """faults: a plugin that never answers is given up after its time limit, and named"""
        with self.server("never_answers", path=self.animal("never_answers"),
                         config={"never_answers.timeout": "1\n"}) as server:
            def silence(client, _):
                client.say(EHLO)
                self.assertEqual(client.say(MAIL), b"450 plugin timeout\r\n")
                server.logged(NAMED.format("never_answers"))
            with server.pair() as pair:
                self.survives_without_mail(server, pair, silence)

