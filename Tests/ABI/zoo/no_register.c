/* Has a note and no haraka_register; with -DLIBRARY it is a library that has one, and a hook. */
#include "zoo.h"

#ifdef LIBRARY
HARAKA_EXPORT int32_t haraka_register(const haraka_host *host, haraka_self self)
{
    (void)host;
    (void)self;
    return HARAKA_E_IO;
}
HARAKA_EXPORT int32_t hook_mail(const haraka_call *call) { (void)call; return HARAKA_DENY; }
HARAKA_EXPORT int32_t from_library(const haraka_call *call) { (void)call; return HARAKA_DENY; }
const haraka_host *haraka_table HARAKA_HIDDEN = NULL;
#else
ZOO_PLUGIN(HARAKA_NOTHING_ELSE);
HARAKA_EXPORT int32_t hook_mail(const haraka_call *call) { (void)call; return HARAKA_DENY; }
#endif
