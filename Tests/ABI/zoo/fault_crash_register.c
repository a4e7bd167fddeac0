/* Crashes while it is registered, if config/fault.ini says `register=1`. */
#include "fault.h"

FAULT_PLUGIN("fault_crash_register", "Crashes in haraka_register", "");

HARAKA_REGISTER(self)
{
#ifdef FAULT_ALWAYS
    const int64_t otherwise = 1;
#else
    const int64_t otherwise = 0;
#endif
    if (fault_number(self, "register", otherwise) != 0) fault_crash();
    return HARAKA_SUCCESS;
}
