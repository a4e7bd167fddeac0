"""access through its real shared object. PluginsSrc/access/README.md."""
import tempfile

from inline import server_with
from server import ForeignTest, Server, until
from wire import EHLO, Wire

MAIL = b"MAIL FROM:<a@example.org>\r\n"
RCPT = b"RCPT TO:<b@example.com>\r\n"
UNWELCOME = b"550 You are not welcome here.\r\n"
PLUGINS = ["access", "rcpt_to.in_host_list", "queue/maildir"]


class Access(ForeignTest):
    def server(self, **files):
        """A server with these files, by the short names below."""
        config = {"log.ini": "level=info\n"}
        config.update({NAMES[name]: text for name, text in files.items()})
        return Server(plugins=PLUGINS, config=config)

    def ask(self, client, *commands):
        return [client.say(command) for command in commands]

    def test_connect(self):
        """access: a client on the blacklist of connect is refused by address, network, name and expression"""
        refused = rb"554 (\S+) \[127\.0\.0\.1\] You are not allowed to connect\r\n"
        for lists in ({"conn_black": "127.0.0.1\n"}, {"conn_black": "127.0.0.0/8\n"},
                      {"conn_black_re": "127\\..*\n"}, {"rdns_deny": "127.0.0.\\d\n"}):
            with self.server(**lists) as server, Wire(server.port) as client:
                self.assertRegex(client.banner, refused, lists)
                self.assertEqual(client.rest(), b"", lists)
        for lists in ({"conn_black": "127.0.0.2\n"}, {"conn_black": "127.0.0.1\n", "conn_white": "127.0.0.0/30\n"},
                      {"conn_black_re": ".*\n", "conn_white_re": "127.0.0.1\n"}, {"conn_black_re": "127\n"},
                      {"conn_black": "127.0.0.1\n", "ini": "[check]\nconn=false\n"}):
            with self.server(**lists) as server, Wire(server.port) as client:
                self.assertEqual(client.banner[:4], b"220 ", lists)

    def test_helo(self):
        """access: helo.checks.regexps are asked if access.ini says so"""
        for ini, expected in (("", b"250"), ("[check]\nhelo=true\n", b"550")):
            with self.server(helo="bad\\..*\n", ini=ini) as server, Wire(server.port) as client:
                said = client.say(b"HELO BAD.example\r\n")
                self.assertEqual(said[:3], expected)
                if ini:
                    self.assertEqual(said, b"550 BAD.example That HELO is not allowed to connect\r\n")
                    self.assertEqual(client.say(b"HELO notbad.example\r\n")[:4], b"250 ")

    def test_addresses(self):
        """access: senders and recipients are refused by whole address, without case, unless they are welcome"""
        lists = {"mail_black": "Spam@Example.ORG\n", "mail_black_re": ".*@bulk\\.example\n",
                 "mail_white": "good@bulk.example\n", "mail_blocklist": "old@example.org\n",
                 "rcpt_black": "trap@example.com\n", "rcpt_black_re": "old-.*@example\\.com\n",
                 "rcpt_white_re": "old-friend@example\\.com\n"}
        with self.server(**lists) as server, Wire(server.port) as client:
            client.say(EHLO)
            for sender, refused in ((b"spam@EXAMPLE.org", True), (b"xspam@example.org", False),
                                    (b"x@bulk.example", True), (b"GOOD@bulk.example", False),
                                    (b"old@example.org", True), (b"", False)):
                said = client.say(b"MAIL FROM:<%s>\r\n" % sender)
                expected = b"550 %s That sender cannot send mail here\r\n" % sender
                self.assertEqual(said == expected, refused, said)
                self.assertEqual(said[:3] == b"250", not refused, said)
            for recipient, refused in ((b"Trap@example.com", True), (b"old-x@example.com", True),
                                       (b"old-friend@example.com", False), (b"b@example.com", False)):
                said = client.say(b"RCPT TO:<%s>\r\n" % recipient)
                expected = b"550 %s That recipient is not allowed\r\n" % recipient
                self.assertEqual(said == expected, refused, said)
                self.assertEqual(said[:3] == b"250", not refused, said)

    def test_internationalised(self):
        """access: an internationalised domain is found in A-labels and as it was written"""
        sender = "MAIL FROM:<a@bücher.example> SMTPUTF8\r\n".encode()
        for entry in ("a@xn--bcher-kva.example\n", "a@bücher.example\n"):
            with self.server(mail_black=entry) as server, Wire(server.port) as client:
                client.say(EHLO)
                self.assertEqual(client.say(sender)[:3], b"550", entry)

    def test_accept(self):
        """access: rcpt.accept takes recipients on a whitelist, which no other plugin knows"""
        for ini, expected in (("", b"550"), ("[rcpt]\naccept=true\n", b"250")):
            with self.server(rcpt_white="b@elsewhere.example\n", ini=ini) as server, Wire(server.port) as client:
                said = self.ask(client, EHLO, MAIL, b"RCPT TO:<b@elsewhere.example>\r\n",
                                b"RCPT TO:<c@elsewhere.example>\r\n")
                self.assertEqual([reply[:3] for reply in said[2:]], [expected, b"550"])

    def test_any(self):
        """access: a domain in access.domains is refused in HELO, MAIL and RCPT, with all below, but not exceptions"""
        domains = "bad.example\n!special.bad.example\n!friend@bad.example\nspam@example.org\nold.example.com\n"
        with self.server(domains=domains, host_list="example.com\nold.example.com\n") as server:
            with Wire(server.port) as client:
                said = self.ask(client, b"HELO mx.bad.example\r\n", b"EHLO BAD.example\r\n", b"HELO [192.0.2.1]\r\n",
                                b"EHLO special.bad.example\r\n")
                self.assertEqual([reply[:3] for reply in said], [b"550", b"550", b"250", b"250"])
                self.assertEqual(said[0], UNWELCOME)
                for sender, refused in ((b"x@a.bad.example", True), (b"friend@bad.example", False),
                                        (b"Spam@example.org", True), (b"x@b.special.bad.example", False),
                                        (b"x@notbad.example", False)):
                    self.assertEqual(client.say(b"MAIL FROM:<%s>\r\n" % sender) == UNWELCOME, refused, sender)
                said = self.ask(client, b"RCPT TO:<x@old.example.com>\r\n", b"RCPT TO:<x@example.com>\r\n")
                self.assertEqual((said[0], said[1][:3]), (UNWELCOME, b"250"))

    def test_from(self):
        """access: with check.data the domains of the field From count, too"""
        letter = b'From: "a@good.example" <x@mx.bad.example>\r\n\r\ny\r\n.\r\n'
        for ini, expected in (("", b"250"), ("[check]\ndata=true\n", b"550")):
            with self.server(domains="bad.example\n", ini=ini) as server, Wire(server.port) as client:
                said = client.envelope(letter)
                self.assertEqual(said[:3], expected)
                if ini:
                    self.assertEqual(said, b"550 Email from that domain is not accepted here.\r\n")
                    self.assertEqual(client.envelope(b"From: x@good.example\r\n\r\ny\r\n.\r\n")[:3], b"250")

    def test_words(self):
        """access: deny_msg takes the place of the words behind the name"""
        with self.server(mail_black="a@example.org\n", ini="[deny_msg]\nmail=has to stay out\n") as server:
            with Wire(server.port) as client:
                self.assertEqual(self.ask(client, EHLO, MAIL)[1], b"550 a@example.org has to stay out\r\n")

    def test_mistakes(self):
        """access: a line that cannot be used is named by file and number, and the others count"""
        lists = {"mail_black_re": "# ours\n\n([\nx\\d@example\\.org\n", "mail_black": "a b\na@example.org\n",
                 "conn_black": "127.0.0.1/99\n", "domains": "!\n"}
        with self.server(**lists) as server, Wire(server.port) as client:
            for place in ("mail_from.access.blacklist_regex:3: left out: ", "mail_from.access.blacklist:1: left out: ",
                          "connect.rdns_access.blacklist:1: left out: ", "access.domains:1: left out: "):
                server.logged(r"\[ERROR\] .*\[access\] " + place.replace(".", r"\."))
            said = self.ask(client, EHLO, MAIL, b"MAIL FROM:<x7@example.org>\r\n", b"MAIL FROM:<b@example.org>\r\n")
            self.assertEqual([reply[:3] for reply in said[1:]], [b"550", b"550", b"250"])

    def test_groups(self):
        """access: expressions with groups of the same name or number do not disturb each other"""
        names = "(?<x>a)\\k<x>@example\\.org\n(?<x>b)\\k<x>@example\\.org\n"
        numbers = "(a)a@example\\.org\n(b)\\1@example\\.org\n"
        for patterns in (names, numbers):
            with self.server(mail_black_re=patterns) as server, Wire(server.port) as client:
                client.say(EHLO)
                for user, expected in ((b"aa", b"550"), (b"bb", b"550"), (b"ab", b"250"), (b"b", b"250")):
                    self.assertEqual(client.say(b"MAIL FROM:<%s@example.org>\r\n" % user)[:3], expected, user)

    def test_long_lists(self):
        """access: 100,000 entries and 5,000 expressions are lists like others"""
        entries = "".join(f"user{number}@example.org\n" for number in range(100_000))
        patterns = "".join(f"re{number}x.*@example\\.org\n" for number in range(5_000))
        with self.server(mail_black=entries, mail_black_re=patterns) as server, Wire(server.port) as client:
            client.say(EHLO)
            for user, expected in ((b"user0", b"550"), (b"user99999", b"550"), (b"user100000", b"250"),
                                   (b"re0xy", b"550"), (b"re4999xy", b"550"), (b"re5000xy", b"250")):
                self.assertEqual(client.say(b"MAIL FROM:<%s@example.org>\r\n" % user)[:3], expected, user)
            self.assertIsNone(server.found(r"\[ERROR\]"))

    def test_changes(self):
        """access: lists and access.ini change on an open connection; a file with a mistake changes nothing"""
        with self.server(mail_black="x@example.org\n") as server, Wire(server.port) as client:
            client.say(EHLO)
            self.assertEqual(client.say(MAIL)[:3], b"250")
            server.configure("mail_from.access.blacklist", "a@example.org\n")
            until("the new list", lambda: client.say(MAIL)[:3] == b"550")
            server.configure("mail_from.access.blacklist", "b@example.org\nc d\n")
            server.logged(r"\[ERROR\] .*mail_from\.access\.blacklist stays as it was: line 2: c d")
            self.assertEqual(client.say(MAIL)[:3], b"550")
            server.configure("mail_from.access.blacklist_regex", ".*@example.net\n)\n")
            server.logged(r"\[ERROR\] .*mail_from\.access\.blacklist_regex stays as it was: line 2: ")
            self.assertEqual(client.say(b"MAIL FROM:<x@example.net>\r\n")[:3], b"250")
            server.configure("access.ini", "[check]\nmail=nonsense\n")
            server.logged(r"\[ERROR\] .*access\.ini: all stays as it was: \[check\] mail is neither true nor false")
            self.assertEqual(client.say(MAIL)[:3], b"550")
            server.configure("access.ini", "[check]\nmail=no\n")
            until("the check is off", lambda: client.say(MAIL)[:3] == b"250")
            server.configure("access.domains", "example.org\n")
            until("the new domains", lambda: client.say(MAIL) == UNWELCOME)

    def test_results(self):
        """access: the file that had an entry stands in the results, for other plugins"""
        show = """HARAKA_REGISTER(self) { (void)self; return HARAKA_SUCCESS; }
            HARAKA_HOOK(rcpt) {
                haraka_value v = haraka_null();
                (void)haraka_table->result_get(haraka_of_transaction(call->transaction), haraka_text("access"),
                                               haraka_text("%s"), &v);
                return haraka_answer_text(call, HARAKA_DENY, haraka_value_text(haraka_value_at(&v, %d)));
            }"""
        config = {"mail_from.access.whitelist": "a@example.org\n", "access.domains": "!example.org\n"}
        for key, number, expected in (("pass", 0, b"mail:any"), ("pass", 1, b"mail_from.access.whitelist"),
                                      ("msg", 0, b"unlisted(rcpt:any)"), ("msg", 1, b"unlisted(rcpt)")):
            with tempfile.TemporaryDirectory(prefix="haraka-test-") as scratch:
                server = server_with(scratch, ["access", "mine"], {"mine": show % (key, number)}, config)
            with server, Wire(server.port) as client:
                self.assertEqual(self.ask(client, EHLO, MAIL, RCPT)[2], b"550 %s\r\n" % expected)


NAMES = {"ini": "access.ini", "domains": "access.domains", "helo": "helo.checks.regexps", "host_list": "host_list",
         "conn_white": "connect.rdns_access.whitelist", "conn_white_re": "connect.rdns_access.whitelist_regex",
         "conn_black": "connect.rdns_access.blacklist", "conn_black_re": "connect.rdns_access.blacklist_regex",
         "mail_white": "mail_from.access.whitelist", "mail_black": "mail_from.access.blacklist",
         "mail_black_re": "mail_from.access.blacklist_regex", "mail_blocklist": "mail_from.blocklist",
         "rcpt_white": "rcpt_to.access.whitelist", "rcpt_white_re": "rcpt_to.access.whitelist_regex",
         "rcpt_black": "rcpt_to.access.blacklist", "rcpt_black_re": "rcpt_to.access.blacklist_regex",
         "rdns_deny": "rdns.deny_regexps"}
