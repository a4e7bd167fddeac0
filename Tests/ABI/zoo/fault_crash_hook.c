/* Crashes in a hook. */
#include "fault.h"

FAULT_PLUGIN("fault_crash_hook", "Crashes in a hook", "rcpt");
FAULT_REGISTER

HARAKA_HOOK(rcpt)
{
    if (fault_now(call)) fault_crash();
    return HARAKA_CONT;
}
