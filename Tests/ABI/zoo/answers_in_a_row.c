/* Keeps every `mail` hook open; each `data` hook answers the one that has waited longest. */
#include "zoo.h"

ZOO_PLUGIN(HARAKA_HOOKS("mail data"));

static haraka_next kept[10000];
static int waiting, answered;

HARAKA_HOOK(mail)
{
    kept[waiting++] = call->next;
    return HARAKA_PENDING;
}

/* Leaves something to be destroyed too, so that both kinds of unfinished business mix. */
HARAKA_HOOK(data)
{
    haraka_set_data(call->self, call->data == NULL ? &waiting : NULL, NULL);
    if (answered < waiting && haraka_complete(kept[answered++], HARAKA_CONT, NULL) < 0) say(call->self, "refused");
    if (answered == waiting && waiting > 0) {
        say(call->self, "%d answered", answered);
        waiting = 0;
    }
    return HARAKA_CONT;
}

HARAKA_REGISTER(self) { (void)self; return HARAKA_SUCCESS; }
