"""Plugins that supply configuration files (hooks config and user_config). docs/configuration.md "Configuration from
plugins"."""
import re
import tempfile
import unittest

from inline import compiled
from server import Server, until
from wire import Wire

# Answers the hook `config` for one file; BODY says how.
PROVIDER = """
#include <string.h>
#include <unistd.h>
static haraka_self me;
static char text[64] = "{first}";
static int is_wanted(const haraka_call *call)
{{
    return haraka_equal(haraka_argument_text(call, 0), haraka_text("{file}"));
}}
static int32_t give(haraka_next next, int32_t code)
{{
    haraka_value v = haraka_text_value(haraka_text(text));
    haraka_reply r = haraka_no_reply();
    r.value = &v;
    return haraka_complete(next, code, &r);
}}
static haraka_next open_next;
static void slow(void *unused) {{ (void)unused; usleep({pause}); }}
static void done(void *unused) {{ (void)unused; (void)give(open_next, HARAKA_OK); }}
HARAKA_REGISTER(self) {{ me = self; (void)slow; (void)done; (void)give; (void)is_wanted; return HARAKA_SUCCESS; }}
HARAKA_HOOK(config)
{{
    if (!is_wanted(call)) return HARAKA_CONT;
    {body}
}}
/* NOOP changes what is given from now on. */
HARAKA_HOOK(vrfy)
{{
    haraka_str word = haraka_argument_text(call, 0);
    if (word.len > 0 && word.len < sizeof text) {{ memcpy(text, word.ptr, word.len); text[word.len] = 0; }}
    return HARAKA_CONT;
}}
"""
GIVES = "(void)give(call->next, HARAKA_OK); return HARAKA_PENDING;"
GIVES_LATER = "open_next = call->next; return haraka_offload(me, slow, done, NULL, NULL) < 0 ? HARAKA_DENY : HARAKA_PENDING;"

# Answers MAIL with what it has read of config/words, which it watches.
READER = """
static char answer[64];
static haraka_self me;
static void get(void *unused)
{
    haraka_value v;
    haraka_str text;
    size_t i;
    (void)unused;
    if (haraka_config_get(me, "words", HARAKA_CONFIG_VALUE, "", &v) < 0) return;
    text = haraka_value_text(&v);
    for (i = 0; i < text.len && i < sizeof answer - 1; i++) answer[i] = text.ptr[i];
    answer[i] = 0;
}
HARAKA_REGISTER(self)
{
    me = self;
    get(NULL);
    return haraka_config_watch(self, "words", get, NULL);
}
HARAKA_HOOK(mail) { return haraka_answer(call, HARAKA_DENY, answer); }
"""

# Answers RCPT with config/greeting of the recipient.
PER_USER = """
static haraka_self me;
static haraka_next waiting;
static char kept[128];
static haraka_address user;
static void again(void *unused);
static int32_t answer(const haraka_address *of, haraka_next next)
{
    haraka_value v;
    haraka_callback later = {again, NULL, NULL};
    int32_t status = haraka_table->user_config_get(
        me, of, haraka_text("greeting"), HARAKA_CONFIG_VALUE, haraka_text(""), &later, &v);
    if (status == HARAKA_PENDING) {
        size_t i;
        waiting = next;
        for (i = 0; i < of->address.len && i < sizeof kept; i++) kept[i] = of->address.ptr[i];
        user.size = sizeof user;
        user.address = haraka_bytes(kept, i);
        return HARAKA_PENDING;
    }
    (void)haraka_complete_text(next, HARAKA_DENY, haraka_value_text(&v));
    return HARAKA_PENDING;
}
static void again(void *unused) { (void)unused; (void)answer(&user, waiting); }
HARAKA_REGISTER(self) { me = self; return HARAKA_SUCCESS; }
HARAKA_HOOK(rcpt) { return answer(haraka_argument_address(call, 0), call->next); }
"""
USERS = """
static haraka_self me;
static haraka_next open_next;
static char text[160];
static void slow(void *unused) { (void)unused; }
static void done(void *unused)
{
    haraka_value v = haraka_text_value(haraka_text(text));
    haraka_reply r = haraka_no_reply();
    (void)unused;
    r.value = &v;
    (void)haraka_complete(open_next, HARAKA_OK, &r);
}
HARAKA_REGISTER(self) { me = self; return HARAKA_SUCCESS; }
HARAKA_HOOK(user_config)
{
    haraka_str who = haraka_argument_text(call, 0), file = haraka_argument_text(call, 1);
    size_t i, n = 0;
    if (who.len < 5 || who.ptr[0] != 'a') return HARAKA_CONT;
    for (i = 0; i < file.len && n < 70; i++) text[n++] = file.ptr[i];
    text[n++] = ' ';
    for (i = 0; i < who.len && n < 150; i++) text[n++] = who.ptr[i];
    text[n] = 0;
    open_next = call->next;
    return haraka_offload(me, slow, done, NULL, NULL) < 0 ? HARAKA_DENY : HARAKA_PENDING;
}
"""


class ConfigHook(unittest.TestCase):
    def server(self, body=GIVES, file="words", first="from the plugin", pause=0, ini="", config=None, reader=READER,
               order=("source", "reader")):
        folder = tempfile.mkdtemp(prefix="haraka-test-")
        provider = PROVIDER.format(body=body, file=file, first=first, pause=pause)
        files = {"plugins.ini": ini, "words": "from the file\n", "log.ini": "level=info\n"}
        files.update(config or {})
        return Server(list(order), config=files, objects={
            "source": compiled(folder, "source", provider), "reader": compiled(folder, "reader", reader)})

    def mail(self, server):
        with Wire(server.port) as client:
            client.say(b"EHLO x\r\n")
            return client.say(b"MAIL FROM:<a@b.example>\r\n")

    def test_supplied(self):
        """config: what a plugin answers at once stands for the file"""
        with self.server() as server:
            self.assertEqual(self.mail(server), b"550 from the plugin\r\n")

    def test_asked_only_of_those_before(self):
        """config: plugins that are listed later are not asked: they are not there yet when the file is read"""
        with self.server(order=("reader", "source")) as server:
            self.assertEqual(self.mail(server), b"550 from the file\r\n")

    def test_other_files(self):
        """config: files that no plugin supplies are read as ever"""
        with self.server(file="something.else") as server:
            self.assertEqual(self.mail(server), b"550 from the file\r\n")

    def test_supplied_later(self):
        """config: a plugin that needs a thread and some time is waited for while another one is loaded"""
        with self.server(GIVES_LATER, pause=200_000) as server:
            self.assertEqual(self.mail(server), b"550 from the plugin\r\n")

    def test_too_slow(self):
        """config: after config_limit the file counts, one line names the plugin, and the answer that comes late is no harm"""
        with self.server(GIVES_LATER, pause=600_000, ini="config_limit=0.2\n") as server:
            self.assertEqual(self.mail(server), b"550 from the file\r\n")
            text = "\n".join(server.lines)
            self.assertRegex(text, r"\[CRIT\] .*Plugin source timed out on hook config")
            self.assertRegex(text, r"\[ERROR\] .*cannot supply config/words: plugin timeout; the file counts")
            until("the late answer is named", lambda: re.search(r"source answered after its time limit", "\n".join(server.lines)))

    def test_failing(self):
        """config: a refusal of the plugin means that the file counts, and its words are in the log"""
        with self.server('return haraka_answer(call, HARAKA_DENYSOFT, "the database is away");') as server:
            self.assertEqual(self.mail(server), b"550 from the file\r\n")
            self.assertRegex("\n".join(server.lines),
                             r"\[ERROR\] .*cannot supply config/words: the database is away; the file counts")

    def test_nonsense(self):
        """config: a value that the file's type cannot be is not used, and a line says so"""
        body = """haraka_value one = haraka_integer(1), list = haraka_list_value(&one, 1);
                  return haraka_answer_value(call, HARAKA_OK, &list);"""
        with self.server(body) as server:
            self.assertEqual(self.mail(server), b"550 from the file\r\n")
            self.assertRegex("\n".join(server.lines), r"\[ERROR\] .*supplies as config/words is not used; the file counts")

    def test_change(self):
        """config: what changes at its source reaches plugins that watch the file, within config_cache"""
        with self.server(ini="config_cache=0.2\n") as server:
            self.assertEqual(self.mail(server), b"550 from the plugin\r\n")
            with Wire(server.port) as client:
                client.say(b"VRFY something.new\r\n")
            until("the reader knows", lambda: self.mail(server) == b"550 something.new\r\n")

    def test_keeps_when_failing(self):
        """config: when a source fails later on, what it gave before counts on"""
        body = """if (text[0] == '!') return haraka_answer(call, HARAKA_DENYSOFT, "gone");
            """ + GIVES
        with self.server(body, ini="config_cache=0.1\n") as server:
            with Wire(server.port) as client:
                client.say(b"VRFY !\r\n")
            until("the failure is logged", lambda: re.search(r"words: gone; what it gave before counts", "\n".join(server.lines)))
            self.assertEqual(self.mail(server), b"550 from the plugin\r\n")

    def test_bundled_plugin(self):
        """config: a bundled plugin takes its list from a plugin as from a file"""
        body = GIVES
        with self.server(body, file="host_list", first="elsewhere.example",
                         order=("source", "rcpt_to.in_host_list")) as server, Wire(server.port) as client:
            client.say(b"EHLO x\r\n")
            client.say(b"MAIL FROM:<a@b.example>\r\n")
            self.assertEqual(client.say(b"RCPT TO:<u@elsewhere.example>\r\n")[:3], b"250")
            self.assertEqual(client.say(b"RCPT TO:<u@example.com>\r\n")[:3], b"550")

    def test_user_config(self):
        """user_config: a plugin's answer for one user, awaited without holding anybody up; others get the common file"""
        self.check_users("config_cache=60\n")

    def test_user_config_without_cache(self):
        """user_config: with config_cache=0 whoever waited for an answer gets it, too"""
        self.check_users("config_cache=0\n")

    def check_users(self, ini):
        folder = tempfile.mkdtemp(prefix="haraka-test-")
        objects = {"users": compiled(folder, "users", USERS), "greeter": compiled(folder, "greeter", PER_USER)}
        with Server(["users", "greeter"], config={"greeting": "of all\n", "plugins.ini": ini}, objects=objects) as server, \
                Wire(server.port) as client:
            client.say(b"EHLO x\r\n")
            client.say(b"MAIL FROM:<a@b.example>\r\n")
            self.assertEqual(client.say(b"RCPT TO:<anna@x.example>\r\n"), b"550 greeting anna@x.example\r\n")
            self.assertEqual(client.say(b"RCPT TO:<bert@x.example>\r\n"), b"550 of all\r\n")
            self.assertEqual(client.say(b"RCPT TO:<anna@x.example>\r\n"), b"550 greeting anna@x.example\r\n")


if __name__ == "__main__":
    unittest.main()
