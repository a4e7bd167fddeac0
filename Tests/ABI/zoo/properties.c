/* Reads every property there could be and writes some. */
#include "zoo.h"

ZOO_PLUGIN(HARAKA_HOOKS("mail unrecognized_command"));

static void write_all(haraka_self self, haraka_object object, int32_t first, int32_t last)
{
    const haraka_value values[] = {haraka_null(), haraka_boolean(1), haraka_integer(5), haraka_number(0.5),
                                   haraka_text_value(haraka_text("192.0.2.7")), haraka_list_value(NULL, 0)};
    size_t kind;
    int32_t id;
    for (id = first; id <= last; id++) {
        char line[64] = "";
        for (kind = 0; kind < 6; kind++)
            if (haraka_table->set(object, id, &values[kind]) == HARAKA_SUCCESS) snprintf(line, sizeof line, "%zu", kind);
        if (line[0] != '\0') say(self, "%d takes %s", id, line);
    }
}

HARAKA_HOOK(mail)
{
    const haraka_object connection = haraka_of_connection(call->connection);
    const haraka_object transaction = haraka_of_transaction(call->transaction);
    haraka_value value;
    int32_t id;
    for (id = -1; id <= 60; id++)
        if (haraka_table->get(connection, id, &value) == HARAKA_SUCCESS) say(call->self, "%d %s", id, show(&value));
    for (id = 1000; id <= 1020; id++)
        if (haraka_table->get(transaction, id, &value) == HARAKA_SUCCESS) say(call->self, "%d %s", id, show(&value));
    say(call->self, "%s", status_text(haraka_table->get(haraka_of_server(), 1, &value)));
    say(call->self, "same %d", haraka_table->transaction_of(call->connection).bits == call->transaction.bits);
    return HARAKA_CONT;
}

HARAKA_HOOK(unrecognized_command)
{
    const haraka_object object = haraka_of_connection(call->connection);
    COMMAND("WRITE") write_all(call->self, object, -1, 60);
    COMMAND("WRITE_TRANSACTION") write_all(call->self, haraka_of_transaction(call->transaction), 999, 1020);
    COMMAND("LIMITS")
    {
        const haraka_value text = haraka_text_value(haraka_text("no address"));
        const haraka_value port = haraka_integer(65536);
        const haraka_value errors = haraka_integer(INT64_MIN);
        say(call->self, "%s", status_text(haraka_table->set(object, HARAKA_CONN_REMOTE_IP, &text)));
        say(call->self, "%s", status_text(haraka_table->set(object, HARAKA_CONN_REMOTE_PORT, &port)));
        say(call->self, "%s", status_text(haraka_table->set(object, HARAKA_CONN_ERRORS, &errors)));
        say(call->self, "%s", status_text(haraka_table->set(object, HARAKA_CONN_LOCAL_IP, &text)));
        say(call->self, "%s", status_text(haraka_table->set(object, HARAKA_CONN_LOCAL_PORT, &port)));
        say(call->self, "%s", status_text(haraka_add_capability(call->connection, "ZOO")));
        say(call->self, "%s", status_text(haraka_table->append(object, HARAKA_CONN_UUID, &text)));
    }
    COMMAND("AUTH_AS")
    {
        const haraka_value user = haraka_text_value(haraka_text("joe")), method = haraka_text_value(haraka_text("PLAIN"));
        const haraka_value nobody = haraka_text_value(haraka_text(""));
        if (strcmp(REST, "method") == 0) haraka_table->set(object, HARAKA_CONN_AUTH_METHOD, &method);
        if (strcmp(REST, "user") == 0) haraka_table->set(object, HARAKA_CONN_AUTH_USER, &user);
        if (strcmp(REST, "nobody") == 0) haraka_table->set(object, HARAKA_CONN_AUTH_USER, &nobody);
    }
    COMMAND("SECURITY")
    {
        haraka_value value;
        int32_t id;
        for (id = HARAKA_CONN_ROLE; id <= HARAKA_CONN_PROXY; id++)
            if (haraka_table->get(object, id, &value) == HARAKA_SUCCESS) say(call->self, "%d %s", id, show(&value));
    }
    COMMAND("DRIVE")
    {
        haraka_reply reply = haraka_no_reply();
        const haraka_str line = haraka_text("from the plugin");
        reply.lines = &line;
        reply.line_count = 1;
        say(call->self, "%s", status_text(haraka_table->respond(call->connection, 299, &reply)));
        say(call->self, "%s", status_text(haraka_table->respond(call->connection, 600, &reply)));
        haraka_table->pause(call->connection);
        haraka_table->pause(call->connection);
        haraka_table->resume(call->connection);
        haraka_table->disconnect(call->connection);
    }
    return HARAKA_OK;
}

HARAKA_REGISTER(self) { (void)self; return HARAKA_SUCCESS; }
