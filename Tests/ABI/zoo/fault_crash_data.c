/* Crashes in the destroy function of what haraka_set_data was given, when that is replaced. */
#include "fault.h"

FAULT_PLUGIN("fault_crash_data", "Crashes when its data is destroyed", "rcpt");
FAULT_REGISTER

HARAKA_HOOK(rcpt)
{
    static char first, second;
    if (!fault_now(call)) return HARAKA_CONT;
    haraka_set_data(call->self, &first, fault_crash_with);
    haraka_set_data(call->self, &second, NULL);
    return HARAKA_CONT;
}
