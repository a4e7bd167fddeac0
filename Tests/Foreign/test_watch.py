"""watch=true: what has changed is loaded by itself, when it has settled. docs/reload.md "Watching"."""
import os
import time

from inline import compiled, hooked
from server import RELOAD_FAILED, RELOADED, read, until
from workers import WHO, Nodes, WorkersTest

WATCHED = "watch=true\nwatch_settle=0.2\n"


class Watch(WorkersTest):
    def server(self, plugins=(), objects=None, ini=WATCHED, **more):
        return Nodes(plugins, objects, ini=ini, **more)

    def comes_to(self, server, builds):
        until(f"both workers run {builds}", lambda: server.builds() == builds)

    def test_replaced(self):
        """watch: a plugin that is replaced is loaded by itself; an open connection keeps the old one"""
        with self.server(who="old") as server, server.client() as early:
            self.assertEqual(early.who().build, "old")
            server.build_who("new")
            self.assertEqual(server.logged(RELOADED)[1], "2")
            self.comes_to(server, {"new"})
            self.assertEqual(early.who().build, "old")

    def test_written_in_place(self):
        """watch: a plugin that is written slowly, in place, is not loaded before it is whole"""
        with self.server(ini="watch=true\nwatch_settle=1\n", who="old") as server:
            whole = read(compiled(self.scratch, "who", WHO, '-DBUILD="new"'))
            path = os.path.join(server.folder, "plugins", "who.so")
            pieces = 12
            with open(path, "wb", buffering=0) as file:
                for number in range(pieces):
                    file.write(whole[number * len(whole) // pieces:(number + 1) * len(whole) // pieces])
                    self.assertEqual(server.who().build, "old")
                    time.sleep(0.1)  # how slowly it is written, which nothing waits for
            server.logged(RELOADED)
            self.comes_to(server, {"new"})
            self.assertIsNone(server.found(RELOAD_FAILED))
            self.assertEqual(server.logged(RELOADED)[1], "2")

    def test_bad(self):
        """watch: a bad plugin leaves the old set and is named; a good one mends it"""
        with self.server(who="old") as server:
            with open(os.path.join(self.scratch, "text"), "w", encoding="ascii") as file:
                file.write("no shared object\n")
            server.install("who", os.path.join(self.scratch, "text"))
            failed = server.logged(RELOAD_FAILED)
            self.assertRegex(failed.string, r"plugin who: ")
            self.assertEqual(server.builds(), {"old"})
            server.build_who("mended")
            self.comes_to(server, {"mended"})

    def test_list(self):
        """watch: a change of config/plugins is loaded by itself, with the plugin that is new"""
        refusing = self.plugin("added", hooked(mail='return haraka_answer(call, HARAKA_DENY, "added");'))
        with self.server() as server:
            server.install("added", refusing)
            server.configure("plugins", "who\nadded\nrcpt_to.in_host_list\nqueue/maildir\n")

            def refused():
                with server.client() as client:
                    return client.deliver(1) == b"550 added\r\n"
            until("the new plugin refuses", refused)

    def test_configuration_at_load(self):
        """watch: a file that a plugin reads only when it is loaded loads it anew"""
        reads = self.plugin("reads", """
            static char answer[64];
            HARAKA_REGISTER(self)
            {
                haraka_value v;
                haraka_str text;
                size_t i;
                if (haraka_config_get(self, "reads", HARAKA_CONFIG_VALUE, "", &v) < 0) return HARAKA_E_STATE;
                text = haraka_value_text(&v);
                for (i = 0; i < text.len && i < sizeof answer - 1; i++) answer[i] = text.ptr[i];
                answer[i] = 0;
                return HARAKA_SUCCESS;
            }
            HARAKA_HOOK(mail) { return haraka_answer(call, HARAKA_DENY, answer); }
        """)
        with self.server(["reads"], {"reads": reads}, config={"reads": "first\n"}) as server:
            with server.client() as client:
                self.assertEqual(client.deliver(1), b"550 first\r\n")
            server.configure("reads", "second\n")

            def changed():
                with server.client() as client:
                    return client.deliver(1) == b"550 second\r\n"
            until("the new words", changed)

    def test_off(self):
        """watch: without watch=true a new plugin waits for --reload, whatever else changes"""
        with self.server(ini="watch_settle=0.1\n", who="old") as server:
            server.build_who("new")
            server.configure("plugins", "who\nqueue/maildir\n")
            server.logged(r"\[NOTICE\] .*config/plugins has changed; .*--reload")
            self.assertEqual(server.builds(), {"old"})
            self.succeeded(server.reload())
            self.assertEqual(server.builds(), {"new"})
