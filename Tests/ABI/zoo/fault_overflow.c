/* Writes beyond the end of its memory and then frees it: glibc finds it and aborts. */
#include "fault.h"

FAULT_PLUGIN("fault_overflow", "Writes beyond its memory", "rcpt");
FAULT_REGISTER

HARAKA_HOOK(rcpt)
{
    /* Volatile, or the compiler would leave the writes out; large enough that free() looks at the size of the chunk behind,
     * which is broken now. */
    volatile char *memory;
    size_t i;
    if (!fault_now(call)) return HARAKA_CONT;
    memory = malloc(4000);
    for (i = 0; i < 4064; i++) memory[i] = (char)0xff;
    free((void *)memory);
    return HARAKA_CONT;
}
