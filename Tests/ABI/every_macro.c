/* A plugin that uses each macro of the header and a good part of its inline functions. Scripts/header-matrix compiles it as
 * C and as C++, with each compiler and language version that the contract promises. */
#include <haraka/plugin.h>

HARAKA_PLUGIN("every_macro", "1.0", "Uses each macro of the header",
              HARAKA_HOOKS("mail rcpt data data_post") HARAKA_PARENTS("rcpt_to.host_list_base") HARAKA_REPLACES("old_name older_name")
              HARAKA_NEEDS("regex/1") HARAKA_WANTS("dns/1") HARAKA_VENDOR("nobody") HARAKA_LICENCE("none")
              HARAKA_URL("https://example.com/") HARAKA_HELP("# every_macro\n\nHelp, in Markdown.\n") HARAKA_NOTHING_ELSE);

static void forget(void *context) { (void)context; }

static int32_t method(const haraka_call *call)
{
    haraka_method parent;
    haraka_value value = haraka_null();
    if (haraka_find_parent_method(call->self, "rcpt_to.host_list_base", "hook_mail", &parent) == HARAKA_SUCCESS)
        return haraka_invoke(&parent, call, call->arguments, call->argument_count, &value);
    return haraka_answer_value(call, HARAKA_OK, &value);
}

static void tick(void *context) { (void)context; }

/* Attachments: their sizes. Filter: text in capitals. */
static int32_t wanted(void *context, haraka_transaction transaction, const haraka_part_info *part, void **part_context)
{
    (void)transaction;
    *part_context = context;
    return haraka_equal(part->content_type, haraka_text("text/plain")) || part->is_attachment != 0;
}

static void counted(void *context, void *part_context, haraka_str bytes)
{
    (void)part_context;
    *(size_t *)context += bytes.len;
}

static void counted_all(void *context, void *part_context, int32_t complete)
{
    (void)context;
    (void)part_context;
    (void)complete;
}

static void capitals(void *context, void *part_context, haraka_str bytes, int32_t last, haraka_output output)
{
    const haraka_body_1 *body = (const haraka_body_1 *)haraka_service(haraka_table, "body/1");
    size_t i;
    (void)context;
    (void)part_context;
    (void)last;
    for (i = 0; i < bytes.len; i++) {
        const char letter = bytes.ptr[i] >= 'a' && bytes.ptr[i] <= 'z' ? (char)(bytes.ptr[i] - 32) : bytes.ptr[i];
        (void)body->emit(output, haraka_bytes(&letter, 1));
    }
}

HARAKA_HOOK(data)
{
    static size_t count;
    const haraka_body_1 *body = (const haraka_body_1 *)haraka_service(haraka_table, "body/1");
    haraka_attachments attachments = {sizeof(haraka_attachments), wanted, counted, counted_all, &count, NULL};
    haraka_filter filter = {sizeof(haraka_filter), wanted, capitals, NULL, NULL, NULL};
    if (body == NULL || haraka_parse_body(call->transaction) < 0) return HARAKA_CONT;
    (void)body->attachments(call->self, call->transaction, &attachments);
    (void)body->filter(call->self, call->transaction, &filter);
    (void)body->banner(call->transaction, haraka_text("seen"), haraka_text(NULL));
    (void)haraka_auth_results(call->connection, "x-every=pass");
    (void)haraka_table->process_title(call->self, haraka_text("busy"));
    return HARAKA_CONT;
}

HARAKA_HOOK(data_post)
{
    char buffer[512];
    unsigned char digest[64];
    haraka_value value = haraka_null();
    haraka_message message;
    haraka_stream stream;
    haraka_part part;
    const haraka_body_1 *body = (const haraka_body_1 *)haraka_service(haraka_table, "body/1");
    const haraka_digest_1 *digests = (const haraka_digest_1 *)haraka_service(haraka_table, "digest/1");
    (void)haraka_header_get_decoded(call->transaction, "Subject", &value);
    (void)haraka_table->header_lines(call->transaction, &value);
    if (haraka_table->message_retain(call->transaction, &message) == HARAKA_SUCCESS) {
        if (haraka_message_stream(message, HARAKA_STREAM_LF | HARAKA_STREAM_SKIP_HEADERS, &stream) == HARAKA_SUCCESS) {
            while (haraka_table->stream_read(stream, buffer, sizeof buffer) > 0) continue;
            (void)haraka_table->stream_close(stream);
        }
        (void)haraka_table->message_release(message);
    }
    if (body != NULL && body->root(call->transaction, &part) == HARAKA_SUCCESS &&
        body->open(part, HARAKA_PART_TEXT, &stream) == HARAKA_SUCCESS)
        (void)haraka_table->stream_close(stream);
    if (digests != NULL)
        (void)digests->digest(HARAKA_DIGEST_SHA256, haraka_text("key"), haraka_text("text"), digest, sizeof digest);
    (void)haraka_table->user_config_get(call->self, NULL, haraka_text("every_macro.ini"), HARAKA_CONFIG_INI,
                                        haraka_text(NULL), NULL, &value);
    return HARAKA_CONT;
}

HARAKA_REGISTER(self)
{
    if (!haraka_host_has(register_hook) || haraka_service(haraka_table, "regex/1") == NULL) return HARAKA_E_UNSUPPORTED;
    (void)haraka_inherits(self, "rcpt_to.host_list_base");
    (void)haraka_add_method(self, "method", method);
    (void)haraka_set_data(self, NULL, forget);
    (void)haraka_timer_start(self, 1000, 0, tick, NULL, forget);
    (void)haraka_offload(self, tick, tick, NULL, NULL);
    (void)haraka_register_function(self, "data", method, NULL, forget, -100);
    return haraka_register_hook(self, "data-post", "method", 100);
}

HARAKA_HOOK(mail)
{
    const haraka_address *from = haraka_argument_address(call, 0);
    haraka_value ini = haraka_null();
    if (haraka_config_get(call->self, "every_macro.ini", HARAKA_CONFIG_INI, "+main.enabled", &ini) != HARAKA_SUCCESS)
        return HARAKA_DENYSOFT;
    if (!haraka_value_is_true(haraka_value_key(haraka_value_key(&ini, "main"), "enabled"))) return HARAKA_CONT;
    if (from == NULL || (from->flags & HARAKA_ADDRESS_NULL) != 0 || haraka_relaying(call->connection)) return HARAKA_CONT;
    haraka_log(call->self, HARAKA_LOG_INFO, haraka_of_connection(call->connection), "seen");
    (void)haraka_result(call->self, haraka_of_transaction(call->transaction), "fail", "no");
    return haraka_answer_dsn(call, HARAKA_DENYSOFT, 451, 4, 7, 1, "not now");
}

HARAKA_HOOK(rcpt)
{
    const haraka_value *parameters = haraka_argument(call, 1);
    const haraka_value flag = haraka_boolean(1);
    (void)haraka_note_set(haraka_of_server(), "every.macro", &flag);
    (void)haraka_header_add(call->transaction, "X-Seen", haraka_remote_ip(call->connection));
    if (haraka_equal_caseless(haraka_hello_host(call->connection), haraka_text("localhost"))) return HARAKA_OK;
    return haraka_value_count(parameters) > 0 ? haraka_answer(call, HARAKA_DENY, "no parameters") : HARAKA_CONT;
}

HARAKA_SHUTDOWN()
{
    (void)call;
    return HARAKA_SUCCESS;
}
