/* Functions with a context, and methods that need no exported symbol. */
#include "zoo.h"

ZOO_PLUGIN(HARAKA_NOTHING_ELSE);

static int32_t tell(const haraka_call *call)
{
    say(call->self, "%s", (const char *)call->context);
    return HARAKA_CONT;
}

HARAKA_REGISTER(self)
{
    const haraka_host *host = haraka_table;
    me = self;
    haraka_register_function(self, "mail", tell, (void *)"function one", say_destroyed, 1);
    haraka_register_function(self, "mail", tell, (void *)"function two", say_destroyed, 2);
    host->add_method(self, haraka_text("added"), tell, (void *)"method", say_destroyed);
    return haraka_register_hook(self, "mail", "added", 3);
}
