"""The README's plugin, as a reader would try it: compiled, dropped in, reloaded. In C and in Swift."""
import os
import subprocess
import tempfile

from server import ROOT, ForeignTest, Server, compile_plugin

BLOCKED = "MAIL FROM:<someone@Blocked.Example>"
REFUSED = "550 no mail from blocked.example, please"


class READMEPlugin(ForeignTest):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="haraka-test-")
        self.addCleanup(scratch.cleanup)
        self.scratch = scratch.name
        subprocess.run([os.path.join(ROOT, "Scripts", "snippets"), self.scratch], check=True, capture_output=True)

    def check_policy(self, plugin):
        """Drops the plugin into a running server: new connections get its policy, one that is open keeps the old."""
        with Server() as server, server.dialogue() as early:
            self.assertEqual(early.reply()[:4], "220 ")
            self.assertEqual(early.say("EHLO client.example.org")[:3], "250")
            server.install("blocked_senders", plugin)
            server.configure("blocked_senders", "# whole domains\nblocked.example\n")
            server.configure("plugins", "blocked_senders\nrcpt_to.in_host_list\nqueue/maildir\n")
            self.succeeded(server.reload())
            with server.dialogue() as late:
                self.assertEqual(late.reply()[:4], "220 ")
                self.assertEqual(late.say("EHLO client.example.org")[:3], "250")
                self.assertEqual(late.say(BLOCKED), REFUSED)
                self.assertEqual(late.say("MAIL FROM:<>")[:4], "250 ")
                self.assertEqual(late.say("RSET"), "250 OK")
                self.assertEqual(late.say("MAIL FROM:<someone@welcome.example>"),
                                 "250 sender <someone@welcome.example> OK")
            self.assertEqual(early.say(BLOCKED)[:4], "250 ")

    def test_in_c(self):
        """README: the C plugin is in force after a reload for new connections, an old one keeps the old policy"""
        source = os.path.join(self.scratch, "blocked_senders.c")
        self.check_policy(compile_plugin(source, os.path.join(self.scratch, "plugin.so")))

    def test_in_swift(self):
        """README: the Swift plugin, compiled with Scripts/compile-plugin, does the same"""
        plugin = os.path.join(self.scratch, "plugin.so")
        subprocess.run([os.path.join(ROOT, "Scripts", "compile-plugin"), os.path.join(self.scratch, "blocked_senders"),
                        plugin], check=True, timeout=300)
        self.check_policy(plugin)
