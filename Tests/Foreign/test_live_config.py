"""Configuration that takes effect while the server runs, without any command. docs/configuration.md "Live changes"."""
import json
import re

from inline import hooked
from server import CONFIGURATION_KEPT, NEEDS_RESTART, READ_AT_LOAD_ONLY, until
from wire import EHLO
from workers import MAIL, Nodes, WorkersTest

QUICKLY = "watch_settle=0.1\n"
# Answers MAIL with config/words, which one of the two watches.
READS = """
    static char answer[64];
    static haraka_self me;
    static void get(void *unused)
    {{
        haraka_value v;
        haraka_str text;
        size_t i;
        (void)unused;
        if (haraka_config_get(me, "words", HARAKA_CONFIG_VALUE, "", &v) < 0) return;
        text = haraka_value_text(&v);
        for (i = 0; i < text.len && i < sizeof answer - 1; i++) answer[i] = text.ptr[i];
        answer[i] = 0;
    }}
    HARAKA_REGISTER(self)
    {{
        me = self;
        get(NULL);
        {watch}
        return HARAKA_SUCCESS;
    }}
    HARAKA_HOOK(mail) {{ return haraka_answer(call, HARAKA_DENY, answer); }}
"""
WATCHES = READS.format(watch='if (haraka_config_watch(self, "words", get, NULL) < 0) return HARAKA_E_STATE;')
READS_ONCE = READS.format(watch="")


class LiveConfig(WorkersTest):
    def server(self, plugins=(), objects=None, **more):
        return Nodes(plugins, objects, ini=QUICKLY, **more)

    def becomes(self, server, check):
        """`check(client)` is true for new connections of both workers."""
        def settled():
            with server.pair() as pair:
                return all(check(client) for client in pair)
        until("both workers have the new configuration", settled)

    def connection_ini(self, server, text):
        server.configure("connection.ini", f"spool_dir={server.spool}\n{text}")

    def test_connection_ini(self):
        """live: max.bytes and message.greeting of connection.ini hold for the next connection"""
        with self.server() as server, server.client() as early:
            before = early.banner
            self.connection_ini(server, "[max]\nbytes=4242\n[message]\ngreeting[]=a new greeting\n")
            self.becomes(server, lambda client: b"a new greeting" in client.banner and b"SIZE 4242\r\n" in client.say(EHLO))
            self.assertNotIn(b"a new greeting", before)
            self.assertEqual(early.say(b"NOOP\r\n"), b"250 OK\r\n")

    def test_me(self):
        """live: me holds for the next connection"""
        with self.server() as server:
            server.configure("me", "new.example.net\n")
            self.becomes(server, lambda client: client.say(EHLO)[4:].startswith(b"new.example.net "))

    def test_log_ini(self):
        """live: level and format of log.ini hold at once, for workers and supervisor"""
        with self.server() as server:
            server.configure("log.ini", "level=protocol\nformat=json\n")

            def protocol():
                server.builds()
                return server.found(r'\A\{"level":"PROTOCOL"')
            until("lines of the dialogue, in JSON", protocol)
            line = server.found(r'\A\{"level":"PROTOCOL"').string
            self.assertEqual(json.loads(line)["level"], "PROTOCOL")
            server.configure("log.ini", "level=error\n")

            def quiet():
                before = len(server.lines)
                server.builds()
                return not any(re.search("PROTOCOL", line) for line in server.lines[before:])
            until("silence", quiet)

    def test_host_list(self):
        """live: a bundled plugin's list holds without a reload, or is named as one that needs it"""
        with self.server() as server:
            server.configure("host_list", "new.example\n")

            def followed():
                with server.client() as client:
                    return client.deliver(1, b"b@new.example")[:4] == b"250 " or server.found(
                        READ_AT_LOAD_ONLY.format(r"rcpt_to\.in_host_list"))
            until("the plugin follows or is named", followed)

    def test_broken_file(self):
        """live: a mistake is one line with its place, and all settings stay as they were, also those that were right"""
        with self.server() as server:
            self.connection_ini(server, "[max]\nbytes=lots\n[message]\ngreeting[]=never seen\n")
            server.logged(CONFIGURATION_KEPT)
            self.assertEqual(len([line for line in server.lines if "connection.ini:3:7" in line]), 1, server.log())
            with server.pair() as pair:
                for client in pair:
                    self.assertNotIn(b"never seen", client.banner)
                    self.assertIn(b"SIZE 26214400\r\n", client.say(EHLO))
            self.connection_ini(server, "[max]\nbytes=4242\n")
            self.becomes(server, lambda client: b"SIZE 4242\r\n" in client.say(EHLO))

    def test_listen(self):
        """live: what needs a restart is named, and the server goes on where it listens"""
        with self.server() as server:
            server.configure("smtp.ini", "listen=127.0.0.1:0,127.0.0.2:0\nnodes=3\n")
            for key in ("listen", "nodes"):
                server.logged(NEEDS_RESTART.format(key))
            self.assertEqual(server.builds(), {"1"})
            self.assertEqual(len(server.ports), 1)

    def test_inactivity_timeout(self):
        """live: inactivity_timeout of smtp.ini holds for the next connection"""
        with self.server() as server:
            server.configure("smtp.ini", "listen=127.0.0.1:0\nnodes=2\ninactivity_timeout=1\n")

            def short():
                with server.client() as client:
                    client.socket.settimeout(3)
                    try:
                        return client.reply()[:4] == b"421 "
                    except TimeoutError:
                        return False
            until("a short time limit", short)

    def test_plugin_that_watches(self):
        """live: a plugin that watches its file has the new value, on connections that are open too, in all processes"""
        with self.server(["mine"], {"mine": self.plugin("mine", WATCHES)}, config={"words": "first\n"}) as server:
            with server.pair() as pair:
                for client in pair:
                    client.say(EHLO)
                    self.assertEqual(client.say(MAIL), b"550 first\r\n")
                server.configure("words", "second\n")
                until("the new words", lambda: [client.say(MAIL) for client in pair] == [b"550 second\r\n"] * 2)
            self.assertIsNone(server.found(READ_AT_LOAD_ONLY.format("mine")))

    def test_plugin_that_does_not(self):
        """live: a plugin that reads a file only when it is loaded is named with the file; --reload is what it needs"""
        with self.server(["mine"], {"mine": self.plugin("mine", READS_ONCE)}, config={"words": "first\n"}) as server:
            server.configure("words", "second\n")
            self.assertEqual(server.logged(READ_AT_LOAD_ONLY.format("mine"))["file"], "words")
            with server.client() as client:
                self.assertEqual(client.deliver(1), b"550 first\r\n")
            self.succeeded(server.reload())
            with server.client() as client:
                self.assertEqual(client.deliver(1), b"550 second\r\n")

    def test_plugin_that_nobody_asked(self):
        """live: a file that no plugin reads is no news"""
        with self.server(["mine"], {"mine": self.plugin("mine", hooked(mail="return HARAKA_CONT;"))}) as server:
            server.configure("nobody.ini", "x=1\n")
            server.logged(r"Reloading file: \S+/config/nobody\.ini")
            self.assertIsNone(server.found(r"read only when a plugin is loaded"))
