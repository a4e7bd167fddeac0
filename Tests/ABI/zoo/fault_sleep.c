/* Sleeps in a hook for `milliseconds` of config/fault.ini (3000), so that nobody else is served meanwhile. */
#include "fault.h"

#include <errno.h>
#include <time.h>

FAULT_PLUGIN("fault_sleep", "Sleeps in a hook", "rcpt");

static int64_t milliseconds;

HARAKA_REGISTER(self)
{
    milliseconds = fault_number(self, "milliseconds", 3000);
    return HARAKA_SUCCESS;
}

HARAKA_HOOK(rcpt)
{
    struct timespec left = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    if (fault_now(call)) while (nanosleep(&left, &left) != 0 && errno == EINTR) {}
    return HARAKA_CONT;
}
