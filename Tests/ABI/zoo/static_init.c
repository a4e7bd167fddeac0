/* Code that runs while it is mapped, and once more before haraka_register. */
#include "zoo.h"

ZOO_PLUGIN(HARAKA_HOOKS("mail"));

static int constructed;

__attribute__((constructor)) static void construct(void) { constructed++; }

HARAKA_HOOK(mail)
{
    say(call->self, "constructed %d", constructed);
    return HARAKA_CONT;
}

HARAKA_REGISTER(self) { (void)self; return HARAKA_SUCCESS; }
