/* A plugin that uses each part of plugin.hpp. Scripts/header-matrix compiles it with each compiler and language version that
 * the contract promises, with exceptions and without. */
#include <haraka/plugin.hpp>
#include <haraka/plugin.hpp>

#include <string>
#include <utility>

HARAKA_PLUGIN("every_wrapper", "1.0", "Uses each part of plugin.hpp", HARAKA_HOOKS("mail rcpt"));

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

} // namespace

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
