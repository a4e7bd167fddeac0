/*
 * Every function of the table once, with arguments that a caller chooses. Add a line when the table grows: the test
 * counts them against the size of the table.
 */
#ifndef EVERY_SLOT_H
#define EVERY_SLOT_H

#include "zoo.h"

struct arguments {
    uint64_t self, next, connection, transaction, object, message, timer, regex;
    haraka_str text;
    const haraka_value *value;
    const haraka_reply *reply;
    const haraka_callback *callback;
    haraka_function function;
    void *context;
    int32_t number;
    haraka_value *out;
    haraka_str *out_text;
    haraka_method *out_method;
    void *buffer;
    uint64_t stream, part, output;
};

/* What a slot answered: its status, or for the few that answer something else a status that means the same. */
struct answer { const char *slot; int64_t status; int on_any_thread; };

static UNUSED void nothing(void *context) { (void)context; }
static UNUSED void no_line(void *context, int32_t status, haraka_str line) { (void)context; (void)status; (void)line; }
static UNUSED void no_status(void *context, int32_t status) { (void)context; (void)status; }
static UNUSED void no_verdict(void *context, int32_t code, const haraka_reply *reply)
{
    (void)context;
    (void)code;
    (void)reply;
}
static UNUSED void no_value(void *context, int32_t status, const haraka_value *value)
{
    (void)context;
    (void)status;
    (void)value;
}
static UNUSED void no_reply(void *context, int32_t status, const haraka_smtp_reply *reply)
{
    (void)context;
    (void)status;
    (void)reply;
}
static UNUSED void no_answer(void *context, const haraka_dns_answer *answer) { (void)context; (void)answer; }

static UNUSED int every_slot(const struct arguments *a, struct answer *answers)
{
    const haraka_host *t = haraka_table;
    const haraka_self s = {a->self};
    const haraka_next n = {a->next};
    const haraka_connection c = {a->connection};
    const haraka_transaction x = {a->transaction};
    const haraka_object o = {a->object};
    const haraka_message m = {a->message};
    const haraka_timer timer = {a->timer};
    const haraka_stream stream = {a->stream};
    const haraka_stream_options options = {sizeof options, (uint32_t)a->number, 0};
    const haraka_line_callback line = {no_line, NULL, NULL};
    const haraka_verdict_callback verdict = {no_verdict, NULL, NULL};
    haraka_stream opened = {0};
    haraka_timer started = {0};
    haraka_message retained = {0};
    int64_t left;
    void *pointer;
    int i = 0;
#define LOOP(slot_, call_) answers[i].slot = slot_, answers[i].on_any_thread = 0, answers[i++].status = (call_)
#define ANY(slot_, call_) answers[i].slot = slot_, answers[i].on_any_thread = 1, answers[i++].status = (call_)
    LOOP("register_hook", t->register_hook(s, a->text, a->text, a->number));
    LOOP("register_function", t->register_function(s, a->text, a->function, a->context, NULL, a->number));
    LOOP("add_method", t->add_method(s, a->text, a->function, a->context, NULL));
    LOOP("inherits", t->inherits(s, a->text));
    LOOP("find_method", t->find_method(s, a->text, a->out_method));
    LOOP("find_parent_method", t->find_parent_method(s, a->text, a->text, a->out_method));
    LOOP("set_data", t->set_data(s, a->context, NULL));
    LOOP("get_data", t->get_data(s) == NULL ? HARAKA_E_WRONG_THREAD : 0);
    ANY("plugin_name", t->plugin_name(s).len > 0 ? 0 : HARAKA_E_HANDLE);
    ANY("complete", t->complete(n, a->number, a->reply));
    LOOP("deadline", t->deadline(n, a->out == NULL ? NULL : &left));
    LOOP("on_cancel", t->on_cancel(n, a->callback));
    LOOP("next_arguments", t->next_arguments(n, a->out));
    ANY("log_enabled", t->log_enabled(a->number));
    ANY("log", (t->log(s, a->number, o, a->text), 0));
    LOOP("config_get", t->config_get(s, a->text, a->number, a->text, a->out));
    LOOP("config_watch", t->config_watch(s, a->text, a->callback));
    LOOP("get", t->get(o, a->number, a->out));
    LOOP("set", t->set(o, a->number, a->value));
    LOOP("append", t->append(o, a->number, a->value));
    LOOP("transaction_of", t->transaction_of(c).bits == 0 ? HARAKA_E_WRONG_THREAD : 0);
    LOOP("respond", t->respond(c, a->number, a->reply));
    LOOP("disconnect", t->disconnect(c));
    LOOP("pause", t->pause(c));
    LOOP("resume", t->resume(c));
    LOOP("note_set", t->note_set(o, a->text, a->value));
    LOOP("note_get", t->note_get(o, a->text, a->out));
    LOOP("note_set_pointer", t->note_set_pointer(s, o, a->text, a->context, NULL));
    LOOP("note_get_pointer", t->note_get_pointer(s, o, a->text, a->out == NULL ? NULL : &pointer));
    LOOP("result_add", t->result_add(s, o, a->text, a->value, a->number));
    LOOP("result_push", t->result_push(s, o, a->text, a->value));
    LOOP("result_incr", t->result_incr(s, o, a->text, (double)a->number));
    LOOP("result_get", t->result_get(o, a->text, a->text, a->out));
    LOOP("result_has", t->result_has(o, a->text, a->text, a->value));
    LOOP("result_collate", t->result_collate(o, a->text, a->out_text));
    LOOP("header_add", t->header_add(x, a->text, a->text, a->number));
    LOOP("header_remove", t->header_remove(x, a->text));
    LOOP("header_get", t->header_get(x, a->text, a->out));
    LOOP("message_retain", t->message_retain(x, a->out == NULL ? NULL : &retained));
    ANY("message_release", t->message_release(m));
    ANY("message_size", t->message_size(m));
    ANY("message_read", t->message_read(m, a->object, a->buffer, 16));
    ANY("post", t->post(s, a->callback));
    LOOP("timer_start", t->timer_start(s, a->number, a->number, a->callback, a->out == NULL ? NULL : &started));
    LOOP("timer_cancel", t->timer_cancel(timer));
    LOOP("offload", t->offload(s, a->context == NULL ? NULL : nothing, a->callback));
    ANY("wall_clock", t->wall_clock() > 0 ? 0 : HARAKA_E_STATE);
    ANY("monotonic_clock", t->monotonic_clock() > 0 ? 0 : HARAKA_E_STATE);
    ANY("service", t->service(a->text) == NULL ? 0 : 1);
    LOOP("header_get_decoded", t->header_get_decoded(x, a->text, a->out));
    LOOP("header_lines", t->header_lines(x, a->out));
    LOOP("auth_results", t->auth_results(c, a->text, a->out_text));
    ANY("message_stream", t->message_stream(m, a->value == NULL ? NULL : &options, a->out == NULL ? NULL : &opened));
    ANY("stream_read", t->stream_read(stream, a->buffer, 16));
    ANY("stream_close", t->stream_close(stream));
    LOOP("user_config_get", t->user_config_get(s, NULL, a->text, a->number, a->text, a->callback, a->out));
    LOOP("process_title", t->process_title(s, a->text));
    LOOP("ask_client", t->ask_client(n, a->reply, (size_t)a->number, a->callback == NULL ? NULL : &line));
    LOOP("ask_hook", t->ask_hook(n, a->text, a->value, a->number > 0 ? 1 : 0, a->callback == NULL ? NULL : &verdict));
    LOOP("restart", t->restart(c, (uint32_t)a->number));
#undef LOOP
#undef ANY
    return i;
}

/* body/1 in the same way. */
static UNUSED int every_body_slot(const struct arguments *a, struct answer *answers)
{
    const haraka_body_1 *t = haraka_table->service(haraka_text("body/1"));
    const haraka_self s = {a->self};
    const haraka_transaction x = {a->transaction};
    const haraka_part p = {a->part};
    const haraka_output o = {a->output};
    static haraka_attachments attachments;
    static haraka_filter filter;
    haraka_part found = {0};
    haraka_stream opened = {0};
    int i = 0, count;
#define LOOP(slot_, call_) answers[i].slot = slot_, answers[i++].status = (call_)
    LOOP("body root", t->root(x, a->out == NULL ? NULL : &found));
    LOOP("body part", t->part(x, (size_t)a->number, a->out == NULL ? NULL : &found));
    LOOP("body child", t->child(p, (size_t)a->number, a->out == NULL ? NULL : &found));
    LOOP("body parent", t->parent(p, a->out == NULL ? NULL : &found));
    LOOP("body get", t->get(p, a->number, a->out));
    LOOP("body header_get", t->header_get(p, a->text, a->number, a->out));
    LOOP("body open", t->open(p, a->number, a->out == NULL ? NULL : &opened));
    attachments.size = filter.size = a->number > 0 ? (size_t)a->number : 0;
    LOOP("body attachments", t->attachments(s, x, a->value == NULL ? NULL : &attachments));
    LOOP("body filter", t->filter(s, x, a->value == NULL ? NULL : &filter));
    LOOP("body banner", t->banner(x, a->text, a->text));
    LOOP("body emit", t->emit(o, a->text));
#undef LOOP
    for (count = i; i > 0; i--) answers[i - 1].on_any_thread = 0;
    return count;
}

/* digest/1, but for states: those are pointers, which nobody can check. */
static UNUSED int every_digest_slot(const struct arguments *a, struct answer *answers)
{
    const haraka_digest_1 *t = haraka_table->service(haraka_text("digest/1"));
    int i = 0, count;
    void *state;
#define ANY(slot_, call_) answers[i].slot = slot_, answers[i++].status = (call_)
    ANY("digest digest", t->digest(a->number, a->text, a->text, a->buffer, a->buffer == NULL ? 1000 : 16));
    state = t->begin(a->number, a->text);
    ANY("digest begin", state == NULL ? HARAKA_E_ARGUMENT : 0);
    ANY("digest update", t->update(state, a->text));
    ANY("digest finish", t->finish(state, a->buffer, 16));
    ANY("digest drop", (t->drop(NULL), 0));
    ANY("digest equal", t->equal(a->text, a->text));
    ANY("digest derive", t->derive(a->number, a->text, a->text, a->number == 1 ? 1 : 0, a->buffer, 16));
    ANY("digest random", t->random(a->buffer, 16));
#undef ANY
    for (count = i; i > 0; i--) answers[i - 1].on_any_thread = 1;
    return count;
}

/* tls/1, domains/1, and dns/1 if this host has it. */
static UNUSED int every_name_slot(const struct arguments *a, struct answer *answers)
{
    const haraka_tls_1 *tls = haraka_table->service(haraka_text("tls/1"));
    const haraka_domains_1 *domains = haraka_table->service(haraka_text("domains/1"));
    const haraka_dns_1 *dns = haraka_table->service(haraka_text("dns/1"));
    const haraka_connection c = {a->connection};
    const haraka_next n = {a->next};
    const haraka_status_callback status = {no_status, NULL, NULL};
    const haraka_dns_callback answer = {no_answer, NULL, NULL};
    haraka_dns_options options;
    haraka_query query = {0};
    int i = 0, count;
    memset(&options, 0, sizeof options);
    options.size = a->value == NULL ? 1 : sizeof options;
    options.next = n;
#define LOOP(slot_, call_) answers[i].slot = slot_, answers[i++].status = (call_)
    LOOP("tls available", tls->available(c));
    LOOP("tls start", tls->start(n, a->callback == NULL ? NULL : &status));
    LOOP("tls channel_binding", tls->channel_binding(c, a->text, a->out_text));
    LOOP("domains organizational", domains->organizational(a->text, a->out_text));
    LOOP("domains is_public_suffix", domains->is_public_suffix(a->text));
    if (answers[i - 1].status == 0) answers[i - 1].status = HARAKA_E_ABSENT;
    LOOP("domains has_known_top", domains->has_known_top(a->text));
    if (answers[i - 1].status == 0) answers[i - 1].status = HARAKA_E_ABSENT;
    LOOP("domains to_ascii", domains->to_ascii(a->text, a->out_text));
    if (dns != NULL) {
        const haraka_self s = {a->self};
        LOOP("dns lookup", dns->lookup(s, a->text, (uint32_t)a->number, a->number == 1 ? NULL : &options,
            a->callback == NULL ? NULL : &answer, a->out == NULL ? NULL : &query));
        query.bits = a->timer;
        LOOP("dns cancel", dns->cancel(query));
        LOOP("dns reverse_name", dns->reverse_name(a->text, a->text, a->out_text));
    }
#undef LOOP
    for (count = i; i > 0; i--) answers[i - 1].on_any_thread = 0;
    return count;
}

/* outbound/1 and smtp_client/1, if this host has them. */
static UNUSED int every_outbound_slot(const struct arguments *a, struct answer *answers)
{
    const haraka_outbound_1 *t = haraka_table->service(haraka_text("outbound/1"));
    const haraka_smtp_client_1 *d = haraka_table->service(haraka_text("smtp_client/1"));
    const haraka_self s = {a->self};
    const haraka_verdict_callback verdict = {a->callback == NULL ? NULL : no_verdict, NULL, NULL};
    const haraka_value_callback value = {a->callback == NULL ? NULL : no_value, NULL, NULL};
    const haraka_smtp_reply_callback reply = {a->callback == NULL ? NULL : no_reply, NULL, NULL};
    const haraka_smtp_client c = {a->timer};
    haraka_smtp_client opened = {0};
    haraka_message retained = {0};
    haraka_queue_filter filter;
    haraka_smtp_client_options options;
    haraka_address address;
    haraka_mail mail;
    int i = 0, count;
    memset(&filter, 0, sizeof filter);
    memset(&options, 0, sizeof options);
    memset(&address, 0, sizeof address);
    memset(&mail, 0, sizeof mail);
    filter.size = sizeof filter;
    filter.id = a->text;
    options.size = sizeof options;
    options.host = a->text;
    options.connection.bits = a->connection;
    address.size = sizeof address;
    address.user = address.host = a->text;
    mail.size = sizeof mail;
    mail.from = mail.contents = a->text;
    mail.recipients = &a->text;
    mail.recipient_count = a->number > 0 ? 1 : 0;
    mail.notes = a->value;
    mail.origin.bits = a->object;
#define LOOP(slot_, call_) answers[i].slot = slot_, answers[i++].status = (call_)
    if (t != NULL) {
        LOOP("outbound send", t->send(s, a->value == NULL ? NULL : &mail, &verdict));
        LOOP("outbound send_transaction", t->send_transaction(s, (haraka_transaction){a->transaction}, &verdict));
        LOOP("outbound message", t->message((haraka_hmail){a->object}, a->out == NULL ? NULL : &retained));
        LOOP("outbound stats", t->stats(s, &value));
        LOOP("outbound list", t->list(s, a->value == NULL ? NULL : &filter, &value));
        LOOP("outbound act", t->act(s, a->number, a->value == NULL ? NULL : &filter, &value));
    }
    if (d != NULL) {
        LOOP("client open", d->open(s, a->value == NULL ? NULL : &options, &reply, a->out == NULL ? NULL : &opened));
        LOOP("client capabilities", d->capabilities(c, a->out));
        LOOP("client command", d->command(c, a->text, &reply));
        LOOP("client mail", d->mail(c, a->value == NULL ? NULL : &address, (haraka_transaction){a->transaction}, &reply));
        LOOP("client rcpt", d->rcpt(c, a->value == NULL ? NULL : &address, &reply));
        LOOP("client message", d->message(c, (haraka_message){a->message}, &reply));
        LOOP("client release", d->release(c));
        LOOP("client abort", d->abort(c));
    }
#undef LOOP
    for (count = i; i > 0; i--) answers[i - 1].on_any_thread = 0;
    return count;
}

/* All services. */
static int every_regex_slot(const struct arguments *a, struct answer *answers);
static UNUSED int every_service_slot(const struct arguments *a, struct answer *answers)
{
    int count = every_regex_slot(a, answers);
    count += every_body_slot(a, answers + count);
    count += every_name_slot(a, answers + count);
    count += every_outbound_slot(a, answers + count);
    return count + every_digest_slot(a, answers + count);
}

/* regex/1 in the same way. */
static UNUSED int every_regex_slot(const struct arguments *a, struct answer *answers)
{
    const haraka_regex_1 *t = haraka_table->service(haraka_text("regex/1"));
    const haraka_self s = {a->self};
    const haraka_regex r = {a->regex};
    haraka_regex compiled = {0};
    haraka_str groups[2];
    answers[0].status = t->compile(s, a->text, (uint32_t)a->number, a->out == NULL ? NULL : &compiled, a->out_text);
    answers[1].status = t->match(r, a->text, a->out == NULL ? NULL : groups, 2);
    answers[2].status = t->free(r);
    answers[0].slot = "regex compile";
    answers[1].slot = "regex match";
    answers[2].slot = "regex free";
    answers[0].on_any_thread = answers[1].on_any_thread = answers[2].on_any_thread = 0;
    return 3;
}

#endif
