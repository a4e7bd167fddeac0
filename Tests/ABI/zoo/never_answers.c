/* Says PENDING on every kind of hook and forgets about it. */
#include "zoo.h"

ZOO_PLUGIN(HARAKA_HOOKS("mail capabilities log init_child"));

HARAKA_HOOK(mail) { (void)call; return HARAKA_PENDING; }
HARAKA_HOOK(capabilities) { (void)call; return HARAKA_PENDING; }
HARAKA_HOOK(log) { (void)call; return HARAKA_PENDING; }
HARAKA_HOOK(init_child)
{
    const haraka_callback callback = {say_destroyed, (void *)"cancel", say_destroyed};
    haraka_table->on_cancel(call->next, &callback);
    return HARAKA_PENDING;
}

HARAKA_REGISTER(self) { me = self; return HARAKA_SUCCESS; }
