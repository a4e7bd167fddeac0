/* Calls host functions inside every callback there is: destroy, cancel, timer, post, job, hook, shutdown. */
#include "zoo.h"

ZOO_PLUGIN(HARAKA_HOOKS("mail rcpt_ok unrecognized_command"));

static haraka_connection client;
static haraka_next open_next;
/* Each round leaves things to be destroyed, whose destroying is a round again: so there must be an end. */
static int budget;

static void destroyed(void *context);

/* A little of everything. */
static void busy(const char *where)
{
    const haraka_object object = haraka_of_connection(client);
    const haraka_value value = haraka_integer(budget);
    const haraka_callback callback = {destroyed, (void *)"posted", destroyed};
    haraka_value out;
    haraka_timer timer;
    say(me, "%s", where);
    if (budget-- <= 0) return;
    haraka_note_set(object, "budget", &value);
    haraka_note_get(object, "budget", &out);
    haraka_table->note_set_pointer(me, object, haraka_text("p"), (void *)"pointer", destroyed);
    haraka_set_data(me, (void *)"data", destroyed);
    haraka_table->timer_start(me, 0, 1, &callback, &timer);
    haraka_table->timer_cancel(timer);
    haraka_table->post(me, &callback);
    haraka_complete(open_next, HARAKA_OK, NULL);
    haraka_result(me, object, "pass", where);
}

static void destroyed(void *context) { busy((const char *)context); }

static void start(const char *where)
{
    budget = 30;
    busy(where);
}

static void tick(void *context) { start((const char *)context); }

static void cancelled(void *context)
{
    say(me, "arguments %s", status_text(haraka_table->next_arguments(open_next, &(haraka_value){0, 0, {0}})));
    start((const char *)context);
}

HARAKA_HOOK(mail)
{
    const haraka_callback callback = {cancelled, (void *)"cancel", destroyed};
    client = call->connection;
    open_next = call->next;
    haraka_table->on_cancel(call->next, &callback);
    return HARAKA_PENDING;
}

HARAKA_HOOK(rcpt_ok)
{
    client = call->connection;
    start("hook");
    return HARAKA_OK;
}

HARAKA_HOOK(unrecognized_command)
{
    client = call->connection;
    COMMAND("TIMER") haraka_timer_start(me, 1, 0, tick, (void *)"timer", destroyed);
    COMMAND("JOB") haraka_offload(me, tick, tick, (void *)"job", destroyed);
    return HARAKA_OK;
}

HARAKA_SHUTDOWN()
{
    (void)call;
    start("shutdown");
    return HARAKA_SUCCESS;
}

HARAKA_REGISTER(self)
{
    me = self;
    start("register");
    return HARAKA_SUCCESS;
}
