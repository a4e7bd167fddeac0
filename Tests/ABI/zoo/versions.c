/* Says which build it is, counts its own calls, and says when it is shut down. */
#include "zoo.h"

ZOO_PLUGIN(HARAKA_HOOKS("mail"));

static int calls;

HARAKA_HOOK(mail)
{
    say(call->self, "version %s, call %d", VERSION, ++calls);
    return HARAKA_CONT;
}

HARAKA_SHUTDOWN()
{
    say(call->self, "version %s shuts down after %d calls, hook %.*s", VERSION, calls, (int)call->hook.len,
        call->hook.ptr);
    return HARAKA_SUCCESS;
}

HARAKA_REGISTER(self)
{
    me = self;
    say(self, "version %s registers", VERSION);
    return HARAKA_SUCCESS;
}
