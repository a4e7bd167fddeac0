/* Needs DELAY milliseconds to shut down; with 0 it never answers. */
#include "zoo.h"

ZOO_PLUGIN(HARAKA_NOTHING_ELSE);

static haraka_next kept;

static void done(void *context)
{
    (void)context;
    say(me, "done: %s", status_text(haraka_complete(kept, HARAKA_OK, NULL)));
}

static void cancelled(void *context) { say(me, "cancelled %s", (const char *)context); }

HARAKA_SHUTDOWN()
{
    const haraka_callback callback = {cancelled, (void *)"shutdown", say_destroyed};
    kept = call->next;
    say(me, "shuts down");
    haraka_table->on_cancel(call->next, &callback);
    if (DELAY > 0) haraka_timer_start(me, DELAY, 0, done, (void *)"timer", say_destroyed);
    return HARAKA_PENDING;
}

HARAKA_REGISTER(self) { me = self; return HARAKA_SUCCESS; }
