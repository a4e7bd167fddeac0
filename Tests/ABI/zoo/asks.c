/* Asks the client inside its hooks, starts TLS, and begins the session anew. */
#include "zoo.h"

#include <pthread.h>

ZOO_PLUGIN(HARAKA_HOOKS("mail data_post deny capabilities unrecognized_command") HARAKA_NEEDS("tls/1"));

static haraka_next kept;
static haraka_connection client;
/* What the callbacks do: "answer", "again", "twice", "cancel" or nothing. */
static char mode[32];

static void line_came(void *context, int32_t status, haraka_str line);

static int32_t ask(haraka_next next, const char *what, size_t limit)
{
    const haraka_line_callback callback = {line_came, (void *)(uintptr_t)what, say_destroyed};
    haraka_str words = haraka_text("more?");
    haraka_reply reply = haraka_no_reply();
    reply.code = 334;
    reply.lines = &words;
    reply.line_count = 1;
    return haraka_table->ask_client(next, &reply, limit, &callback);
}

static void *complete(void *context)
{
    (void)context;
    say(me, "thread %s", status_text(haraka_complete(kept, HARAKA_OK, NULL)));
    return NULL;
}

static void line_came(void *context, int32_t status, haraka_str line)
{
    say(me, "%s: %s '%.*s'", (const char *)context, status_text(status), (int)line.len, line.ptr == NULL ? "" : line.ptr);
    if (strcmp(mode, "again") == 0)
    {
        strcpy(mode, "answer");
        say(me, "%s", status_text(ask(kept, "second", 100)));
        say(me, "%s", status_text(ask(kept, "third", 100)));
        return;
    }
    if (strcmp(mode, "disconnect") == 0) haraka_table->disconnect(client);
    if (strcmp(mode, "twice") == 0) haraka_complete(kept, HARAKA_CONT, NULL);
    if (strcmp(mode, "answer") == 0 || strcmp(mode, "twice") == 0)
        say(me, "%s", status_text(haraka_complete_text(kept, HARAKA_OK, haraka_text("heard"))));
}

static void cancelled(void *context)
{
    say(me, "cancelled: %s", status_text(ask(kept, (const char *)context, 100)));
}

static void shook(void *context, int32_t status)
{
    int64_t left = 0;
    say(me, "%s: %s", (const char *)context, status_text(status));
    if (haraka_table->deadline(kept, &left) == HARAKA_SUCCESS) say(me, "%s left", left > 20000 ? "much" : "little");
    if (strcmp(mode, "answer") == 0) haraka_complete(kept, HARAKA_OK, NULL);
}

static int32_t handshake(const haraka_call *call)
{
    const haraka_tls_1 *tls = haraka_table->service(haraka_text("tls/1"));
    const haraka_status_callback callback = {shook, (void *)"handshake", say_destroyed};
    const int32_t status = tls->start(call->next, &callback);
    say(call->self, "%d %s", tls->available(call->connection), status_text(status));
    if (status == HARAKA_SUCCESS) say(call->self, "%s", status_text(tls->start(call->next, &callback)));
    return HARAKA_PENDING;
}

static void bind(const haraka_call *call)
{
    const haraka_tls_1 *tls = haraka_table->service(haraka_text("tls/1"));
    haraka_str out = haraka_text("?");
    const int32_t status = tls->channel_binding(call->connection, haraka_argument_text(call, 1), &out);
    say(call->self, "%s %zu %.*s", status_text(status), out.len, (int)out.len, out.ptr == NULL ? "" : out.ptr);
}

HARAKA_HOOK(unrecognized_command)
{
    const haraka_callback on_cancel = {cancelled, (void *)"too late", say_destroyed};
    pthread_t thread;
    int32_t status;
    COMMAND("MODE") { snprintf(mode, sizeof mode, "%s", REST); return HARAKA_OK; }
    COMMAND("BIND") { bind(call); return HARAKA_OK; }
    COMMAND("ANSWER") { say(call->self, "%s", status_text(haraka_complete(kept, HARAKA_OK, NULL))); return HARAKA_OK; }
    COMMAND("LATE") { say(call->self, "%s", status_text(ask(kept, "late", 100))); return HARAKA_OK; }
    COMMAND("THREAD")
    {
        pthread_create(&thread, NULL, complete, NULL);
        pthread_join(thread, NULL);
        return HARAKA_OK;
    }
    kept = call->next;
    client = call->connection;
    COMMAND("STARTTLS") return handshake(call);
    COMMAND("RESTART")
    {
        say(call->self, "%s", status_text(haraka_table->restart(call->connection, (uint32_t)atoi(REST))));
        return HARAKA_OK;
    }
    haraka_table->on_cancel(call->next, &on_cancel);
    status = ask(call->next, "line", (size_t)atoi(REST));
    say(call->self, "%s", status_text(status));
    COMMAND("OK") return HARAKA_OK;
    COMMAND("CONT") return HARAKA_CONT;
    COMMAND("AT_ONCE") haraka_complete(call->next, HARAKA_OK, NULL);
    return HARAKA_PENDING;
}

HARAKA_HOOK(mail) { say(call->self, "%s", status_text(ask(call->next, "mail", 10))); return HARAKA_DENY; }
HARAKA_HOOK(deny) { say(call->self, "deny: %s", status_text(ask(call->next, "deny", 10))); return HARAKA_CONT; }
HARAKA_HOOK(data_post) { say(call->self, "%s", status_text(ask(call->next, "data", 10))); return HARAKA_CONT; }
HARAKA_HOOK(capabilities)
{
    say(call->self, "restart %s", status_text(haraka_table->restart(call->connection, 0)));
    return handshake(call) == HARAKA_PENDING ? HARAKA_CONT : HARAKA_OK;
}

HARAKA_REGISTER(self) { me = self; return HARAKA_SUCCESS; }
