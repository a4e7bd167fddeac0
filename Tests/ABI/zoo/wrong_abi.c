/* Its note says another ABI than the host's. */
#include <haraka/plugin.h>
#undef HARAKA_ABI_MINOR
#define HARAKA_ABI_MINOR 99
#include "zoo.h"

ZOO_PLUGIN(HARAKA_NOTHING_ELSE);
HARAKA_REGISTER(self) { (void)self; return HARAKA_SUCCESS; }
