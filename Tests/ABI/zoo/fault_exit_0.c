/* Calls exit(0) in a hook, as if the server were its own. */
#include "fault.h"

FAULT_PLUGIN("fault_exit_0", "Exits with status 0", "rcpt");
FAULT_REGISTER

HARAKA_HOOK(rcpt)
{
    if (fault_now(call)) exit(0);
    return HARAKA_CONT;
}
