/* A method on one hook, with a priority. */
#include "zoo.h"

ZOO_PLUGIN(HARAKA_NOTHING_ELSE);

#ifndef PRIORITY
#define PRIORITY 0
#endif
#ifndef CODE
#define CODE HARAKA_CONT
#endif

HARAKA_EXPORT int32_t seen(const haraka_call *call)
{
    say(call->self, "seen");
    return CODE;
}

HARAKA_REGISTER(self) { return haraka_register_hook(self, "mail", "seen", PRIORITY); }
