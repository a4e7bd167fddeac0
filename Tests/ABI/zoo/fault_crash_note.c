/* Crashes in the destroy function of a note, when the connection ends that it was left on. */
#include "fault.h"

FAULT_PLUGIN("fault_crash_note", "Crashes when its note is destroyed", "rcpt");
FAULT_REGISTER

HARAKA_HOOK(rcpt)
{
    static char note;
    if (fault_now(call))
        haraka_table->note_set_pointer(call->self, haraka_of_connection(call->connection), haraka_text("note"), &note,
                                       fault_crash_with);
    return HARAKA_CONT;
}
