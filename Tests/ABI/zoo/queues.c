/* Sends mails and looks at the queue, well and badly. */
#include "zoo.h"

#include <pthread.h>

ZOO_PLUGIN(HARAKA_HOOKS("data_post send_email unrecognized_command") HARAKA_NEEDS("outbound/1"));

static const haraka_outbound_1 *outbound;
static haraka_transaction kept_transaction;
static haraka_hmail kept_mail;
static char mode[32];

static void decided(void *context, int32_t code, const haraka_reply *reply)
{
    say(me, "%s: %d '%.*s'", (const char *)context, code, reply->line_count > 0 ? (int)reply->lines[0].len : 0,
        reply->line_count > 0 ? reply->lines[0].ptr : "");
}
static void told(void *context, int32_t status, const haraka_value *value)
{
    say(me, "%s: %s %s", (const char *)context, status_text(status), show(value));
}

static haraka_verdict_callback verdict(const char *what)
{
    const haraka_verdict_callback callback = {decided, (void *)(uintptr_t)what, say_destroyed};
    return callback;
}
static haraka_value_callback value_callback(const char *what)
{
    const haraka_value_callback callback = {told, (void *)(uintptr_t)what, say_destroyed};
    return callback;
}

static haraka_mail plain_mail(void)
{
    static const haraka_str recipients[] = {{"b@example.org", 13}, {"<c@Example.NET>", 15}};
    haraka_mail mail;
    memset(&mail, 0, sizeof mail);
    mail.size = sizeof mail;
    mail.from = haraka_text("a@example.com");
    mail.recipients = recipients;
    mail.recipient_count = 2;
    mail.contents = haraka_text("Subject: x\n\nhello\n");
    return mail;
}

static int32_t send_mail(haraka_self self, const haraka_mail *mail, const char *what)
{
    const haraka_verdict_callback callback = verdict(what);
    return outbound->send(self, mail, &callback);
}

static void send_to(const haraka_call *call, const char *from, const char *to)
{
    haraka_str recipient = haraka_text(to);
    haraka_mail mail = plain_mail();
    mail.from = haraka_text(from);
    mail.recipients = &recipient;
    mail.recipient_count = strcmp(to, "none") == 0 ? 0 : 1;
    say(call->self, "%s", status_text(send_mail(call->self, &mail, "to")));
}

static void send_contents(const haraka_call *call, uint32_t flags)
{
    haraka_mail mail = plain_mail();
    mail.contents = haraka_argument_text(call, 1);
    mail.flags = flags;
    say(call->self, "%s", status_text(send_mail(call->self, &mail, "contents")));
}

static void full(const haraka_call *call)
{
    haraka_entry entry = {haraka_text("why"), haraka_text_value(haraka_text("because"))};
    haraka_value notes;
    haraka_mail mail = plain_mail();
    memset(&notes, 0, sizeof notes);
    notes.type = HARAKA_TYPE_MAP;
    notes.as.map.entries = &entry;
    notes.as.map.count = 1;
    mail.notes = &notes;
    mail.flags = HARAKA_MAIL_REMOVE_MSGID | HARAKA_MAIL_REMOVE_DATE;
    mail.origin = haraka_of_connection(call->connection);
    say(call->self, "%s", status_text(send_mail(call->self, &mail, "full")));
}

static void misuse(const haraka_call *call)
{
    haraka_mail mail = plain_mail();
    const haraka_verdict_callback none = {NULL, NULL, NULL}, callback = verdict("never");
    const haraka_value number = haraka_integer(5);
    haraka_message message;
    say(call->self, "%s", status_text(outbound->send(call->self, NULL, &callback)));
    say(call->self, "%s", status_text(outbound->send(call->self, &mail, NULL)));
    say(call->self, "%s", status_text(outbound->send(call->self, &mail, &none)));
    mail.size = 8;
    say(call->self, "%s", status_text(send_mail(call->self, &mail, "never")));
    mail = plain_mail();
    mail.flags = 64;
    say(call->self, "%s", status_text(send_mail(call->self, &mail, "never")));
    mail = plain_mail();
    mail.recipients = NULL;
    say(call->self, "%s", status_text(send_mail(call->self, &mail, "never")));
    mail.recipient_count = 100001;
    say(call->self, "%s", status_text(send_mail(call->self, &mail, "never")));
    mail = plain_mail();
    mail.notes = &number;
    say(call->self, "%s", status_text(send_mail(call->self, &mail, "never")));
    mail = plain_mail();
    mail.origin.bits = 77;
    say(call->self, "%s", status_text(send_mail(call->self, &mail, "never")));
    mail = plain_mail();
    mail.contents.ptr = NULL;
    say(call->self, "%s", status_text(send_mail(call->self, &mail, "never")));
    say(call->self, "%s", status_text(outbound->send((haraka_self){77}, &mail, &callback)));
    say(call->self, "%s", status_text(outbound->send_transaction(call->self, (haraka_transaction){77}, &callback)));
    say(call->self, "%s", status_text(outbound->message((haraka_hmail){77}, &message)));
}

static void ask_queue(const haraka_call *call, const haraka_queue_filter *filter)
{
    const haraka_value_callback stats = value_callback("stats"), list = value_callback("list"), act = value_callback("act");
    say(call->self, "%s", status_text(outbound->stats(call->self, &stats)));
    say(call->self, "%s", status_text(outbound->list(call->self, filter, &list)));
    say(call->self, "%s", status_text(outbound->act(call->self, HARAKA_QUEUE_HOLD, filter, &act)));
}

static void misuse_queue(const haraka_call *call)
{
    haraka_queue_filter filter;
    const haraka_value_callback callback = value_callback("never"), none = {NULL, NULL, NULL};
    memset(&filter, 0, sizeof filter);
    filter.size = sizeof filter;
    say(call->self, "%s", status_text(outbound->stats(call->self, &none)));
    say(call->self, "%s", status_text(outbound->act(call->self, 0, &filter, &callback)));
    say(call->self, "%s", status_text(outbound->act(call->self, 6, &filter, &callback)));
    filter.older_than = -1;
    say(call->self, "%s", status_text(outbound->list(call->self, &filter, &callback)));
    filter.older_than = 0;
    filter.size = 8;
    say(call->self, "%s", status_text(outbound->act(call->self, 1, &filter, &callback)));
    filter.size = sizeof filter;
    filter.domain.len = 5;
    say(call->self, "%s", status_text(outbound->act(call->self, 1, &filter, &callback)));
}

static void *elsewhere(void *context)
{
    const haraka_mail mail = plain_mail();
    const haraka_value_callback callback = value_callback("never");
    haraka_message message;
    say(me, "%s", status_text(send_mail(me, &mail, "never")));
    say(me, "%s", status_text(outbound->stats(me, &callback)));
    say(me, "%s", status_text(outbound->message(kept_mail, &message)));
    return context;
}

static void read_message(haraka_self self, haraka_hmail mail)
{
    char buffer[64];
    haraka_message message = {0};
    const int32_t status = outbound->message(mail, &message);
    say(self, "%s", status_text(status));
    if (status < 0) return;
    const int64_t count = haraka_table->message_read(message, 0, buffer, sizeof buffer);
    say(self, "%d bytes of %d", (int)count, (int)haraka_table->message_size(message));
    if (strcmp(mode, "keeps") != 0) say(self, "%s", status_text(haraka_table->message_release(message)));
}

HARAKA_HOOK(data_post)
{
    const haraka_verdict_callback callback = verdict("transaction");
    kept_transaction = call->transaction;
    say(call->self, "%s", status_text(outbound->send_transaction(call->self, call->transaction, &callback)));
    return HARAKA_CONT;
}

HARAKA_HOOK(send_email)
{
    kept_mail = call->hmail;
    read_message(call->self, call->hmail);
    return HARAKA_CONT;
}

HARAKA_HOOK(unrecognized_command)
{
    haraka_queue_filter filter;
    haraka_mail mail = plain_mail();
    pthread_t thread;
    memset(&filter, 0, sizeof filter);
    filter.size = sizeof filter;
    COMMAND("MODE") snprintf(mode, sizeof mode, "%s", REST);
    COMMAND("SEND") say(call->self, "%s", status_text(send_mail(call->self, &mail, "mail")));
    COMMAND("FULL") full(call);
    COMMAND("TO") send_to(call, "a@example.com", REST);
    COMMAND("FROM") send_to(call, REST, "b@example.org");
    COMMAND("CONTENTS") send_contents(call, 0);
    COMMAND("STUFFED") send_contents(call, HARAKA_MAIL_DOT_STUFFED);
    COMMAND("MISUSE") misuse(call);
    COMMAND("MISUSE_QUEUE") misuse_queue(call);
    COMMAND("NULL") ask_queue(call, NULL);
    COMMAND("TRANSACTION")
    {
        const haraka_verdict_callback callback = verdict("transaction");
        say(call->self, "%s", status_text(outbound->send_transaction(call->self, kept_transaction, &callback)));
    }
    COMMAND("MESSAGE") read_message(call->self, kept_mail);
    COMMAND("QUEUE")
    {
        filter.id = haraka_text("U.1");
        filter.domain = haraka_text("example.org");
        filter.sender = haraka_text("@example.com");
        filter.recipient = haraka_text("b@example.org");
        filter.older_than = 60;
        filter.limit = 9;
        ask_queue(call, &filter);
    }
    COMMAND("THREAD")
    {
        pthread_create(&thread, NULL, elsewhere, NULL);
        pthread_join(thread, NULL);
    }
    COMMAND("MANY")
    {
        int i, refused = 0;
        for (i = 0; i < 10005; i++) if (send_mail(call->self, &mail, "many") == HARAKA_E_LIMIT) refused++;
        say(call->self, "%d refused", refused);
    }
    return HARAKA_OK;
}

HARAKA_REGISTER(self)
{
    me = self;
    outbound = haraka_table->service(haraka_text("outbound/1"));
    return outbound == NULL ? HARAKA_E_UNSUPPORTED : HARAKA_SUCCESS;
}
