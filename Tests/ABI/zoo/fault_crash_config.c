/* Crashes when config/fault.ini changes, in the process that saw the recipient boom@... before. */
#include "fault.h"

FAULT_PLUGIN("fault_crash_config", "Crashes in a configuration callback", "rcpt");

static int is_armed;

static void changed(void *context)
{
    (void)context;
    if (is_armed) fault_crash();
}

HARAKA_REGISTER(self) { return haraka_config_watch(self, "fault.ini", changed, NULL); }

HARAKA_HOOK(rcpt)
{
    if (fault_now(call)) is_armed = 1;
    return HARAKA_CONT;
}
