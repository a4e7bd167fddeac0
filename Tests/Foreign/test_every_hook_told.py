"""What is told and to whom: ok and deny, log and logging, DONE, the end of a header, what follows a queue, processes.
docs/hooks.md."""
import os
import re
import select
import tempfile

from inline import hooked, server_with
from server import ROOT, ForeignTest, read, until
from test_every_hook import (CODES, CONTENT, ELEVEN, MESSAGE, NAME, RECIPIENT, REFUSALS, SENDER, TABLE, Answering, HookTest,
                             once, order, page, pairs)
from wire import GOODBYE, Wire

HELLO = b"EHLO c.example\r\n"
TAKES = [order("rcpt", code="OK"), order("queue", code="OK")]
SENT = b"250 sender <a@example.com> OK\r\n"


class Told(HookTest):
    plugins = ("first", "second")

    def mail(self, *orders):
        """What a client is told at MAIL, and all calls of mail, deny and ok."""
        server = self.servers[0]
        server.tell(*orders, order("lookup_rdns", "second", words=NAME))
        with Wire(server.port) as client:
            client.say(HELLO)
            client.send(SENDER + b"QUIT\r\n")
            said = client.rest().removesuffix(GOODBYE)
        return said, [call for call in server.asked() if call.hook in ("mail", "deny", "ok")]

    def test_deny(self):
        """every hook: deny is given code, words, plugin, method, arguments and hook"""
        for what, words in (({}, ""), ({"words": "no"}, "no"), ({"words": "no|never"}, ["no", "never"]),
                            ({"dsn": "551 5 7 1", "words": "no"}, {"code": 551, "status": "5.7.1", "text": "no"}),
                            ({"dsn": "551 5 7 1", "words": "a|b"}, {"code": 551, "status": "5.7.1", "lines": ["a", "b"]})):
            for code in REFUSALS:
                said, calls = self.mail(order("mail", code=code, **what))
                arguments = [{"address": "<a@example.com>"}, {}]
                self.assertEqual(pairs(calls), [("first", "mail"), ("first", "deny"), ("second", "deny")])
                for call in calls[1:]:
                    method = call.arguments.pop(3)
                    self.assertEqual(call.arguments, [CODES[code], words, "first", arguments, "mail"])
                    self.assertIsInstance(method, str)

    def test_answers_of_deny(self):
        """every hook: OK of deny pardons; CONT and refusals ask the next one; all else lets the refusal stand"""
        refused = b"550 no\r\n"
        for code in ELEVEN:
            said, calls = self.mail(order("mail", code="DENY", words="no"), order("deny", code=code))
            goes_on = code in ("CONT", *REFUSALS)
            self.assertEqual(said, SENT if code == "OK" else refused, code)
            self.assertEqual(pairs(calls[2:]),
                             [("second", "mail")] if code == "OK" else [("second", "deny")] if goes_on else [], code)
        said, calls = self.mail(order("mail", code="DENY", words="no"), order("deny", "second", code="OK"))
        self.assertEqual((said, pairs(calls)),
                         (SENT, [("first", "mail"), ("first", "deny"), ("second", "deny"), ("second", "mail")]))
        said, calls = self.mail(order("mail", "second", code="DENY", words="no"), order("deny", code="OK", words="pardoned"))
        self.assertEqual(said, b"250 pardoned\r\n")
        said, calls = self.mail(order("mail", code="DENY", words="no"), once("deny", code="OK", words="pardoned"),
                                order("mail", "second", code="DENYSOFT", words="not me"))
        self.assertEqual(said, b"450 not me\r\n")
        self.assertEqual([call.arguments[2] for call in calls if call.hook == "deny"], ["first", "second", "second"])

    def test_ok(self):
        """every hook: ok is given plugin, code and words, and what it answers changes nothing"""
        for code in ("OK", "DONE", "DISCONNECT"):
            said, calls = self.mail(order("mail", code=code, words="fine"))
            self.assertEqual([(call.plugin, call.hook, call.arguments) for call in calls[1:]],
                             [(plugin, "ok", ["first", CODES[code], "fine"]) for plugin in self.plugins])
        for code in ELEVEN:
            said, calls = self.mail(order("mail", code="OK", words="fine"), order("ok", code=code, words="other"))
            self.assertEqual(said, b"250 fine\r\n", code)
            self.assertEqual(len(calls), 3 if code == "CONT" else 2, (code, calls))

    def test_not_about(self):
        """every hook: deny and ok are not asked about hooks of which every plugin is asked"""
        server = self.servers[0]
        for code in ("DENY", "OK"):
            hooks = ("connect_init", "disconnect", "config", "deny", "ok", "log", "logging")
            server.tell(*(order(hook, code=code) for hook in hooks))
            with Wire(server.port) as client:
                client.say(b"QUIT\r\n")
            server.ended(2)
            self.assertEqual([call for call in server.asked() if call.hook in ("deny", "ok")], [])
            for hook in ("connect_init", "disconnect"):
                self.assertEqual([call.plugin for call in server.asked() if call.hook == hook], list(self.plugins))

    def test_log_of_answers(self):
        """every hook: an answer's line in the log; nothing of log, logging and config"""
        with Answering(config={"log.ini": "level=debug\n"}) as server:
            server.tell(order("mail", code="DENY", words="no"))
            with Wire(server.port) as client:
                client.say(HELLO)
                client.say(SENDER)
                client.say(b"QUIT\r\n")
            server.logged(r"\[INFO\] \[[\w-]{36}\.1\] \[core\] hook=mail plugin=first function=\S+ params=.+ retval=DENY msg=no$")
            server.logged(r"\[DEBUG\] .* hook=ehlo plugin=first function=\S+ params=c\.example retval=CONT msg=")
            self.assertIsNone(server.found(r"hook=(log|logging|config) "))

    def test_queue_post(self):
        """every hook: queue_post is given code and reply, whatever came of the message"""
        server = self.servers[0]
        for hook in ("queue", "queue_outbound"):
            for code in ELEVEN:
                server.tell(order("rcpt", code="OK"), once(hook, code=code, words="words", reply="250 by myself"),
                            *([order("connect", relaying=1)] if hook == "queue_outbound" else []))
                with Wire(server.port) as client:
                    client.envelope()
                    client.send(CONTENT + b"QUIT\r\n")
                    said = client.rest().decode().split("\r\n")
                self.assertEqual(said[0], "250 by myself")
                calls = server.asked()
                mine = [call for call in calls if call.hook == "queue_post"]
                self.assertEqual([(call.plugin, call.transaction) for call in mine], [("first", None), ("second", None)], code)
                counts = "DENYSOFT" if code in ("STOP", "DELAY", "NEXT_HOOK") else code
                # The server queues by itself what no plugin takes.
                counts = "OK" if (hook, code) == ("queue_outbound", "CONT") else counts
                text = {"DONE": "by myself", "DISCONNECT": ""}.get(code, said[1][4:])
                self.assertEqual([call.arguments for call in mine], [[CODES[counts], text]] * 2, (hook, code))

    def test_ends_of_chains(self):
        """every hook: hooks that do not count still end their chain with any answer but CONT"""
        server = self.servers[0]
        for hook, line in (("reset_transaction", b"RSET\r\n"), ("queue_post", CONTENT), ("post_connection", b"QUIT\r\n"),
                           ("capabilities", HELLO), ("queue_ok", CONTENT), ("quit", b"QUIT\r\n"), ("rset", b"RSET\r\n")):
            for code, asked in (("CONT", 2), ("OK", 1), ("DENY", 1)):
                server.tell(order(hook, code=code), *TAKES, order("capabilities", "second", capability="X-SECOND"))
                with Wire(server.port) as client:
                    said = client.say(HELLO)
                    if hook != "capabilities":
                        for command in (SENDER, RECIPIENT, *([b"DATA\r\n"] if line == CONTENT else []), line):
                            client.say(command)
                    if line != b"QUIT\r\n":
                        client.send(b"QUIT\r\n")
                    client.rest()
                self.assertEqual(server.names().count(hook), asked, (hook, code))
                if hook == "capabilities":
                    self.assertEqual(b"X-SECOND" in said, asked == 2, code)


class Log(ForeignTest):
    def summary(self, server, *orders):
        """What is asked about the summary of a session, and whether it was written."""
        since = len(server.lines)
        server.tell(*orders)
        with Wire(server.port) as client:
            client.say(b"QUIT\r\n")
            client.rest()
        server.tell(forgets=False)
        server.reload()  # what it logs comes after all that the session has logged
        server.logged("plugins loaded, generation", since)
        shown = [call for call in server.written() if call.hook in ("log", "logging") and "disconnect ip=" in str(call.arguments)]
        return shown, any("disconnect ip=" in line for line in server.lines[since:])

    def test_arguments(self):
        """every hook: log is given a map, logging four texts; uuid and level are those of the line"""
        with Answering(("first", "second")) as server:
            calls, written = self.summary(server)
            self.assertEqual((pairs(calls), written),
                             ([("first", "log"), ("second", "log"), ("first", "logging"), ("second", "logging")], True))
            line = calls[0].arguments[0]
            self.assertEqual([*line], ["level", "priority", "data", "uuid", "origin"])
            self.assertEqual((line["level"], line["priority"], line["origin"]), ("NOTICE", 5, "core"))
            self.assertRegex(line["uuid"], r"\A[0-9A-F-]{36}\Z")
            self.assertRegex(line["data"], r"\Adisconnect ip=127\.0\.0\.1 ")
            self.assertEqual(calls[2].arguments, ["NOTICE", "", "core", line["data"]])

    def test_codes(self):
        """every hook: CONT of log and logging writes the line, and so does what is no answer; all else takes it"""
        with Answering(("first", "second")) as server:
            for hook in ("log", "logging"):
                for code in (*ELEVEN, "PENDING", 12345):
                    calls, written = self.summary(server, order(hook, code=code))
                    goes_on = code in ("CONT", "NEXT_HOOK", "DELAY", "PENDING", 12345)
                    asked = [("first", "log"), ("second", "log"), ("first", "logging"), ("second", "logging")]
                    last = len(asked) if goes_on else asked.index(("first", hook)) + 1
                    self.assertEqual(pairs(calls), asked[:last], (hook, code))
                    self.assertEqual(written, goes_on, (hook, code))


class Done(HookTest):
    """What the core does when the plugin has replied by itself."""

    def dialogue(self, orders, *lines):
        """Replies to lines, from the first line on, EHLO having been said before."""
        server = self.servers[0]
        server.tell(*orders, order("lookup_rdns", code="OK", words=NAME))
        with Wire(server.port) as client:
            said = [client.say(line) for line in lines]
            rest = client.say(b"QUIT\r\n")
        server.ended()
        self.assertIn(rest, (b"", GOODBYE))
        return said, [call.hook for call in server.asked()]

    def mine(self, hook, code, **more):
        return once(hook, code="DONE", reply=f"{code} mine", **more)

    def test_connect(self):
        """every hook: DONE of connect and of hello"""
        self.servers[0].tell(self.mine("connect", 220))
        with Wire(self.servers[0].port) as client:
            self.assertEqual(client.banner, b"220 mine\r\n")
            self.assertEqual(client.say(b"NOOP\r\n"), b"250 OK\r\n")
        self.servers[0].ended()
        for verb in ("HELO", "EHLO"):
            said, asked = self.dialogue([self.mine(verb.lower(), 250)], f"{verb} c.example\r\n".encode(), SENDER)
            self.assertEqual(said, [b"250 mine\r\n", SENT])
            self.assertNotIn("capabilities", asked)
            said, asked = self.dialogue([self.mine(f"{verb.lower()}_parse", 250)], f"{verb} c.example\r\n".encode(), SENDER)
            self.assertEqual(said, [b"250 mine\r\n", b"503 Use EHLO/HELO before MAIL\r\n"])
        said, asked = self.dialogue([self.mine("capabilities", 250)], HELLO, SENDER)
        self.assertEqual(said, [b"250 mine\r\n", SENT])

    def test_mail(self):
        """every hook: DONE of mail; reset if the last reply was a refusal"""
        for code, rcpt in ((250, b"250"), (450, b"503"), (550, b"503")):
            said, asked = self.dialogue([self.mine("mail", code), order("rcpt", code="OK")], HELLO, SENDER, RECIPIENT)
            self.assertEqual((said[1], said[2][:3]), (b"%d mine\r\n" % code, rcpt))
            self.assertEqual(asked.index("reset_transaction") < asked.index("quit"), code > 399)
        for hook in ("mail_parse", "mail_pre"):
            said, asked = self.dialogue([self.mine(hook, 250)], HELLO, SENDER, RECIPIENT)
            self.assertEqual((said[1], said[2][:3]), (b"250 mine\r\n", b"503"))
            self.assertNotIn("reset_transaction", asked)

    def test_rcpt(self):
        """every hook: DONE of rcpt and rcpt_ok; the recipient is dropped if the last reply was a refusal"""
        for hook in ("rcpt", "rcpt_ok"):
            for code, data in ((250, b"354"), (450, b"503"), (550, b"503")):
                takes = [order("rcpt", code="OK")] if hook == "rcpt_ok" else []
                said, asked = self.dialogue([self.mine(hook, code), *takes], HELLO, SENDER, RECIPIENT, b"DATA\r\n", b".\r\n")
                self.assertEqual((said[2], said[3][:3]), (b"%d mine\r\n" % code, data), hook)
                self.assertEqual("rcpt_ok" in asked, hook == "rcpt_ok")
        for hook in ("rcpt_parse", "rcpt_pre"):
            said, asked = self.dialogue([self.mine(hook, 250)], HELLO, SENDER, RECIPIENT, b"DATA\r\n")
            self.assertEqual((said[2], said[3]), (b"250 mine\r\n", b"503 RCPT required first\r\n"))

    def test_data(self):
        """every hook: DONE of data and rset"""
        for hook, line in (("data", b"DATA\r\n"), ("rset", b"RSET\r\n")):
            said, asked = self.dialogue([self.mine(hook, 250), *TAKES], HELLO, SENDER, RECIPIENT, line, RECIPIENT)
            self.assertEqual(said[3:], [b"250 mine\r\n", b"503 Use MAIL before RCPT\r\n"])
            self.assertEqual(asked[asked.index(hook):asked.index("quit")], [hook, "ok", "reset_transaction"])

    def test_message(self):
        """every hook: DONE at the end of a message; it counts as the last reply says"""
        for hook in ("data_post_headers", "data_post", "queue_pre", "queue", "queue_outbound", "max_data_exceeded"):
            for code, counted in ((250, "1/0/0"), (450, "0/1/0"), (550, "0/0/1")):
                server = self.server(hook)
                relaying = [order("connect", relaying=1)] if hook == "queue_outbound" else []
                server.tell(self.mine(hook, code), order("rcpt", code="OK"), *relaying)
                with Wire(server.port) as client:
                    self.assertEqual(client.envelope(CONTENT), b"%d mine\r\n" % code)
                    self.assertEqual(client.say(RECIPIENT), b"503 Use MAIL before RCPT\r\n")
                    client.say(b"QUIT\r\n")
                calls = [call.hook for call in server.ended()]
                self.assertEqual(calls[calls.index(hook):][:3], [hook, "ok", "reset_transaction"])
                if hook in ("queue", "queue_outbound"):
                    self.assertEqual([call.arguments for call in server.asked() if call.hook == "queue_post"], [[910, "mine"]])
                self.assertEqual(server.summary(server.asked()[0].uuid)["msgs"], counted, (hook, code))

    def test_commands(self):
        """every hook: DONE of other commands, and OK of unrecognized_command and of custom hooks: the core adds nothing"""
        for hook, line in (("noop", b"NOOP\r\n"), ("vrfy", b"VRFY x\r\n"), ("help", b"HELP\r\n"),
                           ("unrecognized_command", b"X\r\n")):
            said, _ = self.dialogue([self.mine(hook, 299)], HELLO, line, SENDER)
            self.assertEqual(said[1:], [b"299 mine\r\n", SENT])
        for code in ("OK", "DONE"):
            said, _ = self.dialogue([once("unrecognized_command", code=code, reply="299 mine")], b"X\r\n", b"NOOP\r\n")
            self.assertEqual(said, [b"299 mine\r\n", b"250 OK\r\n"])
            said, _ = self.dialogue([order("unrecognized_command", code="NEXT_HOOK", words="my_own"),
                                     once("my_own", code=code, reply="299 mine")], b"X\r\n", b"NOOP\r\n")
            self.assertEqual(said, [b"299 mine\r\n", b"250 OK\r\n"])
        self.servers[0].tell(self.mine("quit", 221))
        with Wire(self.servers[0].port) as client:
            self.assertEqual(client.say(b"QUIT\r\n") + client.rest(), b"221 mine\r\n")

    def test_custom_hooks(self):
        """every hook: codes of a custom hook do what those of unrecognized_command do"""
        for code in ELEVEN:
            for words in ("", "words"):
                self.servers[0].tell(order("unrecognized_command", code="NEXT_HOOK", words="my_own"),
                                     once("my_own", code=code, **({"words": words} if words else {})))
                with Wire(self.servers[0].port) as client:
                    client.send(b"X\r\nNOOP\r\n")
                    client.half_close()
                    said = client.rest()
                row = TABLE["unrecognized_command"].get(code, TABLE["unrecognized_command"]["others"])
                reply = "500 plugin failed" if code in ("STOP", "DELAY") else row.reply(words)
                expected = f"{reply}\r\n".encode() if reply else b""
                if "close" not in row.then:
                    expected += b"250 OK\r\n"
                self.assertEqual(said, expected, (code, words))


class HeadersEnd(HookTest):
    plugins = ("first",)

    def begin(self, *orders):
        self.servers[0].tell(*orders, *TAKES)
        client = Wire(self.servers[0].port)
        client.envelope()
        return client

    def count(self):
        return self.servers[0].names().count("data_headers_end")

    def test_pieces(self):
        """every hook: data_headers_end is asked once, when a header in pieces of one byte is complete"""
        with self.begin() as client:
            text = b"Subject: x\r\n y\r\nFrom: a@b.example\r\n\r\n"
            for at in range(len(text)):
                self.assertEqual(self.count(), 0)
                client.send(text[at:at + 1])
            until("it is asked", self.count)
            self.assertNotIn("data_post_headers", self.servers[0].names())
            client.send(b"body\r\n")
            self.assertEqual(client.say(b".\r\n")[:3], b"250")
            self.assertEqual(self.count(), 1)
        self.servers[0].ended()

    def test_no_body(self):
        """every hook: data_headers_end is asked once for each message, whatever its form"""
        after = [*MESSAGE, "queue_ok", "reset_transaction", "queue_post"]
        for message in (b".\r\n", b"\r\n.\r\n", b"A: b\r\n.\r\n", b"A: b\r\n\r\n.\r\n", b"no header\r\n.\r\n",
                        b"\r\nbody\r\n.\r\n",
                        b"A: b\r\nno header\r\nC: d\r\n\r\nx\r\n.\r\n", b" folded\r\n.\r\n", b"A: b\r\n..\r\n\r\n.\r\n"):
            with self.begin() as client:
                self.assertEqual(client.say(message)[:3], b"250", message)
                names = [name for name in self.servers[0].names() if name != "ok"]
                self.assertEqual(names[names.index("data"):], ["data", *after], message)
            self.servers[0].ended()

    def test_waits(self):
        """every hook: while data_headers_end is pending the body is not read"""
        gate = os.path.join(self.servers[0].place, "gate")
        with self.begin(once("data_headers_end", gate="gate")) as client:
            client.send(b"A: b\r\n\r\n")
            until("it is asked", self.count)
            client.socket.setblocking(False)
            sent, piece = 0, (b"x" * 998 + b"\r\n") * 64
            while sent < 24_000_000 and select.select([], [client.socket], [], 0.3)[1]:
                sent += client.socket.send(piece[sent % len(piece):])
            self.assertLess(sent, 16_000_000)
            client.socket.settimeout(10)
            self.assertEqual(self.servers[0].names()[-1], "data_headers_end")
            open(gate, "w", encoding="ascii").close()
            client.send(piece[sent % len(piece):])
            self.assertEqual(client.say(b".\r\n")[:3], b"250")
        os.unlink(gate)
        self.servers[0].ended()

    def test_at_once(self):
        """every hook: DENYDISCONNECT of data_headers_end closes at once; DENY waits for the final dot"""
        for code, reply in (("DENYDISCONNECT", b"554 no\r\n"), ("DENYSOFTDISCONNECT", b"421 no\r\n"), ("DISCONNECT", b"")):
            with self.begin(once("data_headers_end", code=code, words="no")) as client:
                client.send(b"A: b\r\n\r\nand")
                self.assertEqual(client.rest(), reply)
            self.servers[0].ended()
        for code, reply in (("DENY", b"550 no\r\n"), ("DENYSOFT", b"450 no\r\n")):
            with self.begin(once("data_headers_end", code=code, words="no")) as client:
                client.send(b"A: b\r\n\r\n" + b"x\r\n" * 100000)
                until("it is asked", self.count)
                self.assertEqual(select.select([client.socket], [], [], 0.1)[0], [])
                self.assertEqual(client.say(b"\r\n.\r\n"), reply)
                self.assertEqual(client.say(b"NOOP\r\n"), b"250 OK\r\n")
            self.servers[0].ended()


class Names(ForeignTest):
    def test_every_hook(self):
        """every hook: answering.c is on each hook about clients of docs/hooks.md, and each of them is known"""
        tables = re.search(r"## The hooks\n(.*?)### Outbound", page(), re.S).group(1)
        rows = re.findall(r"^\| (`.*?) \|", tables, re.M)
        names = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
        code = read(os.path.join(ROOT, "Tests", "Foreign", "answering.c")).decode()
        mine = set("".join(re.findall(r'"(.*?)"', re.search(r"#define EVERY(.*?)HARAKA_PLUGIN", code, re.S).group(1))).split())
        self.assertEqual(mine - {"my_own"}, names)
        self.assertEqual(set(TABLE) - names, set())
        with Answering() as server:
            # Its note names my_own, so nothing is said of that either.
            self.assertEqual([line for line in server.lines if "registers on" in line], [])

    def test_not_asked_yet(self):
        """every hook: a plugin on hooks that are not asked yet loads, with a notice for each; those of AUTH are known"""
        section = re.search(r"## Not asked by the core\n(.*?)\nA plugin", page(), re.S).group(1)
        names = [name for row in re.findall(r"^\| (`.*?) \|", section, re.M) for name in re.findall(r"`(\w+)`", row)
                 if not name.startswith("auth")]
        with tempfile.TemporaryDirectory() as folder:
            code = {"early": hooked(**dict.fromkeys(names, "return HARAKA_CONT;"))}
            with server_with(folder, ["early"], code) as server:
                found = [re.search(r"\[NOTICE\] .*\[early\] registers on (\w+), a hook that only plugins ask", line)
                         for line in server.lines]
                self.assertEqual(sorted(match.group(1) for match in found if match), sorted(names))


class Processes(ForeignTest):
    def first_calls(self, server):
        calls = [call for call in server.written() if call.hook in ("init_master", "init_child", "post_fork")]
        self.assertEqual([(call.arguments, call.uuid, call.transaction) for call in calls], [([], None, None)] * len(calls))
        return [(call.hook, call.process) for call in calls]

    def test_workers(self):
        """every hook: init_master once, init_child and then post_fork once in each process that talks to clients"""
        with Answering(config={"smtp.ini": "listen=127.0.0.1:0\nnodes=2\n"}) as server:
            for _ in range(2):
                calls = self.first_calls(server)
                workers = {worker["pid"]: worker["role"] for worker in server.status()["workers"]}
                self.assertEqual(sorted(workers.values()), ["delivery", "smtp", "smtp"])
                for process, role in workers.items():
                    self.assertEqual([hook for hook, other in calls if other == process],
                                     ["init_master"] if role == "delivery" else ["init_child", "post_fork"])
                self.assertEqual(len(calls), 5)
                server.tell()
                since = len(server.lines)
                server.reload()
                server.logged("Reload complete|plugins loaded", since)

    def test_alone(self):
        """every hook: without workers init_master is asked at the start and at a reload, init_child and post_fork are not"""
        with Answering() as server:
            for _ in range(2):
                self.assertEqual(self.first_calls(server), [("init_master", server.process.pid)])
                server.tell()
                self.assertEqual(server.reload().returncode, 0)

    def start(self, hook, nodes, **what):
        """The exit status of a start, and the log; None: it serves."""
        server = Answering(config={"smtp.ini": f"listen=127.0.0.1:0\nnodes={nodes}\n"})
        server.tell(order(hook, **what))
        try:
            server.start()
            status = None
            server.stop()
        except AssertionError:
            status = server.process.wait()
            server.reader.join()
        finally:
            log, self.calls = server.log(), server.written()
            server.abandon()
        return status, log

    def test_codes_of_init(self):
        """every hook: CONT and OK of init_master and init_child go on, and what is no answer; all else ends the start with 255"""
        for hook, nodes in (("init_master", 0), ("init_child", 1)):
            for code in (*ELEVEN, "PENDING", 12345):
                status, log = self.start(hook, nodes, code=code, words="the reason")
                goes_on = code in ("CONT", "OK", "STOP", "NEXT_HOOK", "DELAY", "PENDING", 12345)
                self.assertEqual(status, None if goes_on else 255, (hook, code, log))
                if not goes_on:
                    self.assertIn(f"{hook} returned error: the reason", log)
                self.assertEqual(log.count("[CRIT]"), int(goes_on and code not in ("CONT", "OK")), log)

    def test_reload(self):
        """every hook: a refusal of init_master at a reload changes nothing"""
        with Answering() as server:
            server.tell(order("init_master", code="DENY", words="not now"))
            self.assertNotEqual(server.reload().returncode, 0)
            server.logged("init_master returned error: not now", limit=5)
            with Wire(server.port) as client:
                self.assertEqual(client.banner[:3], b"220")

    def test_post_fork(self):
        """every hook: what post_fork answers does not count"""
        for code in ("DENY", "DISCONNECT", "OK"):
            self.assertIsNone(self.start("post_fork", 1, code=code, words="x")[0])
            self.assertEqual([call.hook for call in self.calls if call.hook == "post_fork"], ["post_fork"])
