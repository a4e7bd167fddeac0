/* Looks at what is about to be queued, whoever has sent it. */
#include "zoo.h"

ZOO_PLUGIN(HARAKA_HOOKS("pre_send_trans_email queue_outbound unrecognized_command"));

static haraka_next kept, outer;
static char mode[32];

static void cancelled(void *context) { say(me, "cancelled %s", (const char *)context); }

HARAKA_HOOK(pre_send_trans_email)
{
    const haraka_callback callback = {cancelled, (void *)(uintptr_t)"pre_send", say_destroyed};
    const haraka_value text = haraka_text_value(haraka_text("seen"));
    haraka_value value = haraka_null();
    haraka_connection_get(call->connection, HARAKA_CONN_HOOK, &value);
    say(call->self, "%.*s %s %zu %s", (int)call->hook.len, call->hook.ptr, show(&value), call->argument_count,
        status_text(haraka_header_add(call->transaction, "X-Zoo", haraka_text("seen"))));
    say(call->self, "%s", status_text(haraka_note_set(haraka_of_transaction(call->transaction), "zoo", &text)));
    say(call->self, "%s", status_text(haraka_table->respond(call->connection, 250, NULL)));
    if (strcmp(mode, "pending") != 0) return HARAKA_OK;
    kept = call->next;
    haraka_table->on_cancel(call->next, &callback);
    return HARAKA_PENDING;
}

HARAKA_HOOK(queue_outbound)
{
    outer = call->next;
    return HARAKA_PENDING;
}

HARAKA_HOOK(unrecognized_command)
{
    COMMAND("MODE") snprintf(mode, sizeof mode, "%s", REST);
    COMMAND("ANSWER") say(call->self, "%s", status_text(haraka_complete(kept, HARAKA_DENY, NULL)));
    COMMAND("OUTER") say(call->self, "%s", status_text(haraka_complete(outer, HARAKA_OK, NULL)));
    return HARAKA_OK;
}

HARAKA_REGISTER(self) { me = self; return HARAKA_SUCCESS; }
