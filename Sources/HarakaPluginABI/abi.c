/* The header is the contract; this file only makes the target build and checks the layout promises at compile time. */
#include "haraka/plugin.h"

_Static_assert(sizeof(haraka_str) == 16, "text is passed by value in two registers");
_Static_assert(sizeof(haraka_value) == 24, "a value is three words");
_Static_assert(sizeof(haraka_self) == 8 && sizeof(haraka_next) == 8, "handles are 64 bits");
_Static_assert(sizeof(void *) == 8 && sizeof(long) == 8, "LP64 only");
