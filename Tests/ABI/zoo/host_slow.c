/* Takes a millisecond for each message, answers RCPT later, and runs long where it is told to. */
#include "zoo.h"

#include <time.h>

ZOO_PLUGIN(HARAKA_HOOKS("mail rcpt"));

static int32_t slow(const haraka_call *call)
{
    const struct timespec time = {0, 1000 * 1000};
    (void)call;
    nanosleep(&time, NULL);
    return HARAKA_CONT;
}

static haraka_next kept;

static void answer(void *context)
{
    const struct timespec time = {0, 1000 * 1000};
    (void)context;
    nanosleep(&time, NULL);
    haraka_complete(kept, HARAKA_OK, NULL);
}

HARAKA_HOOK(rcpt)
{
    kept = call->next;
    haraka_timer_start(call->self, 10, 0, answer, NULL, NULL);
    return HARAKA_PENDING;
}

HARAKA_REGISTER(self) { return haraka_register_function(self, "mail", slow, NULL, NULL, -7); }
