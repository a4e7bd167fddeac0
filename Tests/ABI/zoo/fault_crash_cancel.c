/* Gives no answer, and crashes when it is told that none is needed any more: when the client leaves. */
#include "fault.h"

FAULT_PLUGIN("fault_crash_cancel", "Crashes when its answer is cancelled", "rcpt");
FAULT_REGISTER

HARAKA_HOOK(rcpt)
{
    const haraka_callback cancelled = {fault_crash_with, NULL, NULL};
    if (!fault_now(call)) return HARAKA_CONT;
    haraka_table->on_cancel(call->next, &cancelled);
    return HARAKA_PENDING;
}
