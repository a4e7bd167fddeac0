"""Plugins that fail, think for long or never answer, clients that leave meanwhile: on every hook. docs/hooks.md "The
chain"."""
import itertools
import os

from server import until
from test_every_hook import (BEFORE, CONTENT, END, MESSAGE, NAME, RECIPIENT, SENDER, TABLE, Course, HookTest, Trial, critical,
                             failing, greets, meaning, once, order, pairs)
from wire import EHLO, Wire

JUDGING = (*MESSAGE, "queue_outbound", "queue_ok", "max_data_exceeded")
REQUIRED = ("reset_transaction", "queue_post", "disconnect", "post_connection")


class Failing(HookTest):
    config = {"first.timeout": "0.2\n"}

    def test_a_code_that_is_none(self):
        """every hook: 12345 is a failure; DENYSOFT where the hook can refuse, else CONT"""
        for hook, words in itertools.product(TABLE, ({}, {"words": "of no meaning"})):
            since = len(self.server(hook).lines)
            self.trial(hook, {"code": 12345, **words}, failing(hook, "plugin failed"))
            critical(self.server(hook), since, rf"Plugin first answered with the code 12345, .*hook {hook}\)", 1)

    def test_no_answer(self):
        """every hook: no answer in time; DENYSOFT where the hook can refuse, else CONT, and the plugin is told"""
        for hook in TABLE:
            server = self.server(hook)
            since = len(server.lines)
            self.trial(hook, {"never": 1}, failing(hook, "plugin timeout"))
            critical(server, since, rf"Plugin first timed out on hook {hook} - make sure it calls the callback$", 1)
            until("a late answer", lambda: len(server.remarks()) == 2)
            self.assertEqual(server.remarks(), [("cancelled", hook, 0), ("late", hook, -9)])

    def test_late_answers(self):
        """every hook: each answer may come later, and does the same then"""
        for hook, code in itertools.product(TABLE, ("CONT", "DENY", "DENYSOFTDISCONNECT", "OK", "DONE", "DISCONNECT")):
            self.trial(hook, {"later": 2, "code": code, "words": "words"}, meaning(hook, code, "words"))
            self.assertEqual(self.server(hook).remarks(), [])


class FailingJudges(HookTest):
    """Plugins of deny and ok that are late, or fail: what the hook itself has come to stands."""

    plugins, config = ("first", "second"), {"first.timeout": "0.2\n"}

    def mail(self, *orders):
        server = self.servers[0]
        server.tell(*orders)
        with Wire(server.port) as client:
            client.say(EHLO)
            said = client.say(SENDER)
            client.say(b"QUIT\r\n")
        server.ended(2)
        return said, [(call.plugin, call.hook) for call in server.asked() if call.hook in ("mail", "deny", "ok")]

    def test_later(self):
        """every hook: deny and ok may answer later"""
        first = order("mail", code="DENY", words="no")
        said, asked = self.mail(first, order("deny", later=2, code="OK", words="pardoned"))
        self.assertEqual(said, b"250 sender <a@example.com> OK\r\n")
        self.assertEqual(asked, [("first", "mail"), ("first", "deny"), ("second", "mail")])
        said, asked = self.mail(first, order("deny", later=2, code="CONT"))
        self.assertEqual((said, asked), (b"550 no\r\n", [("first", "mail"), *both("deny")]))
        for code, plugins in (("CONT", 2), ("OK", 1)):
            said, asked = self.mail(order("mail", code="OK", words="yes"), order("ok", later=2, code=code))
            self.assertEqual((said, asked), (b"250 yes\r\n", [("first", "mail"), *both("ok")[:plugins]]))

    def test_failing(self):
        """every hook: deny and ok that fail or do not answer count as CONT"""
        for hook, code, reply in (("deny", "DENY", b"550 no\r\n"), ("ok", "OK", b"250 no\r\n")):
            for what in ({"never": 1}, {"code": 12345}):
                said, asked = self.mail(order("mail", code=code, words="no"), order(hook, **what))
                self.assertEqual((said, asked), (reply, [("first", "mail"), *both(hook)]), what)

    def test_named(self):
        """every hook: the critical line of a plugin that fails in deny or ok names that hook"""
        for hook, code in (("deny", "DENY"), ("ok", "OK")):
            for what, line in (({"never": 1}, f"timed out on hook {hook} "), ({"code": 12345}, rf"12345, .*\(hook {hook}\)")):
                since = len(self.servers[0].lines)
                self.mail(order("mail", code=code, words="no"), order(hook, **what))
                critical(self.servers[0], since, line, 1)


def both(*names, plugins=("first", "second")):
    """As both plugins are asked them."""
    return [(plugin, name) for name in names for plugin in plugins]


class Leaving(HookTest):
    plugins = ("first", "second")

    def reach(self, server, client, hook):
        """Says all that leads to the hook."""
        before, trigger = BEFORE[hook]
        if trigger is None:
            return
        client.reply()
        for line in (EHLO, *before) if not greets(hook) else ():
            self.assertIn(client.say(line)[:3], (b"250", b"354"))
        client.send(trigger)

    def leave(self, hook, what, how=Wire.abort):
        """All that the plugins are asked from the hook on, when the client leaves while `first` thinks about it."""
        server = self.server(hook)
        gate = os.path.join(server.place, "gate")
        server.tell(once(hook, **what), order("lookup_rdns", code="OK", words=NAME), order("rcpt", code="OK"),
                    *([order("connect", relaying=1)] if hook == "queue_outbound" else []),
                    *([order("queue", code="OK")] if hook in ("queue_ok", "queue_post") else []))
        client = Wire(server.port, banner=False)
        self.reach(server, client, hook)
        until(f"{hook} is asked", lambda: hook in server.names())
        how(client)
        if "gate" in what:
            # Whoever has left is still there for the server when this is asked.
            with Wire(server.port):
                pass
            until("another client", lambda: server.names().count("post_connection") == 2)
            open(gate, "w", encoding="ascii").close()
            self.told = client.rest()
        until("the end", lambda: [call.hook for call in server.asked() if call.plugin == "second"].count("post_connection")
              == 1 + ("gate" in what))
        if "gate" in what:
            os.unlink(gate)
        calls = server.asked()
        calls = calls[next(index for index, call in enumerate(calls) if call.hook == hook):]
        return [call for call in calls if call.uuid == calls[0].uuid]

    def test_client_leaves(self):
        """every hook: a client that leaves withdraws the question; the hooks of the end are asked, and nothing else"""
        for hook, how in itertools.product(TABLE, (Wire.abort, Wire.close)):
            if hook in REQUIRED or hook in JUDGING and how == Wire.close:
                continue
            with self.subTest(hook=hook, how=how.__name__):
                calls = self.leave(hook, {"never": 1, "code": "OK"}, how)
                reset = ["reset_transaction"] if calls[0].transaction else []
                post = ["queue_post"] if hook == "queue_ok" else []
                self.assertEqual(pairs(calls), [("first", hook), *both(*reset, *post, *END)])
                self.assertEqual([call.has_left for call in calls], [False] + [True] * (len(calls) - 1))
                until("the late answer", lambda: len(self.server(hook).remarks()) == 2)
                self.assertEqual(self.server(hook).remarks(), [("cancelled", hook, 0), ("late", hook, -10)])

    def test_judgement(self):
        """every hook: a client that closes its side after the final dot does not withdraw its message"""
        for hook in JUDGING:
            with self.subTest(hook=hook):
                calls = self.leave(hook, {"gate": "gate", "code": "DENY"}, Wire.half_close)
                course = Course(hook, "DENY", "", {})
                self.assertEqual(pairs(calls), [("first", hook), *both(*course.asked, *END)])
                self.assertEqual(self.told, b"".join(Trial.bytes(reply, calls) for reply in course.replies))
                self.assertEqual(self.server(hook).remarks(), [])

    def test_in_the_header(self):
        """every hook: a client that leaves before its header is complete: data_headers_end and what follows are not asked"""
        server = self.servers[0]
        server.tell(order("rcpt", code="OK"))
        with Wire(server.port) as client:
            client.envelope()
            client.send(b"Subject: x\r\nFrom: y\r\n")
        server.ended(2)
        names = server.names()
        self.assertEqual(names[names.index("data"):], ["data", "data", *(name for _, name in both("reset_transaction", *END))])

    def test_required(self):
        """every hook: the required ones go on although the client has left"""
        for hook, then in (("reset_transaction", END), ("queue_post", END), ("disconnect", END[1:]), ("post_connection", [])):
            with self.subTest(hook=hook):
                calls = self.leave(hook, {"later": 200})
                self.assertEqual(pairs(calls), both(hook, *then))
                self.assertTrue(calls[1].has_left)
                self.assertEqual(self.server(hook).remarks(), [])

    def test_deny_and_ok(self):
        """every hook: a client that leaves while deny or ok is asked withdraws that question too"""
        for hook, code in (("deny", "DENY"), ("ok", "OK")):
            with self.subTest(hook=hook):
                server = self.servers[0]
                server.tell(once("mail", code=code), once(hook, never=1))
                with Wire(server.port) as client:
                    client.say(EHLO)
                    client.send(SENDER)
                    until("asked", lambda: hook in server.names())
                until("the end", lambda: server.names().count("post_connection") == 2)
                calls = pairs(server.asked())
                self.assertEqual(calls[calls.index(("first", hook)):], [("first", hook), *both("reset_transaction", *END)])
                until("the late answer", lambda: len(server.remarks()) == 2)
                self.assertEqual(server.remarks(), [("cancelled", hook, 0), ("late", hook, -10)])


class Skipping(HookTest):
    plugins = ("first", "second")

    def test_skip_plugins(self):
        """every hook: a plugin in notes.skip_plugins is not asked until the transaction is over, by deny and ok neither"""
        server = self.servers[0]
        server.tell(order("mail", skip="second", **{"if": "a@example.com"}),
                    order("rcpt", code="DENY", **{"if": "no@example.net"}), order("rcpt", code="OK"), order("queue", code="OK"))
        with Wire(server.port) as client:
            for line in (EHLO, SENDER, b"RCPT TO:<no@example.net>\r\n", RECIPIENT, b"VRFY x\r\n", b"XFOO\r\n",
                         b"DATA\r\n", CONTENT, b"MAIL FROM:<c@example.com>\r\n", b"RSET\r\n", b"NOOP\r\n", b"QUIT\r\n"):
                client.say(line)
            client.rest()
        calls = pairs(server.asked())
        first = [hook for plugin, hook in calls if plugin == "first"]
        second = [hook for plugin, hook in calls if plugin == "second"]
        begun, over = first.index("mail"), first.index("queue_post")
        self.assertEqual([hook for hook in second if hook in ("deny", "ok")], [])
        self.assertEqual(second, [hook for hook in first[:begun] + first[over:] if hook not in ("deny", "ok")])
        self.assertEqual(first[over:over + 4], ["queue_post", "mail_parse", "mail_pre", "mail"])
