/* Asks other plugins' hooks inside its own, and answers some itself. */
#include "zoo.h"

ZOO_PLUGIN(HARAKA_HOOKS("unrecognized_command"));

static haraka_next outer, inner;
static char mode[32];
static int depth;

static void decided(void *context, int32_t code, const haraka_reply *reply)
{
    const haraka_value null = haraka_null();
    say(me, "%s: %d %zu '%.*s' %u %u.%u.%u %s", (const char *)context, code, reply->line_count,
        reply->line_count > 0 ? (int)reply->lines[0].len : 0, reply->line_count > 0 ? reply->lines[0].ptr : "", reply->code,
        reply->status_class, reply->status_subject, reply->status_detail, show(reply->value == NULL ? &null : reply->value));
    if (strcmp(mode, "wait") == 0) return;
    haraka_complete(outer, code == HARAKA_CONT ? HARAKA_DENY : code, reply);
}

static int32_t ask(haraka_next next, const char *hook)
{
    const haraka_verdict_callback callback = {decided, (void *)"decided", say_destroyed};
    const haraka_value arguments[] = {haraka_text_value(haraka_text("plain")), haraka_text_value(haraka_text("user")),
        haraka_text_value(haraka_text("s3cret"))};
    return haraka_table->ask_hook(next, haraka_text(hook), arguments, 3, &callback);
}

HARAKA_HOOK(unrecognized_command)
{
    COMMAND("MODE") { snprintf(mode, sizeof mode, "%s", REST); return HARAKA_OK; }
    COMMAND("INNER")
    {
        haraka_reply reply = haraka_no_reply();
        haraka_str line = haraka_text("later");
        haraka_value value = haraka_integer(7);
        reply.lines = &line;
        reply.line_count = 1;
        reply.code = 454;
        reply.status_class = 4;
        reply.status_subject = 7;
        reply.value = &value;
        say(call->self, "%s", status_text(haraka_complete(inner, atoi(REST), &reply)));
        return HARAKA_OK;
    }
    COMMAND("OUTER") { say(call->self, "%s", status_text(haraka_complete(outer, HARAKA_OK, NULL))); return HARAKA_OK; }
    COMMAND("LEFT")
    {
        int64_t left = 0;
        const int32_t status = haraka_table->deadline(outer, &left);
        say(call->self, "%s %s", status_text(status), left > 20000 ? "much" : "little");
        return HARAKA_OK;
    }
    outer = call->next;
    depth = 0;
    say(call->self, "%s", status_text(ask(call->next, REST)));
    COMMAND("TWICE") say(call->self, "%s", status_text(ask(call->next, REST)));
    COMMAND("AT_ONCE") return HARAKA_OK;
    return HARAKA_PENDING;
}

static void cancelled(void *context) { say(me, "cancelled %s", (const char *)context); }

static int32_t answer(const haraka_call *call)
{
    const haraka_callback callback = {cancelled, (void *)"inner", say_destroyed};
    haraka_value hook;
    haraka_table->get(haraka_of_connection(call->connection), HARAKA_CONN_HOOK, &hook);
    say(call->self, "%.*s in %.*s: %s", (int)call->hook.len, call->hook.ptr, (int)hook.as.text.len, hook.as.text.ptr,
        show_arguments(call));
    inner = call->next;
    if (strcmp(mode, "ok") == 0) return HARAKA_OK;
    if (strcmp(mode, "deny") == 0)
    {
        haraka_complete_text(call->next, HARAKA_DENY, haraka_text("the password is s3cret"));
        return HARAKA_PENDING;
    }
    if (strcmp(mode, "cont") == 0) return HARAKA_CONT;
    haraka_table->on_cancel(call->next, &callback);
    return HARAKA_PENDING;
}

static void too_deep(void *context, int32_t code, const haraka_reply *reply)
{
    (void)reply;
    say(me, "%d from below", code);
    haraka_complete(*(haraka_next *)context, code, NULL);
}

/* A hook that asks itself. */
static int32_t deeper(const haraka_call *call)
{
    haraka_next *next = malloc(sizeof *next);
    const haraka_verdict_callback callback = {too_deep, next, free};
    int32_t status;
    *next = call->next;
    depth++;
    status = haraka_table->ask_hook(call->next, haraka_text("deeper"), NULL, 0, &callback);
    if (status == HARAKA_SUCCESS) return HARAKA_PENDING;
    free(next);
    say(call->self, "%s after %d", status_text(status), depth);
    return HARAKA_OK;
}

HARAKA_REGISTER(self)
{
    static const char *const hooks[] = {"auth_plain", "my-own", "auth"};
    size_t i;
    me = self;
    for (i = 0; i < 3; i++)
        haraka_table->register_function(self, haraka_text(hooks[i]), answer, NULL, NULL, 0);
    return haraka_table->register_function(self, haraka_text("deeper"), deeper, NULL, NULL, 0);
}
