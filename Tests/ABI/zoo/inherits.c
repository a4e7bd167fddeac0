/* Inherits from PARENT and looks away when that fails. */
#include "zoo.h"

ZOO_PLUGIN(HARAKA_NOTHING_ELSE);

HARAKA_REGISTER(self)
{
    say(self, "%s", status_text(haraka_inherits(self, PARENT)));
    return HARAKA_SUCCESS;
}
