/* Attachments, filters and banners, well-behaved and otherwise. What is asked for comes by unrecognized_command before the
 * message does. */
#include "zoo.h"

ZOO_PLUGIN(HARAKA_HOOKS("data_post unrecognized_command"));

static const haraka_body_1 *body;
static haraka_connection client;
static haraka_transaction transaction;
static haraka_output stolen;
static int alive;

struct part {
    char name[64];
    char bytes[4096];
    size_t count, total;
};

static struct part *new_part(const haraka_part_info *info)
{
    struct part *part = calloc(1, sizeof *part);
    snprintf(part->name, sizeof part->name, "%.*s", (int)info->filename.len,
             info->filename.len > 0 ? info->filename.ptr : "");
    alive++;
    return part;
}

static void add(struct part *part, haraka_str bytes)
{
    const size_t room = sizeof part->bytes - part->count, count = bytes.len < room ? bytes.len : room;
    if (count > 0) memcpy(part->bytes + part->count, bytes.ptr, count);
    part->count += count;
    part->total += bytes.len;
}

static void destroy(void *context) { say(me, "destroyed %s, %d parts open", (const char *)context, alive); }

static void show_info(const char *who, const haraka_part_info *info)
{
    say(me, "%s begins %u %u %.*s '%.*s' %.*s %.*s '%.*s' %u %d", who, info->index, info->depth,
        (int)info->content_type.len, info->content_type.ptr, (int)info->charset.len,
        info->charset.len ? info->charset.ptr : "", (int)info->encoding.len, info->encoding.ptr,
        (int)info->disposition.len, info->disposition.len ? info->disposition.ptr : "", (int)info->filename.len,
        info->filename.len ? info->filename.ptr : "", info->is_attachment, info->size == sizeof *info);
}

/* ---- attachments */

static int32_t attachment_begin(void *context, haraka_transaction t, const haraka_part_info *info, void **part)
{
    if (t.bits != transaction.bits) say(me, "another transaction");
    show_info((const char *)context, info);
    if (haraka_equal(info->filename, haraka_text("no"))) return 0;
    *part = new_part(info);
    return 1;
}

static void attachment_data(void *context, void *part, haraka_str bytes)
{
    (void)context;
    if (alive > 0) add(part, bytes);
    else say(me, "data behind the end");
}

static void attachment_end(void *context, void *given, int32_t complete)
{
    struct part *part = given;
    say(me, "%s ends %d %zu: %.*s", (const char *)context, complete, part->total,
        part->count < 200 ? (int)part->count : 0, visible(part->bytes, part->count));
    alive--;
    free(part);
}

/* Everything that may be done to the message in the middle of it. */
static void meddle(void *context, void *part, haraka_str bytes)
{
    haraka_value value;
    haraka_message message = {0};
    haraka_part root = {0};
    const haraka_value on = haraka_boolean(1);
    add(part, bytes);
    haraka_table->pause(client);
    haraka_table->resume(client);
    say(me, "root %s", status_text(body->root(transaction, &root)));
    say(me, "late %s", status_text(haraka_parse_body(transaction)));
    haraka_header_add(transaction, "X-Met", haraka_text("yes"));
    haraka_table->header_get(transaction, haraka_text("Subject"), &value);
    say(me, "subject %s", show(&value));
    haraka_transaction_get(transaction, HARAKA_TRAN_MIME_PART_COUNT, &value);
    say(me, "parts %s", show(&value));
    say(me, "retain %s", status_text(haraka_table->message_retain(transaction, &message)));
    say(me, "size %d", haraka_table->message_size(message) > 0);
    haraka_table->message_release(message);
    haraka_transaction_set(transaction, HARAKA_TRAN_DISCARD_DATA, &on);
    (void)context;
}

static int32_t attach(haraka_self self, const char *name, int meddles)
{
    const haraka_attachments handler = {sizeof handler, attachment_begin, meddles ? meddle : attachment_data,
        attachment_end, (void *)name, destroy};
    return body->attachments(self, transaction, &handler);
}

/* ---- filters */

static int32_t filter_begin(void *context, haraka_transaction t, const haraka_part_info *info, void **part)
{
    if (t.bits != transaction.bits) say(me, "another transaction");
    show_info((const char *)context, info);
    if (info->is_attachment) return 0;
    *part = new_part(info);
    return 1;
}

static void filter_end(void *context, void *part)
{
    say(me, "%s ends", (const char *)context);
    alive--;
    free(part);
}

static void upper(void *context, void *part, haraka_str bytes, int32_t last, haraka_output output)
{
    char copy[65536];
    size_t i;
    const size_t count = bytes.len < sizeof copy ? bytes.len : sizeof copy;
    for (i = 0; i < count; i++) {
        const char c = bytes.ptr[i];
        copy[i] = c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
    }
    if (body->emit(output, haraka_bytes(copy, count)) < 0) say(me, "emit failed");
    if (last) say(me, "%s last", (const char *)context);
    (void)part;
}

/* Says nothing until the end. */
static void hold(void *context, void *part, haraka_str bytes, int32_t last, haraka_output output)
{
    struct part *held = part;
    add(held, bytes);
    if (!last) return;
    body->emit(output, haraka_text("["));
    body->emit(output, haraka_bytes(held->bytes, held->count));
    body->emit(output, haraka_text("]\r\n"));
    (void)context;
}

static void huge(void *context, void *part, haraka_str bytes, int32_t last, haraka_output output)
{
    const size_t count = 1 << 20;
    char *zeros = calloc(1, count);
    int i, status = 0;
    for (i = 0; i < 100 && status == 0; i++) status = body->emit(output, haraka_bytes(zeros, count));
    say(me, "%d emitted, then %s", i - 1, status_text(status));
    free(zeros);
    (void)context, (void)part, (void)bytes, (void)last;
}

static void steal(void *context, void *part, haraka_str bytes, int32_t last, haraka_output output)
{
    const haraka_str no_pointer = {NULL, 7};
    say(me, "outside %s", status_text(body->emit(stolen, bytes)));
    say(me, "malformed %s", status_text(body->emit(output, no_pointer)));
    body->emit(output, bytes);
    stolen = output;
    (void)context, (void)part, (void)last;
}

static int32_t filter(haraka_self self, const char *name)
{
    haraka_filter handler = {sizeof handler, filter_begin, upper, filter_end, (void *)name, destroy};
    if (strcmp(name, "hold") == 0) handler.data = hold;
    if (strcmp(name, "huge") == 0) handler.data = huge;
    if (strcmp(name, "steal") == 0) handler.data = steal;
    if (strcmp(name, "endless") == 0) handler.end = NULL;
    return body->filter(self, transaction, &handler);
}

/* ---- misuse */

static void misuse(haraka_self self)
{
    const haraka_self nobody = {0};
    const haraka_transaction none = {0};
    const haraka_attachments good = {sizeof good, attachment_begin, attachment_data, attachment_end, "x", destroy};
    const haraka_filter fine = {sizeof fine, filter_begin, upper, filter_end, "x", destroy};
    haraka_attachments bad = good;
    haraka_filter wrong = fine;
    const haraka_str no_pointer = {NULL, 9}, nothing = haraka_text(NULL);
    char *large = calloc(1, 65537);
    int i;
#define SAY(call) say(me, "%s", status_text(call))
    SAY(body->attachments(nobody, transaction, &good));
    SAY(body->attachments(self, none, &good));
    SAY(body->attachments(self, transaction, NULL));
    bad.size = 0;
    SAY(body->attachments(self, transaction, &bad));
    bad.size = sizeof bad - 1;
    SAY(body->attachments(self, transaction, &bad));
    bad = good, bad.begin = NULL;
    SAY(body->attachments(self, transaction, &bad));
    bad = good, bad.data = NULL;
    SAY(body->attachments(self, transaction, &bad));
    bad = good, bad.end = NULL;
    SAY(body->attachments(self, transaction, &bad));
    SAY(body->filter(nobody, transaction, &fine));
    SAY(body->filter(self, none, &fine));
    SAY(body->filter(self, transaction, NULL));
    wrong.size = 0;
    SAY(body->filter(self, transaction, &wrong));
    wrong = fine, wrong.begin = NULL;
    SAY(body->filter(self, transaction, &wrong));
    wrong = fine, wrong.data = NULL;
    SAY(body->filter(self, transaction, &wrong));
    SAY(body->banner(none, nothing, nothing));
    SAY(body->banner(transaction, no_pointer, nothing));
    SAY(body->banner(transaction, nothing, no_pointer));
    SAY(body->banner(transaction, haraka_bytes(large, 65537), nothing));
    SAY(body->banner(transaction, nothing, nothing));
    SAY(body->emit(stolen, nothing));
    free(large);
    for (i = 0; i < 1000 && body->attachments(self, transaction, &good) == HARAKA_SUCCESS;) i++;
    say(me, "%d taken, then %s", i, status_text(body->filter(self, transaction, &fine)));
}

HARAKA_HOOK(data_post)
{
    say(call->self, "late %s %s %s %s", status_text(attach(call->self, "late", 0)), status_text(filter(call->self, "late")),
        status_text(body->banner(call->transaction, haraka_text("late"), haraka_text(NULL))),
        status_text(haraka_parse_body(call->transaction)));
    return HARAKA_CONT;
}

HARAKA_HOOK(unrecognized_command)
{
    client = call->connection;
    transaction = call->transaction;
    COMMAND("ATTACH") say(me, "%s", status_text(attach(call->self, "reader", 0)));
    COMMAND("MEDDLE") say(me, "%s", status_text(attach(call->self, "meddler", 1)));
    COMMAND("UPPER") say(me, "%s", status_text(filter(call->self, "upper")));
    COMMAND("HOLD") say(me, "%s", status_text(filter(call->self, "hold")));
    COMMAND("HUGE") say(me, "%s", status_text(filter(call->self, "huge")));
    COMMAND("STEAL") say(me, "%s", status_text(filter(call->self, "steal")));
    COMMAND("ENDLESS") say(me, "%s", status_text(filter(call->self, "endless")));
    COMMAND("EMIT") say(me, "%s", status_text(body->emit(stolen, haraka_text("x"))));
    COMMAND("BANNER")
        say(me, "%s", status_text(body->banner(transaction, haraka_text("our words"), haraka_text(NULL))));
    COMMAND("PARSE")
    {
        haraka_value value;
        haraka_transaction_get(transaction, HARAKA_TRAN_PARSE_BODY, &value);
        say(me, "%s", show(&value));
        say(me, "%s", status_text(haraka_parse_body(transaction)));
        haraka_transaction_get(transaction, HARAKA_TRAN_PARSE_BODY, &value);
        say(me, "%s", show(&value));
    }
    COMMAND("MISUSE") misuse(call->self);
    return HARAKA_OK;
}

HARAKA_REGISTER(self)
{
    me = self;
    body = haraka_table->service(haraka_text("body/1"));
    return body != NULL ? HARAKA_SUCCESS : HARAKA_E_UNSUPPORTED;
}
