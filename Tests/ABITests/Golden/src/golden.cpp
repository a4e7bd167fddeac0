/* The golden plugin in C++. Each language has the same one; what it does stands in ../README.md. */
#include <haraka/plugin.hpp>

#include <stdexcept>
#include <string>
#include <utility>

HARAKA_PLUGIN("golden", "1.0", "Does the same in every language",
              HARAKA_HOOKS("connect mail rcpt data_post queue") HARAKA_LICENCE("MIT"));

namespace {

struct state {
    int64_t asked;
    std::string words;
};

/* An answer that comes later. */
struct waiting {
    haraka::next next;
    int64_t product;
};

void answer_later(void *context) { (void)static_cast<waiting *>(context)->next.answer(HARAKA_DENYSOFT, haraka::text("later")); }

void work(void *context) { static_cast<waiting *>(context)->product = 6 * 7; }

void answer_work(void *context)
{
    auto w = static_cast<waiting *>(context);
    const std::string words = "worked: " + std::to_string(w->product);
    (void)w->next.answer(HARAKA_DENY, haraka::lent(words));
}

std::string configured_words(haraka_self self)
{
    haraka_value ini = haraka_null();
    (void)haraka_config_get(self, "golden.ini", HARAKA_CONFIG_INI, nullptr, &ini);
    const haraka_str words = haraka_value_text(haraka_value_key(haraka_value_key(&ini, "main"), "words"));
    return std::string(words.ptr == nullptr ? "" : words.ptr, words.len);
}

} // namespace

HARAKA_CXX_REGISTER(self)
{
    auto mine = new state{0, configured_words(self)};
    const int32_t status = haraka_set_data(self, mine, haraka::destroy<state>);
    if (status < 0) delete mine;
    return status;
}

HARAKA_CXX_HOOK(connect)
{
    const haraka_value seen = haraka_boolean(1);
    (void)haraka_note_set(haraka_of_connection(call->connection), "golden.seen", &seen);
    return HARAKA_CONT;
}

HARAKA_CXX_HOOK(mail)
{
    const haraka_address *from = haraka_argument_address(call, 0);
    const bool later = from != nullptr && haraka::equal(from->user, "later");
    if (!later && (from == nullptr || !haraka::equal(from->user, "work"))) return HARAKA_CONT;
    auto w = new waiting{haraka::next(call), 0};
    const auto destroy = haraka::destroy<waiting>;
    const int32_t status =
        later ? haraka_timer_start(call->self, 25, 0, haraka::callback<answer_later>, w, destroy)
              : haraka_offload(call->self, haraka::callback<work>, haraka::callback<answer_work>, w, destroy);
    if (status < 0) delete w;
    return HARAKA_PENDING;
}

HARAKA_CXX_HOOK(rcpt)
{
    auto mine = haraka::data<state>(call);
    const haraka_object transaction = haraka_of_transaction(call->transaction);
    const haraka_address *to = haraka_argument_address(call, 0);
    if (mine == nullptr || to == nullptr) return HARAKA_CONT;
    const haraka_value asked = haraka_integer(++mine->asked);
    (void)haraka_note_set(transaction, "golden.asked", &asked);
    if (haraka::equal(to->user, "fails")) throw std::runtime_error("out of luck");
    if (haraka::equal(to->user, "denied")) {
        (void)haraka_result(call->self, transaction, "fail", "denied");
        return haraka_answer_text(call, HARAKA_DENY, haraka::lent(mine->words));
    }
    (void)haraka_result(call->self, transaction, "pass", "rcpt");
    (void)haraka_header_add(call->transaction, "X-Golden", haraka::text("yes"));
    return HARAKA_OK;
}

HARAKA_CXX_HOOK(data_post)
{
    haraka_message message;
    char bytes[7];
    if (haraka_table->message_retain(call->transaction, &message) < 0) return HARAKA_DENYSOFT;
    const int64_t got = haraka_table->message_read(message, 0, bytes, sizeof bytes);
    (void)haraka_table->message_release(message);
    const haraka_value first = haraka_text_value(haraka_bytes(bytes, got < 0 ? 0 : static_cast<size_t>(got)));
    (void)haraka_note_set(haraka_of_transaction(call->transaction), "golden.first", &first);
    return HARAKA_CONT;
}

HARAKA_CXX_HOOK(queue)
{
    (void)call;
    return HARAKA_OK;
}

HARAKA_CXX_SHUTDOWN()
{
    const auto mine = haraka::data<state>(call);
    const std::string text = "asked " + std::to_string(mine == nullptr ? -1 : mine->asked) + " times";
    haraka_log(call->self, HARAKA_LOG_NOTICE, haraka_of_server(), text.c_str());
    return HARAKA_SUCCESS;
}
