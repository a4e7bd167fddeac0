/* Registers a method that it does not have. The C library has one of that name. */
#include "zoo.h"

ZOO_PLUGIN(HARAKA_NOTHING_ELSE);

HARAKA_REGISTER(self)
{
    haraka_register_function(self, "mail", NULL, NULL, NULL, 0);
    return haraka_register_hook(self, "rcpt", "connect", 0);
}
