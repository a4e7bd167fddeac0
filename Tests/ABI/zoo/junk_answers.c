/* Replies that make no sense, and NULL everywhere. */
#include "zoo.h"

ZOO_PLUGIN(HARAKA_HOOKS("unrecognized_command"));

HARAKA_HOOK(unrecognized_command)
{
    static char big[100000];
    haraka_str line = haraka_text("x");
    haraka_str bad = {NULL, 5};
    haraka_address small;
    haraka_value value = haraka_null();
    haraka_reply reply = haraka_no_reply();
    memset(&small, 0, sizeof small);
    memset(big, 'x', sizeof big);
    COMMAND("SIZE") reply.size = 8;
    COMMAND("COUNT") { reply.lines = &line; reply.line_count = (size_t)1 << 40; }
    COMMAND("NEGATIVE") { reply.lines = &line; reply.line_count = (size_t)-1; }
    COMMAND("NULL_LINES") reply.line_count = 3;
    COMMAND("NULL_LINE") { reply.lines = &bad; reply.line_count = 1; }
    COMMAND("LONG_LINE") { line = haraka_bytes(big, sizeof big); reply.lines = &line; reply.line_count = 1; }
    COMMAND("HUGE_LINE") { line.len = (size_t)-1; reply.lines = &line; reply.line_count = 1; }
    COMMAND("CODE") reply.code = 99;
    COMMAND("BIG_CODE") reply.code = 4294967295u;
    COMMAND("CLASS") reply.status_class = 9;
    COMMAND("TYPE") { value.type = 77; reply.value = &value; }
    COMMAND("ADDRESS") { value.type = HARAKA_TYPE_ADDRESS; reply.value = &value; }
    COMMAND("SMALL_ADDRESS") { value = haraka_address_value(&small); reply.value = &value; }
    COMMAND("MX") { value.type = HARAKA_TYPE_MX; reply.value = &value; }
    say(call->self, "%s", status_text(haraka_complete(call->next, HARAKA_DENY, &reply)));
    return HARAKA_OK;
}

HARAKA_REGISTER(self) { (void)self; return HARAKA_SUCCESS; }
