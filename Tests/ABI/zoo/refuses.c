/* Refuses mail with CODE and words. */
#include "zoo.h"

ZOO_PLUGIN(HARAKA_HOOKS("mail"));

HARAKA_HOOK(mail) { return haraka_answer(call, CODE, "go away"); }

HARAKA_REGISTER(self) { (void)self; return HARAKA_SUCCESS; }
