/* Leaks a megabyte and a descriptor at boom@... */
#include "fault.h"

#include <fcntl.h>

FAULT_PLUGIN("fault_leaks", "Leaks memory and descriptors", "rcpt");
FAULT_REGISTER

HARAKA_HOOK(rcpt)
{
    static void *volatile leaked;
    if (!fault_now(call)) return HARAKA_CONT;
    leaked = malloc(1 << 20);
    if (leaked != NULL) memset(leaked, 1, 1 << 20);
    return open("/dev/null", O_RDONLY | O_CLOEXEC) < 0 ? HARAKA_DENYSOFT : HARAKA_CONT;
}
