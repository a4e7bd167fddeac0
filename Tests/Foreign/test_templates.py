"""haraka plugin new, in each language: made, built, checked, installed and asked. share/templates/README.md."""
import os
import shutil
import subprocess
import tempfile

from server import BUILD, HARAKA, ForeignTest, Server, header, until

LIMIT = 600  # seconds: a compiler on a busy machine
NAME = "policy/no.reader"
FILE = "no.reader"
REFUSED = "550 nobody reads mail to this address"


class Templates(ForeignTest):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="haraka-test-")
        self.addCleanup(scratch.cleanup)
        self.scratch = scratch.name

    def run_in(self, folder, *command):
        done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT,
                              check=False)
        self.succeeded(done)
        return done

    def made(self, language):
        """The folder of a new plugin, built and checked. Nothing of the templates' own words is left in it."""
        self.run_in(self.scratch, HARAKA, "plugin", "new", NAME, "--lang", language)
        folder = os.path.join(self.scratch, FILE)
        for parent, _, names in os.walk(folder):
            for name in names:
                self.assertNotRegex(name, "@[A-Z]+@")
                with open(os.path.join(parent, name), encoding="utf-8") as text:
                    self.assertNotRegex(text.read(), "@[A-Z]+@", name)
        # As its author types it, whatever the tests' own environment is.
        where = [f"PREFIX={BUILD}", f"HARAKA={HARAKA}"]
        done = self.run_in(folder, "make", *where)
        self.assertNotRegex(done.stdout + done.stderr, "warning")
        self.run_in(folder, "make", "check", *where)
        return folder, where

    def policy(self, language):
        folder, where = self.made(language)
        lists = {"plugins": f"{NAME}\nrcpt_to.in_host_list\nqueue/maildir\n"}
        server = Server(config=lists)
        self.run_in(folder, "make", "install", f"DIR={server.folder}", *where)
        self.assertTrue(os.path.exists(os.path.join(server.folder, "plugins", f"{NAME}.so")))
        with server:
            self.asked(server)
            # The administrator's list takes the place of the plugin's own, while the server runs.
            server.configure(f"{FILE}.list", "Jane@example.com\n")
            with server.dialogue() as client:
                self.begin(client)
                until("the list has changed", lambda: client.say("RCPT TO:<jane@EXAMPLE.com>") == REFUSED)
                self.assertEqual(client.say("RCPT TO:<noreply@example.com>")[:3], "250")

    def begin(self, client):
        self.assertEqual(client.reply()[:4], "220 ")
        self.assertEqual(client.say("EHLO client.example.org")[:3], "250")
        self.assertEqual(client.say("MAIL FROM:<joe@example.org>")[:3], "250")

    def asked(self, server):
        """Recipients of the plugin's own list are refused, and the mail to the others arrives."""
        with server.dialogue() as client:
            self.begin(client)
            self.assertEqual(client.say("RCPT TO:<NoReply@example.com>"), REFUSED)
            self.assertEqual(client.say("RCPT TO:<jane@example.com>")[:3], "250")
            self.assertEqual(client.say("DATA")[:3], "354")
            self.assertEqual(client.say("Subject: to a reader\r\n\r\nHello\r\n.")[:3], "250")
        self.assertEqual([header(message, "Subject") for message in server.messages()], [["to a reader"]])

    def test_c(self):
        """plugin new --lang c: builds, is fit to ship, and decides mail"""
        self.policy("c")

    def test_cpp(self):
        """plugin new --lang cpp: builds, is fit to ship, and decides mail"""
        self.policy("cpp")

    def test_rust(self):
        """plugin new --lang rust: builds without a network, is fit to ship, and decides mail"""
        if shutil.which("cargo") is None:
            print("        no cargo: the template in Rust was not tried", flush=True)
            self.skipTest("no cargo")
        self.policy("rust")

    def test_swift(self):
        """plugin new --lang swift: builds with the installed kit, is fit to ship, and decides mail"""
        self.policy("swift")
