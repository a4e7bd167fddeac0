/*
 * @NAME@: refuses recipients that nobody reads mail for.
 *
 * haraka/plugin.h is all there is of the server: no library to link with, no symbol of the server's to find. It says of each
 * function what it does, on which thread it may be called, and how long what it lends lives.
 */
#include <haraka/plugin.h>

#include <stdlib.h>
#include <string.h>

/* Who the plugin is. The server reads this without running it: haraka -l, haraka -h @NAME@. */
HARAKA_PLUGIN("@NAME@", "0.1", "Refuses recipients that nobody reads mail for",
              HARAKA_HOOKS("rcpt")
              HARAKA_HELP("Refuses the recipients that `@FILE@.list` names: local parts or addresses, one a line.\n"));

#define LIST "@FILE@.list"

/* What the plugin remembers. One thread runs all hooks, so there is no lock. */
typedef struct policy {
    haraka_self self;
    haraka_str *names; /* one block with the bytes of all names behind the table */
    size_t count;
} policy;

static void destroy_policy(void *context)
{
    policy *mine = context;
    free(mine->names);
    free(mine);
}

/* Reads the list: when the plugin is loaded, and whenever the file has changed. What the server lends is gone when this
 * function returns, so it is copied. If nothing of the file can be used, the log says why, and the old list stays. */
static void read_list(void *context)
{
    policy *mine = context;
    haraka_value list = haraka_null();
    haraka_str *names;
    char *bytes;
    size_t i, count, size = 0;
    if (haraka_config_get(mine->self, LIST, HARAKA_CONFIG_LIST, NULL, &list) < 0) return;
    count = haraka_value_count(&list);
    for (i = 0; i < count; i++) size += haraka_value_text(haraka_value_at(&list, i)).len;
    names = malloc(count * sizeof *names + size + 1);
    if (names == NULL) return;
    bytes = (char *)(names + count);
    for (i = 0; i < count; i++) {
        const haraka_str name = haraka_value_text(haraka_value_at(&list, i));
        if (name.len > 0) memcpy(bytes, name.ptr, name.len);
        names[i] = haraka_bytes(bytes, name.len);
        bytes += name.len;
    }
    free(mine->names);
    mine->names = names;
    mine->count = count;
}

/* Runs once, when the plugin is loaded. A negative status refuses to load. */
HARAKA_REGISTER(self)
{
    int32_t status;
    policy *mine = calloc(1, sizeof *mine);
    if (mine == NULL) return HARAKA_E_LIMIT;
    mine->self = self;
    /* From here on the server destroys it when the plugin ends. */
    status = haraka_set_data(self, mine, destroy_policy);
    if (status < 0) {
        destroy_policy(mine);
        return status;
    }
    read_list(mine);
    return haraka_config_watch(self, LIST, read_list, mine);
}

/* Runs at each RCPT TO. It registers itself by its name; more hooks are added in the same way:
 *     HARAKA_HOOK(connect) { ... }      also helo, ehlo, mail, data_post, queue, disconnect ... (docs/hooks.md)
 */
HARAKA_HOOK(rcpt)
{
    const policy *mine = call->data;
    const haraka_address *to = haraka_argument_address(call, 0);
    size_t i;
    if (mine == NULL || to == NULL) return HARAKA_CONT;
    for (i = 0; i < mine->count; i++) {
        if (!haraka_equal_caseless(mine->names[i], to->user) && !haraka_equal_caseless(mine->names[i], to->address))
            continue;
        (void)haraka_result(call->self, haraka_of_transaction(call->transaction), "fail", "listed");
        return haraka_answer(call, HARAKA_DENY, "nobody reads mail to this address");
    }
    /* HARAKA_CONT lets the next plugin decide. HARAKA_OK would accept the recipient: no other plugin is asked then. */
    return HARAKA_CONT;
}

/*
 * Next steps:
 *   - Nothing may block in a hook: other clients are waiting. Slow work goes through haraka_offload; return HARAKA_PENDING
 *     and answer with haraka_complete(next, ...) when it is done. haraka_timer_start waits without holding anybody up.
 *   - haraka_note_set leaves data for other plugins, haraka_header_add puts a header on the message, haraka_log writes a line.
 *   - HARAKA_SHUTDOWN() { ... } runs when the plugin's last connection has gone.
 */
