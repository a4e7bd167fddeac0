"""Reload: new policy for new connections, the old one for those that are open, and nothing lost on the way."""
import collections
import os
import subprocess
import tempfile
import threading
import time

from server import HARAKA, ROOT, ForeignTest, Server, compile_plugin, header, until

RELOADS = 20
BATCH = 20  # messages that one run of smtp-source sends
STAMP = os.path.join(ROOT, "Tests", "Foreign", "stamp.c")
PLUGINS = ["stamp", "rcpt_to.in_host_list", "queue/maildir"]


class Load:
    """smtp-source again and again in a thread, until told to stop."""

    def __init__(self, server, flags):
        self.command = ["smtp-source", "-s", "4", "-m", str(BATCH), "-l", "1024", "-f", "a@example.org", "-t", "b@example.com",
                        *flags, server.address]
        self.sent, self.failures, self.ended = 0, [], False
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.ended and not self.failures:
            batch = subprocess.run(self.command, capture_output=True, text=True, timeout=60, check=False)
            if batch.returncode != 0 or batch.stderr:
                self.failures.append(f"status {batch.returncode}: {batch.stderr}")
            self.sent += BATCH

    def stop(self):
        self.ended = True
        self.thread.join()


SLOW = '''
    #include <haraka/plugin.h>
    #include <unistd.h>
    HARAKA_PLUGIN("slow" NUMBER, "1", "Is slow to register", "");
    HARAKA_REGISTER(self) { (void)self; usleep(150000); return HARAKA_SUCCESS; }
'''


class Reload(ForeignTest):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory(prefix="haraka-test-")
        self.addCleanup(self.scratch.cleanup)

    def stamp(self, build):
        path = os.path.join(self.scratch.name, f"stamp-{build}.so")
        return path if os.path.exists(path) else compile_plugin(STAMP, path, f'-DBUILD="{build}"')

    def plugin(self, name, text):
        source = os.path.join(self.scratch.name, f"{name}.c")
        with open(source, "w", encoding="ascii") as out:
            out.write(text)
        return compile_plugin(source, os.path.join(self.scratch.name, f"{name}.so"))

    def test_slow_registers(self):
        """reload: a client waits for one plugin's haraka_register at most, not for all of them"""
        source = os.path.join(self.scratch.name, "slow.c")
        with open(source, "w", encoding="utf-8") as out:
            out.write(SLOW)
        names = [f"slow{number}" for number in range(6)]
        objects = {name: compile_plugin(source, os.path.join(self.scratch.name, f"{name}.so"), f'-DNUMBER="{name[-1]}"')
                   for name in names}
        with Server(plugins=names, objects=objects) as server, server.dialogue() as client:
            client.reply()
            reloading, waits = subprocess.Popen([HARAKA, "-c", server.folder, "--reload"], stdout=subprocess.DEVNULL), []
            while reloading.poll() is None:
                before = time.monotonic()
                self.assertEqual(client.say("NOOP")[:4], "250 ")
                waits.append(time.monotonic() - before)
            self.assertEqual(reloading.returncode, 0)
            # Six times 0.15 s in all.
            self.assertLess(max(waits), 0.5)

    def deliver(self, server):
        """Sends one message over a new connection and returns the build that stamped it."""
        before = len(server.stored())
        with server.dialogue() as client:
            self.assertEqual(client.reply()[:4], "220 ")
            return self.transact(server, client, "EHLO client.example.org", before)

    def transact(self, server, client, hello, before):
        if hello:
            self.assertEqual(client.say(hello)[:3], "250")
        self.assertEqual(client.say("MAIL FROM:<a@example.org>")[:4], "250 ")
        self.assertEqual(client.say("RCPT TO:<b@example.com>")[:4], "250 ")
        self.assertEqual(client.say("DATA")[:4], "354 ")
        self.assertEqual(client.say("Subject: x\r\n\r\ny\r\n.")[:20], "250 Message Queued (")
        messages = server.messages()
        self.assertEqual(len(messages), before + 1)
        return self.stamps(messages[-1])

    def stamps(self, message):
        found = [value for name in ("Mail", "Rcpt", "Data-Post") for value in header(message, f"X-Stamp-{name}")]
        self.assertEqual(len(found), 3, message)
        self.assertEqual(len(set(found)), 1, "more than one build decided over a message")
        return found[0]

    def test_old_and_new_connections(self):
        """reload: an open connection keeps its generation until it closes, a new one gets the new"""
        with Server(plugins=PLUGINS, objects={"stamp": self.stamp("old")}) as server:
            with server.dialogue() as early:
                self.assertEqual(early.reply()[:4], "220 ")
                self.assertEqual(self.transact(server, early, "EHLO client.example.org", 0), "old")
                server.install("stamp", self.stamp("new"))
                self.succeeded(server.reload())
                self.assertEqual(self.deliver(server), "new")
                self.assertEqual(self.transact(server, early, None, 2), "old")
                self.assertNotIn("build old is shut down", server.log())
                self.assertEqual(early.say("QUIT")[:4], "221 ")
                self.assertEqual(early.reply(), "")
            until("haraka_shutdown of the old build", lambda: "build old is shut down" in server.log())
            self.assertEqual(server.stop(), 0)
            self.assertEqual(server.log().count("build old is shut down"), 1)
            self.assertEqual(server.log().count("build new is shut down"), 1)

    def test_plugin_list(self):
        """reload: config/plugins itself is read again"""
        with Server() as server:
            with server.dialogue() as client:
                client.reply()
            server.install("stamp", self.stamp("added"))
            server.configure("plugins", "".join(f"{name}\n" for name in PLUGINS))
            self.succeeded(server.reload())
            self.assertEqual(self.deliver(server), "added")

    def check_refusal(self, broken, *words):
        """A broken plugin at reload: a message that names it, a status that is not 0, and all as it was."""
        with Server(plugins=PLUGINS, objects={"stamp": self.stamp("good")}) as server:
            server.install("stamp", broken)
            reloaded = server.reload()
            said = reloaded.stdout + reloaded.stderr
            self.assertNotEqual(reloaded.returncode, 0, said)
            for word in ("stamp", *words):
                self.assertIn(word, said)
            self.assertEqual(self.deliver(server), "good")
            server.install("stamp", self.stamp("mended"))
            self.succeeded(server.reload())
            self.assertEqual(self.deliver(server), "mended")

    def test_plugin_that_is_text(self):
        """reload: a plugin that is a text file leaves all as it was and is named"""
        path = os.path.join(self.scratch.name, "text.so")
        with open(path, "w", encoding="ascii") as out:
            out.write("this is no shared object\n")
        self.check_refusal(path)

    def test_plugin_with_a_missing_symbol(self):
        """reload: a plugin that needs a symbol nobody has leaves all as it was, and the symbol is named"""
        self.check_refusal(self.plugin("missing", """
            #include <haraka/plugin.h>
            HARAKA_PLUGIN("stamp", "1.0", "Needs what nobody has", HARAKA_NOTHING_ELSE);
            extern int nobody_has_this(void);
            HARAKA_REGISTER(self) { (void)self; return nobody_has_this(); }
        """), "nobody_has_this")

    def test_plugin_that_refuses(self):
        """reload: a plugin whose haraka_register says no leaves all as it was"""
        self.check_refusal(self.plugin("refuses", """
            #include <haraka/plugin.h>
            HARAKA_PLUGIN("stamp", "1.0", "Says no", HARAKA_NOTHING_ELSE);
            HARAKA_REGISTER(self) { (void)self; return HARAKA_E_UNSUPPORTED; }
        """))

    def test_without_a_server(self):
        """reload: without a running server it says so and ends with a status that is not 0"""
        server = Server()
        try:
            reloaded = server.reload()
            self.assertNotEqual(reloaded.returncode, 0)
            self.assertNotEqual(reloaded.stdout + reloaded.stderr, "")
        finally:
            server.abandon()

    def check_under_load(self, flags):
        builds = [str(number) for number in range(RELOADS + 1)]
        objects = [self.stamp(build) for build in builds]
        with Server(plugins=PLUGINS, objects={"stamp": objects[0]}) as server:
            load = Load(server, flags)
            try:
                for path in objects[1:]:
                    server.install("stamp", path)
                    self.succeeded(server.reload())
                    # The second batch to end from here on began after the reload.
                    before = load.sent
                    until("mail goes on", lambda: load.failures or load.sent >= before + 2 * BATCH)
            finally:
                load.stop()
            self.assertEqual(load.failures, [])
            counted = collections.Counter(self.stamps(message) for message in server.messages())
            self.assertEqual(sum(counted.values()), load.sent)
            self.assertEqual(set(counted), set(builds))
            self.assertEqual(server.stop(), 0)
            for build in builds:
                self.assertEqual(sum(f"build {build} is shut down" in line for line in server.lines), 1, build)

    def test_under_load(self):
        """reload: 20 times under load, a connection for each message: no session fails, one build decides each message"""
        self.check_under_load([])

    def test_under_load_on_kept_connections(self):
        """reload: 20 times under load on kept connections: no session fails, one build decides each message"""
        self.check_under_load(["-d"])
