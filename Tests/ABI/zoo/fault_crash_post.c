/* Crashes in a posted callback, soon after the hook. */
#include "fault.h"

FAULT_PLUGIN("fault_crash_post", "Crashes in a posted callback", "rcpt");
FAULT_REGISTER

HARAKA_HOOK(rcpt)
{
    const haraka_callback callback = {fault_crash_with, NULL, NULL};
    if (fault_now(call)) haraka_table->post(call->self, &callback);
    return HARAKA_CONT;
}
