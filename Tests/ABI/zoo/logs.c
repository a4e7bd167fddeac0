/* Logs at every level, very long lines, and on behalf of things that do not exist. */
#include "zoo.h"

ZOO_PLUGIN(HARAKA_HOOKS("mail unrecognized_command"));

HARAKA_HOOK(mail)
{
    int32_t level;
    for (level = -1; level <= 10; level++) {
        char text[32];
        snprintf(text, sizeof text, "level %d", level);
        haraka_log(call->self, level, haraka_of_connection(call->connection), text);
    }
    return HARAKA_CONT;
}

HARAKA_HOOK(unrecognized_command)
{
    COMMAND("LONG")
    {
        char *text = malloc(1 << 20);
        memset(text, 'x', 1 << 20);
        haraka_table->log(call->self, 0, haraka_of_server(), haraka_bytes(text, 1 << 20));
        haraka_table->log(call->self, 0, haraka_of_server(), haraka_bytes(text, 8192));
        free(text);
    }
    COMMAND("STRANGE")
    {
        const haraka_self nobody = {12345};
        const haraka_object nothing = {UINT64_MAX};
        const haraka_str bad = {NULL, 5};
        haraka_log(nobody, 0, nothing, "strange");
        haraka_table->log(call->self, 0, nothing, bad);
        haraka_table->log(call->self, 0, haraka_of_transaction(call->transaction), haraka_bytes("\xff\n\0", 3));
    }
    COMMAND("ENABLED")
        say(call->self, "%d %d %d %d", haraka_log_enabled(-1), haraka_log_enabled(8), haraka_log_enabled(9),
            haraka_log_enabled(10));
    return HARAKA_OK;
}

HARAKA_REGISTER(self) { (void)self; return HARAKA_SUCCESS; }
