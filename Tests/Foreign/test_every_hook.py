"""Every hook with every code, with and without words, over the wire: each line of the table of answers, which
Tests/HarakaCoreTests/Hooks/AnswerTable.swift holds and docs/hooks.md explains, byte for byte and hook for hook."""
import atexit
import contextlib
import itertools
import json
import os
import re
import shutil
import subprocess
import tempfile

from server import HARAKA, ROOT, ForeignTest, Server, compile_plugin, read, until
from wire import Wire

CODES = {"CONT": 900, "STOP": 901, "DENY": 902, "DENYSOFT": 903, "DENYDISCONNECT": 904, "DISCONNECT": 905, "OK": 906,
         "NEXT_HOOK": 907, "DELAY": 908, "DENYSOFTDISCONNECT": 909, "DONE": 910, "PENDING": 1}
REFUSALS = ("DENY", "DENYSOFT", "DENYDISCONNECT", "DENYSOFTDISCONNECT")
ELEVEN = [code for code in CODES if code != "PENDING"]
CONNECT = ["pre_connection", "connect_init", "lookup_rdns", "connect"]
HELO, EHLO = ["helo_parse", "helo"], ["ehlo_parse", "ehlo", "capabilities"]
MAIL, RCPT = ["mail_parse", "mail_pre", "mail"], ["rcpt_parse", "rcpt_pre", "rcpt", "rcpt_ok"]
DATA = ["received_line", "data"]
MESSAGE = ["data_headers_end", "data_post_headers", "data_post", "queue_pre", "queue"]
END = ["disconnect", "post_connection"]
SEQUENCES = [CONNECT, HELO, EHLO, MAIL, RCPT, DATA, [*MESSAGE, "queue_ok"]]
NAME = "client.example.net"
SENDER, RECIPIENT = b"MAIL FROM:<a@example.com>\r\n", b"RCPT TO:<b@example.net>\r\n"
CONTENT = b"Subject: x\r\n\r\nx\r\n.\r\n"
REMARKS = ("cancelled", "late")
ONCE = itertools.count(1)


def page():
    return read(os.path.join(ROOT, "docs", "hooks.md")).decode()


def order(hook, plugin="first", **what):
    """A line for answering.c."""
    if "code" in what:
        what["code"] = CODES.get(what["code"], what["code"])
    return "\t".join([plugin, hook, *(f"{key}={value}" for key, value in what.items())])


def once(hook, plugin="first", **what):
    """The same, for the next call only."""
    return order(hook, plugin, once=next(ONCE), **what)


class Asked:
    """One call of a hook function, as answering.c has written it down."""

    def __init__(self, line):
        (self.plugin, self.hook, self.arguments, self.uuid, self.transaction, self.has_left,
         self.process) = json.loads(line)

    def __repr__(self):
        return f"{self.plugin} {self.hook}{tuple(self.arguments)}"


def pairs(calls):
    return [(call.plugin, call.hook) for call in calls]


class Answering(Server):
    """A server whose plugins are copies of answering.c, with the names given; `orders` says what they answer."""

    folder_of_objects = None  # where the copies are compiled, once for all tests

    def __init__(self, plugins=("first",), config=None, copies=None):
        super().__init__(plugins=plugins, config={"log.ini": "level=notice\n", **(config or {})})
        self.place = os.path.join(self.folder, "answering")
        os.mkdir(self.place)
        self.configure("answering", f"{self.place}\n")
        for name in copies or plugins:
            self.install(name, Answering.object(name))
        self.tell()

    @staticmethod
    def object(name):
        if Answering.folder_of_objects is None:
            Answering.folder_of_objects = tempfile.mkdtemp(prefix="haraka-test-")
            atexit.register(shutil.rmtree, Answering.folder_of_objects, True)
        path = os.path.join(Answering.folder_of_objects, f"{name}.so")
        if not os.path.exists(path):
            compile_plugin(os.path.join(ROOT, "Tests", "Foreign", "answering.c"), path, f'-DNAME="{name}"')
        return path

    def tell(self, *orders, forgets=True):
        """From the next call on these orders count, and what was asked before is forgotten."""
        path = os.path.join(self.place, "orders")
        with open(f"{path}.new", "w", encoding="utf-8") as out:
            out.write("".join(f"{line}\n" for line in orders))
        os.rename(f"{path}.new", path)
        if forgets:
            with open(os.path.join(self.place, "asked"), "w", encoding="ascii"):
                pass

    def written(self):
        """All calls so far; not one that is just being written down."""
        return [Asked(line) for line in read(os.path.join(self.place, "asked")).decode().split("\n")[:-1]]

    def asked(self):
        """All calls so far of hooks that belong to a session."""
        return [call for call in self.written() if call.hook not in ("log", "logging", "config", *REMARKS)]

    def names(self):
        return [call.hook for call in self.asked()]

    def remarks(self):
        """What answering.c says of answers that nobody took: (what, hook, status)."""
        return [(call.hook, *call.arguments) for call in self.written() if call.hook in REMARKS]

    def summary(self, uuid):
        """What the line says that sums up this connection: {key: value}."""
        line = self.logged(rf"\[{uuid}\] \[core\] disconnect (.*)").group(1)
        return dict(re.findall(r'(\w+)=("[^"]*"|\S*)', line))

    def ended(self, count=1):
        """All calls, once post_connection was asked so often."""
        return until("the connection is over", lambda: self.names().count("post_connection") >= count and self.asked())


# ----------------------------------------------------------------------------------------------------- the table ----
class Row:
    def __init__(self, silent, talking, then):
        self.silent, self.talking, self.then = silent, silent if talking == "=" else talking, then.replace("-", "").split()

    def reply(self, talks):
        said = self.talking if talks else self.silent
        return "" if said == "-" else said

    def follows(self, talks):
        """The table says what follows without words; words that the core cannot take end the command."""
        return [] if self.silent == "-" != self.reply(talks) and talks and self.reply(talks) else self.then


def answer_table():
    """{hook: {code or "others": Row}}"""
    text = read(os.path.join(ROOT, "Tests", "HarakaCoreTests", "Hooks", "AnswerTable.swift")).decode()
    text = re.search(r'"""\n(.*?)\n *"""', text, re.S).group(1)
    table = {}
    for line in re.sub(r"\\\n *", "", text).splitlines():
        hook, codes, silent, talking, then = (cell.strip() for cell in line.split(" | "))
        for code in codes.split():
            table.setdefault(hook, {})[code] = Row(silent, talking, then)
    return table


TABLE = answer_table()
VERSION = subprocess.run([HARAKA, "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]
CAN_REFUSE = set(re.findall(r"`(\w+)`", re.search(r"These hooks can refuse:(.*?)\. The parsing", page(), re.S).group(1)))


class Course:
    """What a client is told, and which hooks are asked, from a hook's answer on until the connection waits or is over."""

    def __init__(self, hook, code, words, standing):
        self.standing = standing
        self.replies, self.asked, self.state = [], [], "open"
        # The words of rcpt and queue are those of the reply that comes two hooks later.
        self.handed_on = {"rcpt": f"250 {words}"}.get(hook, f"250 {words} (U)") \
            if words and code == "OK" and hook in ("rcpt", "queue", "queue_outbound") else ""
        self.answer(hook, code, words)

    def answer(self, hook, code, words=""):
        if hook not in ("connect_init", "disconnect") and code != "CONT":
            self.asked.append("deny" if code in REFUSALS else "ok")
        row = TABLE[hook].get(code, TABLE[hook]["others"])
        said, following = row.reply(words).replace("words", words), row.follows(words)
        if self.handed_on and hook in ("rcpt_ok", "queue_ok"):
            said = self.handed_on
        if said:
            self.replies.append(said)
        if words and code == "OK" and hook in ("mail_parse", "rcpt_parse"):
            self.asked.append(hook[:4] + "_pre")
        at = hook
        for name in following:
            at = self.follow(at, name)

    def follow(self, hook, name):
        if name in ("close", "LOOP"):
            self.state = name
        elif name == "reset":
            self.asked.append("reset_transaction")
            if hook in ("queue", "queue_outbound", "queue_ok"):
                self.asked.append("queue_post")
        elif name == "message":
            self.state = "message"
        else:
            order_of_all = next(each for each in SEQUENCES if hook in each and name in each) \
                if hook != "queue_outbound" else [hook, name]
            self.asked += order_of_all[order_of_all.index(hook) + 1:order_of_all.index(name) + 1]
            if name != "lookup_rdns":
                self.answer(name, self.standing.get(name, "CONT"))
            else:
                self.asked.append("ok")
            return name
        return hook


# -------------------------------------------------------------------------------------------------- the dialogues ----
BEFORE = {  # what is said before, and what asks the hook
    **dict.fromkeys(CONNECT, ((), None)),
    **dict.fromkeys(HELO, ((), b"HELO c.example\r\n")),
    **dict.fromkeys(EHLO, ((), b"EHLO c.example\r\n")),
    **dict.fromkeys(("quit", *END), ((), b"QUIT\r\n")),
    **{name: ((), f"{name} bob\r\n".encode()) for name in ("noop", "help")},
    "unrecognized_command": ((), b"XFOO bob\r\n"),
    **dict.fromkeys(MAIL, ((), SENDER)),
    **dict.fromkeys(RCPT, ((SENDER,), RECIPIENT)),
    "vrfy": ((SENDER, RECIPIENT), b"VRFY bob\r\n"),
    **dict.fromkeys(("rset", "reset_transaction"), ((SENDER, RECIPIENT), b"RSET\r\n")),
    **dict.fromkeys(DATA, ((SENDER, RECIPIENT), b"DATA\r\n")),
    **dict.fromkeys((*MESSAGE, "queue_outbound", "queue_ok", "queue_post", "max_data_exceeded"),
                    ((SENDER, RECIPIENT, b"DATA\r\n"), CONTENT)),
}


def meaning(hook, code, words):
    """What counts: a code that makes no sense is a failure of the plugin."""
    makes_sense = code not in ("STOP", "DELAY") and (code != "NEXT_HOOK" or hook == "unrecognized_command")
    return (code, words) if makes_sense else failing(hook, "plugin failed")


def failing(hook, words):
    return ("DENYSOFT", words) if hook in CAN_REFUSE else ("CONT", "")


def greets(hook):
    return hook in HELO + EHLO


class Trial:
    """One dialogue: a hook is answered in some way, and the connection goes on from there to its end."""

    def __init__(self, server, hook, what, counts):
        """`what`: the answer, for answering.c; `counts`: the code and words that it comes to."""
        self.server, self.hook, self.what = server, hook, what
        # What else is answered, so that the hook is reached and what follows can be told.
        self.standing = {"lookup_rdns": "OK"}
        if hook == "rcpt_ok" or BEFORE[hook][0][1:]:
            self.standing["rcpt"] = "OK"
        if hook in ("queue_ok", "queue_post"):
            self.standing["queue"] = "OK"
        self.course = Course(hook, *counts, self.standing)

    def run(self):
        self.server.tell(once(self.hook, **self.what), *self.orders())
        with Wire(self.server.port, banner=False) as client:
            said = self.talk(client)
        calls = self.server.asked()
        at = next(index for index, call in enumerate(calls) if call.hook == self.hook)
        return said, [call.hook for call in calls[at + 1:]], calls

    def orders(self):
        standing = [order(hook, code="OK", **({"words": NAME} if hook == "lookup_rdns" else {})) for hook in self.standing]
        return [*standing, *([order("connect", relaying=1)] if self.hook == "queue_outbound" else [])]

    def talk(self, client):
        before, trigger = BEFORE[self.hook]
        if trigger is not None:
            assert client.reply()[:3] == b"220"
            for line in (b"EHLO c.example\r\n", *before) if not greets(self.hook) else ():
                reply = client.say(line)
                assert reply[:3] in (b"250", b"354"), reply
            client.send(trigger)
        said = b"".join(client.reply() for _ in self.course.replies)
        if self.course.state == "message":
            said += client.say(CONTENT)
        if self.course.state != "close":
            said += client.say(b"NOOP\r\n")
            client.send(b"QUIT\r\n")
        return said + client.rest()

    def expected(self, calls):
        """The bytes after the trigger, and the hooks after the one that was answered."""
        course, replies = self.course, list(self.course.replies)
        asked = list(course.asked)
        lives = any(call.transaction for call in calls if call.hook == self.hook) or "mail" in asked
        if self.hook == "reset_transaction" or "reset_transaction" in asked:
            lives = False
        if self.hook == "queue_post":
            lives = False
        if course.state == "message":
            rest = Course("data_headers_end", "CONT", "", self.standing)
            replies += rest.replies
            asked += ["data_headers_end", *rest.asked]
            lives = False
        if course.state == "LOOP":
            replies += [replies[-1], "221 H closing connection. Have a jolly good day."]
            asked += ["quit"]
        elif course.state != "close":
            replies += ["250 OK", "221 H closing connection. Have a jolly good day."]
            asked += ["noop", "quit"]
        if lives:
            asked.append("reset_transaction")
        asked += END if self.hook not in END else END[END.index(self.hook) + 1:]
        return b"".join(self.bytes(reply, calls) for reply in replies), asked

    @staticmethod
    def bytes(reply, calls):
        """A reply as the table writes it, with the names of this dialogue."""
        transaction = next((call.transaction for call in calls if call.transaction), "")
        reply = re.sub(r"\bH\b", "mx.example.com", reply)
        reply = re.sub(r"\bC\b", f"{NAME} [127.0.0.1]", reply).replace("(U)", f"({transaction})")
        reply = reply.replace("0A1B2C", calls[0].uuid[:6]).replace("Haraka/1.0", f"Haraka/{VERSION}")
        code, lines = reply[:3], reply[4:].split(" / ")
        return "".join(f"{code}{' ' if line is lines[-1] else '-'}{line}\r\n" for line in lines).encode()


def critical(server, since, expression, count):
    """Waits for so many critical lines, which are all there are."""
    def found():
        return [line for line in server.lines[since:] if "[CRIT]" in line]
    until(f"{count} critical lines", lambda: len(found()) >= count)
    wrong = [line for line in found() if not re.search(expression, line)]
    assert len(found()) == count and not wrong, (count, found())


class HookTest(ForeignTest):
    """Two servers for all tests of a class; one of them takes next to nothing."""

    plugins, config = ("first",), {}

    @classmethod
    def setUpClass(cls):
        stack = contextlib.ExitStack()
        cls.addClassCleanup(stack.close)
        cls.servers = [stack.enter_context(Answering(cls.plugins, {**cls.config, **more}))
                       for more in ({}, {"connection.ini": "[max]\nbytes=3\n"})]

    def server(self, hook):
        return self.servers[1 if hook == "max_data_exceeded" else 0]

    def trial(self, hook, what, counts):
        with self.subTest(hook=hook, **what):
            trial = Trial(self.server(hook), hook, what, counts)
            said, asked, calls = trial.run()
            expected, expected_asked = trial.expected(calls)
            self.assertEqual(said, expected)
            self.assertEqual(asked, expected_asked)


class EveryHook(HookTest):
    def every_code(self, hook):
        server, nonsense = self.server(hook), 0
        since = len(server.lines)
        for code, words in itertools.product(ELEVEN, ("", "words")):
            counts = meaning(hook, code, words)
            nonsense += counts != (code, words)
            self.trial(hook, {"code": code, **({"words": words} if words else {})}, counts)
        line = rf"Plugin first answered with the code 90\d, which means nothing there \(hook {hook}\)"
        critical(server, since, line, nonsense)


def test_of(hook):
    def test(self):
        self.every_code(hook)
    test.__doc__ = f"every hook: {hook} with each code, with and without words"
    return test


for name in TABLE:
    setattr(EveryHook, f"test_{name}", test_of(name))
