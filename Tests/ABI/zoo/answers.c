/* Answers with whatever code it was told (SET), and with replies of each form. */
#include "zoo.h"

ZOO_PLUGIN(HARAKA_HOOKS("connect_init mail capabilities reset_transaction disconnect log unrecognized_command"));

static int32_t code = HARAKA_CONT;

HARAKA_HOOK(connect_init) { (void)call; return code; }
HARAKA_HOOK(mail) { (void)call; return code; }
HARAKA_HOOK(capabilities) { (void)call; return code; }
HARAKA_HOOK(reset_transaction) { (void)call; return code; }
HARAKA_HOOK(disconnect) { (void)call; return code; }
HARAKA_HOOK(log)
{
    const haraka_value *line = haraka_argument(call, 0);
    if (haraka_equal(haraka_value_text(haraka_value_key(line, "data")), haraka_text("take me"))) return HARAKA_STOP;
    if (haraka_equal(haraka_value_text(haraka_value_key(line, "data")), haraka_text("show me"))) {
        say(call->self, "%.*s %s", (int)call->hook.len, call->hook.ptr, show(line));
        return HARAKA_CONT;
    }
    return code;
}

HARAKA_HOOK(unrecognized_command)
{
    COMMAND("SET") { code = atoi(REST); return HARAKA_OK; }
    COMMAND("TEXT") return haraka_answer(call, HARAKA_DENY, "one\r\ntwo\n250 three");
    COMMAND("LINES") {
        const haraka_str lines[] = {haraka_text("first"), haraka_text(NULL), haraka_text("third")};
        haraka_reply reply = haraka_no_reply();
        reply.lines = lines;
        reply.line_count = 3;
        haraka_complete(call->next, HARAKA_DENYSOFT, &reply);
        return HARAKA_PENDING;
    }
    COMMAND("DSN") return haraka_answer_dsn(call, HARAKA_DENY, 451, 4, 7, 1, "later");
    COMMAND("VALUE") {
        const haraka_value hook = haraka_text_value(haraka_text("my_own"));
        return haraka_answer_value(call, HARAKA_NEXT_HOOK, &hook);
    }
    COMMAND("BYTES") return haraka_answer_text(call, HARAKA_DENY, haraka_bytes("\xff\xfe\0z", 4));
    COMMAND("RETURN") return atoi(REST);
    COMMAND("COMPLETE") {
        say(call->self, "%s", status_text(haraka_complete(call->next, atoi(REST), NULL)));
        return HARAKA_PENDING;
    }
    return HARAKA_CONT;
}

HARAKA_REGISTER(self) { (void)self; return HARAKA_SUCCESS; }
