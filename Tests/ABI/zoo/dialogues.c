/* Talks to other servers, well and badly. */
#include "zoo.h"

#include <pthread.h>

ZOO_PLUGIN(HARAKA_HOOKS("data_post unrecognized_command") HARAKA_NEEDS("smtp_client/1"));

static const haraka_smtp_client_1 *clients;
static haraka_smtp_client client;
static haraka_message message;
/* What the callback does: "release", "abort", "next", "quiet" or nothing. */
static char mode[32];

static void replied(void *context, int32_t status, const haraka_smtp_reply *reply);

static haraka_smtp_reply_callback callback(const char *what)
{
    const haraka_smtp_reply_callback c = {replied, (void *)(uintptr_t)what, say_destroyed};
    return c;
}

static int32_t command(const char *line, const char *what)
{
    const haraka_smtp_reply_callback c = callback(what);
    return clients->command(client, haraka_text(line), &c);
}

static void replied(void *context, int32_t status, const haraka_smtp_reply *reply)
{
    say(me, "%s: %s %u %u.%u.%u %zu '%.*s' %.*s", (const char *)context, status_text(status), reply->code,
        reply->status_class, reply->status_subject, reply->status_detail, reply->line_count,
        reply->line_count > 0 ? (int)reply->lines[0].len : 0, reply->line_count > 0 ? reply->lines[0].ptr : "",
        (int)reply->host.len, reply->host.ptr == NULL ? "" : reply->host.ptr);
    if (strcmp(mode, "release") == 0) say(me, "release %s", status_text(clients->release(client)));
    if (strcmp(mode, "abort") == 0) say(me, "abort %s", status_text(clients->abort(client)));
    if (strcmp(mode, "next") == 0)
    {
        strcpy(mode, "nothing");
        say(me, "next %s", status_text(command("NOOP", "next")));
    }
}

static haraka_smtp_client_options to(const char *host)
{
    haraka_smtp_client_options options;
    memset(&options, 0, sizeof options);
    options.size = sizeof options;
    options.host = haraka_text(host);
    return options;
}

static int32_t open_with(haraka_self self, const haraka_smtp_client_options *options, const char *what)
{
    const haraka_smtp_reply_callback c = callback(what);
    return clients->open(self, options, &c, &client);
}

static void full(const haraka_call *call)
{
    haraka_smtp_client_options options = to("");
    options.flags = 63;
    options.pool = haraka_text("10.0.0.1:25, 10.0.0.2:25");
    options.helo = haraka_text("me.example");
    options.auth_user = haraka_text("u");
    options.auth_pass = haraka_text("p w");
    options.auth_type = haraka_text("PLAIN");
    options.connect_timeout = 1;
    options.idle_timeout = INT64_MAX;
    options.dead_retry = 3;
    options.connection = call->connection;
    say(call->self, "%s", status_text(open_with(call->self, &options, "full")));
}

static void refused(const haraka_call *call, const haraka_smtp_client_options *options)
{
    say(call->self, "%s", status_text(open_with(call->self, options, "never")));
}

static void misuse_open(const haraka_call *call)
{
    const haraka_smtp_reply_callback none = {NULL, NULL, NULL}, c = callback("never");
    haraka_smtp_client_options options = to("mx.example");
    say(call->self, "%s", status_text(clients->open(call->self, NULL, &c, &client)));
    say(call->self, "%s", status_text(clients->open(call->self, &options, NULL, &client)));
    say(call->self, "%s", status_text(clients->open(call->self, &options, &none, &client)));
    say(call->self, "%s", status_text(clients->open(call->self, &options, &c, NULL)));
    options.size = 8;
    refused(call, &options);
    options = to("mx.example");
    options.flags = 64;
    refused(call, &options);
    options = to("mx.example");
    options.port = 65536;
    refused(call, &options);
    options = to("");
    refused(call, &options);
    options = to("mx.example");
    options.path = haraka_text("/run/lmtp");
    refused(call, &options);
    options = to("mx.example\r\nRSET");
    refused(call, &options);
    options = to("mx.example");
    options.helo = haraka_text("a b");
    refused(call, &options);
    options = to("mx.example");
    options.idle_timeout = -1;
    refused(call, &options);
    options = to("mx.example");
    options.flags = HARAKA_CLIENT_TLS_VERIFY;
    refused(call, &options);
    options = to("mx.example");
    options.auth_pass = haraka_bytes("a\0b", 3);
    refused(call, &options);
    options = to("mx.example");
    options.connection.bits = 77;
    refused(call, &options);
    options = to("mx.example");
    say(call->self, "%s", status_text(clients->open((haraka_self){77}, &options, &c, &client)));
}

static void misuse(const haraka_call *call)
{
    const haraka_smtp_reply_callback c = callback("never"), none = {NULL, NULL, NULL};
    const haraka_smtp_client stale = {client.bits ^ 1};
    static char line[65537];
    haraka_address address;
    memset(&address, 0, sizeof address);
    memset(line, 'x', sizeof line);
    say(call->self, "%s", status_text(clients->command(client, haraka_text("RSET\r\nQUIT"), &c)));
    say(call->self, "%s", status_text(clients->command(client, haraka_text("RSET\n"), &c)));
    say(call->self, "%s", status_text(clients->command(client, haraka_bytes("a\0b", 3), &c)));
    say(call->self, "%s", status_text(clients->command(client, haraka_text(""), &c)));
    say(call->self, "%s", status_text(clients->command(client, haraka_bytes(line, sizeof line), &c)));
    say(call->self, "%s", status_text(clients->command(client, haraka_text("NOOP"), NULL)));
    say(call->self, "%s", status_text(clients->command(client, haraka_text("NOOP"), &none)));
    say(call->self, "%s", status_text(clients->mail(client, NULL, call->transaction, &c)));
    say(call->self, "%s", status_text(clients->mail(client, &address, call->transaction, &c)));
    address.size = sizeof address;
    address.flags = HARAKA_ADDRESS_NULL;
    say(call->self, "%s", status_text(clients->mail(client, &address, (haraka_transaction){77}, &c)));
    say(call->self, "%s", status_text(clients->rcpt(client, &address, &c)));
    say(call->self, "%s", status_text(clients->message(client, (haraka_message){77}, &c)));
    say(call->self, "%s", status_text(clients->command(stale, haraka_text("NOOP"), &c)));
    say(call->self, "%s", status_text(clients->release(stale)));
    say(call->self, "%s", status_text(clients->abort((haraka_smtp_client){0})));
}

static void address(const haraka_call *call, int is_sender)
{
    const haraka_smtp_reply_callback c = callback(is_sender ? "mail" : "rcpt");
    haraka_address address;
    memset(&address, 0, sizeof address);
    address.size = sizeof address;
    address.user = haraka_text("user");
    address.host = haraka_argument_text(call, 1);
    say(call->self, "%s", status_text(is_sender ? clients->mail(client, &address, call->transaction, &c)
                                                : clients->rcpt(client, &address, &c)));
}

static void *elsewhere(void *context)
{
    const haraka_smtp_client_options options = to("mx.example");
    haraka_value value;
    say(me, "%s", status_text(open_with(me, &options, "never")));
    say(me, "%s", status_text(command("NOOP", "never")));
    say(me, "%s", status_text(clients->capabilities(client, &value)));
    say(me, "%s", status_text(clients->release(client)));
    say(me, "%s", status_text(clients->abort(client)));
    return context;
}

HARAKA_HOOK(data_post)
{
    say(call->self, "%s", status_text(haraka_table->message_retain(call->transaction, &message)));
    return HARAKA_CONT;
}

HARAKA_HOOK(unrecognized_command)
{
    const haraka_smtp_reply_callback c = callback("message");
    haraka_smtp_client_options options = to(REST);
    haraka_value value = haraka_null();
    pthread_t thread;
    COMMAND("MODE") snprintf(mode, sizeof mode, "%s", REST);
    COMMAND("OPEN") say(call->self, "%s", status_text(open_with(call->self, &options, "open")));
    COMMAND("OPEN_FOR")
    {
        options.connection = call->connection;
        say(call->self, "%s", status_text(open_with(call->self, &options, "open")));
    }
    COMMAND("LMTP")
    {
        options.flags = HARAKA_CLIENT_LMTP;
        say(call->self, "%s", status_text(open_with(call->self, &options, "open")));
    }
    COMMAND("FULL") full(call);
    COMMAND("SAY") say(call->self, "%s", status_text(command(REST, "reply")));
    COMMAND("MAIL") address(call, 1);
    COMMAND("RCPT") address(call, 0);
    COMMAND("MESSAGE") say(call->self, "%s", status_text(clients->message(client, message, &c)));
    COMMAND("CAPABILITIES")
    {
        say(call->self, "%s", status_text(clients->capabilities(client, &value)));
        say(call->self, "%s", show(&value));
    }
    COMMAND("RELEASE") say(call->self, "%s", status_text(clients->release(client)));
    COMMAND("ABORT") say(call->self, "%s", status_text(clients->abort(client)));
    COMMAND("MISUSE_OPEN") misuse_open(call);
    COMMAND("MISUSE") misuse(call);
    COMMAND("THREAD")
    {
        pthread_create(&thread, NULL, elsewhere, NULL);
        pthread_join(thread, NULL);
    }
    COMMAND("MANY")
    {
        int i, refused_count = 0;
        for (i = 0; i < 10005; i++) if (open_with(call->self, &options, "many") == HARAKA_E_LIMIT) refused_count++;
        say(call->self, "%d refused", refused_count);
    }
    return HARAKA_OK;
}

HARAKA_REGISTER(self)
{
    me = self;
    clients = haraka_table->service(haraka_text("smtp_client/1"));
    return clients == NULL ? HARAKA_E_UNSUPPORTED : HARAKA_SUCCESS;
}
