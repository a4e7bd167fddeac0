/* Pointers of its own on the server, the connection and the transaction. */
#include "zoo.h"

ZOO_PLUGIN(HARAKA_HOOKS("unrecognized_command"));

static void set(haraka_self self, haraka_object object, const char *name, const char *pointer)
{
    const int32_t status = haraka_table->note_set_pointer(self, object, haraka_text(name), (void *)(uintptr_t)pointer,
                                                          say_destroyed);
    say(self, "set %s %s", name, status_text(status));
}

static void get(haraka_self self, haraka_object object, const char *name)
{
    void *pointer = NULL;
    const int32_t status = haraka_table->note_get_pointer(self, object, haraka_text(name), &pointer);
    say(self, "%s %s", status_text(status), pointer == NULL ? "nothing" : (const char *)pointer);
}

HARAKA_HOOK(unrecognized_command)
{
    haraka_object object = haraka_of_connection(call->connection);
    if (strcmp(REST, "server") == 0) object = haraka_of_server();
    if (strcmp(REST, "transaction") == 0) object = haraka_of_transaction(call->transaction);
    COMMAND("SET") set(call->self, object, "p", "first");
    COMMAND("REPLACE") set(call->self, object, "p", "second");
    COMMAND("CLEAR") set(call->self, object, "p", NULL);
    COMMAND("GET") get(call->self, object, "p");
    return HARAKA_CONT;
}

HARAKA_REGISTER(self) { me = self; return HARAKA_SUCCESS; }
