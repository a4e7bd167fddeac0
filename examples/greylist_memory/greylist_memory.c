/*
 * greylist_memory: greylisting by triplet, kept in memory.
 *
 * A worked example of a plugin in C: configuration, hooks, notes, results, a periodic timer, an answer with an enhanced
 * status code, and memory that is given back. It needs the header and libc, nothing else.
 *
 * Greylisting: the first mail from an unknown (client, sender, recipient) is refused for now. Who comes back after some
 * time, as every mail server does and much spam software does not, is let in, and remembered.
 */
#include <haraka/plugin.h>

#include <stdlib.h>
#include <string.h>

HARAKA_PLUGIN("greylist_memory", "1.0", "Greylisting by client, sender and recipient, kept in memory",
              HARAKA_HOOKS("rcpt_ok") HARAKA_LICENCE("MIT")
              HARAKA_HELP("Configuration: greylist_memory.ini, see README.md.\n"));

/* One triplet. The key is the bytes of all three parts, one after the other, with a NUL between. */
typedef struct entry {
    struct entry *next; /* in the same bucket */
    int64_t first_seen; /* monotonic milliseconds */
    int64_t expires;
    int passed;
    size_t length;
    char key[];
} entry;

#define BUCKETS 16384u /* a power of two */
#define KEY_LIMIT 700u /* an IPv6 network, and two addresses of at most 320 bytes */

/* All of the plugin's state. haraka_set_data hands it to the host, which destroys it when the plugin is unloaded. */
typedef struct greylist {
    haraka_self self;
    int64_t black; /* milliseconds: refuse before that */
    int64_t grey;  /* forget who did not come back by then */
    int64_t white; /* forget who came back, after that much silence */
    size_t limit;  /* triplets */
    size_t count;
    entry *buckets[BUCKETS];
} greylist;

/* ---- the table ---- */

/* FNV-1a. */
static size_t bucket_of(const char *key, size_t length)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    size_t i;
    for (i = 0; i < length; i++) hash = (hash ^ (unsigned char)key[i]) * UINT64_C(0x100000001b3);
    return (size_t)(hash ^ hash >> 32) & (BUCKETS - 1);
}

/* Removes what has expired in one bucket. */
static void sweep_bucket(greylist *list, size_t bucket, int64_t now)
{
    entry **place = &list->buckets[bucket];
    while (*place != NULL) {
        entry *candidate = *place;
        if (candidate->expires > now) {
            place = &candidate->next;
            continue;
        }
        *place = candidate->next;
        free(candidate);
        list->count--;
    }
}

/* The entry of a key, made if it is missing. NULL: the table is full, or memory is. */
static entry *look_up(greylist *list, const char *key, size_t length, int64_t now)
{
    const size_t bucket = bucket_of(key, length);
    entry *found;
    sweep_bucket(list, bucket, now);
    for (found = list->buckets[bucket]; found != NULL; found = found->next)
        if (found->length == length && memcmp(found->key, key, length) == 0) return found;
    if (list->count >= list->limit) return NULL;
    found = malloc(sizeof *found + length);
    if (found == NULL) return NULL;
    found->first_seen = now;
    found->expires = now + list->grey;
    found->passed = 0;
    found->length = length;
    memcpy(found->key, key, length);
    found->next = list->buckets[bucket];
    list->buckets[bucket] = found;
    list->count++;
    return found;
}

/* A haraka_destroy: runs once, when the plugin is unloaded. */
static void destroy_greylist(void *context)
{
    greylist *list = context;
    size_t i;
    for (i = 0; i < BUCKETS; i++) sweep_bucket(list, i, INT64_MAX);
    free(list);
}

/* ---- the key ---- */

/* Large senders try again from a neighbour: of IPv4 addresses the first three numbers count, of IPv6 the first four. */
static haraka_str network(haraka_str ip)
{
    const char separator = memchr(ip.ptr, ':', ip.len) != NULL ? ':' : '.';
    const int wanted = separator == ':' ? 4 : 3;
    int seen = 0;
    size_t i;
    for (i = 0; i < ip.len; i++)
        if (ip.ptr[i] == separator && ++seen == wanted) return haraka_bytes(ip.ptr, i);
    return ip;
}

/* Appends a part and a NUL; 0 if it does not fit. */
static int append(char *key, size_t *length, haraka_str part)
{
    if (part.len >= KEY_LIMIT - *length) return 0;
    if (part.len > 0) memcpy(key + *length, part.ptr, part.len);
    *length += part.len;
    key[(*length)++] = '\0';
    return 1;
}

/* ---- hooks ---- */

/* rcpt_ok, not rcpt: only for recipients that some plugin accepts. Argument: the address. */
HARAKA_HOOK(rcpt_ok)
{
    greylist *list = call->data;
    const haraka_object transaction = haraka_of_transaction(call->transaction);
    const haraka_address *to = haraka_argument_address(call, 0);
    const haraka_str ip = haraka_remote_ip(call->connection);
    const int64_t now = haraka_table->monotonic_clock();
    haraka_value from = haraka_null();
    char key[KEY_LIMIT];
    size_t length = 0;
    entry *seen;

    if (list == NULL || to == NULL || ip.len == 0) return HARAKA_CONT;
    if (haraka_relaying(call->connection)) {
        (void)haraka_result(call->self, transaction, "skip", "relaying");
        return HARAKA_CONT;
    }
    (void)haraka_transaction_get(call->transaction, HARAKA_TRAN_MAIL_FROM, &from);
    if (!append(key, &length, network(ip)) ||
        !append(key, &length, haraka_value_address(&from) != NULL ? from.as.address->address : haraka_text(NULL)) ||
        !append(key, &length, to->address))
        return HARAKA_CONT;

    seen = look_up(list, key, length, now);
    if (seen == NULL) {
        /* Better let a mail in than refuse everybody for ever. */
        (void)haraka_result(call->self, transaction, "err", "table full");
        return HARAKA_CONT;
    }
    if (!seen->passed && now - seen->first_seen < list->black) {
        const haraka_value left = haraka_integer((list->black - (now - seen->first_seen) + 999) / 1000);
        (void)haraka_note_set(transaction, "greylist_memory.seconds_left", &left);
        (void)haraka_result(call->self, transaction, "fail", "greylisted");
        return haraka_answer_dsn(call, HARAKA_DENYSOFT, 451, 4, 7, 1, "Greylisted. Please come back later.");
    }
    seen->passed = 1;
    seen->expires = now + list->white;
    (void)haraka_result(call->self, transaction, "pass", "known");
    return HARAKA_CONT;
}

/* Look-ups sweep their own bucket; this one takes those that nobody asks for any more. */
static void sweep(void *context)
{
    greylist *list = context;
    const int64_t now = haraka_table->monotonic_clock();
    size_t i;
    for (i = 0; i < BUCKETS; i++) sweep_bucket(list, i, now);
}

/* ---- registration ---- */

/* A number of seconds from [period], as milliseconds. Something silly gives the default. */
static int64_t period(const haraka_value *ini, const char *key, int64_t fallback)
{
    const int64_t seconds = haraka_value_integer(haraka_value_key(haraka_value_key(ini, "period"), key), fallback);
    return (seconds >= 0 && seconds <= 100 * 86400 ? seconds : fallback) * 1000;
}

/* Runs once. The exported hook_rcpt_ok is registered by itself, afterwards. */
HARAKA_REGISTER(self)
{
    greylist *list = calloc(1, sizeof *list);
    haraka_value ini = haraka_null();
    int64_t limit;
    int32_t status;
    if (list == NULL) return HARAKA_E_LIMIT;
    list->self = self;
    (void)haraka_config_get(self, "greylist_memory.ini", HARAKA_CONFIG_INI, NULL, &ini);
    list->black = period(&ini, "black", 300);
    list->grey = period(&ini, "grey", 86400);
    list->white = period(&ini, "white", 35 * 86400);
    limit = haraka_value_integer(haraka_value_key(haraka_value_key(&ini, "main"), "max_entries"), 100000);
    list->limit = limit > 0 && limit <= 100000000 ? (size_t)limit : 100000;

    status = haraka_set_data(self, list, destroy_greylist);
    if (status < 0) {
        free(list);
        return status;
    }
    /* The timer belongs to the plugin, too: the host stops it before it destroys the data. */
    return haraka_timer_start(self, 60000, 60000, sweep, list, NULL);
}
