"""The golden plugins on the real server, one language after the other. Tests/ABITests/Golden/README.md."""
import glob
import json
import os
import platform
import subprocess
import unittest
from unittest import mock

from server import ROOT, ForeignTest, Server

GOLDEN = os.path.join(ROOT, "Tests", "ABITests", "Golden")
DIALOGUE = [
    ("MAIL FROM:<later@example.org>", "450 later"),
    ("MAIL FROM:<work@example.org>", "550 worked: 42"),
    ("MAIL FROM:<joe@example.org>", "250 sender <joe@example.org> OK"),
    ("RCPT TO:<denied@example.com>", "550 not here"),
    ("RCPT TO:<fails@example.com>", "450 plugin failed"),
    ("RCPT TO:<jane@example.com>", "250 recipient <jane@example.com> OK"),
]


def swift_library():
    """The folder with the toolchain's libswiftCore.so; None without a toolchain."""
    try:
        asked = subprocess.run(["swiftc", "-print-target-info"], capture_output=True, check=True, text=True)
        folder = os.path.join(json.loads(asked.stdout)["paths"]["runtimeResourcePath"], "linux")
    except (OSError, subprocess.CalledProcessError):
        return None
    return folder if os.path.exists(os.path.join(folder, "libswiftCore.so")) else None


@unittest.skipUnless(platform.machine() == "x86_64", "the files are for x86-64")
class Golden(ForeignTest):
    def ask(self, language):
        for path in sorted(glob.glob(os.path.join(GOLDEN, f"{language}-*.so"))):
            self.ask_one(path)

    def ask_one(self, path):
        config = {"golden.ini": "words=not here\n"}
        with Server(["golden"], config, {"golden": path}) as server, server.dialogue() as client:
            self.assertEqual(client.reply()[:4], "220 ")
            self.assertEqual(client.say("EHLO client.example.org")[:3], "250")
            for command, reply in DIALOGUE:
                self.assertEqual(client.say(command), reply, command)
            self.assertEqual(client.say("DATA")[:3], "354")
            self.assertEqual(client.say("Subject: golden\r\n\r\nHello\r\n.")[:3], "250")
        self.assertRegex(server.log(), r"\[CRIT\] .*\[golden\] failed: out of luck")
        self.assertRegex(server.log(), r"\[NOTICE\] .*\[golden\] asked 3 times")

    def test_c(self):
        """golden: a plugin in C that was built once answers as on its first day"""
        self.ask("c")

    def test_cpp(self):
        """golden: a plugin in C++ that was built once answers as on its first day"""
        self.ask("cpp")

    def test_rust(self):
        """golden: a plugin in Rust that was built once answers as on its first day"""
        self.ask("rust")

    def test_embedded_swift(self):
        """golden: a plugin in Embedded Swift that was built once answers as on its first day"""
        self.ask("embedded-swift")

    def test_swift(self):
        """golden: a plugin in ordinary Swift, with the toolchain's library, answers as on its first day"""
        folder = swift_library()
        if folder is None:
            print("        no libswiftCore.so: the golden plugin in ordinary Swift was not tried", flush=True)
            self.skipTest("no libswiftCore.so")
        with mock.patch.dict(os.environ, LD_LIBRARY_PATH=folder):
            self.ask("swift")
