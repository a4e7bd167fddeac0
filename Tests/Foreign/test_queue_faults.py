"""The short form of `FAULTS=1 Scripts/crash`, and whether `make crash` would see what it is for. docs/outbound.md."""
import os
import shutil
import subprocess
import sys
import time
import unittest

import crash_faults
from crash import Crash
from server import ROOT, ForeignTest

WHY = crash_faults.missing()


class Faults(ForeignTest):
    @unittest.skipIf(WHY, WHY)
    def test_accepting(self):
        """queue faults: a system call that fails is a 4xx and an alarm, leaves nothing behind, and the next mail is taken"""
        self.assertEqual(crash_faults.run(short=True, show=lambda *_, **__: None), [])

    @unittest.skipIf(WHY or os.geteuid() != 0 or not shutil.which("unshare"), WHY or "only root can mount a small disk")
    def test_full(self):
        """queue faults: a disk that is full refuses mail for now, delivers what is there, and goes on when there is room"""
        done = subprocess.run([sys.executable, os.path.join(ROOT, "Scripts", "crash")], capture_output=True, text=True, timeout=300,
                              check=False, env={**os.environ, "FAULTS": "the disk is"})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(done.stdout.count("taken again when there is"), 2, done.stdout)


class Seen(ForeignTest):
    """What is done behind the server's back."""

    def test_lost(self):
        """make crash: a queue file that vanishes is told as a lost mail"""
        self.seen("lose", "lost: ")

    def test_torn(self):
        """make crash: a queue file that is cut off is told as a torn mail"""
        self.seen("tear", "torn: ")

    def test_copied(self):
        """make crash: a queue file that comes back is told as a second copy"""
        self.seen("copy", "a second copy without an excuse: ")

    def seen(self, sabotage, words):
        crash = Crash(14, int(time.time()), 1, sabotage)
        wrong = crash.run()
        self.assertTrue([line for line in wrong if line.startswith(words)], f"{crash.harmed} harmed, {wrong}\n{crash.table()}")
