/* Looks names up, for its hooks and for itself; the public suffix list. */
#include "zoo.h"

#include <pthread.h>

ZOO_PLUGIN(HARAKA_HOOKS("mail unrecognized_command") HARAKA_NEEDS("dns/1 domains/1"));

static haraka_next kept;
static haraka_query query;
static const haraka_dns_1 *dns;
/* What the callback does: "answer", "again", "cancel", or nothing. */
static char mode[32];
static int rounds;

static void answered(void *context, const haraka_dns_answer *answer);

static int32_t look(haraka_self self, const char *name, uint32_t type, const haraka_dns_options *options, const char *what)
{
    const haraka_dns_callback callback = {answered, (void *)(uintptr_t)what, say_destroyed};
    return dns->lookup(self, haraka_text(name), type, options, &callback, &query);
}

static haraka_dns_options bound(haraka_next next, int64_t timeout)
{
    haraka_dns_options options;
    memset(&options, 0, sizeof options);
    options.size = sizeof options;
    options.timeout = timeout;
    options.next = next;
    return options;
}

static void answered(void *context, const haraka_dns_answer *a)
{
    char line[1024];
    size_t i, at = 0;
    line[0] = '\0';
    for (i = 0; i < a->count && at < sizeof line; i++)
        at += (size_t)snprintf(line + at, sizeof line - at, " %u/%u/%u/%.*s/%zu", a->records[i].type, a->records[i].ttl,
            a->records[i].priority, (int)a->records[i].text.len, a->records[i].text.ptr, a->records[i].data.len);
    if (strcmp(mode, "quiet") != 0)
        say(me, "%s: %d %u %.*s %u ttl %u -> %.*s '%.*s'%s", (const char *)context, a->status, a->security, (int)a->name.len,
            a->name.ptr, a->type, a->ttl, (int)a->canonical.len, a->canonical.ptr, (int)a->reason.len,
            a->reason.len > 0 ? a->reason.ptr : "", line);
    if (strcmp(mode, "cancel") == 0) say(me, "%s", status_text(dns->cancel(query)));
    if (strcmp(mode, "answer") == 0) haraka_complete(kept, a->status == HARAKA_DNS_FOUND ? HARAKA_OK : HARAKA_DENY, NULL);
    if (strcmp(mode, "again") == 0 || strcmp(mode, "quiet") == 0)
    {
        if (rounds-- > 0) look(me, "known.example", HARAKA_DNS_A, NULL, "again");
        else haraka_complete(kept, HARAKA_OK, NULL);
    }
}

static void *complete(void *context)
{
    (void)context;
    say(me, "thread %s", status_text(haraka_complete(kept, HARAKA_OK, NULL)));
    return NULL;
}

static void domains(const haraka_call *call)
{
    const haraka_domains_1 *d = haraka_table->service(haraka_text("domains/1"));
    const haraka_str name = haraka_argument_text(call, 1);
    haraka_str organizational = haraka_text("?"), ascii = haraka_text("?");
    const int32_t first = d->organizational(name, &organizational), second = d->to_ascii(name, &ascii);
    const int32_t suffix = d->is_public_suffix(name), top = d->has_known_top(name);
    say(call->self, "%s %.*s suffix %d top %d %s %.*s", status_text(first), (int)organizational.len,
        organizational.ptr == NULL ? "" : organizational.ptr, suffix, top, status_text(second), (int)ascii.len,
        ascii.ptr == NULL ? "" : ascii.ptr);
}

static void reverse(const haraka_call *call, const char *zone)
{
    haraka_str out = haraka_text("?");
    const int32_t status = dns->reverse_name(haraka_argument_text(call, 1), haraka_text(zone), &out);
    say(call->self, "%s %.*s", status_text(status), (int)out.len, out.ptr);
}

static void misuse(const haraka_call *call)
{
    haraka_dns_options options = bound(call->next, 0);
    const haraka_dns_callback none = {NULL, NULL, NULL};
    say(call->self, "%s", status_text(dns->lookup(call->self, haraka_text("a"), 1, NULL, NULL, NULL)));
    say(call->self, "%s", status_text(dns->lookup(call->self, haraka_text("a"), 1, NULL, &none, NULL)));
    say(call->self, "%s", status_text(look(call->self, "a.example", 0, NULL, "x")));
    say(call->self, "%s", status_text(look(call->self, "a.example", 65536, NULL, "x")));
    options.flags = 2;
    say(call->self, "%s", status_text(look(call->self, "a.example", 1, &options, "x")));
    options = bound(call->next, -1);
    say(call->self, "%s", status_text(look(call->self, "a.example", 1, &options, "x")));
    options = bound(call->next, 0);
    options.size = 8;
    say(call->self, "%s", status_text(look(call->self, "a.example", 1, &options, "x")));
    options = bound(kept, 0);
    say(call->self, "%s", status_text(look(call->self, "a.example", 1, &options, "x")));
    options.next.bits = 77;
    say(call->self, "%s", status_text(look(call->self, "a.example", 1, &options, "x")));
    say(call->self, "%s", status_text(dns->cancel((haraka_query){77})));
    say(call->self, "%s", status_text(dns->reverse_name(haraka_text("192.0.2.1"), haraka_text(""), NULL)));
}

HARAKA_HOOK(unrecognized_command)
{
    haraka_dns_options options = bound(call->next, atoi(argument(call, 2)));
    pthread_t thread;
    COMMAND("MODE") { snprintf(mode, sizeof mode, "%s", REST); return HARAKA_OK; }
    COMMAND("DOMAINS") { domains(call); return HARAKA_OK; }
    COMMAND("REVERSE") { reverse(call, ""); return HARAKA_OK; }
    COMMAND("ZONE") { reverse(call, "zen.Example.org."); return HARAKA_OK; }
    COMMAND("MISUSE") { misuse(call); return HARAKA_OK; }
    COMMAND("ANSWER") { say(call->self, "%s", status_text(haraka_complete(kept, HARAKA_OK, NULL))); return HARAKA_OK; }
    COMMAND("CANCEL") { say(call->self, "%s", status_text(dns->cancel(query))); return HARAKA_OK; }
    COMMAND("ALONE") { say(call->self, "%s", status_text(look(call->self, REST, HARAKA_DNS_MX, NULL, "alone"))); return HARAKA_OK; }
    COMMAND("STRICT")
    {
        options.flags = HARAKA_DNS_STRICT;
        options.next.bits = 0;
        options.timeout = 1234;
        say(call->self, "%s", status_text(look(call->self, REST, HARAKA_DNS_A, &options, "strict")));
        return HARAKA_OK;
    }
    COMMAND("THREAD")
    {
        pthread_create(&thread, NULL, complete, NULL);
        pthread_join(thread, NULL);
        return HARAKA_OK;
    }
    COMMAND("MANY")
    {
        int i, refused = 0;
        for (i = 0; i < 5000; i++) if (look(call->self, "known.example", HARAKA_DNS_A, NULL, "x") == HARAKA_E_LIMIT) refused++;
        say(call->self, "%d refused", refused);
        return HARAKA_OK;
    }
    kept = call->next;
    rounds = 1000;
    say(call->self, "%s", status_text(look(call->self, REST, HARAKA_DNS_MX, &options, "bound")));
    COMMAND("TWO") say(call->self, "%s", status_text(look(call->self, "other.example", HARAKA_DNS_A, &options, "second")));
    COMMAND("CONT") return HARAKA_CONT;
    return HARAKA_PENDING;
}

HARAKA_HOOK(mail)
{
    haraka_dns_options options = bound(call->next, 500);
    kept = call->next;
    look(call->self, "unknown.example", HARAKA_DNS_A, &options, "mail");
    return HARAKA_PENDING;
}

HARAKA_REGISTER(self)
{
    me = self;
    dns = haraka_table->service(haraka_text("dns/1"));
    return dns == NULL ? HARAKA_E_UNSUPPORTED : HARAKA_SUCCESS;
}
