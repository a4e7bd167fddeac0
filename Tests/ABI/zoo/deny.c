/* A `deny` hook that shows what it is told and answers with CODE. */
#include "zoo.h"

ZOO_PLUGIN(HARAKA_HOOKS("deny"));

static haraka_next kept;

static void answer(void *context)
{
    (void)context;
    haraka_complete_text(kept, CODE, haraka_text("late pardon"));
}

HARAKA_HOOK(deny)
{
    say(call->self, "%.*s %s", (int)call->hook.len, call->hook.ptr, show_arguments(call));
#ifdef LATER
    kept = call->next;
    haraka_timer_start(call->self, 10, 0, answer, NULL, NULL);
    return HARAKA_PENDING;
#else
    (void)answer;
    (void)kept;
    return haraka_answer(call, CODE, "pardon");
#endif
}

HARAKA_REGISTER(self) { (void)self; return HARAKA_SUCCESS; }
