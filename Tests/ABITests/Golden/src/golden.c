/* The golden plugin in C. Each language has the same one; what it does stands in ../README.md. */
#include <haraka/plugin.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

HARAKA_PLUGIN("golden", "1.0", "Does the same in every language",
              HARAKA_HOOKS("connect mail rcpt data_post queue") HARAKA_LICENCE("MIT"));

typedef struct state {
    haraka_self self;
    int64_t asked;
    char words[64];
} state;

/* An answer that comes later. */
typedef struct waiting {
    haraka_next next;
    int64_t product;
} waiting;

HARAKA_REGISTER(self)
{
    haraka_value ini = haraka_null();
    haraka_str words;
    int32_t status;
    state *mine = calloc(1, sizeof *mine);
    if (mine == NULL) return HARAKA_E_LIMIT;
    mine->self = self;
    (void)haraka_config_get(self, "golden.ini", HARAKA_CONFIG_INI, NULL, &ini);
    words = haraka_value_text(haraka_value_key(haraka_value_key(&ini, "main"), "words"));
    if (words.len >= sizeof mine->words) words.len = sizeof mine->words - 1;
    if (words.len > 0) memcpy(mine->words, words.ptr, words.len);
    status = haraka_set_data(self, mine, free);
    if (status < 0) free(mine);
    return status;
}

HARAKA_HOOK(connect)
{
    const haraka_value seen = haraka_boolean(1);
    (void)haraka_note_set(haraka_of_connection(call->connection), "golden.seen", &seen);
    return HARAKA_CONT;
}

static void answer_later(void *context)
{
    (void)haraka_complete_text(((waiting *)context)->next, HARAKA_DENYSOFT, haraka_text("later"));
}

static void work(void *context) { ((waiting *)context)->product = 6 * 7; }

static void answer_work(void *context)
{
    const waiting *w = context;
    char text[32];
    const int length = snprintf(text, sizeof text, "worked: %lld", (long long)w->product);
    (void)haraka_complete_text(w->next, HARAKA_DENY, haraka_bytes(text, (size_t)length));
}

HARAKA_HOOK(mail)
{
    const haraka_address *from = haraka_argument_address(call, 0);
    const int later = from != NULL && haraka_equal(from->user, haraka_text("later"));
    waiting *w;
    int32_t status;
    if (!later && (from == NULL || !haraka_equal(from->user, haraka_text("work")))) return HARAKA_CONT;
    w = calloc(1, sizeof *w);
    if (w == NULL) return HARAKA_CONT;
    w->next = call->next;
    status = later ? haraka_timer_start(call->self, 25, 0, answer_later, w, free)
                   : haraka_offload(call->self, work, answer_work, w, free);
    if (status < 0) free(w);
    return status < 0 ? HARAKA_CONT : HARAKA_PENDING;
}

HARAKA_HOOK(rcpt)
{
    state *mine = call->data;
    const haraka_object transaction = haraka_of_transaction(call->transaction);
    const haraka_address *to = haraka_argument_address(call, 0);
    haraka_value asked;
    if (mine == NULL || to == NULL) return HARAKA_CONT;
    asked = haraka_integer(++mine->asked);
    (void)haraka_note_set(transaction, "golden.asked", &asked);
    if (haraka_equal(to->user, haraka_text("fails"))) {
        /* C has nothing to throw. */
        haraka_log(call->self, HARAKA_LOG_CRIT, transaction, "failed: out of luck");
        return haraka_answer(call, HARAKA_DENYSOFT, "plugin failed");
    }
    if (haraka_equal(to->user, haraka_text("denied"))) {
        (void)haraka_result(call->self, transaction, "fail", "denied");
        return haraka_answer(call, HARAKA_DENY, mine->words);
    }
    (void)haraka_result(call->self, transaction, "pass", "rcpt");
    (void)haraka_header_add(call->transaction, "X-Golden", haraka_text("yes"));
    return HARAKA_OK;
}

HARAKA_HOOK(data_post)
{
    haraka_message message;
    haraka_value first;
    char bytes[7];
    int64_t got;
    if (haraka_table->message_retain(call->transaction, &message) < 0) return HARAKA_DENYSOFT;
    got = haraka_table->message_read(message, 0, bytes, sizeof bytes);
    (void)haraka_table->message_release(message);
    first = haraka_text_value(haraka_bytes(bytes, got < 0 ? 0 : (size_t)got));
    (void)haraka_note_set(haraka_of_transaction(call->transaction), "golden.first", &first);
    return HARAKA_CONT;
}

HARAKA_HOOK(queue)
{
    (void)call;
    return HARAKA_OK;
}

HARAKA_SHUTDOWN()
{
    const state *mine = call->data;
    char text[32];
    (void)snprintf(text, sizeof text, "asked %lld times", mine == NULL ? -1LL : (long long)mine->asked);
    haraka_log(call->self, HARAKA_LOG_NOTICE, haraka_of_server(), text);
    return HARAKA_SUCCESS;
}
