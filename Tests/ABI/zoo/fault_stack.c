/* Recurses until the stack is used up. */
#include "fault.h"

FAULT_PLUGIN("fault_stack", "Overflows the stack", "rcpt");
FAULT_REGISTER

static int deeper(volatile char *above)
{
    volatile char here[4096];
    here[0] = (char)(above[0] + 1);
    return (above[0] == here[0] ? 0 : deeper(here)) + here[0]; /* never equal, but no compiler knows */
}

HARAKA_HOOK(rcpt)
{
    volatile char first[1] = {0};
    return fault_now(call) && deeper(first) == 42 ? HARAKA_DENY : HARAKA_CONT;
}
