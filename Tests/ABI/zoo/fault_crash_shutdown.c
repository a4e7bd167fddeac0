/* Crashes in haraka_shutdown, in the process that saw the recipient boom@... before. */
#include "fault.h"

FAULT_PLUGIN("fault_crash_shutdown", "Crashes in haraka_shutdown", "rcpt");
FAULT_REGISTER

static int is_armed;

HARAKA_HOOK(rcpt)
{
    if (fault_now(call)) is_armed = 1;
    return HARAKA_CONT;
}

HARAKA_SHUTDOWN()
{
    (void)call;
    if (is_armed) fault_crash();
    return HARAKA_SUCCESS;
}
