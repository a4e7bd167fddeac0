/* A plugin that uses each macro of the header and a good part of its inline functions. Scripts/header-matrix compiles it as
 * C and as C++, with each compiler and language version that the contract promises. */
#include <haraka/plugin.h>

HARAKA_PLUGIN("every_macro", "1.0", "Uses each macro of the header",
              HARAKA_HOOKS("mail rcpt data data_post queue get_mx unrecognized_command") HARAKA_PARENTS("rcpt_to.host_list_base")
              HARAKA_REPLACES("old_name older_name") HARAKA_NEEDS("regex/1")
              HARAKA_WANTS("dns/1 tls/1 domains/1 digest/1 outbound/1 smtp_client/1") HARAKA_VENDOR("nobody") HARAKA_LICENCE("none")
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

/* A context that needs no memory: the hook's next itself. */
static void *context_of(haraka_next next) { return (void *)(uintptr_t)next.bits; }

static haraka_next next_of(void *context)
{
    const haraka_next next = {(uint64_t)(uintptr_t)context};
    return next;
}

/* What came of questions. */
static void ended(void *context, int32_t status)
{
    (void)status;
    (void)haraka_complete(next_of(context), HARAKA_OK, NULL);
}

static void said(void *context, int32_t status, haraka_str line)
{
    (void)haraka_complete_text(next_of(context), status < 0 ? HARAKA_DENY : HARAKA_OK, line);
}

static void decided(void *context, int32_t code, const haraka_reply *reply)
{
    (void)haraka_complete(next_of(context), code, reply);
}

static void found(void *context, const haraka_dns_answer *answer)
{
    const int none = answer->status != HARAKA_DNS_FOUND || answer->count == 0;
    (void)haraka_complete_text(next_of(context), HARAKA_DENY, none ? answer->reason : answer->records[0].text);
}

/* A service each, and a question each. */
static int32_t secure(const haraka_call *call)
{
    const haraka_tls_1 *tls = (const haraka_tls_1 *)haraka_service(haraka_table, "tls/1");
    const haraka_status_callback callback = {ended, context_of(call->next), forget};
    haraka_str binding = haraka_text(NULL);
    if (tls == NULL || tls->available(call->connection) != 1) return HARAKA_CONT;
    (void)tls->channel_binding(call->connection, haraka_text("tls-exporter"), &binding);
    return tls->start(call->next, &callback) < 0 ? HARAKA_CONT : HARAKA_PENDING;
}

static int32_t resolve(const haraka_call *call)
{
    const haraka_dns_1 *dns = (const haraka_dns_1 *)haraka_service(haraka_table, "dns/1");
    const haraka_domains_1 *domains = (const haraka_domains_1 *)haraka_service(haraka_table, "domains/1");
    const haraka_dns_options options = {sizeof(haraka_dns_options), HARAKA_DNS_STRICT, 0, 500, call->next};
    const haraka_dns_callback callback = {found, context_of(call->next), forget};
    haraka_query query = {0};
    haraka_str name = haraka_text(NULL);
    if (dns == NULL || domains == NULL) return HARAKA_CONT;
    (void)dns->reverse_name(haraka_remote_ip(call->connection), haraka_text("zone.example"), &name);
    if (dns->lookup(call->self, name, HARAKA_DNS_TXT, &options, &callback, &query) < 0) return HARAKA_CONT;
    (void)dns->cancel(query);
    if (domains->has_known_top(name) != 1 || domains->is_public_suffix(name) == 1) return HARAKA_CONT;
    (void)domains->to_ascii(name, &name);
    return domains->organizational(name, &name) < 0 ? HARAKA_CONT : haraka_answer_text(call, HARAKA_DENY, name);
}

HARAKA_HOOK(unrecognized_command)
{
    const haraka_str word = haraka_argument_text(call, 0);
    const haraka_digest_1 *digests = (const haraka_digest_1 *)haraka_service(haraka_table, "digest/1");
    const haraka_line_callback line = {said, context_of(call->next), forget};
    const haraka_verdict_callback verdict = {decided, context_of(call->next), forget};
    unsigned char salt[16], key[32];
    haraka_reply reply = haraka_no_reply();
    reply.code = 334;
    if (haraka_equal_caseless(word, haraka_text("STARTTLS"))) return secure(call);
    if (haraka_equal_caseless(word, haraka_text("RESOLVE"))) return resolve(call);
    if (digests != NULL && digests->random(salt, sizeof salt) == HARAKA_SUCCESS)
        (void)digests->derive(HARAKA_DIGEST_SHA256, word, haraka_bytes(salt, sizeof salt), 4096, key, sizeof key);
    if (haraka_table->ask_hook(call->next, haraka_text("every_macro"), call->arguments, call->argument_count,
                               &verdict) == HARAKA_SUCCESS)
        return HARAKA_PENDING;
    if (haraka_table->restart(call->connection, HARAKA_RESTART_KEEP_NAME) == HARAKA_SUCCESS) return HARAKA_OK;
    return haraka_table->ask_client(call->next, &reply, 512, &line) < 0 ? HARAKA_CONT : HARAKA_PENDING;
}

/* Outbound: where to, what the queue has, a dialogue with another server. */
HARAKA_HOOK(get_mx)
{
    static haraka_mx none;
    haraka_mx mx = none;
    haraka_value value = haraka_null();
    haraka_message message;
    const haraka_outbound_1 *queue = (const haraka_outbound_1 *)haraka_service(haraka_table, "outbound/1");
    if (haraka_table->get(haraka_of_hmail(call->hmail), HARAKA_HMAIL_NUM_FAILURES, &value) != HARAKA_SUCCESS)
        return HARAKA_CONT;
    if (queue != NULL && queue->message(call->hmail, &message) == HARAKA_SUCCESS)
        (void)haraka_table->message_release(message);
    mx.size = sizeof mx;
    mx.flags = HARAKA_MX_LMTP | HARAKA_MX_TLS_REQUIRED;
    mx.exchange = haraka_text("192.0.2.1");
    value = haraka_null();
    value.type = HARAKA_TYPE_MX;
    value.as.mx = &mx;
    return haraka_answer_value(call, HARAKA_OK, &value);
}

static void acted(void *context, int32_t status, const haraka_value *value)
{
    const haraka_next *next = (const haraka_next *)context;
    (void)haraka_complete(*next, status < 0 || haraka_value_integer(value, 0) == 0 ? HARAKA_CONT : HARAKA_OK, NULL);
}

static void replied(void *context, int32_t status, const haraka_smtp_reply *reply)
{
    const haraka_next *next = (const haraka_next *)context;
    (void)haraka_complete(*next, status < 0 || reply->code / 100 != 2 ? HARAKA_DENYSOFT : HARAKA_OK, NULL);
}

HARAKA_HOOK(queue)
{
    const haraka_outbound_1 *queue = (const haraka_outbound_1 *)haraka_service(haraka_table, "outbound/1");
    const haraka_smtp_client_1 *clients = (const haraka_smtp_client_1 *)haraka_service(haraka_table, "smtp_client/1");
    const haraka_str to = haraka_text("a@example.com");
    const haraka_verdict_callback verdict = {decided, context_of(call->next), forget};
    const haraka_value_callback value = {acted, context_of(call->next), forget};
    const haraka_smtp_reply_callback reply = {replied, context_of(call->next), forget};
    static haraka_queue_filter every;
    static haraka_mail empty;
    static haraka_smtp_client_options usual;
    haraka_queue_filter filter = every;
    haraka_mail mail = empty;
    haraka_smtp_client_options options = usual;
    haraka_smtp_client client;
    filter.size = sizeof filter;
    mail.size = sizeof mail;
    mail.recipients = &to;
    mail.recipient_count = 1;
    options.size = sizeof options;
    options.flags = HARAKA_CLIENT_TLS;
    options.connection = call->connection;
    if (queue != NULL && queue->act(call->self, HARAKA_QUEUE_RETRY, &filter, &value) == HARAKA_SUCCESS)
        return HARAKA_PENDING;
    if (queue != NULL && queue->send(call->self, &mail, &verdict) == HARAKA_SUCCESS) return HARAKA_PENDING;
    if (clients == NULL || clients->open(call->self, &options, &reply, &client) < 0) return HARAKA_CONT;
    return HARAKA_PENDING;
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
