/* Calls exit(3) in a hook. */
#include "fault.h"

FAULT_PLUGIN("fault_exit_3", "Exits with status 3", "rcpt");
FAULT_REGISTER

HARAKA_HOOK(rcpt)
{
    if (fault_now(call)) exit(3);
    return HARAKA_CONT;
}
