/* Crashes in a timer's callback, 10 ms after the hook. */
#include "fault.h"

FAULT_PLUGIN("fault_crash_timer", "Crashes in a timer", "rcpt");
FAULT_REGISTER

HARAKA_HOOK(rcpt)
{
    if (fault_now(call)) haraka_timer_start(call->self, 10, 0, fault_crash_with, NULL, NULL);
    return HARAKA_CONT;
}
