"""Plugins that answer never, twice, late, from another thread, or for a client that has left: survived, and named."""
import re
import tempfile

from inline import NOTHING, hooked, server_with
from server import ForeignTest, until
from wire import EHLO, Listener, Wire, seconds, summaries

MAIL = b"MAIL FROM:<a@example.org>\r\n"
ONE_SECOND = {"mine.timeout": "1\n"}
ON_THREAD = NOTHING + """
    #include <pthread.h>
    #include <stdlib.h>
    /* Each thread has a copy of its own: by the time of its second answer the next MAIL may be here. */
    static void *answer(void *copy)
    {
        const haraka_next waiting = *(haraka_next *)copy;
        (void)haraka_complete_text(waiting, HARAKA_DENY, haraka_text("from a thread"));
        (void)haraka_complete_text(waiting, HARAKA_OK, haraka_text("and again"));
        free(copy);
        return NULL;
    }
    HARAKA_HOOK(mail)
    {
        pthread_t thread;
        haraka_next *copy = malloc(sizeof *copy);
        if (copy == NULL) return HARAKA_OK;
        *copy = call->next;
        if (pthread_create(&thread, NULL, answer, copy) != 0) return HARAKA_OK;
        (void)pthread_detach(thread);
        return HARAKA_PENDING;
    }
"""
LATE = NOTHING + """
    static haraka_next waiting;
    static haraka_self me;
    static void late(void *unused)
    {
        (void)unused;
        const int32_t status = haraka_complete(waiting, HARAKA_DENY, NULL);
        haraka_log(me, HARAKA_LOG_NOTICE, haraka_of_server(), status == EXPECTED ? "late as expected" : "late, wrong");
    }
    static void gone(void *unused) { (void)unused; haraka_log(me, HARAKA_LOG_NOTICE, haraka_of_server(), "cancelled"); }
    HARAKA_HOOK(mail)
    {
        const haraka_callback cancelled = {gone, NULL, NULL};
        waiting = call->next;
        me = call->self;
        (void)haraka_table->on_cancel(call->next, &cancelled);
        (void)haraka_timer_start(call->self, DELAY, 0, late, NULL, NULL);
        return HARAKA_PENDING;
    }
"""


class Misbehaving(ForeignTest):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="haraka-test-")
        self.addCleanup(scratch.cleanup)
        self.scratch = scratch.name

    def server(self, code, config=None):
        return server_with(self.scratch, ["mine"], {"mine": code}, config, Listener)

    def logged(self, server, expression):
        return until(expression, lambda: re.search(expression, server.log()))

    def test_no_answer(self):
        """misbehaving: a plugin that never answers is given up after its time limit, and named"""
        with self.server(hooked(mail="return HARAKA_PENDING;"), ONE_SECOND) as server, Wire(server.port) as client:
            client.say(EHLO)
            took, said = seconds(lambda: client.say(MAIL))
            self.assertEqual(said, b"450 plugin timeout\r\n")
            self.assertGreaterEqual(took, 0.9)
            self.assertEqual(client.say(b"NOOP\r\n"), b"250 OK\r\n")
            self.logged(server, r"\[CRIT\] .* Plugin mine timed out on hook mail - make sure it calls the callback")

    def test_two_answers(self):
        """misbehaving: a second answer is ignored, and named"""
        twice = '(void)haraka_complete(call->next, HARAKA_DENY, NULL); return haraka_answer(call, HARAKA_OK, "second");'
        with self.server(hooked(mail=twice)) as server, Wire(server.port) as client:
            client.say(EHLO)
            self.assertEqual(client.say(MAIL), b"550 sender <a@example.org> denied\r\n")
            self.assertEqual(client.say(b"NOOP\r\n"), b"250 OK\r\n")
            self.logged(server, r"\[ERROR\] .*\bmine\b.*(mail|multiple times|twice|second)")

    def test_thread(self):
        """misbehaving: the first of two answers from another thread counts, the second is named"""
        with self.server(ON_THREAD) as server, Wire(server.port) as client:
            client.say(EHLO)
            for _ in range(100):
                self.assertEqual(client.say(MAIL), b"550 from a thread\r\n")
            self.logged(server, r"\[ERROR\] .*\bmine\b")

    def late(self, expected, delay):
        return f"#define EXPECTED {expected}\n#define DELAY {delay}\n" + LATE

    def test_too_late(self):
        """misbehaving: an answer after the time limit is HARAKA_E_TIMED_OUT and changes nothing"""
        with self.server(self.late("HARAKA_E_TIMED_OUT", 1300), ONE_SECOND) as server, Wire(server.port) as client:
            client.say(EHLO)
            self.assertEqual(client.say(MAIL), b"450 plugin timeout\r\n")
            self.logged(server, r"late as expected")
            self.assertEqual(client.say(b"NOOP\r\n"), b"250 OK\r\n")
            self.assertIn("cancelled", server.log())

    def test_client_that_left(self):
        """misbehaving: an answer for a client that has left is HARAKA_E_GONE; on_cancel told the plugin before"""
        with self.server(self.late("HARAKA_E_GONE", 700)) as server:
            for leave in (Wire.close, Wire.abort):
                client = Wire(server.port)
                client.say(EHLO)
                client.send(MAIL)
                leave(client)
            until("both are cancelled", lambda: server.log().count("cancelled") == 2)
            self.assertEqual(server.log().count("late"), 0)
            until("both came late", lambda: server.log().count("late as expected") == 2)
            summaries(server, 2)
