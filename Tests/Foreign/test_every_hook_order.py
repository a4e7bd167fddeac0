"""The order and the arguments of all hooks in whole sessions, and answers that are values. docs/hooks.md "The hooks", "The
usual order"."""
import re
import socket
import tempfile

from inline import NOTHING, compiled
from server import LIMIT, ForeignTest, header, until
from test_config_hook import PER_USER
from test_every_hook import NAME, Answering, HookTest, order
from wire import Wire

GOODBYE = "221 mx.example.com closing connection. Have a jolly good day."
BEGIN = [("pre_connection", ...), ("connect_init", []), ("lookup_rdns", []), ("connect", [])]
FINISH = [("disconnect", []), ("post_connection", [])]
HELLO = [("ehlo_parse", ["EHLO", "c.example"]), ("ehlo", ["c.example"]), ("capabilities", [])]


def address(text):
    return {"address": text}


class SessionTest(HookTest):
    def session(self, orders, *dialogue, server=None):
        """What is asked in a dialogue of (line, beginning of the reply), without the hooks of its beginning and end."""
        server = server or self.servers[0]
        server.tell(*orders, order("lookup_rdns", code="OK", words=NAME))
        with Wire(server.port) as client:
            self.client = client.socket.getsockname(), client.socket.getpeername()
            for line, reply in dialogue:
                self.assertEqual(client.say(line.encode())[:len(reply)], reply.encode(), line)
        server.ended()
        self.calls = [call for call in server.asked() if call.hook != "ok"]
        found = [(call.hook, call.arguments) for call in self.calls]
        self.assertEqual([hook for hook, _ in found[:4]], [hook for hook, _ in BEGIN])
        self.assertEqual(found[1:4], BEGIN[1:])
        self.assertEqual(found[-2:], FINISH)
        return found[4:-2]

    def uuid(self, number=1):
        return f"{self.calls[0].uuid}.{number}"


class Order(SessionTest):
    def test_whole_session(self):
        """every hook: the order of a session over EHLO, with all arguments"""
        orders = [order("rcpt", code="OK"), order("queue", code="OK")]
        found = self.session(
            orders, ("EHLO c.example\r\n", "250"), ("MAIL FROM:<a@Example.com> SIZE=100 BODY=8BITMIME\r\n", "250"),
            ("RCPT TO:<b@example.net> notify=NEVER X\r\n", "250"), ("RCPT TO:<c@example.net>\r\n", "250"), ("DATA\r\n", "354"),
            ("Subject: x\r\n\r\ny\r\n.\r\n", "250 Message Queued ("), ("QUIT\r\n", GOODBYE))
        reply = f"Message Queued ({self.uuid()})"
        line = next(arguments[3] for hook, arguments in found if hook == "received_line")
        self.assertRegex(line, rf"\Afrom c\.example \({re.escape(NAME)} \[127\.0\.0\.1\]\)\s+by mx\.example\.com \(Haraka/\S+\)"
                               rf" with ESMTP\s+id {self.uuid()}\s+envelope-from <a@Example\.com>")
        self.assertEqual(found, [
            *HELLO,
            ("mail_parse", ["MAIL", "FROM:<a@Example.com> SIZE=100 BODY=8BITMIME"]), ("mail_pre", ["<a@Example.com>"]),
            ("mail", [address("<a@Example.com>"), {"SIZE": "100", "BODY": "8BITMIME"}]),
            ("rcpt_parse", ["RCPT", "TO:<b@example.net> notify=NEVER X"]), ("rcpt_pre", ["<b@example.net>"]),
            ("rcpt", [address("<b@example.net>"), {"NOTIFY": "NEVER", "X": None}]), ("rcpt_ok", [address("<b@example.net>")]),
            ("rcpt_parse", ["RCPT", "TO:<c@example.net>"]), ("rcpt_pre", ["<c@example.net>"]),
            ("rcpt", [address("<c@example.net>"), {}]), ("rcpt_ok", [address("<c@example.net>")]),
            ("received_line", ["ESMTP", "", "", line]), ("data", []),
            ("data_headers_end", []), ("data_post_headers", []), ("data_post", []), ("queue_pre", []), ("queue", []),
            ("queue_ok", [reply]), ("reset_transaction", []), ("queue_post", [906, reply]), ("quit", [])])
        within = [call.hook for call in self.calls if call.transaction]
        self.assertEqual(within[0], "mail")
        self.assertEqual(within[-1], "reset_transaction")
        self.assertEqual({call.transaction for call in self.calls if call.transaction}, {self.uuid()})

    def test_helo_and_relaying(self):
        """every hook: the order of a session over HELO of a client that may relay"""
        found = self.session(
            [order("connect", relaying=1), order("queue_outbound", code="OK", words="gone")],
            ("helo c.example  and more \r\n", "250"), ("MAIL FROM:<>\r\n", "250"), ("RCPT TO:<b@example.net>\r\n", "250"),
            ("DATA\r\n", "354"), (".\r\n", "250 gone ("), ("QUIT\r\n", GOODBYE))
        line = next(arguments[3] for hook, arguments in found if hook == "received_line")
        self.assertEqual(found, [
            ("helo_parse", ["helo", "c.example  and more"]), ("helo", ["c.example"]),
            ("mail_parse", ["MAIL", "FROM:<>"]), ("mail_pre", ["<>"]), ("mail", [address("<>"), {}]),
            ("rcpt_parse", ["RCPT", "TO:<b@example.net>"]), ("rcpt_pre", ["<b@example.net>"]),
            ("rcpt", [address("<b@example.net>"), {}]), ("rcpt_ok", [address("<b@example.net>")]),
            ("received_line", ["SMTP", "", "", line]), ("data", []), ("data_headers_end", []), ("data_post_headers", []),
            ("data_post", []), ("queue_pre", []), ("queue_outbound", []), ("queue_ok", [f"gone ({self.uuid()})"]),
            ("reset_transaction", []), ("queue_post", [906, f"gone ({self.uuid()})"]), ("quit", [])])

    def test_without_brackets(self):
        """every hook: mail_pre is given an address as it came, rcpt_pre always in brackets"""
        found = self.session([order("rcpt", code="OK")], ("EHLO c.example\r\n", "250"),
                             ("MAIL FROM: a@b.example SIZE=5\r\n", "250"), ("RCPT TO:c@d.example\r\n", "250"),
                             ("QUIT\r\n", GOODBYE))
        self.assertEqual(found[3:11], [
            ("mail_parse", ["MAIL", "FROM: a@b.example SIZE=5"]), ("mail_pre", ["a@b.example"]),
            ("mail", [address("a@b.example"), {"SIZE": "5"}]), ("rcpt_parse", ["RCPT", "TO:c@d.example"]),
            ("rcpt_pre", ["<c@d.example>"]), ("rcpt", [address("<c@d.example>"), {}]), ("rcpt_ok", [address("<c@d.example>")]),
            ("quit", [])])

    def test_other_commands(self):
        """every hook: NOOP, VRFY, HELP, RSET, unknown commands and custom hooks, with the rest of the line"""
        next_hook = order("unrecognized_command", **{"if": "XNEXT"}, code="NEXT_HOOK", words="my_own")
        found = self.session(
            [next_hook], ("NOOP some words\r\n", "250 OK"), ("noop\r\n", "250 OK"), ("VRFY <a@b> c\r\n", "252"),
            ("HELP me\r\n", "250"),
            ("Xfoo bar  baz\r\n", "500"), ("XNEXT one two\r\n", "500"), ("RSET\r\n", "250"),
            ("STARTTLS\r\n", "500"), ("AUTH PLAIN x\r\n", "500"), ("QUIT\r\n", GOODBYE))
        self.assertEqual(found, [
            ("noop", ["some words"]), ("noop", [""]), ("vrfy", ["<a@b> c"]), ("help", ["me"]),
            ("unrecognized_command", ["Xfoo", "bar  baz"]), ("unrecognized_command", ["XNEXT", "one two"]),
            ("my_own", ["XNEXT", "one two"]), ("rset", []),
            ("unrecognized_command", ["STARTTLS", ""]), ("unrecognized_command", ["AUTH", "PLAIN x"]), ("quit", [])])

    def test_resets(self):
        """every hook: reset_transaction before each end of a transaction, and only if there is one"""
        mail = [("MAIL FROM:<a@b.example>\r\n", "250")]
        asked = [("mail_parse", ["MAIL", "FROM:<a@b.example>"]), ("mail_pre", ["<a@b.example>"]),
                 ("mail", [address("<a@b.example>"), {}])]
        reset = [("reset_transaction", [])]
        found = self.session([], ("EHLO c.example\r\n", "250"), ("RSET\r\n", "250"), *mail, ("RSET\r\n", "250"), *mail, *mail,
                             ("EHLO c.example\r\n", "250"), *mail, ("QUIT\r\n", GOODBYE))
        self.assertEqual(found, [*HELLO, ("rset", []), *asked, ("rset", []), *reset, *asked, *asked[:2], *reset, asked[2],
                                 HELLO[0], *reset, *HELLO[1:], *asked, ("quit", []), *reset])

    def test_not_yet(self):
        """every hook: MAIL, RCPT and DATA that may not come yet, and those without meaning, are no plugin's business"""
        found = self.session(
            [], ("HELO\r\n", "501"), ("MAIL FROM:<a@b.example>\r\n", "503"), ("EHLO c.example\r\n", "250"),
            ("RCPT TO:<a@b.example>\r\n", "503"), ("DATA\r\n", "503"), ("MAIL FROM:<a@b> =x=\r\n", "501"),
            ("MAIL FROM:<a@b.example> SIZE=x\r\n", "501"), ("RSET now\r\n", "501"), ("QUIT\r\n", GOODBYE))
        self.assertEqual(found, [
            ("helo_parse", ["HELO", ""]), *HELLO, ("mail_parse", ["MAIL", "FROM:<a@b> =x="]),
            ("mail_parse", ["MAIL", "FROM:<a@b.example> SIZE=x"]), ("mail_pre", ["<a@b.example>"]), ("quit", [])])

    def test_too_big(self):
        """every hook: a message that is too big is shown to max_data_exceeded, and to no hook that comes after it"""
        for message in ("A: b\r\n\r\nx\r\n.\r\n", "A: b\r\n.\r\n", "no header\r\n.\r\n"):
            found = self.session(
                [order("rcpt", code="OK")], ("EHLO c.example\r\n", "250"), ("MAIL FROM:<a@b.example>\r\n", "250"),
                ("RCPT TO:<a@b.example>\r\n", "250"), ("DATA\r\n", "354"), (message, "550 Message too big!"),
                ("QUIT\r\n", GOODBYE), server=self.servers[1])
            # The header of a message may be known before it is too big.
            names = [hook for hook, _ in found if hook != "data_headers_end"]
            self.assertEqual(names[names.index("data"):], ["data", "max_data_exceeded", "reset_transaction", "quit"], message)
        server = self.servers[1]
        server.tell(order("rcpt", code="OK"))
        with Wire(server.port) as client:
            client.envelope()
            client.send(b"\r\n")
            until("the header is known", lambda: "data_headers_end" in server.names())
            self.assertEqual(client.say(b"xxxx\r\n.\r\n"), b"550 Message too big!\r\n")
            names = [name for name in server.names() if name != "ok"]
            self.assertEqual(names[names.index("data"):], ["data", "data_headers_end", "max_data_exceeded", "reset_transaction"])
        server.ended()

    def test_other_settings(self):
        """every hook: received_line is asked only if headers.add_received is on; a line with a bare CR has no word"""
        config = {"connection.ini": "bare_newline=accept\n[headers]\nadd_received=false\n"}
        with Answering(config=config) as server:
            found = self.session(
                [order("rcpt", code="OK")], ("EHLO c.example\r\n", "250"), ("X\rY z\r\n", "500"),
                ("MAIL FROM:<a@b.example>\r\n", "250"), ("RCPT TO:<a@b.example>\r\n", "250"), ("DATA\r\n", "354"),
                (".\r\n", "451"), ("QUIT\r\n", GOODBYE), server=server)
            self.assertNotIn("received_line", [hook for hook, _ in found])
            self.assertEqual(found[3], ("unrecognized_command", ["", "X\rY z"]))

    def test_errors(self):
        """every hook: what counts as an error and what does not"""
        server = self.servers[0]
        mail = "MAIL FROM:<a@b.example>\r\n"
        for hook, code, line, errors in (
                ("mail_parse", "DENY", mail, 1), ("mail_parse", "DENYSOFT", mail, 1), ("mail_pre", "DENY", mail, 0),
                ("helo_parse", "DENY", "HELO c.example\r\n", 0),
                ("unrecognized_command", "CONT", "X\r\n", 1), ("unrecognized_command", "DENY", "X\r\n", 0),
                ("unrecognized_command", "DENYSOFT", "X\r\n", 1), ("noop", "DENY", "NOOP\r\n", 0)):
            self.session([order(hook, code=code)], ("EHLO c.example\r\n", "250"), (line, "50"), ("QUIT\r\n", GOODBYE))
            self.assertEqual(server.summary(self.calls[0].uuid)["errors"], str(errors), (hook, code))

    def test_pre_connection(self):
        """every hook: pre_connection is given both ends, and the addresses of all other clients"""
        server = self.servers[0]
        server.tell()
        with Wire(("127.0.0.1", server.port)):
            self.session([], ("QUIT\r\n", GOODBYE))
            (ours, port), (its, its_port) = self.client
            self.assertEqual(self.calls[0].arguments, [ours, port, its, its_port, 200, ["127.0.0.1"]])
        server.ended(2)
        server.tell()
        clients = [self.from_address(server, f"127.0.0.{number}") for number in (2, 3, 3)]
        others = [call.arguments[5] for call in server.asked() if call.hook == "pre_connection"]
        self.assertEqual([sorted(each) for each in others], [[], ["127.0.0.2"], ["127.0.0.2", "127.0.0.3"]])
        clients[0].close()
        server.ended(1)
        with self.from_address(server, "127.0.0.4"):
            last = [call for call in server.asked() if call.hook == "pre_connection"][-1]
            self.assertEqual(last.arguments[5], ["127.0.0.3", "127.0.0.3"])
        for client in clients[1:]:
            client.close()
        server.ended(4)

    def from_address(self, server, text):
        client = Bound(server.port, text)
        self.assertEqual(client.banner[:3], b"220")
        return client


class Bound(Wire):
    """A client from another address."""

    def __init__(self, port, source):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=LIMIT, source_address=(source, 0))
        self.file = self.socket.makefile("rb")
        self.banner = self.reply()


class Values(SessionTest):
    """Answers that change what the core goes on with."""

    def calls_of(self, found, hook):
        return [arguments for name, arguments in found if name == hook]

    def test_hello(self):
        """every hook: helo_parse and ehlo_parse give the host, and further arguments"""
        for verb in ("HELO", "EHLO"):
            hook = verb.lower()
            for what, expected in (({"text": "other.example"}, ["other.example"]),
                                   ({"words": "other.example"}, ["other.example"]),
                                   ({"list": "other.example|one|two"}, ["other.example", "one", "two"])):
                found = self.session([order(f"{hook}_parse", code="OK", **what)], (f"{verb} c.example\r\n", "250"),
                                     ("QUIT\r\n", GOODBYE))
                self.assertEqual(found[:2], [(f"{hook}_parse", [verb, "c.example"]), (hook, expected)])

    def test_addresses(self):
        """every hook: mail_parse, mail_pre, rcpt_parse and rcpt_pre give address and parameters"""
        before = {"MAIL FROM": [], "RCPT TO": [("MAIL FROM:<x@y.example>\r\n", "250")]}
        for (verb, first), hook in zip(before.items(), ("mail", "rcpt")):
            for step, what, pre, expected, parameters in (
                    ("parse", {"text": "n@w.example"}, "<n@w.example>", "<n@w.example>", {}),
                    ("parse", {"words": "<n@w.example>"}, "<n@w.example>", "<n@w.example>", {}),
                    ("parse", {"item": "&n@w.example"}, "<n@w.example>", "<n@w.example>", {}),
                    ("parse", {"list": "<n@w.example>|{A:b,C}"}, "<n@w.example>", "<n@w.example>", {"A": "b", "C": None}),
                    ("parse", {"list": "&n@w.example|{A:b}"}, "<n@w.example>", "<n@w.example>", {"A": "b"}),
                    ("pre", {"text": "<n@w.example>"}, "<a@b.example>", "<n@w.example>", {"SIZE": "5"}),
                    ("pre", {"words": "n@w.example"}, "<a@b.example>", "<n@w.example>", {"SIZE": "5"})):
                with self.subTest(hook=hook, step=step, what=what):
                    given = {**what, "if": verb[:4] if step == "parse" else "<a@b.example>"}
                    found = self.session([order(f"{hook}_{step}", code="OK", **given), order("rcpt", code="OK")],
                                         ("EHLO c.example\r\n", "250"), *first, (f"{verb}:<a@b.example> SIZE=5\r\n", "250"),
                                         ("QUIT\r\n", GOODBYE))
                    self.assertEqual(self.calls_of(found, f"{hook}_pre")[-1], [pre])
                    self.assertEqual(self.calls_of(found, hook)[-1], [address(expected), parameters])

    def test_received_line(self):
        """every hook: received_line gives the value of the Received field"""
        plugins = ("first", "queue/maildir")
        with Answering(plugins, copies=["first"]) as server:
            for what in ({"words": "from a test; never"}, {"text": "from a test; never"}, {}):
                server.tell(order("received_line", code="OK", **what), order("rcpt", code="OK"),
                            order("lookup_rdns", code="OK", words=NAME))
                with Wire(server.port) as client:
                    self.assertEqual(client.envelope(b"A: b\r\n\r\nx\r\n.\r\n")[:3], b"250")
                line = next(call.arguments[3] for call in server.asked() if call.hook == "received_line")
                self.assertEqual([re.sub(r"\s+", " ", value) for value in header(server.messages()[-1], "Received")],
                                 [what.get("words", what.get("text", re.sub(r"\s+", " ", line)))])

    def test_name(self):
        """every hook: lookup_rdns gives the client's name; Unknown if it is empty"""
        for what, name in (({"words": "n.example"}, "n.example"), ({"text": "n.example"}, "n.example"), ({}, "Unknown")):
            self.session([order("lookup_rdns", code="OK", **what)],
                         ("HELO c.example\r\n", f"250 mx.example.com Hello {name} [127.0.0.1], Haraka"), ("QUIT\r\n", GOODBYE))

    def test_dsn(self):
        """every hook: a DSN gives code and status; the standard text if it has none; a refusal stays one"""
        for what, code, expected in (
                ({"dsn": "551 5 7 1", "words": "no|never"}, "DENY", "551-5.7.1 no\r\n551 5.7.1 never\r\n"),
                ({"dsn": "451 4 7 1", "words": "later"}, "DENY", "451 4.7.1 later\r\n"),
                ({"dsn": "550 5 1 1"}, "DENY", "550 5.1.1 "), ({"dsn": "250 2 1 0", "words": "x"}, "DENY", "550 2.1.0 x\r\n"),
                ({"dsn": "250 2 1 0", "words": "x"}, "DENYSOFT", "450 2.1.0 x\r\n"),
                ({"dsn": "250 2 1 0", "words": "fine"}, "CONT", "250 2.1.0 fine\r\n")):
            self.session([order("mail", code=code, **what)], ("EHLO c.example\r\n", "250"),
                         ("MAIL FROM:<a@b.example>\r\n", expected), ("QUIT\r\n", GOODBYE))

    def test_next_hook(self):
        """every hook: what NEXT_HOOK may name, and what it may not"""
        refused = ("init_master init_child post_fork log logging config user_config pre_connection connect_init lookup_rdns "
                   "connect deny ok reset_transaction queue_post disconnect post_connection unrecognized_command").split()
        for hook in refused:
            found = self.session([order("unrecognized_command", code="NEXT_HOOK", words=hook)],
                                 ("XFOO bar\r\n", "500 Unrecognized command\r\n"), ("QUIT\r\n", GOODBYE))
            hops = 9 if hook == "unrecognized_command" else 1
            self.assertEqual(found, [("unrecognized_command", ["XFOO", "bar"])] * hops + [("quit", [])], hook)
        for hook, reply, arguments in (("noop", "250 OK", ["bar"]), ("vrfy", "252", ["bar"]), ("help", "250 Not", ["bar"]),
                                       ("rset", "250 OK", []), ("mail", "500 Unrec", ["XFOO", "bar"]),
                                       ("data", "500 Unrec", ["XFOO", "bar"]), ("rcpt-ok", "500 Unrec", ["XFOO", "bar"]),
                                       ("my_own", "500 Unrec", ["XFOO", "bar"])):
            found = self.session([order("unrecognized_command", code="NEXT_HOOK", words=hook)], ("XFOO bar\r\n", reply),
                                 ("QUIT\r\n", GOODBYE))
            hook = hook.replace("-", "_")
            self.assertEqual(found, [("unrecognized_command", ["XFOO", "bar"]), (hook, arguments), ("quit", [])])
        found = self.session([order("unrecognized_command", code="NEXT_HOOK", words="quit")], ("XFOO bar\r\n", GOODBYE))
        self.assertEqual(found, [("unrecognized_command", ["XFOO", "bar"]), ("quit", [])])


READS = NOTHING.replace("(void)self; return", """
    static const char *const names[] = {"v", "l", "d", "i.ini", "j.json", "b", "y.yaml", "h.hjson"};
    haraka_value value;
    int32_t type;
    for (type = 1; type <= 8; type++) (void)haraka_config_get(self, names[type - 1], type, "", &value);
    (void)haraka_config_get(self, "by.ini", HARAKA_CONFIG_BY_NAME, "", &value);
    return""")


class Supplied(ForeignTest):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="haraka-test-")
        self.addCleanup(scratch.cleanup)
        self.scratch = scratch.name

    def server(self, code, config=None):
        server = Answering(("first", "reader"), config, ["first"])
        server.install("reader", compiled(self.scratch, "reader", code))
        return server

    def test_configuration(self):
        """every hook: config is given name and type, and no connection"""
        with self.server(READS) as server:
            calls = [call for call in server.written() if call.hook == "config"]
            self.assertEqual([call.arguments for call in calls],
                             [["v", "value"], ["l", "list"], ["d", "data"], ["i.ini", "ini"], ["j.json", "json"], ["b", "binary"],
                              ["y.yaml", "yaml"], ["h.hjson", "hjson"], ["by.ini", ""]])
            self.assertEqual({call.uuid for call in calls}, {None})

    def test_user_configuration(self):
        """every hook: user_config is given the user and the name; without an answer config is asked, and the file counts"""
        with self.server(PER_USER, {"greeting": "of all\n"}) as server, Wire(server.port) as client:
            client.say(b"EHLO c.example\r\n")
            client.say(b"MAIL FROM:<a@b.example>\r\n")
            self.assertEqual(client.say(b"RCPT TO:<u@x.example>\r\n"), b"550 of all\r\n")
            calls = [call for call in server.written() if call.hook in ("config", "user_config")]
            self.assertEqual([(call.hook, call.arguments) for call in calls],
                             [("user_config", ["u@x.example", "greeting"]), ("config", ["greeting", "value"])])
