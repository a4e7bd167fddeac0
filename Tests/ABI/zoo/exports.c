/* Exported hooks only; a function that is not one; names with `-`. */
#include "zoo.h"

ZOO_PLUGIN(HARAKA_HOOKS("mail queue_outbound my_own"));

HARAKA_HOOK(mail)
{
    say(call->self, "%.*s %s", (int)call->hook.len, call->hook.ptr, show_arguments(call));
    return 0;
}
HARAKA_HOOK(queue_outbound)
{
    say(call->self, "%.*s", (int)call->hook.len, call->hook.ptr);
    return HARAKA_OK;
}
HARAKA_HOOK(my_own)
{
    say(call->self, "%.*s %s", (int)call->hook.len, call->hook.ptr, show_arguments(call));
    return HARAKA_OK;
}
HARAKA_EXPORT int32_t rcpt_is_no_hook(const haraka_call *call)
{
    say(call->self, "must not run");
    return HARAKA_DENY;
}
HARAKA_HIDDEN int32_t hook_rcpt(const haraka_call *call);
HARAKA_HIDDEN int32_t hook_rcpt(const haraka_call *call) { return rcpt_is_no_hook(call); }

HARAKA_EXPORT int32_t dashed(const haraka_call *call)
{
    say(call->self, "dashed %.*s", (int)call->hook.len, call->hook.ptr);
    return 0;
}

HARAKA_REGISTER(self) { return haraka_register_hook(self, "rcpt-ok", "dashed", 0); }
