"""Servers that hand mail on to backends while the client waits, and what the client is told of it."""
import os
import re
import tempfile

from inline import NOTHING, compiled
from outbound import MESSAGE, RELAYING, OutboundTest, stuffed
from server import Server, until
from wire import EHLO, Wire

INI = {"queue/smtp_forward": "smtp_forward.ini", "queue/smtp_proxy": "smtp_proxy.ini", "queue/lmtp": "lmtp.ini",
       "queue/deliver": "outbound.ini"}
TAKEN = b"250 2.0.0 taken\r\n"
FAILURE = b"450 Backend failure, try again later\r\n"
NO_QUEUE = b"451 Queuing declined or disabled, try later\r\n"
IDENTITY = re.compile(rb" \([0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}\.\d+\)")


class Backed(Server):
    """With `plugin` as its queue. `ini`: its file; `code`: plugins in C that come first; `behind`: those that come last."""

    def __init__(self, plugin, ini="", config=None, code=None, policy=("rcpt_to.in_host_list",), behind=()):
        files = {INI[plugin]: ini, "host_list": "example.com\nexample.net\n", "log.ini": "level=info\n",
                 "plugins.ini": "watch_settle=0.1\n", **(config or {})}
        super().__init__(plugins=[*(code or {}), *policy, plugin, *behind], config=files)
        self.queue = os.path.join(self.folder, "queue")
        with tempfile.TemporaryDirectory(prefix="haraka-test-") as scratch:
            for name, text in (code or {}).items():
                self.install(name, compiled(scratch, name, text))

    def client(self):
        return Client(self.port)

    def send(self, *to, **more):
        """The last reply of a client that hands in one mail and leaves; without the mail's id."""
        with self.client() as client:
            return client.send_mail(*to, **more)[-1]

    def changed(self, name, text, expression):
        """Writes a file that a running plugin reads, and waits until it has said so."""
        since = len(self.lines)
        self.configure(name, text)
        return self.logged(expression, since)

    def queued(self):
        """Names of the mails in the server's own queue."""
        found = os.listdir(self.queue) if os.path.isdir(self.queue) else []
        return [name for name in found if len(name.split("-")) == 5]

    def empty(self):
        until(f"an empty queue, not {self.queued()}", lambda: not self.queued())


class Client(Wire):
    """It says EHLO at once."""

    def __init__(self, target):
        super().__init__(target)
        self.hello = self.say(EHLO)

    def envelope(self, *to, sender="a@example.org", mail=b""):
        """The replies to MAIL and each RCPT, until one of them is not positive."""
        said = [self.say(b"MAIL FROM:<%s>%s\r\n" % (sender.encode(), mail))]
        for one in to or ("b@example.com",):
            if said[-1][:1] == b"2":
                said.append(self.say(b"RCPT TO:<%s>\r\n" % one.encode()))
        return said

    def send_mail(self, *to, message=MESSAGE, **more):
        """All replies until one is not what it is at its best."""
        said = self.envelope(*to, **more)
        if said[-1][:1] == b"2":
            said.append(self.say(b"DATA\r\n"))
        if said[-1][:1] == b"3":
            said.append(IDENTITY.sub(b"", self.say(stuffed(message) + b".\r\n")))
        return said


def at(peer):
    """The lines of an ini file that name it."""
    return f"host=127.0.0.1\nport={peer.port}\n"


def pool(*peers):
    return "forwarding_host_pool=" + ", ".join(f"127.0.0.1:{peer.port}" for peer in peers) + "\n"


class BackedTest(OutboundTest):
    """`RELAYS` is a plugin by which whoever connects may relay."""

    RELAYS = {"relays": NOTHING + RELAYING}

    def one_line(self, client, command, reply):
        self.assertEqual(client.say(command + b"\r\n"), reply)

    def commands(self, peer, verb):
        """All commands with this verb that any session has got, in their order."""
        return [command for one in peer.sessions for command in one.commands if command.split(b" ")[0] == verb]
