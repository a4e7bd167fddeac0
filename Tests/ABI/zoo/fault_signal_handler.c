/* Puts a handler of its own in the place of the host's, which ends the process as if all were well. At change@... that is
 * all; at boom@... it crashes besides, in the same call. */
#include "fault.h"

#include <signal.h>
#include <unistd.h>

FAULT_PLUGIN("fault_signal_handler", "Has a signal handler of its own", "rcpt");
FAULT_REGISTER

static void handle(int number)
{
    (void)number;
    _exit(0);
}

HARAKA_HOOK(rcpt)
{
    struct sigaction action;
    if (!fault_now(call) && !fault_is(call, "change")) return HARAKA_CONT;
    memset(&action, 0, sizeof action);
    action.sa_handler = handle;
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGABRT, &action, NULL);
    if (fault_now(call)) fault_crash();
    return HARAKA_CONT;
}
