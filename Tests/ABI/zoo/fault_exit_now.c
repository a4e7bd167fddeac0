/* Calls _exit(0) in a hook: no handler of the host's runs. */
#include "fault.h"

#include <unistd.h>

FAULT_PLUGIN("fault_exit_now", "Exits at once", "rcpt");
FAULT_REGISTER

HARAKA_HOOK(rcpt)
{
    if (fault_now(call)) _exit(0);
    return HARAKA_CONT;
}
