/* Registers outside of haraka_register. */
#include "zoo.h"

ZOO_PLUGIN(HARAKA_HOOKS("mail"));

HARAKA_HOOK(mail)
{
    say(call->self, "%s", status_text(haraka_register_hook(call->self, "mail", "hook_mail", 0)));
    say(call->self, "%s", status_text(haraka_register_function(call->self, "mail", hook_mail, NULL, NULL, 0)));
    say(call->self, "%s", status_text(haraka_add_method(call->self, "late", hook_mail)));
    say(call->self, "%s", status_text(haraka_inherits(call->self, "nobody")));
    return HARAKA_CONT;
}

HARAKA_REGISTER(self) { (void)self; return HARAKA_SUCCESS; }
