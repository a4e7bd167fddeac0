/* Everything that could still be called when its generation ends, and a destructor that runs when it is unmapped. Its
 * stamp is patched by tests, so that each copy answers with its own. */
#include "zoo.h"

ZOO_PLUGIN(HARAKA_HOOKS("mail unrecognized_command disconnect"));

static const volatile char stamp[] = "STAMP-000000";
static haraka_next kept;
static haraka_self own;

__attribute__((destructor)) static void unmapped(void) { say(own, "unmapped"); }

static void run(void *context) { say(me, "ran %s", (const char *)context); }
static void work(void *context) { say(me, "worked on %s", (const char *)context); }
static void cancelled(void *context) { say(me, "cancelled %s", (const char *)context); }

static const haraka_callback *callback(void (*function)(void *), const char *name)
{
    static haraka_callback made;
    made = (haraka_callback){function, (void *)(uintptr_t)name, say_destroyed};
    return &made;
}

HARAKA_HOOK(mail)
{
    say(call->self, "%s", (const char *)(uintptr_t)stamp);
    return HARAKA_CONT;
}

HARAKA_HOOK(unrecognized_command)
{
    const haraka_object connection = {strtoull(REST, NULL, 10)};
    COMMAND("POST") haraka_table->post(me, callback(run, "post"));
    COMMAND("TIMER") haraka_table->timer_start(me, 10, 10, callback(run, "timer"), NULL);
    COMMAND("JOB") haraka_table->offload(me, work, callback(run, "job"));
    COMMAND("WATCH") haraka_table->config_watch(me, haraka_text("a.ini"), callback(run, "watch"));
    COMMAND("DATA") haraka_set_data(me, (void *)"data", say_destroyed);
    COMMAND("POINTER")
    {
        const int32_t status = haraka_table->note_set_pointer(
            me, connection, haraka_text("p"), (void *)"pointer", say_destroyed);
        if (status < 0) say(me, "pointer: %s", status_text(status));
    }
    COMMAND("PENDING")
    {
        haraka_table->on_cancel(call->next, callback(cancelled, "hook"));
        kept = call->next;
        return HARAKA_PENDING;
    }
    return HARAKA_OK;
}

HARAKA_REGISTER(self)
{
    me = own = self;
    haraka_register_function(self, "disconnect", hook_mail, (void *)"function", say_destroyed, 0);
    return HARAKA_SUCCESS;
}
