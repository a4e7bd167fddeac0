/* The same method twice on one hook, and an exported hook besides. */
#include "zoo.h"

ZOO_PLUGIN(HARAKA_HOOKS("mail"));

HARAKA_EXPORT int32_t early_and_late(const haraka_call *call)
{
    say(call->self, "registered");
    return HARAKA_CONT;
}

HARAKA_HOOK(mail)
{
    say(call->self, "exported");
    return HARAKA_CONT;
}

HARAKA_REGISTER(self)
{
    haraka_register_hook(self, "mail", "early_and_late", 10);
    return haraka_register_hook(self, "mail", "early_and_late", -10);
}
