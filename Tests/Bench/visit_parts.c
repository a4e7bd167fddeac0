/* For mime.py: has the body parsed while it comes in, and visits all parts of it afterwards. With -DREADS every part is
 * also read to its end, transfer encoding undone. A message whose parts are not those that WANTED says is refused. */
#include <haraka/plugin.h>

HARAKA_PLUGIN("visit_parts", "1.0", "Looks at every MIME part", HARAKA_HOOKS("data data_post"));

static const haraka_body_1 *body;

HARAKA_REGISTER(self)
{
    (void)self;
    body = haraka_service(haraka_table, "body/1");
    return body == NULL ? HARAKA_E_UNSUPPORTED : HARAKA_SUCCESS;
}

HARAKA_HOOK(data)
{
    return haraka_parse_body(call->transaction) < 0 ? HARAKA_DENYSOFT : HARAKA_CONT;
}

/* The bytes of the part, or a negative status. */
static int64_t read_all(haraka_part part)
{
    static char bytes[64 * 1024];
    haraka_stream stream;
    int64_t count, total = 0;
    const int32_t status = body->open(part, HARAKA_PART_DECODED, &stream);
    if (status < 0) return status;
    while ((count = haraka_table->stream_read(stream, bytes, sizeof bytes)) > 0) total += count;
    haraka_table->stream_close(stream);
    return count < 0 ? count : total;
}

HARAKA_HOOK(data_post)
{
    haraka_part part;
    size_t count = 0;
    for (; body->part(call->transaction, count, &part) == HARAKA_SUCCESS; count++) {
        haraka_value type = haraka_null(), size = haraka_null();
        (void)body->get(part, HARAKA_PART_CONTENT_TYPE, &type);
        (void)body->get(part, HARAKA_PART_SIZE, &size);
        if (haraka_value_text(&type).len == 0) return haraka_answer(call, HARAKA_DENY, "a part without a type");
#ifdef READS
        if (count > 0 && read_all(part) <= 0) return haraka_answer(call, HARAKA_DENY, "a part that cannot be read");
#else
        (void)read_all;
#endif
    }
    return count == WANTED ? HARAKA_CONT : haraka_answer(call, HARAKA_DENY, "parts are missing");
}
