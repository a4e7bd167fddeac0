/*
 * haraka/plugin.hpp: haraka/plugin.h for C++ authors. Header only, C++11, nothing to link with.
 *
 * No exception may cross the border between plugin and host: it would unwind through a stack that knows nothing of it
 * and end the process. What is here catches every exception where the host's call comes in:
 *
 *     hook, method     critical line "failed: <what>", answer HARAKA_DENYSOFT "plugin failed": a scanner that fails must
 *                      not accept. (The host makes it CONT where the hook cannot refuse.)
 *     registration     critical line, HARAKA_E_STATE: the plugin is refused
 *     shutdown         critical line; the shutdown counts as done
 *     callback         critical line
 *
 * The smallest useful plugin:
 *
 *     #include <haraka/plugin.hpp>
 *     HARAKA_PLUGIN("no_postmaster", "1.0", "Refuses mail from postmaster", HARAKA_HOOKS("mail"));
 *     HARAKA_CXX_REGISTER(self) { (void)self; return HARAKA_SUCCESS; }
 *     HARAKA_CXX_HOOK(mail)
 *     {
 *         const haraka_address *from = haraka_argument_address(call, 0);
 *         if (from == nullptr || !haraka::equal(from->user, "postmaster")) return HARAKA_CONT;
 *         return haraka_answer(call, HARAKA_DENY, "not from you");
 *     }
 *
 *     c++ -std=c++11 -shared -fPIC -O2 -I PREFIX/include -o plugins/no_postmaster.so no_postmaster.cpp
 *
 * With -fno-exceptions all of it compiles too; then there is nothing to catch, and a library that throws nevertheless
 * ends the process.
 */
#ifndef HARAKA_PLUGIN_HPP
#define HARAKA_PLUGIN_HPP

#include <haraka/plugin.h>

#include <new>

#if defined(__cpp_exceptions) || defined(__EXCEPTIONS)
#define HARAKA_CXX_CATCHES_ 1
#include <exception>
#else
#define HARAKA_CXX_CATCHES_ 0
#endif

namespace haraka {

/* ------------------------------------------------------------------------------------------------ texts ---------- */

/* haraka_str from a literal, its length known when compiling. */
template <size_t count> inline haraka_str text(const char (&literal)[count])
{
    return haraka_bytes(literal, count - 1);
}

template <size_t count> inline bool equal(haraka_str a, const char (&literal)[count])
{
    return haraka_equal(a, text(literal)) != 0;
}

/* Anything with data() and size(): std::string, std::string_view, std::vector<char>. It must outlive the call. */
template <class Text> inline haraka_str lent(const Text &owner) { return haraka_bytes(owner.data(), owner.size()); }

/* ------------------------------------------------------------------------------------------------ the border ----- */

/* Not for plugins. */
namespace border {

/* The plugin, for lines of callbacks, which are given no call. Hidden: each plugin has its own. */
template <class Unused> struct HARAKA_HIDDEN owner_of {
    static haraka_self value;
};
template <class Unused> haraka_self owner_of<Unused>::value = {0};
typedef owner_of<void> owner;

/* "failed: " and what an exception says, without memory from the heap: there may be none left. */
HARAKA_HIDDEN inline void report(haraka_self self, haraka_object object, const char *before, const char *what) noexcept
{
    char line[512];
    size_t length = 0;
    for (; *before != '\0' && length < sizeof line; before++) line[length++] = *before;
    for (; what != nullptr && *what != '\0' && length < sizeof line; what++) line[length++] = *what;
    haraka_table->log(self, HARAKA_LOG_CRIT, object, haraka_bytes(line, length));
}

/* What the call is about. */
HARAKA_HIDDEN inline haraka_object object_of(const haraka_call *call) noexcept
{
    return call->transaction.bits != 0 ? haraka_of_transaction(call->transaction)
                                       : haraka_of_connection(call->connection);
}

HARAKA_HIDDEN inline int32_t refused(const haraka_call *call, const char *what) noexcept
{
    report(call->self, object_of(call), "failed: ", what);
    /* If the function had answered before it threw, the first answer holds. */
    (void)haraka_complete_text(call->next, HARAKA_DENYSOFT, text("plugin failed"));
    return HARAKA_PENDING;
}

} // namespace border

/* Runs `body`, and `failed(what)` if it throws. `what` is lent until `failed` returns. */
template <class Body, class Failed> inline auto guarded(Body body, Failed failed) noexcept -> decltype(body())
{
#if HARAKA_CXX_CATCHES_
    try {
        return body();
    } catch (const std::exception &error) {
        return failed(error.what());
    } catch (const char *words) {
        return failed(words);
    } catch (...) {
        return failed("an exception of unknown type");
    }
#else
    (void)failed;
    return body();
#endif
}

/* A hook or method that may throw, as one that the host may call:
 *
 *     static int32_t check(const haraka_call *call);
 *     haraka_register_function(self, "rcpt", haraka::hook<check>, nullptr, nullptr, 0);
 */
template <int32_t (*body)(const haraka_call *)> int32_t hook(const haraka_call *call) noexcept
{
    return guarded([call] { return body(call); }, [call](const char *what) { return border::refused(call, what); });
}

/* A callback that may throw (timer, post, `done` of an offload, configuration watch, cancel), the same way:
 *
 *     static void sweep(void *context);
 *     haraka_timer_start(self, 60000, 60000, haraka::callback<sweep>, table, nullptr);
 *
 * For `work` of an offload as well: haraka_log may be called on any thread. */
template <void (*body)(void *)> void callback(void *context) noexcept
{
    guarded([context] { body(context); },
            [](const char *what) { border::report(border::owner::value, haraka_of_server(), "failed: ", what); });
}

/* haraka_destroy for what `new Kept` made. A destructor that throws ends the process, as everywhere in C++. */
template <class Kept> void destroy(void *context) noexcept { delete static_cast<Kept *>(context); }

/* Data of (self, this object), or NULL: haraka_set_data(self, new Kept, haraka::destroy<Kept>). */
template <class Kept> inline Kept *data(const haraka_call *call) noexcept { return static_cast<Kept *>(call->data); }

/* ------------------------------------------------------------------------------------------------ next ----------- */

/*
 * The right to answer one hook once, for answers that come later. It can be moved and not copied; one that is destroyed
 * unanswered answers HARAKA_DENYSOFT "plugin gave no answer" with a critical line. Any thread.
 *
 *     struct waiting { haraka::next next; };
 *     auto kept = new waiting{haraka::next(call)};
 *     if (haraka_timer_start(call->self, 500, 0, haraka::callback<go_on>, kept, haraka::destroy<waiting>) < 0)
 *         delete kept;
 *     return HARAKA_PENDING;
 */
class next {
public:
    explicit next(const haraka_call *call) noexcept : right(call->next), self(call->self) {}
    next(next &&other) noexcept : right(other.right), self(other.self) { other.right.bits = 0; }
    next &operator=(next &&other) noexcept
    {
        if (this != &other) {
            forget();
            right = other.right;
            self = other.self;
            other.right.bits = 0;
        }
        return *this;
    }
    next(const next &) = delete;
    next &operator=(const next &) = delete;
    ~next() { forget(); }

    /* For functions of the table; still to be answered here. 0: answered, or moved away. */
    haraka_next handle() const noexcept { return right; }
    haraka_self owner() const noexcept { return self; }

    /* HARAKA_SUCCESS, or why nobody took the answer; HARAKA_E_ANSWERED if this one was used already. */
    int32_t answer(int32_t code, const haraka_reply *reply = nullptr) noexcept
    {
        if (right.bits == 0) return HARAKA_E_ANSWERED;
        const haraka_next mine = right;
        right.bits = 0;
        return haraka_complete(mine, code, reply);
    }
    int32_t answer(int32_t code, haraka_str words) noexcept
    {
        haraka_reply reply = haraka_no_reply();
        reply.lines = &words;
        reply.line_count = 1;
        return answer(code, &reply);
    }

private:
    haraka_next right;
    haraka_self self;

    void forget() noexcept
    {
        if (right.bits == 0) return;
        const haraka_next mine = right;
        right.bits = 0;
        if (haraka_complete_text(mine, HARAKA_DENYSOFT, text("plugin gave no answer")) == HARAKA_SUCCESS)
            border::report(self, haraka_of_server(), "gave no answer: a haraka::next was destroyed", nullptr);
    }
};

/* ------------------------------------------------------------------------------------------------ bodies --------- */

/* A service of the host's, or NULL: haraka::service<haraka_body_1>("body/1"). */
template <class Table> inline const Table *service(const char *name) noexcept
{
    return static_cast<const Table *>(haraka_service(haraka_table, name));
}

/* What message_stream or body/1 opened; closes itself. It can be moved and not copied. Any thread, one at a time.
 *
 *     haraka::stream content;
 *     if (body->open(part, HARAKA_PART_TEXT, content.opened()) == HARAKA_SUCCESS)
 *         while ((count = content.read(buffer, sizeof buffer)) > 0) ...
 */
class stream {
public:
    stream() noexcept { handle.bits = 0; }
    stream(stream &&other) noexcept : handle(other.handle) { other.handle.bits = 0; }
    stream &operator=(stream &&other) noexcept
    {
        if (this != &other) {
            close();
            handle = other.handle;
            other.handle.bits = 0;
        }
        return *this;
    }
    stream(const stream &) = delete;
    stream &operator=(const stream &) = delete;
    ~stream() { close(); }

    /* Where the host leaves the handle. */
    haraka_stream *opened() noexcept
    {
        close();
        return &handle;
    }
    /* How many bytes; 0 at the end, negative: error. */
    int64_t read(void *buffer, size_t count) noexcept { return haraka_table->stream_read(handle, buffer, count); }
    void close() noexcept
    {
        if (handle.bits != 0) (void)haraka_table->stream_close(handle);
        handle.bits = 0;
    }

private:
    haraka_stream handle;
};

/*
 * Who wants attachments. `Kept` is made with new, and deleted at the end of the transaction; what throws there becomes a
 * critical line, and the part is not wanted:
 *
 *     struct sizes {
 *         void *begin(haraka_transaction transaction, const haraka_part_info *part);  NULL: not this one
 *         void data(void *part, haraka_str bytes);
 *         void end(void *part, int32_t complete);
 *     };
 *     if (haraka::attachments(call, body, kept) < 0) delete kept;
 */
namespace border {

HARAKA_HIDDEN inline void callback_failed(const char *what) noexcept
{
    report(owner::value, haraka_of_server(), "failed: ", what);
}

template <class Kept>
int32_t part_begins(void *context, haraka_transaction transaction, const haraka_part_info *part, void **out) noexcept
{
    *out = guarded([=] { return static_cast<Kept *>(context)->begin(transaction, part); },
                   [](const char *what) -> void * { callback_failed(what); return nullptr; });
    return *out != nullptr;
}

template <class Kept> void attachment_data(void *context, void *part, haraka_str bytes) noexcept
{
    guarded([=] { static_cast<Kept *>(context)->data(part, bytes); }, callback_failed);
}

template <class Kept> void attachment_end(void *context, void *part, int32_t complete) noexcept
{
    guarded([=] { static_cast<Kept *>(context)->end(part, complete); }, callback_failed);
}

template <class Kept>
void filter_data(void *context, void *part, haraka_str bytes, int32_t last, haraka_output output) noexcept
{
    guarded([=] { static_cast<Kept *>(context)->data(part, bytes, last != 0, output); }, callback_failed);
}

template <class Kept> void filter_end(void *context, void *part) noexcept
{
    guarded([=] { static_cast<Kept *>(context)->end(part); }, callback_failed);
}

} // namespace border

template <class Kept> int32_t attachments(const haraka_call *call, const haraka_body_1 *body, Kept *kept) noexcept
{
    const haraka_attachments handler = {sizeof(haraka_attachments), border::part_begins<Kept>,
                                        border::attachment_data<Kept>, border::attachment_end<Kept>, kept, destroy<Kept>};
    return body->attachments(call->self, call->transaction, &handler);
}

/* The same for a filter: `void data(void *part, haraka_str bytes, bool last, haraka_output output)`, which gives what takes
 * the content's place to body->emit, and `void end(void *part)`. */
template <class Kept> int32_t filter(const haraka_call *call, const haraka_body_1 *body, Kept *kept) noexcept
{
    const haraka_filter handler = {sizeof(haraka_filter), border::part_begins<Kept>, border::filter_data<Kept>,
                                   border::filter_end<Kept>, kept, destroy<Kept>};
    return body->filter(call->self, call->transaction, &handler);
}

/* ------------------------------------------------------------------------------------------------ asking --------- */

/*
 * Questions inside a hook, and lookups: each takes what the hook's answer hangs on, and gives it to a lambda with what came of
 * the question. The lambda answers it, or moves it into another question:
 *
 *     haraka::next mine(call);
 *     const int32_t status = haraka::ask_client(mine, 334, haraka::text("VXNlcm5hbWU6"), 512,
 *         [](haraka::next &mine, int32_t status, haraka_str line) { (void)mine.answer(HARAKA_DENY); });
 *     return status < 0 ? HARAKA_CONT : HARAKA_PENDING;
 *
 * Negative: the host has refused, and `mine` is as it was. Else `mine` is empty. When the hook ends before, the lambda is
 * destroyed without having run. If it throws, the log gets a critical line, and the answer is HARAKA_DENYSOFT "plugin failed"
 * unless it was given. What it is given is lent until it returns. [loop]
 */
namespace border {

/* A lambda with what it waits for. */
template <class Body> struct asking {
    next right;
    Body body;

    /* Runs `run`, which calls `body`. */
    template <class Run> void go(Run run) noexcept
    {
        guarded(run, [this](const char *what) {
            report(right.owner(), haraka_of_server(), "failed: ", what);
            (void)right.answer(HARAKA_DENYSOFT, text("plugin failed"));
        });
    }
};

template <class Body> void status_came(void *context, int32_t status) noexcept
{
    const auto kept = static_cast<asking<Body> *>(context);
    kept->go([=] { kept->body(kept->right, status); });
}

template <class Body> void line_came(void *context, int32_t status, haraka_str line) noexcept
{
    const auto kept = static_cast<asking<Body> *>(context);
    kept->go([=] { kept->body(kept->right, status, line); });
}

template <class Body> void verdict_came(void *context, int32_t code, const haraka_reply *reply) noexcept
{
    const auto kept = static_cast<asking<Body> *>(context);
    kept->go([=] { kept->body(kept->right, code, reply); });
}

template <class Body> void names_came(void *context, const haraka_dns_answer *answer) noexcept
{
    const auto kept = static_cast<asking<Body> *>(context);
    kept->go([=] { kept->body(kept->right, answer); });
}

/* Hands a context to the host by `give`, which makes the callback; takes everything back if it is refused. */
template <class Body, class Give> int32_t ask(next &mine, Body &&body, Give give) noexcept
{
    const auto kept = new (std::nothrow) asking<Body>{static_cast<next &&>(mine), static_cast<Body &&>(body)};
    if (kept == nullptr) return HARAKA_E_LIMIT;
    const int32_t status = give(kept->right.handle(), kept);
    if (status < 0) {
        mine = static_cast<next &&>(kept->right);
        delete kept;
    }
    return status;
}

} // namespace border

/* `body(next &, int32_t status, haraka_str line)`: the client's next line. status HARAKA_E_LIMIT: it was too long and is lost. */
template <class Body>
int32_t ask_client(next &mine, const haraka_reply &reply, size_t limit, Body body) noexcept
{
    return border::ask(mine, static_cast<Body &&>(body), [&](haraka_next right, border::asking<Body> *kept) {
        const haraka_line_callback callback = {border::line_came<Body>, kept, destroy<border::asking<Body>>};
        return haraka_table->ask_client(right, &reply, limit, &callback);
    });
}

/* The same for a reply of one line. */
template <class Body>
int32_t ask_client(next &mine, uint32_t code, haraka_str words, size_t limit, Body body) noexcept
{
    haraka_reply reply = haraka_no_reply();
    reply.code = code;
    reply.lines = &words;
    reply.line_count = 1;
    return ask_client(mine, reply, limit, static_cast<Body &&>(body));
}

/* `body(next &, int32_t code, const haraka_reply *reply)`: what the plugins of another hook have decided, HARAKA_CONT if nobody
 * did. HARAKA_E_ABSENT: nobody is on it. */
template <class Body>
int32_t ask_hook(next &mine, haraka_str hook, const haraka_value *arguments, size_t count, Body body) noexcept
{
    return border::ask(mine, static_cast<Body &&>(body), [&](haraka_next right, border::asking<Body> *kept) {
        const haraka_verdict_callback callback = {border::verdict_came<Body>, kept, destroy<border::asking<Body>>};
        return haraka_table->ask_hook(right, hook, arguments, count, &callback);
    });
}

/* `body(next &, int32_t status)`: how the handshake has ended; then answer HARAKA_OK. */
template <class Body> int32_t start_tls(next &mine, const haraka_tls_1 *tls, Body body) noexcept
{
    return border::ask(mine, static_cast<Body &&>(body), [&](haraka_next right, border::asking<Body> *kept) {
        const haraka_status_callback callback = {border::status_came<Body>, kept, destroy<border::asking<Body>>};
        return tls->start(right, &callback);
    });
}

/* `body(next &, const haraka_dns_answer *answer)`: records of `type` for a name. `flags`: HARAKA_DNS_STRICT; `timeout` in
 * milliseconds, 0: the configured limit. HARAKA_E_LIMIT: too many lookups are under way. */
template <class Body>
int32_t lookup(next &mine, const haraka_dns_1 *dns, haraka_str name, uint32_t type, Body body, uint32_t flags = 0,
               int64_t timeout = 0) noexcept
{
    const haraka_self self = mine.owner();
    return border::ask(mine, static_cast<Body &&>(body), [&](haraka_next right, border::asking<Body> *kept) {
        const haraka_dns_options options = {sizeof(haraka_dns_options), flags, 0, timeout, right};
        const haraka_dns_callback callback = {border::names_came<Body>, kept, destroy<border::asking<Body>>};
        return dns->lookup(self, name, type, &options, &callback, nullptr);
    });
}

/* ------------------------------------------------------------------------------------------------ outbound ------- */

/* The queue and dialogues with other servers: the same way with the answer hanging on them, see `asking` above. When the hook
 * ends before, the lambda still runs, and `mine.answer` says that nobody waits: HARAKA_E_GONE. */
namespace border {

template <class Body> void value_came(void *context, int32_t status, const haraka_value *value) noexcept
{
    const auto kept = static_cast<asking<Body> *>(context);
    kept->go([=] { kept->body(kept->right, status, value); });
}

template <class Body> void reply_came(void *context, int32_t status, const haraka_smtp_reply *reply) noexcept
{
    const auto kept = static_cast<asking<Body> *>(context);
    kept->go([=] { kept->body(kept->right, status, reply); });
}

template <class Body> haraka_smtp_reply_callback smtp_callback(asking<Body> *kept) noexcept
{
    const haraka_smtp_reply_callback callback = {reply_came<Body>, kept, destroy<asking<Body>>};
    return callback;
}

} // namespace border

/* `body(next &, int32_t code, const haraka_reply *reply)`: HARAKA_OK: the mail is in the queue. */
template <class Body>
int32_t send(next &mine, const haraka_outbound_1 *outbound, const haraka_mail &mail, Body body) noexcept
{
    const haraka_self self = mine.owner();
    return border::ask(mine, static_cast<Body &&>(body), [&](haraka_next, border::asking<Body> *kept) {
        const haraka_verdict_callback callback = {border::verdict_came<Body>, kept, destroy<border::asking<Body>>};
        return outbound->send(self, &mail, &callback);
    });
}

/* The same for a transaction's message as it stands. From the hook `data_post` on. */
template <class Body>
int32_t send(next &mine, const haraka_outbound_1 *outbound, haraka_transaction transaction, Body body) noexcept
{
    const haraka_self self = mine.owner();
    return border::ask(mine, static_cast<Body &&>(body), [&](haraka_next, border::asking<Body> *kept) {
        const haraka_verdict_callback callback = {border::verdict_came<Body>, kept, destroy<border::asking<Body>>};
        return outbound->send_transaction(self, transaction, &callback);
    });
}

/* `body(next &, int32_t status, const haraka_value *value)`: figures, rows, or how many. */
template <class Body> int32_t queue_stats(next &mine, const haraka_outbound_1 *outbound, Body body) noexcept
{
    const haraka_self self = mine.owner();
    return border::ask(mine, static_cast<Body &&>(body), [&](haraka_next, border::asking<Body> *kept) {
        const haraka_value_callback callback = {border::value_came<Body>, kept, destroy<border::asking<Body>>};
        return outbound->stats(self, &callback);
    });
}

template <class Body>
int32_t queue_list(next &mine, const haraka_outbound_1 *outbound, const haraka_queue_filter &filter, Body body) noexcept
{
    const haraka_self self = mine.owner();
    return border::ask(mine, static_cast<Body &&>(body), [&](haraka_next, border::asking<Body> *kept) {
        const haraka_value_callback callback = {border::value_came<Body>, kept, destroy<border::asking<Body>>};
        return outbound->list(self, &filter, &callback);
    });
}

template <class Body>
int32_t queue_act(next &mine, const haraka_outbound_1 *outbound, int32_t action, const haraka_queue_filter &filter,
                  Body body) noexcept
{
    const haraka_self self = mine.owner();
    return border::ask(mine, static_cast<Body &&>(body), [&](haraka_next, border::asking<Body> *kept) {
        const haraka_value_callback callback = {border::value_came<Body>, kept, destroy<border::asking<Body>>};
        return outbound->act(self, action, &filter, &callback);
    });
}

/*
 * A dialogue with another server; one that is destroyed is closed. It can be moved and not copied. Lambdas are
 * `body(next &, int32_t status, const haraka_smtp_reply *reply)`; a dialogue that goes on lives in what they hold, such as a
 * std::shared_ptr. In LMTP that of `message` runs once for each recipient that was accepted. [loop]
 */
class smtp_client {
public:
    explicit smtp_client(const haraka_smtp_client_1 *table) noexcept : service(table) { handle.bits = 0; }
    smtp_client(smtp_client &&other) noexcept : service(other.service), handle(other.handle) { other.handle.bits = 0; }
    smtp_client &operator=(smtp_client &&other) noexcept
    {
        if (this != &other) {
            abort();
            service = other.service;
            handle = other.handle;
            other.handle.bits = 0;
        }
        return *this;
    }
    smtp_client(const smtp_client &) = delete;
    smtp_client &operator=(const smtp_client &) = delete;
    ~smtp_client() { abort(); }

    template <class Body> int32_t open(next &mine, const haraka_smtp_client_options &options, Body body) noexcept
    {
        abort();
        const haraka_self self = mine.owner();
        return border::ask(mine, static_cast<Body &&>(body), [&](haraka_next, border::asking<Body> *kept) {
            const haraka_smtp_reply_callback callback = border::smtp_callback(kept);
            return service->open(self, &options, &callback, &handle);
        });
    }
    template <class Body> int32_t command(next &mine, haraka_str line, Body body) noexcept
    {
        return border::ask(mine, static_cast<Body &&>(body), [&](haraka_next, border::asking<Body> *kept) {
            const haraka_smtp_reply_callback callback = border::smtp_callback(kept);
            return service->command(handle, line, &callback);
        });
    }
    template <class Body>
    int32_t mail(next &mine, const haraka_address *from, haraka_transaction transaction, Body body) noexcept
    {
        return border::ask(mine, static_cast<Body &&>(body), [&](haraka_next, border::asking<Body> *kept) {
            const haraka_smtp_reply_callback callback = border::smtp_callback(kept);
            return service->mail(handle, from, transaction, &callback);
        });
    }
    template <class Body> int32_t rcpt(next &mine, const haraka_address *to, Body body) noexcept
    {
        return border::ask(mine, static_cast<Body &&>(body), [&](haraka_next, border::asking<Body> *kept) {
            const haraka_smtp_reply_callback callback = border::smtp_callback(kept);
            return service->rcpt(handle, to, &callback);
        });
    }
    template <class Body> int32_t message(next &mine, haraka_message message, Body body) noexcept
    {
        return border::ask(mine, static_cast<Body &&>(body), [&](haraka_next, border::asking<Body> *kept) {
            const haraka_smtp_reply_callback callback = border::smtp_callback(kept);
            return service->message(handle, message, &callback);
        });
    }
    /* The server's EHLO lines, a list of text. */
    int32_t capabilities(haraka_value *out) const noexcept { return service->capabilities(handle, out); }
    /* It is over, and its connection is kept for the next. */
    void release() noexcept { end(service->release); }
    void abort() noexcept { end(service->abort); }

private:
    const haraka_smtp_client_1 *service;
    haraka_smtp_client handle;

    void end(int32_t (*how)(haraka_smtp_client)) noexcept
    {
        const haraka_smtp_client mine = handle;
        handle.bits = 0;
        if (mine.bits != 0) (void)how(mine);
    }
};

} // namespace haraka

/* ------------------------------------------------------------------------------------------------ exports -------- */

/* HARAKA_CXX_HOOK(rcpt) { ... `call` ...; return HARAKA_CONT; }: HARAKA_HOOK for a body that may throw. */
#define HARAKA_CXX_HOOK(name_)                                                                                       \
    static int32_t haraka_cxx_hook_##name_(const haraka_call *call);                                                 \
    HARAKA_HOOK(name_) { return haraka::hook<haraka_cxx_hook_##name_>(call); }                                       \
    static int32_t haraka_cxx_hook_##name_(const haraka_call *call)

/* HARAKA_CXX_REGISTER(self) { ...; return HARAKA_SUCCESS; }: HARAKA_REGISTER for a body that may throw. */
#define HARAKA_CXX_REGISTER(self_)                                                                                   \
    static int32_t haraka_cxx_register(haraka_self self_);                                                           \
    HARAKA_REGISTER(haraka_cxx_self)                                                                                 \
    {                                                                                                                \
        haraka::border::owner::value = haraka_cxx_self;                                                              \
        return haraka::guarded([haraka_cxx_self] { return haraka_cxx_register(haraka_cxx_self); },                   \
                               [haraka_cxx_self](const char *what) -> int32_t {                                      \
                                   haraka::border::report(haraka_cxx_self, haraka_of_server(), "not registered: ",   \
                                                          what);                                                     \
                                   return HARAKA_E_STATE;                                                            \
                               });                                                                                   \
    }                                                                                                                \
    static int32_t haraka_cxx_register(haraka_self self_)

/* HARAKA_CXX_SHUTDOWN() { ... `call` ...; return HARAKA_SUCCESS; }: HARAKA_SHUTDOWN for a body that may throw. */
#define HARAKA_CXX_SHUTDOWN()                                                                                        \
    static int32_t haraka_cxx_shutdown(const haraka_call *call);                                                     \
    HARAKA_SHUTDOWN()                                                                                                \
    {                                                                                                                \
        return haraka::guarded([call] { return haraka_cxx_shutdown(call); },                                         \
                               [call](const char *what) -> int32_t {                                                 \
                                   haraka::border::report(call->self, haraka_of_server(), "failed: ", what);         \
                                   return HARAKA_SUCCESS;                                                            \
                               });                                                                                   \
    }                                                                                                                \
    static int32_t haraka_cxx_shutdown(const haraka_call *call)

#endif
