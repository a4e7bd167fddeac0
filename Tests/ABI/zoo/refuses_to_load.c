/* Has a timer, data and a function with a context when it refuses to load with STATUS. */
#include "zoo.h"

ZOO_PLUGIN(HARAKA_NOTHING_ELSE);

static void run(void *context) { say(me, "must not run: %s", (const char *)context); }
static int32_t hook(const haraka_call *call)
{
    say(call->self, "must not run");
    return HARAKA_DENY;
}

HARAKA_SHUTDOWN()
{
    say(call->self, "must not shut down");
    return HARAKA_SUCCESS;
}

HARAKA_REGISTER(self)
{
    const haraka_callback posted = {run, (void *)"post", say_destroyed};
    me = self;
    haraka_timer_start(self, 1, 1, run, (void *)"timer", say_destroyed);
    haraka_table->post(self, &posted);
    haraka_set_data(self, (void *)"data", say_destroyed);
    haraka_register_function(self, "mail", hook, (void *)"function", say_destroyed, 0);
    haraka_table->note_set_pointer(self, haraka_of_server(), haraka_text("p"), (void *)"pointer", say_destroyed);
    return STATUS;
}
