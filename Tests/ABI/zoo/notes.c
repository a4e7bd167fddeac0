/* Notes of every type, on the server, the connection and the transaction. */
#include "zoo.h"

ZOO_PLUGIN(HARAKA_HOOKS("unrecognized_command"));

static haraka_object where(const haraka_call *call)
{
    if (strncmp(REST, "server", 6) == 0) return haraka_of_server();
    if (strncmp(REST, "transaction", 11) == 0) return haraka_of_transaction(call->transaction);
    return haraka_of_connection(call->connection);
}

static void set(const haraka_call *call, const char *path, haraka_value value)
{
    say(call->self, "%s %s", path, status_text(haraka_note_set(where(call), path, &value)));
}

HARAKA_HOOK(unrecognized_command)
{
    haraka_value value;
    COMMAND("SET")
    {
        const haraka_value items[] = {haraka_integer(1), haraka_text_value(haraka_text("two"))};
        const haraka_entry entry = {{"key", 3}, items[1]};
        haraka_value map = haraka_null();
        haraka_address address;
        haraka_mx mx;
        memset(&address, 0, sizeof address);
        address.size = sizeof address;
        address.user = haraka_text("jane");
        address.host = haraka_text("example.org");
        memset(&mx, 0, sizeof mx);
        mx.size = sizeof mx;
        mx.exchange = haraka_text("mx.example.org");
        mx.priority = 10;
        mx.port = 25;
        map.type = HARAKA_TYPE_MAP;
        map.as.map.entries = &entry;
        map.as.map.count = 1;
        set(call, "boolean", haraka_boolean(7));
        set(call, "integer", haraka_integer(INT64_MIN));
        set(call, "number", haraka_number(0.5));
        set(call, "text", haraka_text_value(haraka_text("a text")));
        set(call, "empty", haraka_text_value(haraka_text(NULL)));
        set(call, "bytes", haraka_text_value(haraka_bytes("\xff", 1)));
        set(call, "list", haraka_list_value(items, 2));
        set(call, "map", map);
        set(call, "address", haraka_address_value(&address));
        map.type = HARAKA_TYPE_MX;
        map.as.mx = &mx;
        set(call, "mx", map);
        set(call, "a.deep.path", haraka_integer(5));
        set(call, "null", haraka_null());
        return HARAKA_OK;
    }
    COMMAND("GET")
    {
        const char *path = strchr(REST, ' ');
        const int32_t status = haraka_note_get(where(call), path == NULL ? "" : path + 1, &value);
        say(call->self, "%s %s", status_text(status), show(&value));
        return HARAKA_OK;
    }
    COMMAND("DEEP")
    {
        char path[100] = "x";
        int level;
        for (level = 1; level < 32; level++) strcat(path, ".x");
        set(call, path, haraka_integer(1));
        strcat(path, ".x");
        set(call, path, haraka_integer(1));
        return HARAKA_OK;
    }
    return HARAKA_CONT;
}

HARAKA_REGISTER(self) { (void)self; return HARAKA_SUCCESS; }
