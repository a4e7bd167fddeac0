"""The bundled plugins take changes of their configuration at once, without any command. The README.md of each."""
import os

from inline import hooked
from server import READ_AT_LOAD_ONLY, until
from test_bundled import note
from wire import EHLO, QUEUED, seconds
from workers import MAIL, RCPT, Nodes, WorkersTest

QUICKLY = "watch_settle=0.2\n"
NEW = b"RCPT TO:<b@new.example>\r\n"
RELAYS = hooked(ehlo="(void)haraka_set_relaying(call->connection, 1); return HARAKA_CONT;")


class LivePlugins(WorkersTest):
    def server(self, before=(), code=None, **config):
        """`before` stands in front of rcpt_to.in_host_list and queue/maildir; `code` is that of the plugin `mine`."""
        objects = {"mine": self.plugin("mine", code)} if code else {}
        config = {name.replace("__", "."): text for name, text in config.items()}
        return Nodes(before, objects, config=config, ini=QUICKLY)

    def says(self, pair, command, expected):
        """Sooner or later the command has this answer from both clients, whose connections were open before."""
        until(f"{command} -> {expected}", lambda: all(client.say(command)[:len(expected)] == expected for client in pair))

    def greeted(self, pair, *commands):
        for client in pair:
            for command in (EHLO, *commands):
                self.assertEqual(client.say(command)[:3], b"250", command)

    def change(self, server, file, text, line):
        """Changes a file, and waits until each of the three processes has said so: once, and without asking for a reload."""
        since = len(server.lines)
        server.configure(file, text)
        until(f"a line with {line} from each process", lambda: sum(line in each for each in server.lines[since:]) == 3)
        self.assertIsNone(server.found(READ_AT_LOAD_ONLY.format(".*")))

    def test_host_list(self):
        """live plugins: host_list holds for the next RCPT, on connections that are open and on new ones"""
        with self.server() as server, server.pair() as pair:
            self.greeted(pair, MAIL, RCPT)
            for client in pair:
                self.assertEqual(client.say(NEW)[:4], b"550 ")
            server.configure("host_list", "new.example\n")
            self.says(pair, NEW, b"250 ")
            for client in pair:
                self.assertEqual(client.say(RCPT)[:4], b"550 ")
            with server.pair() as new:
                self.greeted(new, MAIL, NEW)
            # By itself, and not because the plugins were loaded anew.
            self.assertEqual(server.builds(), {"1"})
            self.assertIsNone(server.found(READ_AT_LOAD_ONLY.format(".*")))

    def test_host_list_with_a_mistake(self):
        """live plugins: a host_list with a mistake changes nothing, and one line names it"""
        with self.server() as server, server.pair() as pair:
            self.greeted(pair, MAIL, RCPT)
            self.change(server, "host_list", "new.example\nhello world\n", "host_list stays as it was: hello world")
            for client in pair:
                self.assertEqual([client.say(command)[:4] for command in (RCPT, NEW)], [b"250 ", b"550 "])
            server.configure("host_list", "new.example\n")
            self.says(pair, NEW, b"250 ")

    def test_host_list_that_cannot_be_read(self):
        """live plugins: a host_list that is no text is named and changes nothing: local mail must not be refused for it"""
        with self.server() as server, server.pair() as pair:
            self.greeted(pair, MAIL, RCPT)
            with open(os.path.join(server.folder, "config", "host_list"), "wb") as file:
                file.write(b"new.example\n\xff\xfe\n")
            server.logged(r"\[ERROR\] \[-\] \[rcpt_to.in_host_list\] .*host_list.*keeps what it has read before")
            for client in pair:
                self.assertEqual([client.say(command)[:4] for command in (RCPT, NEW)], [b"250 ", b"550 "])
            done = server.haraka("--reload")
            self.assertEqual(done.returncode, 1, done)
            self.assertRegex(done.stderr, r"rcpt_to.in_host_list: its configuration cannot be used: .*host_list")
            for client in pair:
                self.assertEqual([client.say(command)[:4] for command in (RCPT, NEW)], [b"250 ", b"550 "])

    def test_host_list_regex(self):
        """live plugins: host_list_regex too, and a broken expression changes nothing"""
        with self.server() as server, server.pair() as pair:
            self.greeted(pair, MAIL)
            self.change(server, "host_list_regex", "n.w\\.example\n", "host_list_regex has changed: 1 expressions")
            self.says(pair, NEW, b"250 ")
            self.change(server, "host_list_regex", "other\\.example\n([\n", "host_list_regex stays as it was: ([")
            for client in pair:
                self.assertEqual(client.say(NEW)[:4], b"250 ")

    def test_anti_spoof(self):
        """live plugins: host_list.anti_spoof holds for the next MAIL; `1` means on, `perhaps` nothing"""
        ours = b"MAIL FROM:<c@example.com>\r\n"
        with self.server() as server, server.pair() as pair:
            self.greeted(pair, ours)
            self.change(server, "host_list.anti_spoof", "1\n", "host_list.anti_spoof has changed: true")
            self.says_mail(pair, ours, b"550 ")
            self.change(server, "host_list.anti_spoof", "perhaps\n", "host_list.anti_spoof stays as it was: perhaps")
            self.says_mail(pair, ours, b"550 ")

    def says_mail(self, pair, mail, expected):
        def answered():
            for client in pair:
                client.say(b"RSET\r\n")
            return all(client.say(mail)[:4] == expected for client in pair)
        until(f"{mail} -> {expected}", answered)

    def test_maildir(self):
        """live plugins: root and path of queue.maildir.ini hold for the next mail; a broken template changes nothing"""
        with self.server() as server, server.client() as client:
            self.assertRegex(client.deliver(1), QUEUED)
            second = f"root={server.mail}/second\npath=in/%u\n"
            self.change(server, "queue.maildir.ini", second, "queue.maildir.ini has changed")
            self.assertRegex(client.deliver(2), QUEUED)
            broken = f"root={server.mail}/third\npath=%x\n"
            self.change(server, "queue.maildir.ini", broken, "queue.maildir.ini: all stays as it was: path: %x")
            self.assertRegex(client.deliver(3), QUEUED)
            self.assertEqual(len(os.listdir(f"{server.mail}/second/in/b/new")), 2)
            self.assertFalse(os.path.exists(f"{server.mail}/third"))

    def test_maildir_outbound(self):
        """live plugins: enable_outbound takes effect without a reload, in both directions"""
        with self.server(["mine"], RELAYS) as server, server.client() as client:
            def is_stored(number):
                """Or it went into the server's own queue."""
                before = len(server.stored())
                self.assertRegex(client.deliver(number), QUEUED)
                return len(server.stored()) > before
            self.assertFalse(is_stored(1))
            root = f"root={server.mail}\n"
            server.configure("queue.maildir.ini", root + "enable_outbound=true\n")
            until("outbound mail is stored", lambda: is_stored(2))
            server.configure("queue.maildir.ini", root)
            until("outbound mail is left to the queue again", lambda: not is_stored(3))
            self.assertIn("2", server.numbers())

    def test_quarantine(self):
        """live plugins: quarantine_path holds for the next copy; a path that cannot be made changes nothing"""
        wanted = hooked(mail=note("transaction", "quarantine", "haraka_boolean(1)"))
        with self.server(["mine", "queue/quarantine"], wanted) as server, server.client() as client:
            def copies(folder):
                found = os.walk(os.path.join(server.folder, folder))
                return sum(len(names) for _, _, names in found)
            for folder in ("one", "two"):
                path = f"quarantine_path={server.folder}/{folder}\n"
                self.change(server, "quarantine.ini", path, "quarantine.ini has changed")
                self.assertRegex(client.deliver(folder), QUEUED)
                self.assertEqual(copies(folder), 1)
            below_a_file = f"quarantine_path={server.folder}/config/me/no\n"
            self.change(server, "quarantine.ini", below_a_file, "quarantine.ini: all stays as it was")
            self.assertRegex(client.deliver(3), QUEUED)
            self.assertEqual((copies("one"), copies("two")), (1, 2))

    def test_tarpit(self):
        """live plugins: hooks_to_delay holds for the next command; a hook that is none changes nothing"""
        waits = hooked(mail=note("connection", "tarpit", "haraka_number(0.5)"))
        with self.server(["mine", "tarpit"], waits, tarpit__ini="[main]\nhooks_to_delay=vrfy\n") as server:
            with server.client() as client:
                def took(command):
                    return seconds(lambda: client.say(command))[0]
                client.say(EHLO)
                client.say(MAIL)
                self.assertLess(took(b"NOOP\r\n"), 0.4)
                self.change(server, "tarpit.ini", "[main]\nhooks_to_delay=noop\n", "tarpit.ini has changed")
                self.assertGreater(took(b"NOOP\r\n"), 0.4)
                self.assertLess(took(b"VRFY x\r\n"), 0.4)
                broken = "[main]\nhooks_to_delay=vrfy,nope\n"
                self.change(server, "tarpit.ini", broken, "hooks_to_delay stays as it was: nope")
                self.assertGreater(took(b"NOOP\r\n"), 0.4)

    def test_delay_deny(self):
        """live plugins: excluded_plugins of delay_deny holds for the next refusal; a list without sense changes nothing"""
        refuses = hooked(mail='return haraka_answer(call, HARAKA_DENY, "no");')
        with self.server(["delay_deny", "mine"], refuses) as server, server.pair() as pair:
            self.greeted(pair, MAIL)
            excluded = "[main]\nexcluded_plugins=mine\n"
            self.change(server, "delay_deny.ini", excluded, "delay_deny.ini has changed")
            self.says_mail(pair, MAIL, b"550 ")
            broken = "[main]\nexcluded_plugins=other::mail\n"
            self.change(server, "delay_deny.ini", broken, "delay_deny.ini: all stays as it was: excluded_plugins")
            self.says_mail(pair, MAIL, b"550 ")
            self.change(server, "delay_deny.ini", "", "delay_deny.ini has changed")
            self.says_mail(pair, MAIL, b"250 ")
