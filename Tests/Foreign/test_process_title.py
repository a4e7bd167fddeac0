"""process_title through its real shared object: what ps shows. Its README.md."""
import re
import subprocess

from server import until
from test_bundled import MAIL, RCPT, Bundled
from wire import QUEUED, Wire, exchange
from workers import Nodes, WorkersTest

MESSAGE = b"Subject: x\r\n\r\ny\r\n.\r\n"


def title(process):
    """The command as ps shows it."""
    return subprocess.run(["ps", "-o", "args=", "-p", str(process)], capture_output=True, text=True, check=False).stdout.strip()


class ProcessTitle(Bundled):
    PLUGINS = ["process_title", "rcpt_to.in_host_list", "queue/maildir"]

    def figures(self, server):
        """The title as a dictionary."""
        return dict(re.findall(r"(\w+)=(\S+)", title(server.process.pid)))

    def shows(self, server, **wanted):
        until(f"the title shows {wanted}: {title(server.process.pid)}",
              lambda: {key: self.figures(server).get(key) for key in wanted} == wanted)

    def test_figures(self):
        """process_title: connections, recipients and messages, of which there were and are"""
        with self.with_hooks(self.PLUGINS, noop="return HARAKA_CONT;") as server:
            self.assertRegex(title(server.process.pid), r"\AHaraka \(master\) cn=0 cc=0 ")
            with Wire(server.port) as client, Wire(server.port):
                self.assertRegex(client.envelope(MESSAGE), QUEUED)
                self.begin(client, MAIL, RCPT, RCPT)
                self.shows(server, cn="2", cc="2", rcpts="3/3", msgs="1/0.5")
            self.shows(server, cn="2", cc="0")

    def test_reload(self):
        """process_title: the figures outlive a reload, and a connection of before is still counted when it ends"""
        with self.with_hooks(self.PLUGINS, noop="return HARAKA_CONT;") as server:
            with Wire(server.port) as old:
                self.shows(server, cn="1", cc="1")
                self.succeeded(server.reload())
                with Wire(server.port):
                    self.shows(server, cn="2", cc="2")
                self.assertEqual(old.say(b"NOOP\r\n"), b"250 OK\r\n")
            self.shows(server, cn="2", cc="0")
            exchange(server, b"QUIT\r\n")
            self.shows(server, cn="3", cc="0")


class Workers(WorkersTest):
    def test_processes(self):
        """process_title: each worker shows its own figures, and the one that delivers says so"""
        with Nodes(["process_title"], {}) as server, server.pair() as pair:
            shown = until("titles", lambda: [title(client.who().pid) for client in pair])
            for line in shown:
                self.assertRegex(line, r"\AHaraka \(worker\) cn=\d+ cc=\d+ cps=\d+/[\d.]+/\d+ rcpts=")
            everybody = subprocess.run(["ps", "-o", "args=", "--ppid", str(server.process.pid)], capture_output=True, text=True,
                                       check=False).stdout
            self.assertRegex(everybody, r"(?m)^Haraka \(delivery\) cn=0 ")
