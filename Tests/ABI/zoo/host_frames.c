/* Says something in every way into plugin code that there is. HOST_FRAME in the environment is where the frame is. */
#include "zoo.h"

ZOO_PLUGIN(HARAKA_HOOKS("mail rcpt deny unrecognized_command"));

static uint32_t constructed[2];

__attribute__((constructor)) static void construct(void)
{
    const char *address = getenv("HOST_FRAME");
    if (address != NULL) memcpy(constructed, (const void *)(uintptr_t)strtoull(address, NULL, 10), sizeof constructed);
}
__attribute__((destructor)) static void unmapped(void) { say(me, "unload"); }

static void run(void *context) { say(me, "%s", (const char *)context); }
static void destroy(void *context) { (void)context; say(me, "destroy"); }

HARAKA_HOOK(mail) { say(call->self, "mail"); return HARAKA_CONT; }
HARAKA_HOOK(rcpt) { say(call->self, "rcpt"); return HARAKA_DENY; }
HARAKA_HOOK(deny) { say(call->self, "deny"); return HARAKA_CONT; }

HARAKA_HOOK(unrecognized_command)
{
    haraka_callback callback = {run, (void *)"post", NULL};
    COMMAND("POST") haraka_table->post(me, &callback);
    COMMAND("TIMER") haraka_timer_start(me, 1, 0, run, (void *)"timer", NULL);
    COMMAND("JOB") haraka_offload(me, run, run, (void *)"job", destroy);
    COMMAND("PENDING")
    {
        callback.context = (void *)"cancel";
        haraka_table->on_cancel(call->next, &callback);
        return HARAKA_PENDING;
    }
    say(me, "unrecognized_command");
    return HARAKA_OK;
}

static int32_t custom(const haraka_call *call) { say(call->self, "own_hook"); return HARAKA_OK; }

HARAKA_SHUTDOWN() { say(call->self, "shutdown"); return HARAKA_SUCCESS; }

HARAKA_REGISTER(self)
{
    me = self;
    say(self, "register");
    say(self, "constructed %u %u", constructed[0], constructed[1]);
    haraka_config_watch(self, "a.ini", run, (void *)"config");
    return haraka_register_function(self, "own_hook", custom, NULL, NULL, 0);
}
