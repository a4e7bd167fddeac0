/*
 * @NAME@: refuses recipients that nobody reads mail for.
 *
 * haraka/plugin.h is all there is of the server: no library to link with, no symbol of the server's to find. It says of each
 * function what it does, on which thread it may be called, and how long what it lends lives. haraka/plugin.hpp catches the
 * exceptions of what is written here: the client gets a temporary refusal, and the log what() was said.
 */
#include <haraka/plugin.hpp>

#include <string>
#include <vector>

/* Who the plugin is. The server reads this without running it: haraka -l, haraka -h @NAME@. */
HARAKA_PLUGIN("@NAME@", "0.1", "Refuses recipients that nobody reads mail for",
              HARAKA_HOOKS("rcpt")
              HARAKA_HELP("Refuses the recipients that `@FILE@.list` names: local parts or addresses, one a line.\n"));

namespace {

const char *const list_name = "@FILE@.list";

/* What the plugin remembers. One thread runs all hooks, so there is no lock. */
struct policy {
    haraka_self self;
    std::vector<std::string> names;

    bool refuses(const haraka_address &to) const
    {
        for (const std::string &name : names) {
            const haraka_str text = haraka::lent(name);
            if (haraka_equal_caseless(text, to.user) || haraka_equal_caseless(text, to.address)) return true;
        }
        return false;
    }
};

/* Reads the list: when the plugin is loaded, and whenever the file has changed. What the server lends is gone when this
 * function returns, so it is copied. If nothing of the file can be used, the log says why, and the old list stays. */
void read_list(void *context)
{
    auto mine = static_cast<policy *>(context);
    std::vector<std::string> names;
    haraka_value list = haraka_null();
    if (haraka_config_get(mine->self, list_name, HARAKA_CONFIG_LIST, nullptr, &list) < 0) return;
    for (size_t i = 0; i < haraka_value_count(&list); i++) {
        const haraka_str name = haraka_value_text(haraka_value_at(&list, i));
        if (name.len > 0) names.emplace_back(name.ptr, name.len);
    }
    mine->names.swap(names);
}

} // namespace

/* Runs once, when the plugin is loaded. A negative status, or an exception, refuses to load. */
HARAKA_CXX_REGISTER(self)
{
    auto mine = new policy{self, {}};
    /* From here on the server destroys it when the plugin ends. */
    const int32_t status = haraka_set_data(self, mine, haraka::destroy<policy>);
    if (status < 0) {
        delete mine;
        return status;
    }
    read_list(mine);
    return haraka_config_watch(self, list_name, haraka::callback<read_list>, mine);
}

/* Runs at each RCPT TO. It registers itself by its name; more hooks are added in the same way:
 *     HARAKA_CXX_HOOK(connect) { ... }      also helo, ehlo, mail, data_post, queue, disconnect ... (docs/hooks.md)
 */
HARAKA_CXX_HOOK(rcpt)
{
    const policy *mine = haraka::data<policy>(call);
    const haraka_address *to = haraka_argument_address(call, 0);
    /* HARAKA_CONT lets the next plugin decide. HARAKA_OK would accept the recipient: no other plugin is asked then. */
    if (mine == nullptr || to == nullptr || !mine->refuses(*to)) return HARAKA_CONT;
    (void)haraka_result(call->self, haraka_of_transaction(call->transaction), "fail", "listed");
    return haraka_answer(call, HARAKA_DENY, "nobody reads mail to this address");
}

/*
 * Next steps:
 *   - Nothing may block in a hook: other clients are waiting. Slow work goes through haraka_offload; keep a haraka::next,
 *     return HARAKA_PENDING, and answer when it is done. haraka_timer_start waits without holding anybody up.
 *   - haraka_note_set leaves data for other plugins, haraka_header_add puts a header on the message, haraka_log writes a line.
 *   - HARAKA_CXX_SHUTDOWN() { ... } runs when the plugin's last connection has gone.
 */
