/* On each of the hooks of HOOKS (blank separated): shows what it is asked and answers with CODE, with WORDS if given. */
#include "zoo.h"

ZOO_PLUGIN(HARAKA_NOTHING_ELSE);

#ifndef CODE
#define CODE HARAKA_CONT
#endif

HARAKA_EXPORT int32_t listen(const haraka_call *call)
{
    say(call->self, "%.*s %s", (int)call->hook.len, call->hook.ptr, show_arguments(call));
#ifdef WORDS
    return haraka_answer(call, CODE, WORDS);
#else
    return CODE;
#endif
}

HARAKA_REGISTER(self)
{
    char hooks[] = HOOKS;
    char *hook;
    for (hook = strtok(hooks, " "); hook != NULL; hook = strtok(NULL, " ")) {
        const int32_t status = haraka_register_hook(self, hook, "listen", 0);
        if (status < 0) return status;
    }
    return HARAKA_SUCCESS;
}
