/* Never comes back from a hook. */
#include "fault.h"

FAULT_PLUGIN("fault_loop", "Loops for ever", "rcpt");
FAULT_REGISTER

HARAKA_HOOK(rcpt)
{
    volatile uint64_t rounds = 0;
    if (fault_now(call)) for (;;) rounds++;
    return HARAKA_CONT;
}
