/* Logs a megabyte in one hook: 1024 lines of 1 KiB, at boom@...; one line of a megabyte, at line@... */
#include "fault.h"

FAULT_PLUGIN("fault_log", "Logs a megabyte", "rcpt");
FAULT_REGISTER

#define LINES 1024
#define SIZE 1024

HARAKA_HOOK(rcpt)
{
    static char text[LINES * SIZE];
    const haraka_object object = haraka_of_connection(call->connection);
    size_t i;
    memset(text, 'x', sizeof text);
    if (fault_is(call, "line")) haraka_table->log(call->self, HARAKA_LOG_NOTICE, object, haraka_bytes(text, sizeof text));
    for (i = 0; fault_now(call) && i < LINES; i++)
        haraka_table->log(call->self, HARAKA_LOG_NOTICE, object, haraka_bytes(text, SIZE));
    return HARAKA_CONT;
}
