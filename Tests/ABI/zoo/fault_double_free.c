/* Frees the same memory twice: glibc finds it and aborts. */
#include "fault.h"

FAULT_PLUGIN("fault_double_free", "Frees memory twice", "rcpt");
FAULT_REGISTER

HARAKA_HOOK(rcpt)
{
    /* Volatile, or the compiler would see the mistake. */
    char *volatile memory;
    if (!fault_now(call)) return HARAKA_CONT;
    memory = malloc(4000);
    free(memory);
    free(memory);
    memory = malloc(40);
    free(memory);
    free(memory);
    return HARAKA_CONT;
}
