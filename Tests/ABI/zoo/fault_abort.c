/* Calls abort(), as assert does. */
#include "fault.h"

FAULT_PLUGIN("fault_abort", "Aborts in a hook", "rcpt");
FAULT_REGISTER

HARAKA_HOOK(rcpt)
{
    if (fault_now(call)) abort();
    return HARAKA_CONT;
}
