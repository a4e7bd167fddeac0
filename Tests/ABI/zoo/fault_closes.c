/* Closes descriptors that are not its own, and says how many of these closes came through. */
#include "fault.h"

#include <unistd.h>

FAULT_PLUGIN("fault_closes", "Closes foreign descriptors", "rcpt");
FAULT_REGISTER

HARAKA_HOOK(rcpt)
{
    char line[64];
    int descriptor, closed = 0;
    if (!fault_now(call)) return HARAKA_CONT;
    for (descriptor = 3; descriptor < 64; descriptor++)
        if (close(descriptor) == 0) closed++;
    snprintf(line, sizeof line, "closed %d foreign descriptors", closed);
    haraka_log(call->self, HARAKA_LOG_NOTICE, haraka_of_connection(call->connection), line);
    return HARAKA_CONT;
}
