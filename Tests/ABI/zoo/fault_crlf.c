/* Puts replies of its own into an answer, at boom@..., or a NUL and a naked CR, at naked@... */
#include "fault.h"

FAULT_PLUGIN("fault_crlf", "Forges replies", "rcpt");
FAULT_REGISTER

HARAKA_HOOK(rcpt)
{
    static const char naked[] = "no\r250 forged\0250 forged\r";
    if (fault_is(call, "naked")) return haraka_answer_text(call, HARAKA_DENY, haraka_bytes(naked, sizeof naked - 1));
    if (fault_now(call)) return haraka_answer(call, HARAKA_DENY, "no\r\n250 forged\r\n\r\n221 forged\r\n");
    return HARAKA_CONT;
}
