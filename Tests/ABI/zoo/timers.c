/* Timers: once, again and again, cancelled from outside and from within, refused. */
#include "zoo.h"

ZOO_PLUGIN(HARAKA_HOOKS("unrecognized_command"));

static haraka_timer timer;
static int count;

static void tick(void *context)
{
    count++;
    say(me, "%s %d", (const char *)context, count);
}

static void tick_three_times(void *context)
{
    tick(context);
    if (count == 3) say(me, "cancel %s", status_text(haraka_table->timer_cancel(timer)));
    if (count == 3) say(me, "again %s", status_text(haraka_table->timer_cancel(timer)));
}

static void start_another(void *context)
{
    tick(context);
    haraka_timer_start(me, 5, 0, tick, (void *)"another", say_destroyed);
}

static int32_t start(int64_t delay, int64_t period, void (*function)(void *), const char *name)
{
    const haraka_callback callback = {function, (void *)(uintptr_t)name, say_destroyed};
    return haraka_table->timer_start(me, delay, period, &callback, &timer);
}

HARAKA_HOOK(unrecognized_command)
{
    count = 0;
    COMMAND("ONCE") start(10, 0, tick, "once");
    COMMAND("EVERY") start(10, 5, tick_three_times, "every");
    COMMAND("ANOTHER") start(10, 0, start_another, "first");
    COMMAND("CANCEL") say(me, "%s", status_text(haraka_table->timer_cancel(timer)));
    COMMAND("FOREVER") start(10, 10, tick, "forever");
    COMMAND("REFUSED")
    {
        say(me, "%s", status_text(start(-1, 0, tick, "negative")));
        say(me, "%s", status_text(start(0, -1, tick, "negative")));
        say(me, "%s", status_text(start(0, 0, NULL, "nothing")));
        say(me, "%s", status_text(haraka_table->timer_start(me, 0, 0, NULL, NULL)));
    }
    COMMAND("LATE") say(me, "%s", status_text(start(INT64_MAX, INT64_MAX, tick, "late")));
    COMMAND("MANY")
    {
        int made = 0;
        while (haraka_timer_start(me, 1000, 0, tick, NULL, NULL) == HARAKA_SUCCESS) made++;
        say(me, "%d", made);
    }
    return HARAKA_OK;
}

HARAKA_REGISTER(self) { me = self; return HARAKA_SUCCESS; }
