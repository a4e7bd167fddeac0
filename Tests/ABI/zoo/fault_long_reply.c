/* Answers with a megabyte: at boom@... in one line, at lines@... in lines of two characters. */
#include "fault.h"

FAULT_PLUGIN("fault_long_reply", "Answers with a megabyte", "rcpt");
FAULT_REGISTER

#define SIZE (1024 * 1024)

HARAKA_HOOK(rcpt)
{
    static char text[SIZE];
    const int has_lines = fault_is(call, "lines");
    size_t i;
    if (!has_lines && !fault_now(call)) return HARAKA_CONT;
    for (i = 0; i < SIZE; i++) text[i] = has_lines && i % 3 == 2 ? '\n' : 'x';
    return haraka_answer_text(call, HARAKA_DENY, haraka_bytes(text, SIZE));
}
