/* Crashes in a job, which runs on a thread of the host's. */
#include "fault.h"

FAULT_PLUGIN("fault_crash_job", "Crashes in a job", "rcpt");
FAULT_REGISTER

static void done(void *context) { (void)context; }

HARAKA_HOOK(rcpt)
{
    if (fault_now(call)) haraka_offload(call->self, fault_crash_with, done, NULL, NULL);
    return HARAKA_CONT;
}
