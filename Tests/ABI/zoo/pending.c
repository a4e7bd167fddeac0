/* Leaves hooks open (mail, queue, reset_transaction) and answers them later: from a timer, a thread, another hook. */
#include "zoo.h"

#include <pthread.h>

ZOO_PLUGIN(HARAKA_HOOKS("mail queue reset_transaction unrecognized_command"));

static haraka_next kept;
static int32_t code;

static int32_t keep(const haraka_call *call)
{
    kept = call->next;
    return HARAKA_PENDING;
}

static void cancelled(void *context)
{
    say(me, "cancelled %s: %s", (const char *)context, status_text(haraka_complete(kept, HARAKA_OK, NULL)));
}

HARAKA_HOOK(mail)
{
    const haraka_callback callback = {cancelled, (void *)"mail", say_destroyed};
    say(call->self, "%s", status_text(haraka_table->on_cancel(call->next, &callback)));
    say(call->self, "again %s", status_text(haraka_table->on_cancel(call->next, &callback)));
    return keep(call);
}
HARAKA_HOOK(queue) { return keep(call); }
HARAKA_HOOK(reset_transaction) { return keep(call); }

static void *complete(void *context)
{
    (void)context;
    say(me, "thread %s", status_text(haraka_complete_text(kept, code, haraka_text("from a thread"))));
    return NULL;
}

static void complete_from_timer(void *context)
{
    (void)context;
    say(me, "timer %s", status_text(haraka_complete_text(kept, code, haraka_text("from a timer"))));
}

HARAKA_HOOK(unrecognized_command)
{
    pthread_t thread;
    int64_t left = -1;
    haraka_value value = haraka_null();
    code = atoi(REST);
    COMMAND("HOOK")
    {
        say(call->self, "%s", status_text(haraka_complete_text(kept, code, haraka_text("from another hook"))));
        return HARAKA_OK;
    }
    COMMAND("TIMER") haraka_timer_start(call->self, 1000, 0, complete_from_timer, (void *)"timer", say_destroyed);
    COMMAND("THREAD")
    {
        pthread_create(&thread, NULL, complete, NULL);
        pthread_join(thread, NULL);
    }
    COMMAND("DEADLINE")
    {
        const int32_t status = haraka_table->deadline(kept, &left);
        say(call->self, "%s %s", status_text(status), left == INT64_MAX ? "none" : left > 29000 && left <= 30000 ? "30 s" : "?");
    }
    COMMAND("ARGUMENTS")
    {
        const int32_t status = haraka_table->next_arguments(kept, &value);
        say(call->self, "%s %s", status_text(status), show(&value));
    }
    return HARAKA_OK;
}

HARAKA_REGISTER(self) { me = self; return HARAKA_SUCCESS; }
