"""aliases through its real shared object. PluginsSrc/aliases/README.md."""
import json
import tempfile

from inline import NOTHING, server_with
from server import ForeignTest, Server, until
from wire import EHLO, Wire

MAIL = b"MAIL FROM:<a@example.org>\r\n"
MESSAGE = b"Subject: x\r\n\r\ny\r\n.\r\n"
PLUGINS = ["aliases", "rcpt_to.in_host_list"]
# Refuses each message with the recipients that it would have had.
SHOW = NOTHING + """
HARAKA_HOOK(queue) {
    haraka_value list = haraka_null(), forward = haraka_null();
    char text[2048] = "";
    size_t i, length;
    haraka_str line = {text, 0};
    (void)haraka_transaction_get(call->transaction, HARAKA_TRAN_RCPT_TO, &list);
    (void)haraka_note_get(haraka_of_transaction(call->transaction), "forward", &forward);
    for (i = 0; i < haraka_value_count(&list); i++) {
        const haraka_address *address = haraka_value_at(&list, i)->as.address;
        length = line.len;
        for (size_t j = 0; j < address->address.len && length < sizeof text - 4; j++)
            text[length++] = address->address.ptr[j];
        text[length++] = ' ';
        line.len = length;
    }
    if (haraka_value_is_true(&forward)) text[line.len++] = 'F';
    return haraka_answer_text(call, HARAKA_DENY, line);
}
"""


class Aliases(ForeignTest):
    def server(self, aliases, plugins=("show",), code=None):
        """A server that shows the recipients of each message, if no plugin has taken it before."""
        config = {"log.ini": "level=info\n", "host_list": "example.com\n",
                  "aliases.json": aliases if isinstance(aliases, str) else json.dumps(aliases)}
        with tempfile.TemporaryDirectory(prefix="haraka-test-") as scratch:
            return server_with(scratch, [*PLUGINS, *plugins], code or {"show": SHOW}, config, Server)

    def send(self, client, *recipients):
        """What the server says about a message to these recipients, which all must be accepted."""
        for command in (EHLO, MAIL, *(b"RCPT TO:<%s>\r\n" % recipient for recipient in recipients)):
            self.assertEqual(client.say(command)[:3], b"250", command)
        client.say(b"DATA\r\n")
        return client.say(MESSAGE)

    def shown(self, client, *recipients):
        said = self.send(client, *recipients)
        self.assertRegex(said, rb"^550 .*\(.*\)\r\n$")
        return said[4:].rsplit(b" (", 1)[0].decode().split()

    def test_replaced(self):
        """aliases: recipients are replaced by the key that says most, and others are left"""
        aliases = {"sales@example.com": {"action": "alias", "to": ["ann@example.com", "bob@else.example"]},
                   "joe": {"action": "Alias", "to": "joseph"}, "joe-list": {"action": "alias", "to": "list"},
                   "@old.example.com": {"action": "alias", "to": "old@example.com"}}
        with self.server(aliases) as server, Wire(server.port) as client:
            for recipients, expected in (
                    ([b"SALES@example.com"], ["ann@example.com", "bob@else.example", "F"]),
                    ([b"joe@example.com", b"joe+x@example.com"], ["joseph@example.com", "F"]),
                    ([b"joe-list@example.com", b"x@example.com"], ["list@example.com", "x@example.com", "F"]),
                    ([b"ann@example.com", b"sales@example.com"], ["ann@example.com", "bob@else.example", "F"]),
                    ([b"x@example.com", b"Y@Example.com"], ["x@example.com", "Y@Example.com"])):
                self.assertEqual(self.shown(client, *recipients), expected)
            server.logged(r"\[INFO\] .*\[aliases\] alias\(SALES@example\.com -> ann@example\.com, bob@else\.example\)")

    def test_refused(self):
        """aliases: of a recipient that another plugin refuses nothing is left"""
        refuse = NOTHING + """HARAKA_HOOK(rcpt_ok) {
            const haraka_address *a = call->arguments[0].as.address;
            return a->user.len == 5 ? HARAKA_DENY : HARAKA_CONT; }"""
        aliases = {"sales": {"action": "alias", "to": ["ann", "bob", "eve"]}}
        code = {"show": SHOW, "refuse": refuse}
        with self.server(aliases, ["refuse", "show"], code) as server, Wire(server.port) as client:
            for command in (EHLO, MAIL):
                client.say(command)
            self.assertEqual(client.say(b"RCPT TO:<sales@example.com>\r\n")[:3], b"550")
            self.assertEqual(client.say(b"RCPT TO:<x@example.com>\r\n")[:3], b"250")
            client.say(b"DATA\r\n")
            self.assertRegex(client.say(MESSAGE), rb"^550 x@example\.com +\(")

    def test_dropped(self):
        """aliases: a dropped recipient gets nothing, the others do; if nobody is left the client is told nothing"""
        with self.server({"spam": {"action": "drop"}}) as server, Wire(server.port) as client:
            self.assertEqual(self.shown(client, b"x@example.com", b"spam-1@example.com"), ["x@example.com"])
            self.assertRegex(self.send(client, b"spam@example.com", b"spam+2@example.com"), rb"^250 Message Queued \(")
            server.logged(r"\[INFO\] .*\[aliases\] drop\(spam@example\.com\)")

    def test_delivered(self):
        """aliases: the mailboxes of the aliases get the message"""
        aliases = {"sales": {"action": "alias", "to": ["ann", "bob"]}, "*": {"action": "drop"}}
        with self.server(aliases, ["queue/maildir"], {}) as server, Wire(server.port) as client:
            self.assertEqual(self.send(client, b"sales@example.com", b"x@example.com")[:3], b"250")
            folders = sorted(path.split("/new/")[0].removeprefix(server.mail).strip("/") for path in server.stored())
            self.assertEqual(len(folders), 2, folders)
            self.assertTrue("ann" in folders[0] and "bob" in folders[1], folders)

    def test_mistakes(self):
        """aliases: an entry without action or mailbox is named, and the others count"""
        aliases = {"a": {"action": "move"}, "b": {"action": "alias"}, "c": {"action": "alias", "to": "d"}}
        with self.server(aliases) as server, Wire(server.port) as client:
            server.logged(r"\[ERROR\] .*aliases\.json: left out: a: action is neither drop nor alias")
            server.logged(r"\[ERROR\] .*aliases\.json: left out: b: to is no mailbox")
            shown = self.shown(client, b"a@example.com", b"c@example.com")
            self.assertEqual(shown, ["a@example.com", "d@example.com", "F"])

    def test_changes(self):
        """aliases: aliases.json changes for open connections; a file with a mistake changes nothing"""
        with self.server({}) as server, Wire(server.port) as client:
            self.assertEqual(self.shown(client, b"a@example.com"), ["a@example.com"])
            server.configure("aliases.json", '{"a": {"action": "alias", "to": "b"}}')
            until("the new alias", lambda: self.shown(client, b"a@example.com") == ["b@example.com", "F"])
            server.configure("aliases.json", '{"a": {"action": "alias", "to": "c"}, "x": {"action": "?"}}')
            server.logged(r"\[ERROR\] .*aliases\.json stays as it was: x: action is neither drop nor alias")
            self.assertEqual(self.shown(client, b"a@example.com"), ["b@example.com", "F"])
            server.configure("aliases.json", '{"a": ')
            server.logged(r"\[ERROR\] .*aliases\.json.*keeps what it has read before")
            self.assertEqual(self.shown(client, b"a@example.com"), ["b@example.com", "F"])
