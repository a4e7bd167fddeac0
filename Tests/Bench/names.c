/* For names.py: on NOOP, LOOKUPS lookups of one name, each begun when the one before has been answered. */
#include <haraka/plugin.h>
#include <stdlib.h>

HARAKA_PLUGIN("names", "1.0", "Looks a name up", HARAKA_HOOKS("noop") HARAKA_NEEDS("dns/1"));

enum { LOOKUPS = 100 };

static const haraka_dns_1 *dns;
static haraka_self self;

struct work { haraka_next next; int left; };

static void begin(struct work *work);

static void answered(void *context, const haraka_dns_answer *answer)
{
    struct work *work = context;
    if (answer->status != HARAKA_DNS_FOUND) {
        (void)haraka_complete_text(work->next, HARAKA_DENY, answer->reason);
        free(work);
    } else if (--work->left == 0) {
        (void)haraka_complete(work->next, HARAKA_OK, NULL);
        free(work);
    } else {
        begin(work);
    }
}

static void begin(struct work *work)
{
    const haraka_dns_callback callback = {answered, work, NULL};
    if (dns->lookup(self, haraka_text("cached.example.com"), HARAKA_DNS_A, NULL, &callback, NULL) < 0) {
        (void)haraka_complete_text(work->next, HARAKA_DENY, haraka_text("refused"));
        free(work);
    }
}

HARAKA_REGISTER(me)
{
    self = me;
    dns = haraka_service(haraka_table, "dns/1");
    return dns == NULL ? HARAKA_E_UNSUPPORTED : HARAKA_SUCCESS;
}

HARAKA_HOOK(noop)
{
    struct work *work = malloc(sizeof *work);
    if (work == NULL) return HARAKA_CONT;
    work->next = call->next;
    work->left = LOOKUPS;
    begin(work);
    return HARAKA_PENDING;
}
