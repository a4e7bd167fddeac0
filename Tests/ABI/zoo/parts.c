/* The parts of a message: visited, read in every form, and misused. */
#include "zoo.h"

ZOO_PLUGIN(HARAKA_HOOKS("data_post unrecognized_command"));

static const haraka_body_1 *body;
static haraka_part kept;

static haraka_value get(haraka_part part, int32_t property)
{
    haraka_value value = haraka_null();
    body->get(part, property, &value);
    return value;
}

static void show_part(haraka_part part)
{
    char line[2048] = "";
    haraka_part parent = {0}, child = {0};
    size_t used = 0;
    int32_t id;
    const int32_t has_parent = body->parent(part, &parent);
    for (id = HARAKA_PART_INDEX; id <= HARAKA_PART_CHILDREN; id++) {
        const haraka_value value = get(part, id);
        used += (size_t)snprintf(line + used, sizeof line - used, "%s ", show(&value));
    }
    if (has_parent == HARAKA_SUCCESS) {
        const haraka_value value = get(parent, HARAKA_PART_INDEX);
        say(me, "%sin %s", line, show(&value));
    } else {
        say(me, "%s%s", line, status_text(has_parent));
    }
    for (id = 0; body->child(part, (size_t)id, &child) == HARAKA_SUCCESS; id++) show_part(child);
}

static haraka_part at(const haraka_call *call, size_t index)
{
    haraka_part part = {0};
    const int32_t status = body->part(call->transaction, index, &part);
    if (status != HARAKA_SUCCESS) say(me, "part %zu %s", index, status_text(status));
    return part;
}

static void show_content(haraka_part part, int32_t form)
{
    static char text[65536];
    haraka_stream stream = {0};
    size_t used = 0;
    int64_t count = 0;
    const int32_t status = body->open(part, form, &stream);
    if (status < 0) {
        say(me, "open %s", status_text(status));
        return;
    }
    while (used + 7 < sizeof text && (count = haraka_table->stream_read(stream, text + used, 7)) > 0) used += (size_t)count;
    say(me, "%zu: %.*s", used, (int)used, visible(text, used));
    haraka_table->stream_close(stream);
}

static void misuse(const haraka_call *call)
{
    const haraka_transaction none = {0};
    haraka_part root = {0}, out = {1}, forged;
    haraka_value value;
    haraka_stream stream;
    say(me, "%s", status_text(body->root(none, &out)));
    say(me, "%s", status_text(body->root(call->transaction, NULL)));
    say(me, "%s", status_text(body->part(call->transaction, SIZE_MAX, &out)));
    say(me, "zero %d", out.bits == 0);
    say(me, "%s", status_text(body->root(call->transaction, &root)));
    say(me, "%s", status_text(body->child(root, SIZE_MAX, &out)));
    say(me, "%s", status_text(body->child(root, 0, NULL)));
    say(me, "%s", status_text(body->parent(root, &out)));
    say(me, "%s", status_text(body->parent(root, NULL)));
    say(me, "%s", status_text(body->get(root, HARAKA_PART_INDEX, NULL)));
    say(me, "%s", status_text(body->get(root, 2000, &value)));
    say(me, "%s", status_text(body->get(root, HARAKA_CONN_UUID, &value)));
    say(me, "%s", status_text(body->header_get(root, haraka_text(""), 0, &value)));
    say(me, "%s", status_text(body->header_get(root, haraka_text("Subject"), 0, NULL)));
    say(me, "%s", status_text(body->header_get(root, haraka_text("None"), 1, &value)));
    say(me, "%s", status_text(body->open(root, 3, &stream)));
    say(me, "%s", status_text(body->open(root, -1, &stream)));
    say(me, "%s", status_text(body->open(root, 0, NULL)));
    forged.bits = root.bits + 1000;
    say(me, "%s", status_text(body->get(forged, HARAKA_PART_INDEX, &value)));
    forged.bits = call->transaction.bits;
    say(me, "%s", status_text(body->get(forged, HARAKA_PART_INDEX, &value)));
    forged.bits = root.bits + 65536;
    say(me, "%s", status_text(body->get(forged, HARAKA_PART_INDEX, &value)));
}

HARAKA_HOOK(data_post)
{
    kept.bits = 0;
    say(me, "root %s", status_text(body->root(call->transaction, &kept)));
    return HARAKA_CONT;
}

HARAKA_HOOK(unrecognized_command)
{
    COMMAND("TREE") show_part(at(call, 0));
    COMMAND("ROOT")
    {
        haraka_part part = {0};
        say(me, "%s", status_text(body->root(call->transaction, &part)));
    }
    COMMAND("COUNT")
    {
        haraka_value value;
        size_t count = 0;
        haraka_part part;
        while (body->part(call->transaction, count, &part) == HARAKA_SUCCESS) count++;
        haraka_transaction_get(call->transaction, HARAKA_TRAN_MIME_PART_COUNT, &value);
        say(me, "%zu parts, seen %s", count, show(&value));
    }
    COMMAND("OPEN")
    {
        int index = 0, form = 0;
        sscanf(REST, "%d %d", &index, &form);
        show_content(at(call, (size_t)index), form);
    }
    COMMAND("HEADER")
    {
        int index = 0, decoded = 0;
        char name[64] = "";
        haraka_value value = haraka_null();
        sscanf(REST, "%d %d %63s", &index, &decoded, name);
        say(me, "%s", status_text(body->header_get(at(call, (size_t)index), haraka_text(name), decoded, &value)));
        say(me, "%s", show(&value));
    }
    COMMAND("FIELDS")
    {
        haraka_value value = haraka_null();
        say(me, "%s", status_text(haraka_header_get_decoded(call->transaction, REST, &value)));
        say(me, "%s", show(&value));
        value = haraka_null();
        say(me, "%s", status_text(haraka_table->header_lines(call->transaction, &value)));
        say(me, "%s", show(&value));
        say(me, "%s", status_text(haraka_table->header_lines(call->transaction, NULL)));
    }
    COMMAND("KEPT")
    {
        haraka_value value;
        say(me, "%s", status_text(body->get(kept, HARAKA_PART_INDEX, &value)));
    }
    COMMAND("MISUSE") misuse(call);
    return HARAKA_OK;
}

HARAKA_REGISTER(self)
{
    me = self;
    body = haraka_table->service(haraka_text("body/1"));
    return body != NULL && body->size == sizeof *body ? HARAKA_SUCCESS : HARAKA_E_UNSUPPORTED;
}
