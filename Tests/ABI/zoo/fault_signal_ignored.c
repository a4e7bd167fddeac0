/* Ignores SIGSEGV, and SIGTERM too. At change@... that is all; at boom@... it crashes besides, in the same call. */
#include "fault.h"

#include <signal.h>

FAULT_PLUGIN("fault_signal_ignored", "Ignores signals of the host's", "rcpt");
FAULT_REGISTER

HARAKA_HOOK(rcpt)
{
    if (!fault_now(call) && !fault_is(call, "change")) return HARAKA_CONT;
    signal(SIGSEGV, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    if (fault_now(call)) fault_crash();
    return HARAKA_CONT;
}
