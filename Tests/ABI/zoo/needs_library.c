/* Is linked with a library that has hook_mail and a haraka_register of its own. */
#include "zoo.h"

ZOO_PLUGIN(HARAKA_NOTHING_ELSE);
int32_t from_library(const haraka_call *call);

HARAKA_EXPORT int32_t hook_rcpt(const haraka_call *call)
{
    say(call->self, "own hook, library says %d", from_library(call));
    return HARAKA_CONT;
}

HARAKA_REGISTER(self)
{
    haraka_method method;
    say(self, "%s", status_text(haraka_find_method(self, "hook_mail", &method)));
    say(self, "%s", status_text(haraka_find_method(self, "from_library", &method)));
    return HARAKA_SUCCESS;
}
