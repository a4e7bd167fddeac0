/* A plugin that uses each part of plugin.hpp. Scripts/header-matrix compiles it with each compiler and language version that
 * the contract promises, with exceptions and without. */
#include <haraka/plugin.hpp>
#include <haraka/plugin.hpp>

#include <memory>
#include <string>
#include <utility>

HARAKA_PLUGIN("every_wrapper", "1.0", "Uses each part of plugin.hpp",
              HARAKA_HOOKS("mail rcpt data_headers_end data_post queue queue_outbound unrecognized_command"));

namespace {

struct counter {
    int64_t asked;
};

struct waiting {
    haraka::next next;
};

void go_on(void *context) { (void)static_cast<waiting *>(context)->next.answer(HARAKA_CONT); }

int32_t wait(const haraka_call *call)
{
    haraka::next first(call);
    haraka::next second(std::move(first));
    if (first.answer(HARAKA_OK) != HARAKA_E_ANSWERED) return HARAKA_DENYSOFT;
    first = std::move(second);
    auto kept = new waiting{std::move(first)};
    if (haraka_timer_start(call->self, 10, 0, haraka::callback<go_on>, kept, haraka::destroy<waiting>) < 0) delete kept;
    return HARAKA_PENDING;
}

struct sizes {
    size_t all = 0;
    void *begin(haraka_transaction, const haraka_part_info *part) { return part->is_attachment != 0 ? this : nullptr; }
    void data(void *, haraka_str bytes) { all += bytes.len; }
    void end(void *, int32_t) {}
};

struct same {
    const haraka_body_1 *body;
    void *begin(haraka_transaction, const haraka_part_info *) { return new size_t(0); }
    void data(void *part, haraka_str bytes, bool last, haraka_output output)
    {
        *static_cast<size_t *>(part) += last ? 0 : bytes.len;
        (void)body->emit(output, bytes);
    }
    void end(void *part) { delete static_cast<size_t *>(part); }
};

void resolved(haraka::next &mine, const haraka_dns_answer *answer)
{
    (void)mine.answer(answer->status == HARAKA_DNS_FOUND ? HARAKA_OK : HARAKA_DENY);
}

/* An exchange: a line of the client's, other plugins, a lookup. */
int32_t exchange(const haraka_call *call)
{
    haraka::next mine(call);
    const std::string greeting = "who";
    const auto dns = haraka::service<haraka_dns_1>("dns/1");
    const auto decided = [dns](haraka::next &mine, int32_t code, const haraka_reply *reply) {
        if (code != HARAKA_CONT || dns == nullptr) return (void)mine.answer(code, reply);
        const haraka_str name = haraka::text("example.com");
        if (haraka::lookup(mine, dns, name, HARAKA_DNS_MX, resolved, HARAKA_DNS_STRICT, 500) < 0)
            (void)mine.answer(HARAKA_DENYSOFT);
    };
    const auto said = [decided](haraka::next &mine, int32_t status, haraka_str line) {
        if (status < 0) return (void)mine.answer(HARAKA_DENY, haraka::text("too long"));
        const haraka_value who = haraka_text_value(line);
        if (haraka::ask_hook(mine, haraka::text("every_wrapper"), &who, 1, decided) < 0) (void)mine.answer(HARAKA_CONT);
    };
    if (haraka::ask_client(mine, 334, haraka::lent(greeting), 512, said) < 0) (void)mine.answer(HARAKA_CONT);
    return HARAKA_PENDING;
}

} // namespace

HARAKA_CXX_HOOK(unrecognized_command)
{
    const auto tls = haraka::service<haraka_tls_1>("tls/1");
    if (!haraka::equal(haraka_argument_text(call, 0), "STARTTLS")) return exchange(call);
    if (tls == nullptr || tls->available(call->connection) != 1) return HARAKA_CONT;
    haraka::next mine(call);
    const int32_t status =
        haraka::start_tls(mine, tls, [](haraka::next &mine, int32_t) { (void)mine.answer(HARAKA_OK); });
    if (status < 0) (void)mine.answer(HARAKA_DENYSOFT);
    return HARAKA_PENDING;
}

/* The queue: figures, rows, what is done to them, then the mail itself. */
HARAKA_CXX_HOOK(queue_outbound)
{
    const auto outbound = haraka::service<haraka_outbound_1>("outbound/1");
    if (outbound == nullptr) return HARAKA_CONT;
    haraka::next mine(call);
    const haraka_transaction transaction = call->transaction;
    const auto sent = [](haraka::next &mine, int32_t code, const haraka_reply *reply) { (void)mine.answer(code, reply); };
    const auto acted = [outbound, transaction, sent](haraka::next &mine, int32_t, const haraka_value *count) {
        haraka_mail mail = haraka_mail();
        mail.size = sizeof mail;
        const int32_t status = haraka_value_integer(count, 0) > 0 ? haraka::send(mine, outbound, mail, sent)
                                                                  : haraka::send(mine, outbound, transaction, sent);
        if (status < 0) (void)mine.answer(HARAKA_DENYSOFT);
    };
    const auto listed = [outbound, acted](haraka::next &mine, int32_t, const haraka_value *rows) {
        haraka_queue_filter filter = haraka_queue_filter();
        filter.size = sizeof filter;
        filter.limit = static_cast<uint32_t>(haraka_value_count(rows));
        if (haraka::queue_act(mine, outbound, HARAKA_QUEUE_RETRY, filter, acted) < 0) (void)mine.answer(HARAKA_CONT);
    };
    const auto known = [outbound, listed](haraka::next &mine, int32_t status, const haraka_value *) {
        haraka_queue_filter filter = haraka_queue_filter();
        filter.size = sizeof filter;
        if (status < 0 || haraka::queue_list(mine, outbound, filter, listed) < 0) (void)mine.answer(HARAKA_CONT);
    };
    if (haraka::queue_stats(mine, outbound, known) < 0) (void)mine.answer(HARAKA_CONT);
    return HARAKA_PENDING;
}

/* A dialogue that lives in the lambdas that wait for it. */
HARAKA_CXX_HOOK(queue)
{
    typedef std::shared_ptr<haraka::smtp_client> dialogue;
    const auto table = haraka::service<haraka_smtp_client_1>("smtp_client/1");
    if (table == nullptr) return HARAKA_CONT;
    const dialogue client = std::make_shared<haraka::smtp_client>(table);
    haraka_smtp_client_options options = haraka_smtp_client_options();
    options.size = sizeof options;
    options.host = haraka::text("192.0.2.1");
    options.connection = call->connection;
    const haraka_transaction transaction = call->transaction;
    const auto sent = [client](haraka::next &mine, int32_t, const haraka_smtp_reply *reply) {
        client->release();
        (void)mine.answer(reply->code / 100 == 2 ? HARAKA_OK : HARAKA_DENYSOFT);
    };
    const auto ready = [client, sent, transaction](haraka::next &mine, int32_t, const haraka_smtp_reply *reply) {
        haraka_message message = haraka_message();
        if (reply->code != 354 || haraka_table->message_retain(transaction, &message) < 0)
            return (void)mine.answer(HARAKA_DENYSOFT);
        if (client->message(mine, message, sent) < 0) (void)mine.answer(HARAKA_DENYSOFT);
        (void)haraka_table->message_release(message);
    };
    const auto named = [client, ready](haraka::next &mine, int32_t, const haraka_smtp_reply *) {
        if (client->command(mine, haraka::text("DATA"), ready) < 0) (void)mine.answer(HARAKA_DENYSOFT);
    };
    const auto begun = [client, named](haraka::next &mine, int32_t, const haraka_smtp_reply *) {
        if (client->rcpt(mine, nullptr, named) < 0) (void)mine.answer(HARAKA_DENYSOFT);
    };
    const auto opened = [client, begun, transaction](haraka::next &mine, int32_t status, const haraka_smtp_reply *) {
        haraka_value lines = haraka_null();
        (void)client->capabilities(&lines);
        if (status < 0 || client->mail(mine, nullptr, transaction, begun) < 0) (void)mine.answer(HARAKA_CONT);
    };
    haraka::next mine(call);
    haraka::smtp_client other(table);
    other = haraka::smtp_client(std::move(*client));
    *client = std::move(other);
    if (client->open(mine, options, opened) < 0) (void)mine.answer(HARAKA_CONT);
    return HARAKA_PENDING;
}

HARAKA_CXX_HOOK(data_headers_end)
{
    const auto body = haraka::service<haraka_body_1>("body/1");
    if (body == nullptr) return HARAKA_CONT;
    const auto kept = new sizes();
    if (haraka::attachments(call, body, kept) < 0) delete kept;
    const auto filter = new same{body};
    if (haraka::filter(call, body, filter) < 0) delete filter;
    return HARAKA_CONT;
}

HARAKA_CXX_HOOK(data_post)
{
    char buffer[512];
    haraka_part part;
    haraka::stream first, second;
    const auto body = haraka::service<haraka_body_1>("body/1");
    if (body == nullptr || body->root(call->transaction, &part) < 0) return HARAKA_CONT;
    if (body->open(part, HARAKA_PART_RAW, first.opened()) < 0) return HARAKA_DENYSOFT;
    second = std::move(first);
    while (second.read(buffer, sizeof buffer) > 0) continue;
    return HARAKA_CONT;
}

HARAKA_CXX_REGISTER(self)
{
    auto kept = new counter();
    const int32_t status = haraka_set_data(self, kept, haraka::destroy<counter>);
    if (status < 0) delete kept;
    return status < 0 ? status : haraka_register_function(self, "data", haraka::hook<wait>, nullptr, nullptr, 0);
}

HARAKA_CXX_HOOK(mail)
{
    const haraka_address *from = haraka_argument_address(call, 0);
    counter *kept = haraka::data<counter>(call);
    if (kept != nullptr) kept->asked++;
    if (from == nullptr || !haraka::equal(from->user, "postmaster")) return HARAKA_CONT;
    return haraka_answer(call, HARAKA_DENY, "not from you");
}

HARAKA_CXX_HOOK(rcpt)
{
    const std::string words = "no such user";
#if HARAKA_CXX_CATCHES_
    if (call->argument_count == 0) throw "no recipient";
#endif
    return haraka::next(call).answer(HARAKA_DENY, haraka::lent(words)) < 0 ? HARAKA_CONT : HARAKA_PENDING;
}

HARAKA_CXX_SHUTDOWN()
{
    (void)call;
    return HARAKA_SUCCESS;
}
