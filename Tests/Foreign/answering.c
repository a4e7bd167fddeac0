/*
 * A plugin on every hook that answers as a test says, and writes down what it was asked.
 *
 * config/answering names a folder. Each call reads `orders` there, lines of fields with TAB between them: plugin, hook, and
 * key=value:
 *
 *     code=N            what it answers (else CONT)
 *     words=TEXT        words of the answer; "|" begins a further line
 *     dsn=451 4 7 1     code and status of a DSN
 *     text=T            a value: a text
 *     item=A list=A|B   a value: text, &address or {KEY:VALUE,KEY}; a list of these
 *     reply=250 TEXT    sends a reply by itself first
 *     later=MS never    PENDING, and an answer after that time, or none
 *     gate=NAME         PENDING, and an answer once there is a file of that name
 *     once=N            for one call only; N is another number each time
 *     if=TEXT           only if the first argument is that
 *     relaying= skip=PLUGIN capability=LINE   does that first
 *
 * The first line that fits counts. `asked` gets a line of JSON for each call: plugin, hook, arguments, the ids
 * of connection and transaction, whether the client has left, the process.
 */
#include <fcntl.h>
#include <haraka/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EVERY                                                                                                              \
    "init_master init_child post_fork log logging config user_config pre_connection connect_init lookup_rdns connect "     \
    "helo_parse helo ehlo_parse ehlo capabilities quit vrfy noop help rset unrecognized_command mail_parse mail_pre mail " \
    "rcpt_parse rcpt_pre rcpt rcpt_ok received_line data data_headers_end max_data_exceeded data_post_headers data_post "  \
    "queue_pre queue queue_outbound queue_ok queue_post reset_transaction deny ok disconnect post_connection my_own"

HARAKA_PLUGIN(NAME, "1.0", "Answers as a test says", HARAKA_HOOKS(EVERY));

static haraka_self me;
static char folder[256], orders[65536];
static unsigned char done[65536];

/* ---------------------------------------------------------------------------------------------- what it was asked ---- */

struct text {
    char bytes[65536];
    size_t count;
};

static void put(struct text *out, const char *bytes, size_t count)
{
    if (out->count + count >= sizeof out->bytes) return;
    if (count > 0) memcpy(out->bytes + out->count, bytes, count);
    out->count += count;
}

static void puts_to(struct text *out, const char *text) { put(out, text, strlen(text)); }

static void quote(struct text *out, haraka_str text)
{
    char escaped[8];
    size_t i;
    puts_to(out, "\"");
    for (i = 0; i < text.len; i++) {
        const unsigned char c = (unsigned char)text.ptr[i];
        if (c >= 32 && c != '"' && c != '\\') put(out, text.ptr + i, 1);
        else put(out, escaped, (size_t)snprintf(escaped, sizeof escaped, "\\u%04x", c));
    }
    puts_to(out, "\"");
}

static void show(struct text *out, const haraka_value *v)
{
    char number[64];
    size_t i;
    switch (v->type) {
    case HARAKA_TYPE_BOOLEAN: puts_to(out, v->as.integer ? "true" : "false"); break;
    case HARAKA_TYPE_INTEGER: put(out, number, (size_t)snprintf(number, sizeof number, "%lld", (long long)v->as.integer)); break;
    case HARAKA_TYPE_NUMBER: put(out, number, (size_t)snprintf(number, sizeof number, "%.17g", v->as.number)); break;
    case HARAKA_TYPE_TEXT: quote(out, v->as.text); break;
    case HARAKA_TYPE_ADDRESS:
        puts_to(out, "{\"address\":");
        quote(out, v->as.address->original);
        puts_to(out, "}");
        break;
    case HARAKA_TYPE_LIST:
        for (i = 0; i < v->as.list.count; i++) {
            puts_to(out, i == 0 ? "[" : ",");
            show(out, &v->as.list.items[i]);
        }
        puts_to(out, i == 0 ? "[]" : "]");
        break;
    case HARAKA_TYPE_MAP:
        for (i = 0; i < v->as.map.count; i++) {
            puts_to(out, i == 0 ? "{" : ",");
            quote(out, v->as.map.entries[i].key);
            puts_to(out, ":");
            show(out, &v->as.map.entries[i].value);
        }
        puts_to(out, i == 0 ? "{}" : "}");
        break;
    default: puts_to(out, v->type == HARAKA_TYPE_NULL ? "null" : "\"?\"");
    }
}

static void write_down(haraka_str hook, const haraka_value *arguments, haraka_connection connection,
                       haraka_transaction transaction)
{
    static struct text line;
    haraka_value uuid = haraka_null(), own = haraka_null(), closed = haraka_null();
    char path[300];
    int file;
    line.count = 0;
    if (connection.bits != 0) {
        (void)haraka_connection_get(connection, HARAKA_CONN_UUID, &uuid);
        (void)haraka_connection_get(connection, HARAKA_CONN_REMOTE_CLOSED, &closed);
    }
    if (transaction.bits != 0) (void)haraka_transaction_get(transaction, HARAKA_TRAN_UUID, &own);
    puts_to(&line, "[\"" NAME "\",");
    quote(&line, hook);
    puts_to(&line, ",");
    show(&line, arguments);
    puts_to(&line, ",");
    show(&line, &uuid);
    puts_to(&line, ",");
    show(&line, &own);
    puts_to(&line, ",");
    show(&line, &closed);
    put(&line, path, (size_t)snprintf(path, sizeof path, ",%d]\n", (int)getpid()));
    (void)snprintf(path, sizeof path, "%s/asked", folder);
    file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0) return;
    (void)!write(file, line.bytes, line.count);
    (void)close(file);
}

/* Something else than a question, about a hook. */
static void remark(const char *what, const char *hook, int32_t status)
{
    const haraka_value items[] = {haraka_text_value(haraka_text(hook)), haraka_integer(status)};
    const haraka_value list = haraka_list_value(items, 2);
    write_down(haraka_text(what), &list, (haraka_connection){0}, (haraka_transaction){0});
}

/* ---------------------------------------------------------------------------------------------------- what it says ---- */

/* The value of a key in a line of orders; NULL if it has none. Overwritten by the 16th next call. */
static const char *field(const char *order, const char *key)
{
    static char copies[16][4096];
    static int turn;
    const size_t length = strlen(key);
    char *copy = copies[turn++ & 15];
    const char *at = order;
    while (at[strcspn(at, "\t\n")] == '\t') {
        at += strcspn(at, "\t\n") + 1;
        if (strncmp(at, key, length) == 0 && at[length] == '=') {
            const size_t count = strcspn(at + length + 1, "\t\n");
            memcpy(copy, at + length + 1, count < 4095 ? count : 4095);
            copy[count < 4095 ? count : 4095] = '\0';
            return copy;
        }
    }
    return NULL;
}

static int32_t number(const char *order, const char *key, int32_t otherwise)
{
    const char *text = field(order, key);
    return text == NULL ? otherwise : (int32_t)atoll(text);
}

/* Cuts a text at each `mark`. */
static size_t cut(char *text, char mark, haraka_str *out, size_t room)
{
    size_t count = 0;
    while (text != NULL && count < room) {
        char *end = strchr(text, mark);
        if (end != NULL) *end++ = '\0';
        out[count++] = haraka_text(text);
        text = end;
    }
    return count;
}

static int has_any(const char *order, const char *keys)
{
    char copy[64];
    haraka_str names[8];
    size_t i, count;
    (void)snprintf(copy, sizeof copy, "%s", keys);
    count = cut(copy, ' ', names, 8);
    for (i = 0; i < count; i++) if (field(order, names[i].ptr) != NULL) return 1;
    return 0;
}

/* A text of orders as the value that it stands for. */
static haraka_value item(haraka_str text)
{
    static haraka_entry entries[8];
    static haraka_address address;
    static char original[256];
    haraka_str pairs[8];
    haraka_value v = haraka_text_value(text);
    size_t i;
    if (text.len > 0 && text.ptr[0] == '&') {
        const haraka_str whole = haraka_bytes(text.ptr + 1, text.len - 1);
        const char *at = strchr(whole.ptr, '@');
        const size_t user = at == NULL ? whole.len : (size_t)(at - whole.ptr);
        (void)snprintf(original, sizeof original, "<%s>", whole.ptr);
        memset(&address, 0, sizeof address);
        address.size = sizeof address;
        address.original = haraka_text(original);
        address.address = whole;
        address.user = haraka_bytes(whole.ptr, user);
        address.host = address.original_host = haraka_bytes(whole.ptr + user + 1, user < whole.len ? whole.len - user - 1 : 0);
        v = haraka_address_value(&address);
    } else if (text.len > 1 && text.ptr[0] == '{') {
        char *inside = (char *)text.ptr + 1;
        inside[text.len - 2] = '\0';
        v.type = HARAKA_TYPE_MAP;
        v.as.map.entries = entries;
        v.as.map.count = cut(inside, ',', pairs, 8);
        for (i = 0; i < v.as.map.count; i++) {
            haraka_str halves[2];
            const size_t count = cut((char *)pairs[i].ptr, ':', halves, 2);
            entries[i].key = halves[0];
            entries[i].value = count == 2 ? haraka_text_value(halves[1]) : haraka_null();
        }
    }
    return v;
}

static int32_t give(haraka_next next, const char *order)
{
    haraka_str lines[64], items[16];
    haraka_value values[16], value = haraka_null();
    haraka_reply reply = haraka_no_reply();
    char *words = (char *)field(order, "words"), *text, *list;
    size_t i, count;
    reply.lines = lines;
    reply.line_count = cut(words, '|', lines, 64);
    if ((text = (char *)field(order, "dsn")) != NULL) {
        unsigned status[4] = {0, 0, 0, 0};
        (void)sscanf(text, "%u %u %u %u", status, status + 1, status + 2, status + 3);
        reply.code = status[0];
        reply.status_class = (uint8_t)status[1];
        reply.status_subject = (uint16_t)status[2];
        reply.status_detail = (uint16_t)status[3];
    }
    if ((text = (char *)field(order, "text")) != NULL) {
        value = haraka_text_value(haraka_text(text));
        reply.value = &value;
    }
    if ((list = (char *)field(order, "list")) != NULL) {
        count = cut(list, '|', items, 16);
        for (i = 0; i < count; i++) values[i] = item(items[i]);
        value = haraka_list_value(values, count);
        reply.value = &value;
    }
    if ((text = (char *)field(order, "item")) != NULL) {
        value = item(haraka_text(text));
        reply.value = &value;
    }
    return haraka_complete(next, number(order, "code", HARAKA_CONT), &reply);
}

/* ------------------------------------------------------------------------------------------------ answers that wait ---- */

struct late {
    haraka_next next;
    char hook[64], order[1024];
};

static void give_late(void *context)
{
    struct late *late = context;
    const int32_t status = give(late->next, late->order);
    if (status < 0) remark("late", late->hook, status);
}

/* Looks again in a moment, if the gate is closed. */
static void look(void *context)
{
    struct late *late = context, *copy = malloc(sizeof *copy);
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", folder, field(late->order, "gate"));
    if (copy == NULL || access(path, F_OK) == 0) {
        free(copy);
        give_late(late);
        return;
    }
    *copy = *late;
    if (haraka_timer_start(me, 2, 0, look, copy, free) < 0) free(copy);
}

/* The answer comes anyway, once this is over. */
static void cancelled(void *context)
{
    struct late *late = context, *copy = malloc(sizeof *copy);
    remark("cancelled", late->hook, 0);
    if (copy == NULL) return;
    *copy = *late;
    if (haraka_timer_start(me, 0, 0, give_late, copy, free) < 0) free(copy);
}

static int32_t answer_later(const haraka_call *call, const char *order)
{
    struct late *timed = calloc(1, sizeof *timed), *kept = calloc(1, sizeof *kept);
    const haraka_callback cancel = {cancelled, kept, free};
    const size_t count = call->hook.len < 63 ? call->hook.len : 63;
    if (timed == NULL || kept == NULL) abort();
    timed->next = call->next;
    memcpy(timed->hook, call->hook.ptr, count);
    (void)snprintf(timed->order, sizeof timed->order, "%.*s", (int)strcspn(order, "\n"), order);
    *kept = *timed;
    if (haraka_table->on_cancel(call->next, &cancel) < 0) free(kept);
    if (field(order, "never") != NULL
        || haraka_timer_start(me, number(order, "later", 0), 0, field(order, "gate") ? look : give_late, timed, free) < 0)
        free(timed);
    return HARAKA_PENDING;
}

/* ---------------------------------------------------------------------------------------------------------- a call ---- */

static void read_orders(void)
{
    char path[300];
    ssize_t count = 0;
    int file;
    (void)snprintf(path, sizeof path, "%s/orders", folder);
    file = open(path, O_RDONLY | O_CLOEXEC);
    if (file >= 0) {
        count = read(file, orders, sizeof orders - 1);
        (void)close(file);
    }
    orders[count < 0 ? 0 : count] = '\0';
}

static int fits(const char *order, const haraka_call *call)
{
    const size_t length = strlen(NAME);
    const haraka_address *address = haraka_argument_address(call, 0);
    const char *only;
    int32_t once;
    if (strncmp(order, NAME "\t", length + 1) != 0 || strncmp(order + length + 1, call->hook.ptr, call->hook.len) != 0) return 0;
    if (strchr("\t\n", order[length + 1 + call->hook.len]) == NULL) return 0;
    if ((only = field(order, "if")) != NULL
        && !haraka_equal(haraka_text(only), address != NULL ? address->address : haraka_argument_text(call, 0))) return 0;
    once = number(order, "once", 0);
    if (once > 0 && once < (int32_t)sizeof done) {
        if (done[once]) return 0;
        done[once] = 1;
    }
    return 1;
}

static void prepare(const haraka_call *call, const char *order)
{
    const char *text;
    if (field(order, "relaying") != NULL) (void)haraka_set_relaying(call->connection, 1);
    if ((text = field(order, "capability")) != NULL) (void)haraka_add_capability(call->connection, text);
    if ((text = field(order, "skip")) != NULL) {
        const haraka_value name = haraka_text_value(haraka_text(text)), list = haraka_list_value(&name, 1);
        (void)haraka_note_set(haraka_of_transaction(call->transaction), "skip_plugins", &list);
    }
    if ((text = field(order, "reply")) != NULL) {
        haraka_str line = haraka_text(strlen(text) > 4 ? text + 4 : "");
        haraka_reply reply = haraka_no_reply();
        reply.lines = &line;
        reply.line_count = 1;
        (void)haraka_table->respond(call->connection, (int32_t)atoi(text), &reply);
    }
}

static int32_t asked(const haraka_call *call)
{
    const haraka_value arguments = haraka_list_value(call->arguments, call->argument_count);
    const char *order = orders;
    write_down(call->hook, &arguments, call->connection, call->transaction);
    read_orders();
    while (*order != '\0' && !fits(order, call)) order = strchr(order, '\n') != NULL ? strchr(order, '\n') + 1 : "";
    if (*order == '\0') return HARAKA_CONT;
    prepare(call, order);
    if (has_any(order, "later never gate")) return answer_later(call, order);
    if (!has_any(order, "words dsn text list item")) return number(order, "code", HARAKA_CONT);
    (void)give(call->next, order);
    return HARAKA_PENDING;
}

HARAKA_REGISTER(self)
{
    static char names[] = EVERY;
    haraka_value place;
    haraka_str text, hooks[64];
    size_t i, count;
    me = self;
    if (haraka_config_get(self, "answering", HARAKA_CONFIG_VALUE, "", &place) < 0) return HARAKA_E_IO;
    text = haraka_value_text(&place);
    if (text.len == 0 || text.len >= sizeof folder) return HARAKA_E_ABSENT;
    memcpy(folder, text.ptr, text.len);
    count = cut(names, ' ', hooks, 64);
    for (i = 0; i < count; i++)
        if (haraka_register_function(self, hooks[i].ptr, asked, NULL, NULL, 0) < 0) return HARAKA_E_STATE;
    return HARAKA_SUCCESS;
}
