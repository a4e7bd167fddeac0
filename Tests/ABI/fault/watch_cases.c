/* Plugins that hold the loop. */
#define _GNU_SOURCE
#include "fault_cases.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define NEVER 0

static atomic_uint warnings, last_held, wrong;
static atomic_int fatal;

static void held(void *context, const haraka_fault_frame *frame, uint32_t held_ms, int is_fatal)
{
    char name[16];
    prctl(PR_GET_NAME, name);
    if (context != &warnings || frame->plugin != plugin || frame->hook != hook || frame->connection != 8 ||
        strcmp(name, "haraka-watch") != 0)
        wrong++;
    last_held = held_ms;
    if (is_fatal)
        fatal++;
    else
        warnings++;
}

static void start(uint32_t warn_ms, uint32_t kill_ms)
{
    CHECK(haraka_fault_watch_start(page, warn_ms, kill_ms, held, &warnings) == 0);
    CHECK(haraka_fault_watch_start(page, warn_ms, kill_ms, held, &warnings) == EALREADY);
}

static int64_t milliseconds(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static void spin(int64_t time)
{
    for (int64_t end = milliseconds() + time; milliseconds() < end;)
        continue;
}

/* ---- warnings ---------------------------------------------------------------------------------------------------- */

/* One call, which is warned of once, and not before its time. */
static void busy(void)
{
    int64_t begun = milliseconds();
    start(100, NEVER);
    enter();
    while (warnings == 0)
        continue;
    CHECK(milliseconds() - begun >= 100 && last_held >= 100);
    spin(250);
    CHECK(warnings == 1 && fatal == 0 && wrong == 0);
    leave();
    /* The next call is another one. */
    enter();
    while (warnings == 1)
        continue;
    leave();
}

/* Many calls, each of them short: together they take longer than is allowed for one. */
static void many_calls(void)
{
    start(400, 500);
    for (int count = 0; count < 70; count++) {
        enter();
        spin(10);
        leave();
    }
    CHECK(warnings == 0 && fatal == 0);
}

/* New limits count for a call that is under way. */
static void new_limits(void)
{
    start(NEVER, NEVER);
    enter();
    haraka_fault_watch_limits(60, NEVER);
    while (warnings == 0)
        continue;
    leave();
    CHECK(last_held >= 60 && fatal == 0);
}

/* Stopped for as long as the parent likes, which is longer than the limit, and busy for a while before and after that,
 * so that the watch thread looks. The process lives on. */
static void stopped(void)
{
    start(NEVER, 600);
    enter();
    spin(150);
    raise(SIGSTOP);
    spin(150);
    leave();
    CHECK(fatal == 0 && page->record.kind == HARAKA_FAULT_NONE);
}

/* ---- ends -------------------------------------------------------------------------------------------------------- */

static void endless(void)
{
    start(50, 200);
    call("loop", 0);
}

/* Its thread takes no signal. */
static void endless_and_deaf(void)
{
    start(50, 200);
    call("deaf_loop", 0);
}

/* It has taken SIGABRT for itself. */
static void endless_with_handler(void)
{
    start(50, 200);
    call("handle", SIGABRT);
    call("loop", 0);
}

/* Its loop calls back all the time. */
static void endless_calls(void)
{
    start(50, 200);
    call("nested_loop", 0);
}

const fault_case watch_cases[] = {
    {"busy", busy},
    {"many_calls", many_calls},
    {"new_limits", new_limits},
    {"stopped", stopped},
    {"endless", endless},
    {"endless_and_deaf", endless_and_deaf},
    {"endless_with_handler", endless_with_handler},
    {"endless_calls", endless_calls},
    {NULL, NULL},
};
