/*
 * skeleton: a plugin in C that does nothing, with a comment on every part. Copy it, rename it, keep what you need.
 *
 *     cc -std=c11 -shared -fPIC -O2 -Wall -Wextra -I PREFIX/include -o skeleton.so skeleton.c
 *
 * This header is all there is of the server: no library to link with, no symbol of the server's to find.
 */
#include <haraka/plugin.h>

#include <stdlib.h>

/*
 * Who the plugin is. The server reads this from the file without running it: `haraka -l` lists it, `haraka -h skeleton`
 * prints the help. The last argument is any number of further keys, one after the other, or HARAKA_NOTHING_ELSE.
 */
HARAKA_PLUGIN("skeleton", "1.0", "Does nothing, with comments",
              HARAKA_HOOKS("mail rcpt connect")
              HARAKA_VENDOR("you")
              HARAKA_LICENCE("MIT")
              HARAKA_HELP("# skeleton\n\nDoes nothing.\n"));

/* What the plugin remembers. All hooks run on one thread, so there is no lock. */
typedef struct state {
    haraka_self self;
    int64_t limit;
    uint64_t mails;
} state;

/* Data, timers and callbacks are given back through a function like this one; it runs exactly once. */
static void destroy_state(void *context) { free(context); }

/* Runs every minute on the same thread as the hooks. */
static void every_minute(void *context)
{
    const state *mine = context;
    /* Ask before building a line that may be thrown away. The zero object is the server itself. */
    if (haraka_log_enabled(HARAKA_LOG_DEBUG))
        haraka_log(mine->self, HARAKA_LOG_DEBUG, haraka_of_server(), mine->mails > 0 ? "some mail" : "no mail yet");
}

/*
 * A hook that is exported by its name is registered by itself: hook_mail runs at MAIL. It returns a code to answer at
 * once. HARAKA_CONT lets the next plugin decide.
 */
HARAKA_HOOK(mail)
{
    state *mine = call->data; /* what haraka_set_data was given */
    const haraka_address *from = haraka_argument_address(call, 0);
    if (mine == NULL || from == NULL) return HARAKA_CONT;
    mine->mails++;

    /* Texts are pointer and length and belong to the host until this function returns: copy what you keep. */
    if (haraka_equal(from->user, haraka_text("nobody")))
        return haraka_answer(call, HARAKA_DENY, "nobody does not write mail"); /* with words for the client */

    /* Results are what plugins found out; other plugins and the log see them. */
    (void)haraka_result(call->self, haraka_of_transaction(call->transaction), "pass", "sender");
    return HARAKA_CONT;
}

/* A hook under another name, registered below, and shared by two hooks: call->hook says which one runs. */
static int32_t look_at_client(const haraka_call *call)
{
    const state *mine = call->context; /* what haraka_register_function was given */
    /* Notes are free data for all plugins, with dotted paths. */
    const haraka_value seen = haraka_boolean(1);
    (void)haraka_note_set(haraka_of_connection(call->connection), "skeleton.seen", &seen);
    return mine->limit == 0 ? HARAKA_DENYSOFT : HARAKA_CONT;
}

/* What a pending answer needs: not the call, which is gone by then, but its `next`. */
typedef struct waiting {
    haraka_next next;
} waiting;

static void answer_now(void *context)
{
    const waiting *w = context;
    /* Any thread may do this, any time; the first answer wins. If the client left meanwhile, nothing happens. */
    (void)haraka_complete(w->next, HARAKA_CONT, NULL);
}

/* A hook that needs time says HARAKA_PENDING and answers later. Nothing may block: other clients are waiting. */
HARAKA_HOOK(rcpt)
{
    waiting *w = malloc(sizeof *w);
    if (w == NULL) return HARAKA_CONT;
    w->next = call->next;
    if (haraka_timer_start(call->self, 10, 0, answer_now, w, free) < 0) {
        free(w); /* what a failed call was given stays ours */
        return HARAKA_CONT;
    }
    return HARAKA_PENDING;
}

/* Runs once, when the plugin is loaded. A negative status refuses to load. */
HARAKA_REGISTER(self)
{
    haraka_value ini = haraka_null();
    int32_t status;
    state *mine = calloc(1, sizeof *mine);
    if (mine == NULL) return HARAKA_E_LIMIT;
    mine->self = self;

    /* config/skeleton.ini; missing files are empty values, and what is missing in them is the fallback. */
    (void)haraka_config_get(self, "skeleton.ini", HARAKA_CONFIG_INI, "main.enabled", &ini);
    mine->limit = haraka_value_integer(haraka_value_key(haraka_value_key(&ini, "main"), "limit"), 10);

    status = haraka_set_data(self, mine, destroy_state);
    if (status < 0) {
        destroy_state(mine);
        return status;
    }
    status = haraka_register_function(self, "connect", look_at_client, mine, NULL, 0);
    if (status < 0) return status;
    return haraka_timer_start(self, 60000, 60000, every_minute, mine, NULL);
}

/* Optional. Runs when the last connection of this plugin has gone. Timers and data are the host's to end. */
HARAKA_SHUTDOWN()
{
    (void)call;
    return HARAKA_SUCCESS;
}
